//! The filled-in templates of the iOS projects of two demo journeys, as they were reviewed: no Swift
//! toolchain compiles them here.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

use config::{Configuration, Source};
use generate::{File, Target, generate};

/// Records the snapshots anew instead of comparing.
const RECORD: &str = "POSTERN_RECORD";

fn project(journey: &str) -> Vec<File> {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services/postern/demo");
    let configuration = Configuration::read(&Source::Folder(demo))
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    generate(Target::Ios, &configuration, journey, "acme-web", "https://recovery.example")
        .expect("a project")
}

#[test]
fn the_code_of_ios_projects_is_as_it_was_reviewed() {
    let journeys = ["account-recovery", "temp-code-authentication"];
    let [first, second] = journeys.map(project);
    let filled_in: Vec<_> = first.iter().zip(&second).map(|(one, other)| one != other).collect();
    assert!(filled_in.iter().filter(|it| **it).count() >= 4);
    for (journey, files) in journeys.into_iter().zip([first, second]) {
        let mut text = String::new();
        for ((path, content), _) in files.iter().zip(&filled_in).filter(|(_, it)| **it) {
            write!(text, "== {path}\n{content}").expect("a string takes everything");
        }
        let file = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("tests/snapshots/ios-{journey}.txt"));
        if env::var_os(RECORD).is_some() {
            fs::write(&file, &text).expect("written");
        }
        let reviewed = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            text,
            reviewed,
            "{}: review the change, then record it with {RECORD}=1",
            file.display()
        );
    }
}

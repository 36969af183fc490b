//! Every example in this repository is valid, and the demo's files name the schemas that ship.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{File, to_json};

/// The folders of configuration, and how many files each has at least.
const FOLDERS: [(&str, usize); 5] = [
    ("services/postern/demo", 3),
    ("tests/config", 7),
    ("tests/load/config", 2),
    ("deploy/kubernetes/overlays/local/configuration", 2),
    ("deploy/kubernetes/overlays/production/configuration", 2),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The files of a folder of configuration, with their kinds.
fn files(folder: &str) -> Vec<(File, PathBuf)> {
    let kinds = [
        ("applications", File::Application),
        ("users", File::Users),
        ("journeys", File::Journey),
        ("agents", File::Agents),
    ];
    let mut found = Vec::new();
    for (name, kind) in kinds {
        let entries = fs::read_dir(root().join(folder).join(name)).into_iter().flatten();
        let paths = entries.filter_map(|entry| Some(entry.ok()?.path()));
        let is_yaml = |path: &PathBuf| path.extension().is_some_and(|it| it == "yaml");
        found.extend(paths.filter(is_yaml).map(|path| (kind, path)));
    }
    found
}

#[test]
fn the_valid_files_of_these_tests_are_valid() {
    for file in File::ALL {
        assert_eq!(file.problems(file.valid()), [""; 0], "{file:?}");
        let json = to_json(file.valid());
        let errors: Vec<_> = file.validator().iter_errors(&json).map(|it| it.to_string()).collect();
        assert_eq!(errors, [""; 0], "{file:?}");
    }
}

#[test]
fn every_example_is_valid() {
    for (folder, least) in FOLDERS {
        let files = files(folder);
        assert!(files.len() >= least, "{folder}: {files:?}");
        for (kind, path) in files {
            let json = to_json(&fs::read_to_string(&path).expect("an example"));
            let validator = kind.validator();
            let errors: Vec<_> = validator.iter_errors(&json).map(|it| it.to_string()).collect();
            assert_eq!(errors, [""; 0], "{}", path.display());
        }
    }
}

/// What the YAML plugins of editors look for.
const MARK: &str = "# yaml-language-server: $schema=";

#[test]
fn the_demo_names_the_schemas_for_editors() {
    for (kind, path) in files("services/postern/demo") {
        let text = fs::read_to_string(&path).expect("a file of the demo");
        let named = text.lines().find_map(|line| line.strip_prefix(MARK));
        let named = named.unwrap_or_else(|| panic!("{}: no {MARK}", path.display()));
        let schema = fs::read_to_string(path.parent().expect("a folder").join(named));
        let schema = schema.unwrap_or_else(|error| panic!("{}: {named}: {error}", path.display()));
        let schema: serde_json::Value = serde_json::from_str(&schema).expect("JSON");
        assert_eq!(schema, kind.schema(), "{}", path.display());
    }
}

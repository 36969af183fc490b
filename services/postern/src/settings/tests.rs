//! Tests of the settings.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory as _, Parser as _};
use server::Settings as _;

use super::*;

const CONFIG: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/demo");
const REDIS: &str = "redis://127.0.0.1:6379";

fn mistakes(flags: &[&str]) -> Vec<String> {
    let serve = Serve::try_parse_from([&["postern"], flags].concat()).expect("known flags");
    let mut mistakes = Mistakes::default();
    let checked = serve.check(&mut mistakes);
    assert_eq!(checked.is_some(), mistakes.is_empty(), "{mistakes}");
    mistakes.0
}

#[test]
fn processes_that_share_a_store_share_their_peppers() {
    let told = mistakes(&["--config", CONFIG, "--store", REDIS]);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("--peppers (POSTERN_PEPPERS): must be given"), "{told:?}");
    for flags in [&[] as &[_], &["--store", REDIS], &["--config", CONFIG]] {
        assert_eq!(mistakes(flags), [""; 0], "{flags:?}");
    }
}

#[test]
fn the_list_of_variables_is_that_of_all_settings() {
    let commands = [
        Serve::command(),
        code_issuer::settings::Args::command(),
        verifier::settings::Args::command(),
        journey_runner::settings::Args::command(),
        console::settings::Args::command(),
    ];
    let arguments = commands.iter().flat_map(Command::get_arguments);
    let variables = arguments.filter_map(|argument| argument.get_env()?.to_str());
    let variables: BTreeSet<_> = variables.collect();
    let listed = BTreeSet::from(assembly::variables::ALL);
    assert_eq!(variables, listed, "mend libs/assembly/src/variables.rs");
}

#[test]
fn the_demo_is_for_loopback_on_every_listener_of_clients() {
    for flag in [
        "--http-listen",
        "--issuer-grpc-listen",
        "--verifier-grpc-listen",
        "--runner-grpc-listen",
        "--console-listen",
    ] {
        let told = mistakes(&[flag, "0.0.0.0:0"]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(&format!("{flag}: 0.0.0.0:0 is no loopback")), "{told:?}");
    }
    assert_eq!(mistakes(&["--admin-listen", "0.0.0.0:0"]), [""; 0]);
}

//! `postern plan`: a change of the configuration is told before it is rolled out, with a code for builds.

use std::fs;

use serde_json::Value;

use crate::Tested;
use crate::harness::postern::{copy_of_config, utf8};
use crate::harness::process::run;

const APPLICATION: &str = "applications/acme.yaml";

#[test]
fn a_weaker_control_has_an_exit_code_of_its_own() -> Tested {
    let (old, new) = (copy_of_config()?, copy_of_config()?);
    let plan = ["plan", utf8(old.path())?, utf8(new.path())?];
    let (status, printed) = run(&plan)?;
    assert_eq!((status.code(), printed.as_str()), (Some(0), "no changes\n"));

    let file = new.path().join(APPLICATION);
    let before = fs::read_to_string(&file)?;
    let other = before.replacen("acme-support", "acme-support-2", 1);
    assert_ne!(before, other);
    fs::write(&file, other)?;
    let (status, printed) = run(&plan)?;
    assert_eq!(status.code(), Some(3), "{printed}");
    assert!(printed.contains("weakened     client acme-support-2: added ("), "{printed}");
    assert!(printed.contains("strengthened client acme-support: removed ("), "{printed}");

    // The way back also adds a client.
    let back = ["plan", "--format", "json", utf8(new.path())?, utf8(old.path())?];
    let (status, printed) = run(&back)?;
    assert_eq!(status.code(), Some(3), "{printed}");
    let plan: Value = serde_json::from_str(&printed)?;
    assert_eq!(
        (&plan["weakened"], plan["changes"].as_array().map(Vec::len)),
        (&Value::Bool(true), Some(2))
    );
    Ok(())
}

#[test]
fn mistakes_of_both_folders_are_told_with_the_folder() -> Tested {
    let (old, new) = (copy_of_config()?, copy_of_config()?);
    for folder in [&old, &new] {
        fs::write(folder.path().join(APPLICATION), "id: acme\n")?;
    }
    let (status, printed) = run(&["plan", utf8(old.path())?, utf8(new.path())?])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    for folder in [&old, &new] {
        let place =
            format!("error: {}: {APPLICATION}:1: application: missing key", utf8(folder.path())?);
        assert!(printed.contains(&place), "{printed}");
    }
    Ok(())
}

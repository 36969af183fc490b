//! What a release ships agrees: the version, which `Cargo.toml` alone decides, and the JSON Schemas.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Value;

use crate::Tested;
use crate::harness::Postern;
use crate::harness::process::run;

/// The version in the workspace's `Cargo.toml`.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn file(path: &str) -> anyhow::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::read_to_string(root.join(path)).with_context(|| path.to_owned())
}

#[test]
fn the_version_names_the_commit_of_a_release() -> Tested {
    let (status, printed) = run(&["--version"])?;
    assert_eq!(status.code(), Some(0), "{printed}");
    let is_version = printed.starts_with(&format!("postern {VERSION} ("));
    assert!(is_version && printed.ends_with(")\n"), "{printed}");
    Ok(())
}

#[test]
fn every_file_that_names_the_version_follows_cargo_toml() -> Tested {
    for path in ["services/code-issuer/openapi.json", "services/journey-runner/openapi.json"] {
        let openapi: Value = serde_json::from_str(&file(path)?)?;
        assert_eq!(openapi["info"]["version"], VERSION, "{path}");
    }
    let dockerfile = file("deploy/docker/Dockerfile")?;
    let named = dockerfile.lines().find_map(|line| line.strip_prefix("ARG VERSION="));
    assert_eq!(named, Some(VERSION), "deploy/docker/Dockerfile");
    Ok(())
}

#[tokio::test]
async fn the_api_description_has_the_version() -> Tested {
    let postern = Postern::demo()?;
    let openapi = format!("http://{}/openapi.json", postern.at.pages);
    let openapi: Value = reqwest::get(openapi).await?.json().await?;
    assert_eq!(openapi["info"]["version"], VERSION);
    Ok(())
}

#[test]
fn the_schemas_are_printed_as_they_are_in_the_repository() -> Tested {
    for (name, path) in [
        ("application", "libs/config/schemas/application.json"),
        ("users", "libs/config/schemas/users.json"),
        ("journey", "libs/definitions/schemas/journey.json"),
    ] {
        let (status, printed) = run(&["schema", name])?;
        assert_eq!((status.code(), printed), (Some(0), file(path)?), "{name}");
    }
    let (status, printed) = run(&["schema", "journeys"])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    assert!(printed.contains("application, users, journey"), "{printed}");
    Ok(())
}

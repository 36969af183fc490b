//! The settings of a directory over gRPC: without them, an application that needs one is refused.

use std::fs;

use super::remote::{ACME, GRPC, PATIENCE, folder};
use crate::Tested;
use crate::harness::postern::{change, utf8};
use crate::harness::process::run;
use crate::harness::*;

#[tokio::test]
async fn an_application_without_its_directory_is_refused_at_the_start_and_at_a_reload() -> Tested {
    let folder = folder()?;
    let (status, printed) = run(&["--config", utf8(folder.path())?])?;
    assert_eq!(status.code(), Some(64), "{printed}");
    let told = "--directory (POSTERN_DIRECTORY): must be given: the application `acme` has";
    assert!(printed.contains(told), "{printed}");
    let (status, printed) = run(&["check", utf8(folder.path())?])?;
    assert_eq!(status.code(), Some(0), "the folder itself is valid: {printed}");
    let (_, printed) = run(&["--directory-cache", "6m", "--directory-key", "none.key"])?;
    for told in ["must be at most 5m", "--directory (POSTERN_DIRECTORY): must be given"] {
        assert!(printed.contains(told), "{printed}");
    }
    let token = folder.path().join("directory.token");
    fs::write(&token, "a token\n")?;
    let (_, printed) =
        run(&["--directory", "http://192.0.2.1:50060", "--directory-token-file", utf8(&token)?])?;
    let told = "--directory (POSTERN_DIRECTORY): must be https, since a token is sent there";
    assert!(printed.contains(told), "{printed}");

    change(&folder, ACME, GRPC, "id: acme\n")?;
    let postern = Postern::serving(folder.path())?;
    change(&folder, ACME, "id: acme\n", GRPC)?;
    within(PATIENCE, "the change is refused", async || {
        Ok(postern.printed().contains("the configuration's change is refused"))
    })
    .await?;
    postern.issue(&unique("jane")).await?;
    Ok(())
}

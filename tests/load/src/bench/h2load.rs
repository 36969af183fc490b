//! Runs h2load beside our own generator where one body suffices for all calls: the difference is
//! the cost of the generator.

use std::fs;
use std::process::{Command, Stdio};

use anyhow::{Context as _, ensure};

use super::field::{Called, Field};
use crate::calls::verify_body;
use crate::generator::{CONNECTIONS, IN_FLIGHT};

const CALLS: usize = 50_000;

/// Prints h2load's results for the two references.
pub(super) fn print(field: &Field) -> anyhow::Result<()> {
    let body = field.stack.files.path().join("body");
    fs::write(&body, verify_body("load", "123456".to_owned()))?;
    for (name, Called { target, .. }) in [("echo", &field.echo), ("one GET (R)", &field.get)] {
        let mut command = Command::new("h2load");
        command.args(["-n", &CALLS.to_string(), "-c", &CONNECTIONS.to_string()]);
        command.args(["-m", &(IN_FLIGHT / CONNECTIONS).to_string(), "-t", "1"]);
        command.args(["-H", "content-type: application/grpc", "-H", "te: trailers"]);
        command.arg("-d").arg(&body).arg(format!("http://{}{}", target.at[0], target.path));
        let output = command.stderr(Stdio::inherit()).output().context("cannot run h2load")?;
        let told = String::from_utf8_lossy(&output.stdout);
        ensure!(output.status.success(), "h2load fails: {told}");
        let line = told.lines().find(|line| line.starts_with("finished in"));
        println!("h2load: {name:<16} {}", line.context("h2load tells no figures")?);
    }
    Ok(())
}

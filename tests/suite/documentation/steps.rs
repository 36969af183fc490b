//! Runs the commands of the README and of `deploy/host.md` as written, except for their ports and
//! the folder of the binaries.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tempfile::TempDir;

use super::{page, root};
use crate::Tested;
use crate::harness::Postern;
use crate::harness::postern::{free, utf8};
use crate::harness::process::{command, run_within};
use crate::harness::within;

/// The limit for the commands of a page: their readiness probes alone retry for 20 seconds each.
const LIMIT: Duration = Duration::from_secs(90);

/// The blocks of shell commands in a page.
fn blocks(page: &str) -> Vec<String> {
    let shell = page.split("```sh\n").skip(1);
    shell.filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

/// Runs commands in a folder until one fails. Returns their output.
pub(crate) fn shell(folder: &Path, commands: &str) -> anyhow::Result<String> {
    let mut bash = Command::new("bash");
    bash.args(["-c", &format!("set -euo pipefail\n{commands}")]).current_dir(folder);
    // The variables of the tests are no settings, which the services refuse.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSTERN_")) {
        bash.env_remove(name);
    }
    let (status, printed) = run_within(LIMIT, bash)?;
    anyhow::ensure!(status.success(), "{status}\n{commands}\n{printed}");
    Ok(printed)
}

fn binary(name: &str) -> anyhow::Result<String> {
    Ok(utf8(Path::new(command(name).get_program()))?.to_owned())
}

/// The code in the output of `otp/send`.
fn code(printed: &str) -> anyhow::Result<String> {
    let answer = printed.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
    let answer = answer.with_context(|| format!("an answer: {printed}"))?;
    Ok(answer["code"].as_str().with_context(|| format!("a code: {answer}"))?.to_owned())
}

#[tokio::test]
async fn the_seven_steps_of_the_readme_run_as_written() -> Tested {
    let steps = blocks(&page("README.md")?);
    let [application, policy, journey, serve, token, issue, redeem] = &steps[..] else {
        anyhow::bail!("seven blocks, not {}", steps.len());
    };
    let folder = TempDir::new()?;
    shell(folder.path(), &[application.as_str(), policy, journey].concat())?;
    let (check, start) = serve.trim().split_once('\n').context("two commands")?;
    shell(folder.path(), &check.replace("cargo run --", &binary("postern")?))?;
    assert_eq!(start, "cargo run -- --config recovery");
    let postern = Postern::serving(&folder.path().join("recovery"))?;

    let here = |commands: &str| commands.replace("127.0.0.1:8080", &postern.at.http.to_string());
    let code = code(&shell(folder.path(), &here(&[token.as_str(), issue].concat()))?)?;
    postern.keep_secret(&code);
    let answer = shell(folder.path(), &here(redeem).replace("123456", &code))?;
    let answer: Value = serde_json::from_str(&answer)?;
    assert_eq!(answer["data"]["state"], "completed");
    assert!(answer["data"]["token"].is_string(), "a token");
    let again = shell(folder.path(), &here(redeem).replace("123456", &code))?;
    assert!(again.contains("rejected"), "{again}");
    Ok(())
}

/// Replaces every loopback port in a text by a free one.
fn on_free_ports(text: &str, ports: &[&str]) -> anyhow::Result<String> {
    let free: [_; 9] = free()?;
    anyhow::ensure!(ports.len() <= free.len(), "as many ports as are drawn");
    let mut text = text.to_owned();
    for (port, at) in ports.iter().zip(free) {
        text = text.replace(&format!("127.0.0.1:{port}"), &at.to_string());
        text = text.replace(&format!("--port {port}"), &format!("--port {}", at.port()));
    }
    Ok(text)
}

/// Stops the processes that the commands started, by their pid files.
struct Started(TempDir);

impl Drop for Started {
    fn drop(&mut self) {
        let stop = "for pid in $(cat pids keys/redis/pid); do kill \"$pid\" || true; done";
        let stopped = shell(self.0.path(), stop);
        assert!(stopped.is_ok() || std::thread::panicking(), "{stopped:?}");
    }
}

#[tokio::test]
async fn three_services_on_one_host_start_as_written() -> Tested {
    let readme = blocks(&page("README.md")?);
    let ports = ["8080", "8081", "50051", "50052", "50053", "9091", "9092", "9093", "6379"];
    let host = blocks(&page("deploy/host.md")?);
    let [build, redis, services, ready, ..] = &host[..] else {
        anyhow::bail!("four steps, not {}", host.len());
    };
    let folder = Started(TempDir::new()?);
    let at = folder.0.path();
    std::os::unix::fs::symlink(fs::canonicalize(root())?.join("deploy"), at.join("deploy"))?;
    let (_, draw) = build.trim().split_once('\n').context("two commands")?;
    let folder_of_binaries = binary("code-issuer")?;
    let folder_of_binaries = folder_of_binaries.trim_end_matches("/code-issuer");
    let redis = redis.replace("--logfile", "--pidfile pid --logfile");
    let services = services.replace("target/release", folder_of_binaries);
    // The services outlive the shell that starts them, so each writes its pid.
    let services = services.replace(" &\n", " > /dev/null 2>&1 & echo $! >> pids\n");
    let issue = [readme[4].as_str(), &readme[5]].concat();
    let all = [&readme[..3].concat(), draw, "\n", &redis, &services, ready, &issue].concat();
    let all = on_free_ports(&all, &ports)?;
    let printed = shell(at, &all)?;
    let code = code(&printed)?;

    let page = all.split("--http-listen ").nth(2).and_then(|rest| rest.split(' ').next());
    let page = page.context("the address of the recovery page")?;
    let redeem = readme[6].replace("127.0.0.1:8080", page).replace("123456", &code);
    within(LIMIT, "the code is redeemed", async || {
        Ok(shell(at, &redeem)?.contains(r#""state":"completed""#))
    })
    .await
}

//! The audit trail and the log when they cannot be written: operations that must be audited are
//! refused, and everything else continues.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;
use tonic::Code;

use crate::Tested;
use crate::harness::http::for_user;
use crate::harness::postern::utf8;
use crate::harness::*;

const SOON: Duration = Duration::from_secs(10);

/// The limit for every answer. No request waits for the log, and one that must be audited waits a
/// quarter of a second.
const AT_ONCE: Duration = Duration::from_secs(2);

/// Every write to it fails with "no space left on device".
const FULL: &str = "/dev/full";

fn full_disk() -> anyhow::Result<Stdio> {
    Ok(File::options().write(true).open(FULL)?.into())
}

/// The status of a path of the operators' listener, which must answer at once.
async fn probe(postern: &Postern, path: &str) -> anyhow::Result<String> {
    let begun = Instant::now();
    let answer = reqwest::get(format!("http://{}{path}", postern.at.admin)).await?;
    let text = answer.error_for_status()?.text().await?;
    assert!(begun.elapsed() < AT_ONCE, "{path} took {:?}", begun.elapsed());
    Ok(text)
}

/// Asserts that requests without audit events are served.
async fn serves(postern: &Postern) -> Tested {
    for path in ["/livez", "/readyz", "/metrics"] {
        probe(postern, path).await?;
    }
    let begun = Instant::now();
    postern.get("/openapi.json").send().await?.error_for_status()?;
    postern.token("acme-support").await?;
    assert!(begun.elapsed() < AT_ONCE, "a request took {:?}", begun.elapsed());
    Ok(())
}

/// Asserts that no code is issued and none accepted.
async fn refuses(postern: &Postern) -> Tested {
    let begun = Instant::now();
    let issue = IssueCodeRequest { user: user_id(&unique("jane")), ..Default::default() };
    let refused = postern.issuer("acme-support").await?.issue_code(issue).await;
    assert_eq!(refused.map_err(|status| status.code()).err(), Some(Code::Unavailable));
    let sent = postern.otp_send("acme-support", &for_user(&unique("joe"))).await?;
    assert_eq!(sent.status(), StatusCode::SERVICE_UNAVAILABLE);
    let verify = VerifyCodeRequest {
        user: user_id(&unique("jack")),
        code: "123456".to_owned(),
        ..Default::default()
    };
    let refused = postern.verifier("acme-verifier").await?.verify_code(verify).await;
    assert_eq!(refused.map_err(|status| status.code()).err(), Some(Code::Unavailable));
    assert!(begun.elapsed() < 2 * AT_ONCE, "three refusals took {:?}", begun.elapsed());
    Ok(())
}

/// The value of a counter in `/metrics`.
async fn counted(postern: &Postern, name: &str) -> anyhow::Result<u64> {
    let export = probe(postern, "/metrics").await?;
    let sample = export.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(sample.context("the metric")?.parse()?)
}

#[tokio::test]
async fn an_unread_log_delays_no_request_and_blocks_audited_operations() -> Tested {
    let (mut reader, writer) = io::pipe()?;
    let postern = Postern::with_stderr(&[], || Ok(writer.try_clone()?.into()))?;
    drop(writer);
    // A pipe has room for some 280 lines.
    let begun = Instant::now();
    let requests = asked("POSTERN_STALL", 1000);
    for _ in 0..requests {
        postern.get("/openapi.json").send().await?.error_for_status()?;
    }
    let each = begun.elapsed() / u32::try_from(requests)?;
    assert!(each < Duration::from_millis(100), "a request took {each:?}");
    serves(&postern).await?;
    refuses(&postern).await?;
    assert!(counted(&postern, "postern_audit_failures_total").await? >= 3);

    // The log is read again.
    let reading = std::thread::spawn(move || {
        let mut log = String::new();
        reader.read_to_string(&mut log).map(|_| log)
    });
    within(SOON, "codes are issued again", async || {
        Ok(postern.otp_send("acme-support", &for_user("jane")).await?.status() == StatusCode::OK)
    })
    .await?;
    serves(&postern).await?;
    drop(postern);
    let log = reading.join().expect("it reads")?;
    // The last line may be cut off by the end of the process.
    let lines: Vec<_> = log.lines().collect();
    for line in &lines[..lines.len() - 1] {
        assert!(serde_json::from_str::<Value>(line).is_ok(), "no whole line: {line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_log_on_a_full_disk_blocks_audited_operations_and_nothing_else() -> Tested {
    let postern = Postern::with_stderr(&[], full_disk)?;
    serves(&postern).await?;
    refuses(&postern).await?;
    assert!(counted(&postern, "postern_audit_failures_total").await? >= 3);
    assert!(counted(&postern, "postern_log_dropped_total").await? >= 3);
    Ok(())
}

#[tokio::test]
async fn a_setting_lets_operations_continue_without_the_audit_trail() -> Tested {
    let postern = Postern::with_stderr(&["--audit-failures", "continue"], full_disk)?;
    serves(&postern).await?;
    let user = unique("jane");
    let code = postern.issue(&user).await?;
    assert_eq!(postern.redeem(&user, &code).await?.0, "completed");
    assert!(counted(&postern, "postern_audit_failures_total").await? >= 2);
    Ok(())
}

#[tokio::test]
async fn an_audit_file_on_a_full_disk_is_reported_in_the_log() -> Tested {
    let postern = Postern::with(&["--audit-log", FULL])?;
    serves(&postern).await?;
    refuses(&postern).await?;
    let printed = postern.printed();
    assert_eq!(printed.matches("the audit trail cannot be written").count(), 1, "{printed}");
    assert!(!printed.contains(r#""target":"audit""#), "the trail is in the log");
    Ok(())
}

/// The events in a file.
fn events(file: &Path) -> anyhow::Result<Vec<Value>> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    assert!(text.ends_with('\n'), "a line was cut off: {text}");
    let mut events: Vec<Value> =
        text.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    events.retain(|event| event["action"] != "configuration.loaded");
    Ok(events)
}

#[tokio::test]
async fn an_audit_file_is_rotated_by_its_name_and_its_loss_refuses_operations() -> Tested {
    let parent = TempDir::new()?;
    let folder = parent.path().join("audit");
    let [file, rotated] = ["trail.log", "trail.log.1"].map(|name| folder.join(name));
    fs::create_dir(&folder)?;
    let postern = Postern::with(&["--audit-log", utf8(&file)?, "--audit-sync", "on"])?;
    postern.issue(&unique("jane")).await?;
    fs::rename(&file, &rotated)?;
    postern.issue(&unique("joe")).await?;
    for file in [&file, &rotated] {
        let events = events(file)?;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(events[0]["action"], "code.issued");
    }

    fs::remove_dir_all(&folder)?;
    refuses(&postern).await?;
    serves(&postern).await?;
    fs::create_dir(&folder)?;
    postern.issue(&unique("jack")).await?;
    assert_eq!(events(&file)?.len(), 1);
    assert!(postern.printed().contains("the audit trail can be written again"));
    Ok(())
}

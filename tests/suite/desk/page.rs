//! The steps of `deploy/desk.md`: its files are served, and its commands run as written.

use std::process::Command;

use tempfile::TempDir;

use super::*;
use crate::documentation;
use crate::harness::pb::desk::v1::{DecideRequestRequest, ExplainIssueRequest, IssueOutlook};
use crate::harness::postern::utf8;
use crate::harness::process::{command, run_to_end};

/// The blocks of a kind, without the indentation of their list.
pub(super) fn blocks(page: &str, kind: &str) -> Vec<String> {
    let fence = format!("```{kind}\n");
    let blocks = page.split(fence.as_str()).skip(1).filter_map(|rest| rest.split("```").next());
    let plain = |block: &str| {
        let indent = block.lines().map(|it| it.len() - it.trim_start().len()).min().unwrap_or(0);
        let lines = block.lines().map(|line| line.get(indent..).unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    };
    blocks.map(plain).collect()
}

#[tokio::test]
async fn the_steps_of_the_page_give_a_desk() -> Tested {
    let page = documentation::page("deploy/desk.md")?;
    let (folder, provider) = (TempDir::new()?, Provider::new()?);
    for kind in ["applications", "agents", "users", "journeys"] {
        fs::create_dir(folder.path().join(kind))?;
    }
    let files = blocks(&page, "yaml");
    assert_eq!(files.len(), 3, "{files:?}");
    for file in files {
        let (name, text) = file.split_once('\n').expect("lines");
        let name = name.strip_prefix("# ").expect("the name of the file");
        let text = text.replace("https://login.acme.example", &provider.issuer);
        fs::write(folder.path().join(name), text)?;
    }
    fs::write(folder.path().join("applications/acme-support.secret"), "acme-support-secret")?;
    provider.write_keys(&folder)?;
    let mut check = command("postern");
    check.args(["check", utf8(folder.path())?]);
    let (status, printed) = run_to_end(check)?;
    assert!(status.success() && !printed.contains("nobody can issue"), "{printed}");

    let postern = Postern::serving(folder.path())?;
    let agent = async |name: &str, role: &str| {
        let claims = json!({"sub": name, "roles": [role], "employee_id": name});
        postern.agent("acme-support", &provider, &claims).await
    };
    let helpdesk = agent("agent-1", "helpdesk").await?;
    let [explain, send, approve, brake] = &blocks(&page, "sh")[..] else { panic!("four commands") };
    for (call, rpc) in [(explain, "ExplainIssue"), (approve, "DecideRequest"), (brake, "SetBrake")]
    {
        assert!(call.contains(&format!("postern.desk.v1.DeskService/{rpc}")), "{call}");
    }
    let issue = IssueCodeRequest { user: user_id("admin"), ..Default::default() };
    let request = ExplainIssueRequest { issue: Some(issue) };
    let mut desk = postern.desk_with(Some(helpdesk.clone()));
    let told = desk.explain_issue(request).await?.into_inner();
    assert_eq!(told.outlook_if_complete(), IssueOutlook::NeedsApproval);

    let post = async |text: &str| {
        let text = text.replace("127.0.0.1:8080", &postern.at.http.to_string());
        let mut bash = Command::new("bash");
        bash.args(["-c", &text]).env("AGENT", &helpdesk);
        let (status, printed) = run_to_end(bash)?;
        anyhow::ensure!(status.success(), "{printed}");
        let answer = printed.lines().find_map(|line| serde_json::from_str::<Value>(line).ok());
        answer.ok_or_else(|| anyhow::anyhow!("no answer: {printed}"))
    };
    let waits = post(send).await?;
    let request_id = waits["request_id"].as_str().expect("it waits").to_owned();
    let decision = DecideRequestRequest { request_id, approve: true, ..Default::default() };
    let lead = agent("lead-1", "lead").await?;
    postern.desk_with(Some(lead)).decide_request(decision.clone()).await?;
    let collecting = format!("\"request_id\": \"{}\", \"channel\"", decision.request_id);
    let sent = post(&send.replace("\"channel\"", &collecting)).await?;
    postern.keep_secret(sent["code"].as_str().expect("a code"));
    Ok(())
}

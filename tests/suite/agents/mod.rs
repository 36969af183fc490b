//! Agents prove who they are with the company's identity provider: what their tokens give, and what
//! they never do.

mod forged;
mod provider;

use reqwest::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::Tested;
use crate::harness::http::{OTP_SEND, for_user, refused};
use crate::harness::keys::now;
use crate::harness::postern::{change, config, copy_of_config};
use crate::harness::provider::{EXCHANGE, Provider};
use crate::harness::rpcs::{RPCS, Target};
use crate::harness::*;

const SOON: std::time::Duration = std::time::Duration::from_secs(10);
const FILE: &str = "agents/acme.yaml";

/// A Postern that believes a provider.
struct Desk {
    postern: Postern,
    provider: Provider,
    folder: TempDir,
}

impl Desk {
    fn start() -> anyhow::Result<Self> {
        let (folder, provider) = (copy_of_config()?, Provider::new()?);
        provider.add_to(&folder)?;
        let postern = Postern::serving(folder.path())?;
        // The agent's own account is theirs to tell.
        postern.keep_secret("agent.7@acme.example");
        Ok(Self { postern, provider, folder })
    }

    async fn agent(&self, changes: &Value) -> anyhow::Result<String> {
        self.postern.agent("acme-support", &self.provider, changes).await
    }

    /// The events of one action.
    fn trail(&self, action: &str) -> Vec<Value> {
        self.postern.trail(action)
    }
}

fn issue(user: &str) -> IssueCodeRequest {
    IssueCodeRequest { user: user_id(user), ..Default::default() }
}

#[tokio::test]
async fn an_id_token_is_exchanged_for_a_token_that_names_agent_and_client() -> Tested {
    let desk = Desk::start()?;
    let id_token = desk.provider.id_token(&json!({}))?;
    let answer = desk.postern.exchange("acme-support", &id_token, &[]).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let answer: Value = answer.json().await?;
    desk.postern.keep_secret(answer["access_token"].as_str().expect("a token"));
    assert_eq!(answer["issued_token_type"], "urn:ietf:params:oauth:token-type:access_token");
    assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!(answer["scope"], "codes:issue codes:revoke codes:read lockouts:read");

    // It is not single use, and may be exchanged for less.
    let less = [("scope", "codes:read")];
    let answer = desk.postern.exchange("acme-support", &id_token, &less).await?;
    assert_eq!(answer.json::<Value>().await?["scope"], "codes:read");
    let more = [("scope", "lockouts:clear")];
    let answer = desk.postern.exchange("acme-support", &id_token, &more).await?;
    assert_eq!(answer.json::<Value>().await?["error"], "invalid_scope");

    // No longer than the sign-in is believed.
    let old = json!({"auth_time": now() - 3000});
    let answer = desk.postern.exchange("acme-support", &desk.provider.id_token(&old)?, &[]).await?;
    let answer: Value = answer.json().await?;
    let seconds = answer["expires_in"].as_u64().expect("a number");
    assert!((590..=600).contains(&seconds), "{seconds}");
    let metadata = desk.postern.get("/.well-known/openid-configuration").send().await?;
    let metadata: Value = metadata.json().await?;
    assert_eq!(metadata["grant_types_supported"][1], EXCHANGE);
    Ok(())
}

#[tokio::test]
async fn an_agent_does_what_both_role_and_client_allow_and_the_trail_names_them() -> Tested {
    let desk = Desk::start()?;
    let (agent, user) = (desk.agent(&json!({})).await?, unique("jane"));
    let issued = desk.postern.issuer_with(Some(agent.clone())).issue_code(issue(&user)).await?;
    desk.postern.keep_secret(&issued.into_inner().code);
    let target = Target { user: user.clone(), ..Default::default() };
    let mut denied = 0;
    for (rpc, _, _, call) in RPCS {
        let outcome = call(&desk.postern, Some(agent.clone()), &target).await;
        let expected = match rpc {
            "IssueCode" | "DescribeCode" | "DescribeLockout" | "RevokeCode" => Ok(()),
            // They may, and acme has no desk.
            "ExplainIssue" | "ListRequests" => Err(Code::FailedPrecondition),
            // They may, and give no number.
            "DescribePairing" => Err(Code::InvalidArgument),
            _ => {
                denied += 1;
                Err(Code::PermissionDenied)
            }
        };
        assert_eq!(outcome.map_err(|status| status.code()), expected, "{rpc}");
    }
    let sent =
        desk.postern.post(OTP_SEND).bearer_auth(&agent).json(&for_user(&user)).send().await?;
    assert_eq!(sent.status(), StatusCode::OK);
    desk.postern.keep_secret(sent.json::<Value>().await?["code"].as_str().expect("a code"));
    let describe = DescribeCodeRequest { user: user_id(&user) };
    desk.postern.issuer("acme-support").await?.describe_code(describe).await?;

    for (action, count) in [
        ("code.issued", 3),
        ("code.revoked", 1),
        ("code.described", 2),
        ("lockout.described", 1),
        ("scope.denied", denied),
    ] {
        let events = desk.trail(action);
        assert_eq!(events.len(), count, "{action}");
        let event = &events[0];
        assert_eq!(
            (&event["agent_id"], &event["agent_provider"]),
            (&json!("agent-7"), &json!("acme"))
        );
        assert_eq!(event["client"], "acme-support");
    }
    let by_the_client = &desk.trail("code.described")[1];
    assert_eq!(by_the_client.get("agent_provider"), None, "no agent proved themselves");
    Ok(())
}

#[tokio::test]
async fn an_agent_acts_in_no_other_name_and_never_for_their_own_account() -> Tested {
    let desk = Desk::start()?;
    let agent = desk.agent(&json!({"roles": ["lead"]})).await?;
    let mut issuer = desk.postern.issuer_with(Some(agent.clone()));
    let mut verifier = desk.postern.verifier_with(Some(agent.clone()));
    let reason = |status: tonic::Status| {
        assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
        status.get_details_error_info().expect("an ErrorInfo").reason
    };
    let named = |agent_id: &str| IssueCodeRequest {
        context: Some(IssueContext { agent_id: agent_id.to_owned(), ..Default::default() }),
        ..issue(&unique("jane"))
    };
    assert!(issuer.issue_code(named("agent-7")).await.is_ok());
    let other = issuer.issue_code(named("agent-8")).await.expect_err("another agent");
    assert_eq!(reason(other), "OTHER_AGENT");
    let revoke = RevokeCodeRequest {
        target: user_id("jane").map(revoke_code_request::Target::User),
        agent_id: "agent-8".to_owned(),
        ..Default::default()
    };
    assert_eq!(reason(issuer.revoke_code(revoke).await.expect_err("another")), "OTHER_AGENT");

    let email = |value: &str| {
        Some(UserIdentifier { r#type: IdentifierType::Email.into(), value: value.to_owned() })
    };
    for user in [user_id("e-7"), email("AGENT.7@ACME.example")] {
        let issue = IssueCodeRequest { user: user.clone(), ..Default::default() };
        assert_eq!(reason(issuer.issue_code(issue).await.expect_err("own")), "OWN_ACCOUNT");
        let clear = ClearLockoutRequest { user, ..Default::default() };
        assert_eq!(reason(verifier.clear_lockout(clear).await.expect_err("own")), "OWN_ACCOUNT");
    }
    let clear = ClearLockoutRequest { user: user_id("e-8"), ..Default::default() };
    assert!(verifier.clear_lockout(clear).await.is_ok());
    let sent =
        desk.postern.post(OTP_SEND).bearer_auth(&agent).json(&for_user("e-7")).send().await?;
    let told = refused(sent, StatusCode::FORBIDDEN, "own_account").await?;
    assert!(told.contains("ask another agent"), "{told}");

    let refusals: Vec<_> =
        desk.trail("agent.denied").into_iter().map(|event| event["refusal"].clone()).collect();
    let [other, own] = ["other_agent", "own_account"];
    assert_eq!(refusals, [other, other, own, own, own, own, own]);
    Ok(())
}

/// With a directory, an account is the agent's own by whichever identifier leads to it.
#[tokio::test]
async fn an_agents_own_account_is_known_by_every_identifier_of_the_directory() -> Tested {
    let (folder, provider) = (copy_of_config()?, Provider::new()?);
    provider.add_to(&folder)?;
    change(&folder, FILE, "clients: [acme-support, acme-override]", "clients: [staff-support]")?;
    change(
        &folder,
        FILE,
        "self: { user_id: employee_id, email: email }",
        "self: { email: email }",
    )?;
    let text = std::fs::read_to_string(folder.path().join("users/staff.yaml"))?;
    let own = "  - { user_id: e-7, email: agent.7@acme.example, username: seven }\n";
    std::fs::write(folder.path().join("users/staff.yaml"), text + own)?;
    let postern = Postern::serving(folder.path())?;
    let agent = postern.agent("staff-support", &provider, &json!({"roles": ["elsewhere"]})).await?;
    let mut issuer = postern.issuer_with(Some(agent));
    let name = |value: &str| {
        Some(UserIdentifier { r#type: IdentifierType::Username.into(), value: value.to_owned() })
    };
    for user in [user_id("e-7"), name("Seven")] {
        let issue = IssueCodeRequest { user, ..Default::default() };
        let status = issuer.issue_code(issue).await.expect_err("their own");
        assert_eq!(status.code(), Code::PermissionDenied);
    }
    let unknown = issuer.issue_code(issue("e-8")).await.expect_err("unknown");
    assert_eq!(unknown.code(), Code::NotFound);
    Ok(())
}

#[tokio::test]
async fn a_removed_role_client_or_provider_ends_what_a_token_gave_at_once() -> Tested {
    let desk = Desk::start()?;
    let agent = desk.agent(&json!({"roles": ["helpdesk", "lead"]})).await?;
    let issuing = async |agent: &str| {
        let issued = desk
            .postern
            .issuer_with(Some(agent.to_owned()))
            .issue_code(issue(&unique("jane")))
            .await;
        let code = issued.as_ref().map_err(tonic::Status::code).err();
        if let Ok(issued) = issued {
            desk.postern.keep_secret(&issued.get_ref().code);
        }
        anyhow::Ok(code)
    };
    let becomes = async |agent: &str, expected: Option<Code>| {
        let what = format!("{expected:?}");
        within(SOON, &what, async || Ok(issuing(agent).await? == expected)).await
    };
    becomes(&agent, None).await?;
    let lead = "lead: { applications: [acme], may: [issue, revoke, read, clear, approve] }";
    change(&desk.folder, FILE, lead, "lead: { applications: [acme], may: [read] }")?;
    change(&desk.folder, FILE, "may: [issue, revoke, read]", "may: [revoke]")?;
    becomes(&agent, Some(Code::PermissionDenied)).await?;
    change(&desk.folder, FILE, "may: [revoke]", "may: [issue]")?;
    becomes(&agent, None).await?;

    for (from, to) in [
        ("clients: [acme-support, acme-override]", "clients: [acme-override]"),
        ("login.acme.example", "login.other.example"),
        ("self: { user_id: employee_id,", "self: { user_id: employee_id, username: name,"),
        ("max_age: 1h", "max_age: 1m"),
    ] {
        change(&desk.folder, FILE, from, to)?;
        becomes(&agent, Some(Code::Unauthenticated)).await?;
        change(&desk.folder, FILE, to, from)?;
        becomes(&agent, None).await?;
    }
    std::fs::remove_file(desk.folder.path().join(FILE))?;
    becomes(&agent, Some(Code::Unauthenticated)).await?;
    // The client itself goes on.
    desk.postern.issuer("acme-support").await?.issue_code(issue("jane")).await?;
    Ok(())
}

#[tokio::test]
async fn without_a_provider_no_client_exchanges() -> Tested {
    let postern = Postern::serving(&config())?;
    let answer =
        postern.exchange("acme-support", &Provider::new()?.id_token(&json!({}))?, &[]).await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(answer.json::<Value>().await?["error"], "unauthorized_client");
    Ok(())
}

//! Every rpc is refused to whoever brings no token, a bad one, one of another kind, or one without
//! the rpc's scope.

use std::pin::Pin;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tonic::{Code, Status};

use crate::Tested;
use crate::harness::pb::journey::{
    DescribeJourneyRequest, ListJourneysRequest, StartJourneyRequest, SubmitInputRequest,
};
use crate::harness::*;

type Call = fn(&Postern, Option<String>) -> Pin<Box<dyn Future<Output = Result<(), Status>>>>;

/// Calls an rpc with an empty request: who may not call it is refused before the request is read.
macro_rules! call {
    ($service:ident, $rpc:ident, $request:expr) => {
        |postern, token| {
            let mut client = postern.$service(token);
            Box::pin(async move { client.$rpc($request).await.map(drop) })
        }
    };
}

/// Each rpc, with its scope and a client that lacks it.
const RPCS: [(&str, &str, &str, Call); 10] = [
    (
        "IssueCode",
        "codes:issue",
        "acme-verifier",
        call!(issuer_with, issue_code, IssueCodeRequest::default()),
    ),
    (
        "RevokeCode",
        "codes:revoke",
        "acme-verifier",
        call!(issuer_with, revoke_code, RevokeCodeRequest::default()),
    ),
    (
        "DescribeCode",
        "codes:read",
        "acme-verifier",
        call!(issuer_with, describe_code, DescribeCodeRequest::default()),
    ),
    (
        "VerifyCode",
        "codes:verify",
        "acme-support",
        call!(verifier_with, verify_code, VerifyCodeRequest::default()),
    ),
    (
        "DescribeLockout",
        "lockouts:read",
        "acme-verifier",
        call!(verifier_with, describe_lockout, DescribeLockoutRequest::default()),
    ),
    (
        "ClearLockout",
        "lockouts:clear",
        "acme-verifier",
        call!(verifier_with, clear_lockout, ClearLockoutRequest::default()),
    ),
    (
        "StartJourney",
        "journeys:run",
        "acme-support",
        call!(runner_with, start_journey, StartJourneyRequest::default()),
    ),
    (
        "SubmitInput",
        "journeys:run",
        "acme-support",
        call!(runner_with, submit_input, SubmitInputRequest::default()),
    ),
    (
        "ListJourneys",
        "journeys:read",
        "acme-other-backend",
        call!(runner_with, list_journeys, ListJourneysRequest {}),
    ),
    (
        "DescribeJourney",
        "journeys:read",
        "acme-other-backend",
        call!(runner_with, describe_journey, DescribeJourneyRequest::default()),
    ),
];

/// The access, ID and journey token of a user who came back by the form.
async fn user_tokens(postern: &Postern) -> anyhow::Result<Vec<(&'static str, String)>> {
    use crate::harness::pb::journey::journey_state::State;
    use crate::harness::values::{json as to_json, structure};

    let user = unique("jane");
    let code = postern.issue(&user).await?;
    let mut runner = postern.runner("acme-backend").await?;
    let start =
        StartJourneyRequest { journey_id: "temp-code-form".to_owned(), ..Default::default() };
    let state = runner.start_journey(start).await?.into_inner().state.and_then(|state| state.state);
    let Some(State::InputRequired(step)) = state else { panic!("does not wait: {state:?}") };
    let submit = SubmitInputRequest {
        session_id: step.session_id,
        assertion_id: step.assertion_id,
        challenge: step.challenge,
        data: Some(structure(json!({"external_user_id": user, "temp_code": code}))),
        ..Default::default()
    };
    let state = runner.submit_input(submit).await?.into_inner().state.and_then(|state| state.state);
    let Some(State::Completed(completed)) = state else { panic!("not completed: {state:?}") };
    let data = to_json(completed.data);
    let token = |name: &str| data[name].as_str().expect("a token").to_owned();
    Ok(vec![
        ("user's access token", token("access_token")),
        ("ID token", token("id_token")),
        ("journey token", completed.token),
    ])
}

/// Tokens that nobody signed, or nobody who may.
fn forged(good: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
    let parts: Vec<_> = good.split('.').collect();
    let claims: Value = jsonwebtoken::dangerous::insecure_decode(good)?.claims;
    let header = jsonwebtoken::decode_header(good)?;
    let hmac = Header { alg: Algorithm::HS256, ..header };
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let swapped: String = parts[2].chars().rev().collect();
    Ok(vec![
        ("garbage", "garbage".to_owned()),
        ("unsigned token", format!("{none}.{}.", parts[1])),
        ("token without its signature", format!("{}.{}.", parts[0], parts[1])),
        ("token with another signature", format!("{}.{}.{swapped}", parts[0], parts[1])),
        (
            "token signed with a shared key",
            encode(&hmac, &claims, &EncodingKey::from_secret(b"guess"))?,
        ),
        ("token of a megabyte's beginning", format!("{}.{}", parts[0], "A".repeat(6000))),
    ])
}

#[tokio::test]
async fn no_rpc_is_open_to_whoever_brings_no_good_token() -> Tested {
    let postern = Postern::start()?;
    let mut tokens = user_tokens(&postern).await?;
    tokens.extend(forged(&postern.token("acme-support").await?)?);
    for (rpc, _, _, call) in RPCS {
        let status = call(&postern, None).await.expect_err("no token");
        assert_eq!(status.code(), Code::Unauthenticated, "{rpc} without a token: {status:?}");
        for (kind, token) in &tokens {
            let status = call(&postern, Some(token.clone())).await.expect_err("a bad token");
            assert_eq!(status.code(), Code::Unauthenticated, "{rpc} with a {kind}: {status:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_rpc_is_open_to_a_client_without_its_scope() -> Tested {
    let postern = Postern::start()?;
    for (rpc, scope, client, call) in RPCS {
        let token = postern.token(client).await?;
        let status = call(&postern, Some(token)).await.expect_err("a wrong scope");
        assert_eq!(status.code(), Code::PermissionDenied, "{rpc}: {status:?}");
        assert!(status.message().contains(scope), "{rpc}: {status:?}");
    }
    Ok(())
}

#[tokio::test]
async fn no_token_of_another_kind_issues_a_code_over_http() -> Tested {
    use crate::harness::http::{OTP_SEND, for_user};

    let postern = Postern::start()?;
    let mut tokens = user_tokens(&postern).await?;
    tokens.extend(forged(&postern.token("acme-support").await?)?);
    for (kind, token) in tokens {
        let request = postern.post(OTP_SEND).bearer_auth(token).json(&for_user("jane"));
        assert_eq!(request.send().await?.status(), 401, "{kind}");
    }
    Ok(())
}

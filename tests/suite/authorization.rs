//! Every rpc refuses a caller with no token, an invalid one, one of another kind, or one without
//! the rpc's scope.

use std::collections::BTreeSet;

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use prost::Message as _;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};
use serde_json::{Value, json};
use tonic::Code;

use crate::Tested;
use crate::harness::pb::journey::{StartJourneyRequest, SubmitInputRequest};
use crate::harness::rpcs::{RPCS, Target};
use crate::harness::*;

/// The access, ID and journey token of a user who recovered by the form.
pub(crate) async fn user_tokens(postern: &Postern) -> anyhow::Result<Vec<(&'static str, String)>> {
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

/// Tokens that are unsigned, or signed with an unknown key.
pub(crate) fn forged(good: &str) -> anyhow::Result<Vec<(&'static str, String)>> {
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

#[test]
fn every_rpc_of_the_published_api_is_tested() -> Tested {
    let descriptors = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
    let published = FileDescriptorSet::decode(&descriptors[..])?;
    let services = published.file.iter().flat_map(|file| &file.service);
    let published: BTreeSet<_> =
        services.flat_map(|it| &it.method).map(MethodDescriptorProto::name).collect();
    assert_eq!(published, RPCS.iter().map(|(rpc, ..)| *rpc).collect());
    Ok(())
}

#[tokio::test]
async fn no_rpc_accepts_a_caller_without_a_valid_token() -> Tested {
    let postern = Postern::start()?;
    let mut tokens = user_tokens(&postern).await?;
    tokens.extend(forged(&postern.token("acme-support").await?)?);
    let target = Target::default();
    for (rpc, _, _, call) in RPCS {
        let status = call(&postern, None, &target).await.expect_err("no token");
        assert_eq!(status.code(), Code::Unauthenticated, "{rpc} without a token: {status:?}");
        for (kind, token) in &tokens {
            let status =
                call(&postern, Some(token.clone()), &target).await.expect_err("a bad token");
            assert_eq!(status.code(), Code::Unauthenticated, "{rpc} with a {kind}: {status:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn no_rpc_accepts_a_client_without_its_scope() -> Tested {
    let postern = Postern::start()?;
    for (rpc, scope, client, call) in RPCS {
        let token = postern.token(client).await?;
        let status =
            call(&postern, Some(token), &Target::default()).await.expect_err("a wrong scope");
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

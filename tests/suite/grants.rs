//! Revoked grants: after `RevokeCode` of a redeemed code, introspection answers that its tokens are
//! inactive.

use anyhow::Context as _;
use reqwest::StatusCode;
use serde_json::Value;

use crate::Tested;
use crate::authorization::user_tokens;
use crate::harness::apart::Deployment;
use crate::harness::http::refused;
use crate::harness::pb::code::RevokeCodeResponse;
use crate::harness::postern::config;
use crate::harness::*;

/// Which of a recovery's tokens are active.
async fn active(
    postern: &Postern,
    client: &str,
    tokens: &[(&'static str, String)],
) -> anyhow::Result<Vec<bool>> {
    let mut active = Vec::new();
    for (kind, token) in tokens {
        postern.keep_secret(token);
        let answer: Value =
            postern.introspect(client, token).await?.error_for_status()?.json().await?;
        active
            .push(answer["data"]["active"].as_bool().with_context(|| format!("{kind}: {answer}"))?);
    }
    Ok(active)
}

/// Whose tokens these are.
fn subject(tokens: &[(&'static str, String)]) -> anyhow::Result<String> {
    let claims: Value = jsonwebtoken::dangerous::insecure_decode(&tokens[0].1)?.claims;
    Ok(claims["sub"].as_str().context("a subject")?.to_owned())
}

async fn revoke(
    postern: &Postern,
    target: Option<revoke_code_request::Target>,
) -> anyhow::Result<RevokeCodeResponse> {
    let request = RevokeCodeRequest { target, ..Default::default() };
    Ok(postern.issuer("acme-support").await?.revoke_code(request).await?.into_inner())
}

async fn a_revoked_grant_ends_the_tokens_of_its_recovery_alone(postern: &Postern) -> Tested {
    let backend = postern.token("acme-backend").await?;
    let [jane, joe] = [user_tokens(postern).await?, user_tokens(postern).await?];
    assert_eq!(active(postern, &backend, &jane).await?, [true; 3]);

    let by_user = user_id(&subject(&jane)?).map(revoke_code_request::Target::User);
    let revoked = revoke(postern, by_user).await?;
    assert_eq!((revoked.revoked, revoked.grant_revoked), (false, true));
    assert_eq!(active(postern, &backend, &jane).await?, [false; 3]);
    assert_eq!(active(postern, &backend, &joe).await?, [true; 3]);

    // A new code does not hide the earlier one from its id.
    let user = subject(&joe)?;
    let describe = DescribeCodeRequest { user: user_id(&user) };
    let mut issuer = postern.issuer("acme-support").await?;
    let id = issuer.describe_code(describe).await?.into_inner().code_id;
    let code = postern.issue(&user).await?;
    let revoked = revoke(postern, Some(revoke_code_request::Target::CodeId(id.clone()))).await?;
    assert_eq!((revoked.revoked, revoked.grant_revoked), (false, true));
    assert_eq!(active(postern, &backend, &joe).await?, [false; 3]);
    assert_eq!(postern.verify(&user, &code).await?, Ok(()), "the new code lives");

    let told = postern.trail("grant.revoked");
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!((&told[1]["code_id"], &told[1]["client"]), (&id.into(), &"acme-support".into()));
    Ok(())
}

#[tokio::test]
async fn in_one_process() -> Tested {
    a_revoked_grant_ends_the_tokens_of_its_recovery_alone(&Postern::start()?).await
}

#[tokio::test]
async fn across_services() -> Tested {
    let deployment = Deployment::of(&config())?;
    a_revoked_grant_ends_the_tokens_of_its_recovery_alone(&deployment.replica()?).await
}

/// I12.
#[tokio::test]
async fn no_token_is_active_while_revocations_cannot_be_read() -> Tested {
    let deployment = Deployment::of(&config())?;
    let postern = deployment.replica()?;
    let backend = postern.token("acme-backend").await?;
    let tokens = user_tokens(&postern).await?;
    assert_eq!(active(&postern, &backend, &tokens).await?, [true; 3]);
    deployment.redis.freeze()?;
    for (kind, token) in &tokens {
        let answer = postern.introspect(&backend, token).await?;
        assert!(answer.headers().contains_key("retry-after"), "{kind}");
        refused(answer, StatusCode::SERVICE_UNAVAILABLE, "unavailable").await?;
    }
    deployment.redis.thaw()?;
    Ok(())
}

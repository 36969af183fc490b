//! The keys of a provider: in a file, or published by it.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{Desk, SOON};
use crate::Tested;
use crate::harness::keys::SigningKey;
use crate::harness::postern::{copy_of_config, free};
use crate::harness::provider::{Provider, Published};
use crate::harness::*;

#[tokio::test]
async fn keys_in_a_file_are_rotated_by_changing_the_file() -> Tested {
    let mut desk = Desk::start()?;
    let old = desk.provider.id_token(&json!({}))?;
    desk.provider.key = SigningKey::generate()?;
    let new = desk.provider.id_token(&json!({}))?;
    let status = async |token: &str| {
        anyhow::Ok(desk.postern.exchange("acme-support", token, &[]).await?.status())
    };
    assert_eq!(
        (status(&old).await?, status(&new).await?),
        (StatusCode::OK, StatusCode::BAD_REQUEST)
    );
    desk.provider.write_keys(&desk.folder)?;
    within(SOON, "the new key", async || Ok(status(&new).await? == StatusCode::OK)).await?;
    assert_eq!(status(&old).await?, StatusCode::BAD_REQUEST);
    Ok(())
}

#[tokio::test]
async fn published_keys_are_discovered_and_serve_on_when_the_provider_is_gone() -> Tested {
    let (folder, published) = (copy_of_config()?, Published::start().await?);
    let provider =
        Provider { issuer: format!("http://{}", published.at), key: SigningKey::generate()? };
    *published.keys.lock().expect("no panic") = provider.jwks()?;
    provider.add_discovered_to(&folder)?;
    let postern = Postern::serving(folder.path())?;
    postern.agent("acme-support", &provider, &json!({})).await?;
    let forged = Provider { issuer: provider.issuer.clone(), key: SigningKey::generate()? };
    let answer = postern.exchange("acme-support", &forged.id_token(&json!({}))?, &[]).await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    drop(published);
    let token = postern.agent("acme-support", &provider, &json!({})).await?;
    let issue = IssueCodeRequest { user: user_id(&unique("jane")), ..Default::default() };
    let issued = postern.issuer_with(Some(token)).issue_code(issue).await?.into_inner();
    postern.keep_secret(&issued.code);
    Ok(())
}

#[tokio::test]
async fn an_unreachable_provider_stops_exchanges_and_nothing_else() -> Tested {
    let (folder, [nobody]) = (copy_of_config()?, free()?);
    let provider = Provider { issuer: format!("http://{nobody}"), key: SigningKey::generate()? };
    provider.add_discovered_to(&folder)?;
    let postern = Postern::serving(folder.path())?;
    let answer = postern.exchange("acme-support", &provider.id_token(&json!({}))?, &[]).await?;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key("retry-after"));
    let answer: Value = answer.json().await?;
    assert_eq!(answer["error"], "temporarily_unavailable");
    let told = answer["error_description"].as_str().expect("a description");
    assert!(told.contains("identity provider"), "{told}");
    assert!(postern.printed().contains("the keys of an identity provider cannot be fetched"));
    postern.issue(&unique("jane")).await?;
    Ok(())
}

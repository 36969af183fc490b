//! What the provider says of itself.

use std::collections::BTreeSet;

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::flow::configured;
use super::{back, flow};
use crate::Tested;
use crate::harness::apart::Deployment;
use crate::harness::*;

#[tokio::test]
async fn both_services_of_one_issuer_publish_the_same_document_and_the_keys_of_both() -> Tested {
    let folder = configured()?;
    let deployment = Deployment::of(folder.path())?.of_one_issuer();
    let postern = deployment.replica()?;
    let read = async |at, path: &str| -> anyhow::Result<Value> {
        let answer = reqwest::get(format!("http://{at}{path}")).await?;
        Ok(answer.error_for_status()?.json().await?)
    };
    let metadata = "/.well-known/openid-configuration";
    for path in [metadata, "/.well-known/oauth-authorization-server", "/.well-known/jwks.json"] {
        let [issuer, runner] =
            [read(postern.at.http, path).await?, read(postern.at.pages, path).await?];
        assert_eq!(issuer, runner, "{path}");
    }
    let keys = read(postern.at.http, "/.well-known/jwks.json").await?;
    let kids: BTreeSet<_> = keys["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|it| &it["kid"])
        .map(Value::to_string)
        .collect();
    assert_eq!(kids.len(), 2, "{keys}");
    let document = back::discovery(&postern).await?;
    for (key, value) in [
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("request_uri_parameter_supported", json!(false)),
    ] {
        assert_eq!(document[key], value, "{document}");
    }
    for (key, path) in [
        ("authorization_endpoint", "/oidc/auth"),
        ("token_endpoint", "/oidc/token"),
        ("jwks_uri", "/.well-known/jwks.json"),
    ] {
        let expected = format!("{}{path}", document["issuer"].as_str().expect("an issuer"));
        assert_eq!(document[key], expected);
    }
    assert!(!document.to_string().contains("refresh_token"), "{document}");
    Ok(())
}

#[tokio::test]
async fn without_a_relying_party_there_is_no_provider() -> Tested {
    let postern = Postern::start()?;
    let document = back::discovery(&postern).await?;
    assert!(document.get("authorization_endpoint").is_none(), "{document}");
    assert_eq!(document["response_types_supported"], json!([]));
    let answer = flow::authorize(&postern, &flow::valid(flow::SHOP), &[]).await?;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    Ok(())
}

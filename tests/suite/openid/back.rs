//! What a relying party gets back: the redirect, the tokens, and what the provider says of both.

use std::collections::HashMap;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;

use super::flow::Party;
use crate::harness::Postern;

/// Where a browser was sent.
#[derive(Clone, Debug)]
pub(crate) struct Back {
    /// The address up to its query.
    pub(crate) path: String,
    query: HashMap<String, String>,
}

impl Back {
    pub(crate) fn parse(address: &str) -> anyhow::Result<Self> {
        let url = Url::parse(address)?;
        let query = url.query_pairs().into_owned().collect();
        Ok(Self { path: address.split('?').next().unwrap_or_default().to_owned(), query })
    }

    /// That of an answer with a redirect.
    pub(crate) fn of(answer: &Response) -> anyhow::Result<Self> {
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        Self::parse(answer.headers()["location"].to_str()?)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query.get(name).map(String::as_str)
    }
}

/// The discovery document at the token endpoint's listener.
pub(crate) async fn discovery(postern: &Postern) -> anyhow::Result<Value> {
    let answer = postern.get("/.well-known/openid-configuration").send().await?;
    Ok(answer.error_for_status()?.json().await?)
}

pub(crate) async fn issuer(postern: &Postern) -> anyhow::Result<String> {
    Ok(discovery(postern).await?["issuer"].as_str().context("an issuer")?.to_owned())
}

/// The claims of an ID token, which a relying party checks against the published keys.
pub(crate) async fn verified(
    postern: &Postern,
    tokens: &Value,
    party: Party,
) -> anyhow::Result<Value> {
    let keys = postern.get("/.well-known/jwks.json").send().await?.error_for_status()?;
    let keys: JwkSet = keys.json().await?;
    let token = tokens["id_token"].as_str().context("an ID token")?;
    let header = jsonwebtoken::decode_header(token)?;
    let key = keys.find(header.kid.as_deref().context("a kid")?).context("a published key")?;
    let mut validation = Validation::new(header.alg);
    validation.set_audience(&[party.id]);
    validation.set_issuer(&[issuer(postern).await?]);
    let claims: Value =
        jsonwebtoken::decode(token, &DecodingKey::from_jwk(key)?, &validation)?.claims;
    let access_token = tokens["access_token"].as_str().context("an access token")?;
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, access_token.as_bytes());
    assert_eq!(claims["at_hash"], URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16]));
    Ok(claims)
}

/// What introspection answers about the access token.
pub(crate) async fn introspect(postern: &Postern, tokens: &Value) -> anyhow::Result<Value> {
    let token = tokens["access_token"].as_str().context("an access token")?;
    let url = format!("http://{}/oidc/token/introspection", postern.at.pages);
    let asked = Client::new().post(url).bearer_auth(postern.token("acme-backend").await?);
    Ok(asked.form(&[("token", token)]).send().await?.error_for_status()?.json().await?)
}

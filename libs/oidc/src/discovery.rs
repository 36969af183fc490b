//! From an issuer's URL to its keys and endpoints (`OpenID` Connect Discovery 1.0, section 4).

use std::time::Duration;

use http::Uri;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokens::provider::{KeySetError, ProviderKeys};

use crate::fetch::{self, FetchError};

/// Why a provider was not discovered.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DiscoveryError {
    #[error("the discovery document: {0}")]
    Document(FetchError),
    #[error("the discovery document must be JSON with `issuer`, `jwks_uri` and the endpoints")]
    NotADocument,
    #[error("the discovery document is of another issuer: compare `issuer` in both")]
    WrongIssuer,
    #[error("the JWK set: {0}")]
    Set(FetchError),
    #[error("the JWK set: {0}")]
    Keys(#[from] KeySetError),
}

/// The provider's keys, and how long they may be kept.
pub(crate) async fn keys(issuer: &str) -> Result<(ProviderKeys, Option<Duration>), DiscoveryError> {
    #[derive(Deserialize)]
    struct Keys {
        jwks_uri: String,
    }
    let Keys { jwks_uri } = metadata(issuer).await?;
    let uri: Uri = jwks_uri.parse().unwrap_or_default();
    let set = fetch::get(&uri).await.map_err(DiscoveryError::Set)?;
    Ok((ProviderKeys::parse(&set.body)?, set.fresh_for))
}

/// What the provider says of itself. The caller limits the time.
pub(crate) async fn metadata<M: DeserializeOwned>(issuer: &str) -> Result<M, DiscoveryError> {
    #[derive(Deserialize)]
    struct Metadata<M> {
        issuer: String,
        #[serde(flatten)]
        rest: M,
    }
    let uri = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let document = fetch::get(&uri.parse().unwrap_or_default()).await;
    let document = document.map_err(DiscoveryError::Document)?;
    let metadata: Metadata<M> =
        serde_json::from_slice(&document.body).map_err(|_| DiscoveryError::NotADocument)?;
    // Else one provider could hand out tokens in the name of another.
    if metadata.issuer == issuer { Ok(metadata.rest) } else { Err(DiscoveryError::WrongIssuer) }
}

//! Every claim of every kind of token, once.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use codes::randomness;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The claims of a token. The first five are those that every token must have; the others belong
/// to some kinds, each of which asks for its own.
///
/// # Why one struct
/// Derived deserialisation refuses a claim that occurs twice and a number written as a string; it
/// does so only for fields that are not flattened.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) iss: String,
    pub(crate) aud: String,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nbf: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) application: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secret_generation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) journey: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) amr: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) acr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at_hash: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) act: Option<Actor>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider_issuer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) roles: Option<Vec<String>>,
    #[serde(rename = "self", skip_serializing_if = "Option::is_none")]
    pub(crate) own: Option<BTreeMap<String, String>>,
}

/// Who acts for the subject (RFC 8693, section 4.1).
#[derive(Serialize, Deserialize)]
pub(crate) struct Actor {
    pub(crate) sub: String,
}

impl Claims {
    /// The claims of a token for `aud` that lives from `iat` for `lifetime`. Its issuer is the
    /// minter's to say.
    pub(crate) fn new(aud: String, iat: Timestamp, lifetime: Duration, jti: String) -> Self {
        let exp = (iat + lifetime).unix_seconds();
        Self { aud, iat: iat.unix_seconds(), exp, jti, ..Self::default() }
    }
}

/// A token's id that no other has.
pub(crate) fn unique_id() -> String {
    URL_SAFE_NO_PAD.encode(randomness::bytes::<16>(&randomness::system()))
}

/// A token's id that follows from what it is minted for, so that minting it again is no new token.
pub(crate) fn derived_id(label: &str, of: &str) -> String {
    let hash = Sha256::new().chain_update(label).chain_update([0]).chain_update(of).finalize();
    URL_SAFE_NO_PAD.encode(&hash[..16])
}

//! ID tokens of a company's identity provider (`OpenID` Connect Core, section 2), by which an agent
//! shows who they are. The only tokens that are believed without being ours.
//!
//! ```text
//! Unverified::parse ── issuer(), kid() choose the provider and its keys; nothing else is read of it
//!        │ verify(keys, expected, now)
//!        v
//! IdClaims ── signed, for us, in time, by an agent who signed in lately and as required
//! ```
//!
//! The algorithm is the key's, never the header's: see [`ProviderKeys`].

mod claims;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, decode_header};
use serde::Deserialize;

use self::claims::Claims;
pub use self::claims::IdClaims;
pub use self::keys::{KeySetError, ProviderKeys};
use crate::error::{MAX_BYTES, TokenError};
use crate::verify::signature_alone;

/// What an ID token must say.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The provider, as `iss` names it.
    pub issuer: &'a str,
    /// Who the token is for.
    pub audience: &'a str,
    /// How long ago the agent may have signed in.
    pub max_age: Duration,
    /// How the agent must have signed in: all of these must be in `amr`.
    pub methods: &'a BTreeSet<String>,
}

/// An ID token of which nothing is believed yet.
pub struct Unverified<'t> {
    token: &'t str,
    algorithm: Algorithm,
    kid: Option<String>,
    issuer: String,
}

impl<'t> Unverified<'t> {
    /// Reads what chooses the key. An access token or a logout token of the same provider has
    /// another `typ`.
    ///
    /// # Errors
    /// `TooLong`, `Malformed`, `CriticalExtension` or `WrongType`: it is no ID token.
    pub fn parse(token: &'t str) -> Result<Self, TokenError> {
        #[derive(Deserialize)]
        struct Issuer {
            iss: String,
        }
        if token.len() > MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::CriticalExtension);
        }
        if header.typ.is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
            return Err(TokenError::WrongType);
        }
        let claims = token.split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
        let issuer: Option<Issuer> = claims.and_then(|json| serde_json::from_slice(&json).ok());
        let issuer = issuer.ok_or(TokenError::Malformed)?.iss;
        Ok(Self { token, algorithm: header.alg, kid: header.kid, issuer })
    }

    /// The provider that the token names. Only for choosing one of those that are configured.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The key that the token names. Only for choosing one of the provider's.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Checks the signature, and then everything that the token says.
    ///
    /// # Errors
    /// - `UnknownKey`, `WrongAlgorithm`, `BadSignature`: not signed by one of these keys.
    /// - `WrongType`, `WrongIssuer`, `WrongAudience`: another kind of token, or for somebody else.
    /// - `Expired`, `IssuedInFuture`, `NotYetValid`, `SignedInTooLongAgo`: not valid at that time.
    /// - `MissingMethod`: the agent signed in by other means than required.
    /// - `Malformed`, `Claim`: a claim is missing, occurs twice or has no valid value.
    pub fn verify(
        &self,
        keys: &ProviderKeys,
        expected: Expected<'_>,
        now: Timestamp,
    ) -> Result<IdClaims, TokenError> {
        let key = keys.key(self.kid(), self.algorithm)?;
        let validation = signature_alone(self.algorithm);
        let decoded = jsonwebtoken::decode::<Claims>(self.token, key, &validation);
        let claims = decoded.map(|data| data.claims).map_err(|error| match error.kind() {
            ErrorKind::InvalidSignature => TokenError::BadSignature,
            _ => TokenError::Malformed,
        })?;
        claims.check(expected, now.unix_seconds())
    }
}

//! Verification of tokens: the checks for every kind, in their order.
//!
//! The header is read before the signature is checked, so nothing in it is trusted: the `kid` is
//! looked up in our own table and nowhere else, and the algorithm is that key's, never the
//! header's. Time is a parameter, so that tests reach both sides of every bound.

use std::sync::Arc;
use std::time::Duration;

use clock::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, Validation, decode, decode_header};

use crate::claims::Claims;
use crate::error::{MAX_BYTES, TokenError};
use crate::key::Key;
use crate::keys::KeyRing;
use crate::signature_cache::{SignatureCache, Signed};

/// Verifies tokens of known issuers.
#[derive(Clone, Debug)]
pub struct TokenVerifier {
    ring: Arc<KeyRing>,
    /// Shared by the verifiers of all servers.
    issuers: Arc<[String]>,
    cache: Arc<SignatureCache>,
}

impl TokenVerifier {
    /// How far two machines' clocks may be apart.
    pub const LEEWAY: Duration = Duration::from_secs(Self::LEEWAY_SECONDS.unsigned_abs());

    /// The same in seconds, as tokens have their times.
    pub const LEEWAY_SECONDS: i64 = 30;

    /// A verifier of the tokens that the ring's keys signed for one of the issuers.
    pub fn new(ring: Arc<KeyRing>, issuers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let issuers = issuers.into_iter().map(Into::into).collect();
        Self { ring, issuers, cache: Arc::default() }
    }

    /// The keys, if they sign the tokens of that issuer.
    pub fn ring_of(&self, issuer: &str) -> Option<&Arc<KeyRing>> {
        self.issuers.iter().any(|it| it == issuer).then_some(&self.ring)
    }

    pub(crate) fn signed(
        &self,
        typ: &str,
        audience: &str,
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Signed>, TokenError> {
        self.signed_as_one_of(&[(typ, audience)], token, now)
    }

    /// A token that may be of several kinds, each a type and an audience: it is hashed and read once.
    pub(crate) fn signed_as_one_of(
        &self,
        kinds: &[(&str, &str)],
        token: &str,
        now: Timestamp,
    ) -> Result<Arc<Signed>, TokenError> {
        if token.len() > MAX_BYTES {
            return Err(TokenError::TooLong);
        }
        let signed = self.cache.signed(token, || self.check(kinds, token))?;
        let claims = &signed.claims;
        let mut audiences = kinds.iter().filter(|(typ, _)| *typ == signed.typ).peekable();
        // Remembered from a check as a token of another kind, perhaps.
        if audiences.peek().is_none() {
            return Err(TokenError::WrongType);
        }
        if !self.issuers.contains(&claims.iss) {
            return Err(TokenError::WrongIssuer);
        }
        if !audiences.any(|(_, audience)| *audience == claims.aud) {
            return Err(TokenError::WrongAudience);
        }
        check_time(claims, now)?;
        Ok(signed)
    }

    /// Checks what does not depend on who asks, and when.
    fn check(&self, kinds: &[(&str, &str)], token: &str) -> Result<Signed, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::CriticalExtension);
        }
        let typ = header.typ.filter(|typ| kinds.iter().any(|(kind, _)| kind == typ));
        let typ = typ.ok_or(TokenError::WrongType)?;
        let key = header.kid.as_deref().and_then(|kid| self.ring.key(kid));
        let key = key.ok_or(TokenError::UnknownKey)?;
        if header.alg != key.algorithm {
            return Err(TokenError::WrongAlgorithm);
        }
        Ok(Signed { typ, claims: signed_claims(token, key)? })
    }
}

/// Checks the signature, and only then reads what it covers.
fn signed_claims(token: &str, key: &Key) -> Result<Claims, TokenError> {
    match decode::<Claims>(token, &key.verifying, &signature_alone(key.algorithm)) {
        Ok(data) => Ok(data.claims),
        Err(error) if *error.kind() == ErrorKind::InvalidSignature => Err(TokenError::BadSignature),
        Err(_) => Err(TokenError::Malformed),
    }
}

/// Has the library check the signature and nothing else: it would read the system's clock.
pub(crate) fn signature_alone(algorithm: Algorithm) -> Validation {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation
}

fn check_time(claims: &Claims, now: Timestamp) -> Result<(), TokenError> {
    let now = now.unix_seconds();
    let leeway = TokenVerifier::LEEWAY_SECONDS;
    if now >= claims.exp.saturating_add(leeway) {
        return Err(TokenError::Expired);
    }
    if claims.iat > now.saturating_add(leeway) {
        return Err(TokenError::IssuedInFuture);
    }
    if claims.nbf.is_some_and(|nbf| nbf > now.saturating_add(leeway)) {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}

/// A claim that must be there and parse.
pub(crate) fn required<T, E>(
    name: &'static str,
    value: Option<&String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, TokenError> {
    value.and_then(|text| parse(text).ok()).ok_or(TokenError::Claim(name))
}

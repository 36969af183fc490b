//! The keys of an identity provider: a JWK set (RFC 7517), of which the keys that sign are used.

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use crate::error::TokenError;

/// The most keys of one set that are read.
const MAX_KEYS: usize = 100;

/// The shortest RSA modulus, in bits and as base64url: shorter ones can be factored.
const MIN_RSA_BITS: usize = 2048;
const MIN_RSA_TEXT: usize = MIN_RSA_BITS.div_ceil(6);

/// Why a text is no set of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// Not JSON, or without the list `keys`.
    #[error("must be a JWK set: a JSON object with a list `keys` of at most {MAX_KEYS}")]
    NotASet,
    /// A key with its private half, or a shared secret.
    #[error("holds a private or secret key: remove it, and replace it at the provider")]
    Secret,
    /// No key of the set can be used.
    #[error(
        "holds no usable key: one of RSA from {MIN_RSA_BITS} bits, P-256, P-384 or Ed25519, for signatures"
    )]
    NoUsableKey,
}

/// The keys with which an identity provider signs.
///
/// # Why each key has one algorithm
/// The header of a token says how it was signed, and a forger writes the header. If it could choose,
/// a public key would serve as the secret of an HMAC. So a key verifies by its own algorithm alone:
/// the one that its `alg` names, or else the one that its type implies.
pub struct ProviderKeys(Vec<ProviderKey>);

struct ProviderKey {
    kid: Option<String>,
    algorithm: Algorithm,
    verifying: DecodingKey,
}

impl ProviderKeys {
    /// Reads a set of keys. Keys for encryption or of unknown types are skipped.
    ///
    /// # Errors
    /// `NotASet`, `Secret` or `NoUsableKey`.
    pub fn parse(json: &[u8]) -> Result<Self, KeySetError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<Value>,
        }
        let set: Set = serde_json::from_slice(json).map_err(|_| KeySetError::NotASet)?;
        if set.keys.len() > MAX_KEYS {
            return Err(KeySetError::NotASet);
        }
        if set.keys.iter().any(|key| key.get("d").is_some() || key.get("k").is_some()) {
            return Err(KeySetError::Secret);
        }
        let keys: Vec<_> = set.keys.into_iter().filter_map(ProviderKey::parse).collect();
        if keys.is_empty() { Err(KeySetError::NoUsableKey) } else { Ok(Self(keys)) }
    }

    /// Whether a token that names this key, or none, can be checked.
    pub fn has(&self, kid: Option<&str>) -> bool {
        self.named(kid).next().is_some()
    }

    /// The key of a token that names it so, if its algorithm is that one. A token need not name the
    /// only key there is (`OpenID` Connect Core, section 10.1).
    pub(super) fn key(
        &self,
        kid: Option<&str>,
        algorithm: Algorithm,
    ) -> Result<&DecodingKey, TokenError> {
        let mut named = self.named(kid).peekable();
        named.peek().ok_or(TokenError::UnknownKey)?;
        let key = named.find(|key| key.algorithm == algorithm);
        Ok(&key.ok_or(TokenError::WrongAlgorithm)?.verifying)
    }

    fn named(&self, kid: Option<&str>) -> impl Iterator<Item = &ProviderKey> {
        let is_only = self.0.len() == 1;
        self.0.iter().filter(move |key| match kid {
            Some(kid) => key.kid.as_deref() == Some(kid),
            None => is_only,
        })
    }
}

impl std::fmt::Debug for ProviderKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys = self.0.iter().map(|key| (&key.kid, key.algorithm));
        f.debug_list().entries(keys).finish()
    }
}

impl ProviderKey {
    fn parse(key: Value) -> Option<Self> {
        let jwk: Jwk = serde_json::from_value(key).ok()?;
        let common = &jwk.common;
        let is_for_signatures = common
            .public_key_use
            .as_ref()
            .is_none_or(|it| *it == PublicKeyUse::Signature)
            && common.key_operations.as_ref().is_none_or(|it| it.contains(&KeyOperations::Verify));
        let algorithm = is_for_signatures.then(|| algorithm(&jwk))??;
        let verifying = DecodingKey::from_jwk(&jwk).ok()?;
        Some(Self { kid: jwk.common.key_id, algorithm, verifying })
    }
}

/// The one algorithm of a key: what its type implies, or of several what its `alg` names.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let named = jwk.common.key_algorithm;
    let implied = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if rsa.n.len() >= MIN_RSA_TEXT => {
            return match named {
                None | Some(KeyAlgorithm::RS256) => Some(Algorithm::RS256),
                Some(KeyAlgorithm::RS384) => Some(Algorithm::RS384),
                Some(KeyAlgorithm::RS512) => Some(Algorithm::RS512),
                Some(KeyAlgorithm::PS256) => Some(Algorithm::PS256),
                Some(KeyAlgorithm::PS384) => Some(Algorithm::PS384),
                Some(KeyAlgorithm::PS512) => Some(Algorithm::PS512),
                Some(_) => None,
            };
        }
        AlgorithmParameters::EllipticCurve(key) => match key.curve {
            EllipticCurve::P256 => Algorithm::ES256,
            EllipticCurve::P384 => Algorithm::ES384,
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    named.is_none_or(|named| named == KeyAlgorithm::from(implied)).then_some(implied)
}

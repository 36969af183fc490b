//! Signing: the issuer's name, the key that signs, and nothing about what is said.

use std::fmt;
use std::sync::Arc;

use jsonwebtoken::{Header, encode};

use crate::claims::Claims;
use crate::keys::KeyRing;

/// Why no token was minted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MintError {
    /// The ring only verifies.
    #[error("no key to sign with")]
    NoSigningKey,
    /// The library refused to sign.
    #[error("signing failed")]
    Signing,
}

/// Signs tokens in the name of one issuer.
#[derive(Clone)]
pub struct Minter {
    ring: Arc<KeyRing>,
    issuer: String,
}

impl Minter {
    /// A minter for the issuer of that URL. Fails if no key of the ring signs.
    pub fn new(ring: Arc<KeyRing>, issuer: impl Into<String>) -> Result<Self, MintError> {
        match ring.signer() {
            Some(_) => Ok(Self { ring, issuer: issuer.into() }),
            None => Err(MintError::NoSigningKey),
        }
    }

    /// The URL that stands in `iss`.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The keys, for publishing.
    pub const fn ring(&self) -> &Arc<KeyRing> {
        &self.ring
    }

    pub(crate) fn sign(&self, typ: &str, claims: Claims) -> Result<String, MintError> {
        let (key, signing) = self.ring.signer().ok_or(MintError::NoSigningKey)?;
        let mut header = Header::new(key.algorithm);
        header.typ = Some(typ.to_owned());
        header.kid = Some(key.kid.clone());
        let claims = Claims { iss: self.issuer.clone(), ..claims };
        encode(&header, &claims, signing).map_err(|_| MintError::Signing)
    }
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").field("issuer", &self.issuer).field("ring", &self.ring).finish()
    }
}

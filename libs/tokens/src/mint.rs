//! Signing: the issuer and its key. The claims are in other modules.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, Header};
use serde::Serialize;
use sha2::{Digest as _, Sha256, Sha512};

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
    ///
    /// # Errors
    /// [`MintError::NoSigningKey`].
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

    /// The claim `at_hash` for an access token (`OpenID` Connect Core, section 3.1.3.6): the left half of
    /// its hash, by the hash function of the algorithm that signs.
    ///
    /// # Errors
    /// [`MintError::NoSigningKey`].
    pub fn access_token_hash(&self, access_token: &str) -> Result<String, MintError> {
        let (key, _) = self.ring.signer().ok_or(MintError::NoSigningKey)?;
        let half = match key.algorithm {
            Algorithm::EdDSA => Sha512::digest(access_token)[..32].to_vec(),
            _ => Sha256::digest(access_token)[..16].to_vec(),
        };
        Ok(URL_SAFE_NO_PAD.encode(half))
    }

    pub(crate) fn sign(&self, typ: &str, claims: Claims) -> Result<String, MintError> {
        let (key, signing) = self.ring.signer().ok_or(MintError::NoSigningKey)?;
        let mut header = Header::new(key.algorithm);
        header.typ = Some(typ.to_owned());
        header.kid = Some(key.kid.clone());
        let claims = Claims { iss: self.issuer.clone(), ..claims };
        let message = format!("{}.{}", encode(&header)?, encode(&claims)?);
        let signature = signing.sign(message.as_bytes()).map_err(|_| MintError::Signing)?;
        Ok(format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

/// A part of a token.
fn encode(part: &impl Serialize) -> Result<String, MintError> {
    let json = serde_json::to_vec(part).map_err(|_| MintError::Signing)?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").field("issuer", &self.issuer).field("ring", &self.ring).finish()
    }
}

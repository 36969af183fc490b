//! Signatures of webhooks as Standard Webhooks 1.0.0 defines them: Ed25519, `v1a`, over
//! `id.timestamp.body`.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use clock::Timestamp;
use codes::randomness::{self, Randomness};
use secrecy::SecretString;
use zeroize::Zeroizing;

use crate::notice::NoticeId;

/// What every signature begins with: Ed25519.
const SCHEME: &str = "v1a,";

/// The longest difference between a delivery's timestamp and its receiver's clock.
pub const TOLERANCE_SECONDS: u64 = 5 * 60;

/// A text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is no signing key.
    #[error("must be a signing key that begins with whsk_: make one with `postern webhook keygen`")]
    Signing,
    /// It is no public key.
    #[error("must be the public key, which begins with whpk_")]
    Public,
}

/// Signs webhooks.
pub struct SigningKey(Ed25519KeyPair);

impl SigningKey {
    const PREFIX: &str = "whsk_";

    /// Draws a key: the key itself, and its text for a file.
    ///
    /// # Panics
    /// Where the operating system has no randomness to give.
    pub fn generate(randomness: &Randomness) -> (Self, SecretString) {
        let seed = Zeroizing::new(randomness::bytes::<32>(randomness));
        let pair = Ed25519KeyPair::from_seed_unchecked(&*seed);
        let key = Self(pair.expect("every 32 bytes are the seed of a key"));
        let both = Zeroizing::new([&seed[..], key.0.public_key().as_ref()].concat());
        let text = Zeroizing::new(STANDARD.encode(&*both));
        (key, format!("{}{}", Self::PREFIX, *text).into())
    }

    /// Parses a key: `whsk_` and the base64 of seed and public key.
    ///
    /// # Errors
    /// [`KeyError::Signing`] for any other text, and for halves that do not belong together.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let both = text.strip_prefix(Self::PREFIX).and_then(|text| STANDARD.decode(text).ok());
        let both = Zeroizing::new(both.ok_or(KeyError::Signing)?);
        let (seed, public) = both.split_first_chunk::<32>().ok_or(KeyError::Signing)?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(seed, public);
        pair.map(Self).map_err(|_| KeyError::Signing)
    }

    /// The key that verifies what this one signs.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.public_key().as_ref().to_vec())
    }

    fn sign(&self, content: &[u8]) -> String {
        format!("{SCHEME}{}", STANDARD.encode(self.0.sign(content)))
    }
}

/// Two keys are equal if they sign alike.
impl PartialEq for SigningKey {
    fn eq(&self, other: &Self) -> bool {
        self.public() == other.public()
    }
}

impl Eq for SigningKey {}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([redacted])")
    }
}

/// Verifies webhooks. Prints as its receiver keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey(Vec<u8>);

impl PublicKey {
    const PREFIX: &str = "whpk_";

    /// Parses a key: `whpk_` and the base64 of 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::Public`] for any other text.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let bytes = text.strip_prefix(Self::PREFIX).and_then(|text| STANDARD.decode(text).ok());
        bytes.filter(|bytes| bytes.len() == 32).map(Self).ok_or(KeyError::Public)
    }

    fn has_signed(&self, content: &[u8], signature: &str) -> bool {
        let signature = signature.strip_prefix(SCHEME).and_then(|text| STANDARD.decode(text).ok());
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        signature.is_some_and(|signature| key.verify(content, &signature).is_ok())
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", Self::PREFIX, STANDARD.encode(&self.0))
    }
}

/// The headers of one delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// `webhook-id`.
    pub id: String,
    /// `webhook-timestamp`: when it was sent, in seconds since the Unix epoch.
    pub timestamp: String,
    /// `webhook-signature`: one signature for each key, with a blank between them.
    pub signature: String,
}

/// Why a delivery must not be believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Forged {
    /// It is too old, or from the future.
    #[error("webhook-timestamp is not within {TOLERANCE_SECONDS} seconds of now")]
    Untimely,
    /// No signature is by the key over this ID, timestamp and body.
    #[error("no signature in webhook-signature is by this key over this ID, timestamp and body")]
    Signature,
}

impl Headers {
    /// Signs a delivery with every key.
    pub fn sign(id: &NoticeId, sent_at: Timestamp, body: &[u8], keys: &[SigningKey]) -> Self {
        let (id, timestamp) = (id.as_str().to_owned(), sent_at.unix_seconds().to_string());
        let content = content(&id, &timestamp, body);
        let signatures: Vec<_> = keys.iter().map(|key| key.sign(&content)).collect();
        Self { id, timestamp, signature: signatures.join(" ") }
    }

    /// Verifies a delivery as its receiver must.
    ///
    /// # Errors
    /// [`Forged`] says why it must not be believed.
    pub fn verify(&self, body: &[u8], key: &PublicKey, now: Timestamp) -> Result<(), Forged> {
        let sent_at = self.timestamp.parse::<i64>().map_err(|_| Forged::Untimely)?;
        if sent_at.abs_diff(now.unix_seconds()) > TOLERANCE_SECONDS {
            return Err(Forged::Untimely);
        }
        let content = content(&self.id, &self.timestamp, body);
        let is_signed =
            self.signature.split(' ').any(|signature| key.has_signed(&content, signature));
        if is_signed { Ok(()) } else { Err(Forged::Signature) }
    }
}

fn content(id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
    [id.as_bytes(), b".", timestamp.as_bytes(), b".", body].concat()
}

#[cfg(test)]
mod tests;

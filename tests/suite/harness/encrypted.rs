//! The encrypted mode of the Web SDK, and an attacker who captured messages of it.

use anyhow::Context as _;
use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use super::Postern;
use super::http::INVOKE;

/// The path of the key exchange.
pub(crate) const KEY_EXCHANGE: &str = "/ido/api/v2/auth/key_exchange";

/// A crypto session, on the browser's side.
pub(crate) struct CryptoSession {
    pub(crate) id: String,
    pub(crate) key: [u8; 32],
}

/// The encrypted data of a message, and its initialisation vector.
#[derive(Clone)]
pub(crate) struct Captured {
    pub(crate) iv: Vec<u8>,
    pub(crate) text: Vec<u8>,
}

/// The parts of an answer that an attacker can compare.
pub(crate) type Seen = (StatusCode, Vec<String>, String);

impl CryptoSession {
    /// Exchanges a key.
    pub(crate) async fn agree(postern: &Postern) -> anyhow::Result<Self> {
        let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new())?;
        let y = STANDARD.encode(ours.compute_public_key()?);
        let header = json!({"type": "key_exchange", "scheme": 3, "y": y});
        let body = json!({"headers": [header], "data": {"r": "Hello Encrypted World"}});
        let answer = postern.send_from_page(KEY_EXCHANGE, &body).await?.error_for_status()?;
        let answer: Value = answer.json().await?;
        let header = answer["headers"].get(0).context("a header")?;
        let theirs = STANDARD.decode(header["y"].as_str().context("a point")?)?;
        let key = agree_ephemeral(
            ours,
            UnparsedPublicKey::new(&ECDH_P256, theirs),
            aws_lc_rs::error::Unspecified,
            |shared| {
                let key = digest(&SHA256, shared).as_ref().try_into();
                key.map_err(|_| aws_lc_rs::error::Unspecified)
            },
        )?;
        let id = header["crypto_session_id"].as_str().context("an id")?.to_owned();
        Ok(Self { id, key })
    }

    /// Encrypts a text with a new initialisation vector.
    pub(crate) fn encrypt(&self, plain: &str) -> anyhow::Result<Captured> {
        let iv: [u8; 16] = rand::random();
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &self.key)?)?;
        let mut text = plain.as_bytes().to_vec();
        key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(iv.into()))?;
        Ok(Captured { iv: iv.to_vec(), text })
    }

    /// Starts a journey with a captured message.
    pub(crate) async fn send(
        &self,
        postern: &Postern,
        captured: &Captured,
    ) -> anyhow::Result<Response> {
        postern.send_from_page(INVOKE, &self.message(captured)).await
    }

    /// The message with the captured text.
    pub(crate) fn message(&self, Captured { iv, text }: &Captured) -> Value {
        let iv = STANDARD.encode(iv);
        let header = json!({"type": "encryption", "iv": iv, "crypto_session_id": self.id});
        json!({"headers": [header], "enc_headers": [], "data": STANDARD.encode(text)})
    }
}

impl Captured {
    /// The number of bytes that can be changed.
    pub(crate) fn len(&self) -> usize {
        self.iv.len() + self.text.len()
    }

    /// The message with that bit changed in the byte at `at`.
    pub(crate) fn flipped(&self, at: usize, bit: usize) -> Self {
        let mut flipped = self.clone();
        let bit = 1 << (bit % 8);
        match at.checked_sub(self.iv.len()) {
            None => flipped.iv[at] ^= bit,
            Some(at) => flipped.text[at] ^= bit,
        }
        flipped
    }
}

/// The comparable parts of an answer.
pub(crate) async fn seen(answer: Response) -> anyhow::Result<Seen> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let headers = headers.iter().filter(|(name, _)| *name != "date");
    let headers = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
    Ok((status, headers, answer.text().await?))
}

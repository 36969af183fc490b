//! The encrypted mode of the Web SDK: a key agreed on by ECDH over P-256, then every message under
//! AES-256-CBC. It hides what TLS ends in front of; it does not replace TLS, and proves nobody's
//! identity.
//!
//! The server keeps no state: the session's id is the session's key, sealed under a key of the
//! service, so that any replica can go on with it.

use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey};
use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clock::Timestamp;
use codes::randomness::{self, Randomness};
use zeroize::Zeroizing;

/// How long a key is used: longer than any journey waits.
const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A key and the id that leads to it.
pub(super) struct CryptoSession {
    pub(super) id: String,
    key: Zeroizing<[u8; 32]>,
}

/// An encrypted text and its initialisation vector, both in base64.
pub(super) struct Encrypted {
    pub(super) iv: String,
    pub(super) text: String,
}

/// Seals keys into session ids, and opens them.
pub(crate) struct Sealer {
    key: RandomizedNonceKey,
}

impl Sealer {
    /// A sealer under a key that all replicas of the service share.
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let key = RandomizedNonceKey::new(&AES_256_GCM, key);
        Self { key: key.expect("AES-256-GCM takes a key of 32 bytes") }
    }

    /// Agrees on a key with whoever sent `theirs`, an uncompressed point of P-256 in base64.
    /// Returns the session and our own point; `None` if theirs is no such point.
    pub(super) fn agree(&self, theirs: &str, now: Timestamp) -> Option<(CryptoSession, String)> {
        let theirs = UnparsedPublicKey::new(&ECDH_P256, STANDARD.decode(theirs).ok()?);
        let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).ok()?;
        let point = STANDARD.encode(ours.compute_public_key().ok()?);
        let key = agree_ephemeral(ours, theirs, (), |shared| {
            let mut key = Zeroizing::new([0; 32]);
            key.copy_from_slice(digest(&SHA256, shared).as_ref());
            Ok(key)
        });
        let key = key.ok()?;
        let id = self.seal(&key, now + LIFETIME)?;
        Some((CryptoSession { id, key }, point))
    }

    /// The session of that id; `None` if we did not give it out, or long ago.
    pub(super) fn open(&self, id: &str, now: Timestamp) -> Option<CryptoSession> {
        let sealed = Zeroizing::new(URL_SAFE_NO_PAD.decode(id).ok()?);
        let (nonce, sealed) = sealed.split_first_chunk::<12>()?;
        let mut sealed = Zeroizing::new(sealed.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.key.open_in_place(nonce, Aad::empty(), &mut sealed).ok()?;
        let (key, ends) = plain.split_first_chunk::<32>()?;
        let ends = Timestamp::from_unix_millis(i64::from_be_bytes(ends.try_into().ok()?));
        (now < ends).then(|| CryptoSession { id: id.to_owned(), key: Zeroizing::new(*key) })
    }

    fn seal(&self, key: &[u8; 32], ends: Timestamp) -> Option<String> {
        let mut sealed = key.to_vec();
        sealed.extend(ends.unix_millis().to_be_bytes());
        let nonce = self.key.seal_in_place_append_tag(Aad::empty(), &mut sealed).ok()?;
        let whole: Vec<u8> = nonce.as_ref().iter().copied().chain(sealed).collect();
        Some(URL_SAFE_NO_PAD.encode(whole))
    }
}

impl CryptoSession {
    /// Decrypts a base64 text; `None` for whatever reason it cannot be.
    pub(super) fn decrypt(&self, iv: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let key = UnboundCipherKey::new(&AES_256, &*self.key).ok()?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
        let iv: [u8; 16] = STANDARD.decode(iv).ok()?.try_into().ok()?;
        let mut text = Zeroizing::new(STANDARD.decode(text).ok()?);
        let plain = key.decrypt(&mut text, DecryptionContext::Iv128(iv.into())).ok()?;
        Some(Zeroizing::new(plain.to_vec()))
    }

    /// Encrypts a text under a random initialisation vector.
    pub(super) fn encrypt(&self, plain: &[u8], randomness: &Randomness) -> Option<Encrypted> {
        let iv: [u8; 16] = randomness::bytes(randomness);
        let key = UnboundCipherKey::new(&AES_256, &*self.key).ok()?;
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
        let mut text = plain.to_vec();
        key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(iv.into())).ok()?;
        Some(Encrypted { iv: STANDARD.encode(iv), text: STANDARD.encode(text) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agreed() -> (Sealer, CryptoSession) {
        let sealer = Sealer::new(&randomness::bytes(&randomness::system()));
        let client = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
        let point = client.and_then(|key| key.compute_public_key()).expect("a key");
        let agreed = sealer.agree(&STANDARD.encode(point), Timestamp::default());
        (sealer, agreed.expect("a point").0)
    }

    #[test]
    fn a_session_is_reopened_by_its_id_until_it_ends() {
        let (sealer, session) = agreed();
        let secret = session.encrypt(b"hello", &randomness::system()).expect("encrypts");
        let soon = Timestamp::default() + LIFETIME - Duration::from_millis(1);
        let again = sealer.open(&session.id, soon).expect("still open");
        let plain = again.decrypt(&secret.iv, &secret.text).expect("decrypts");
        assert_eq!(&plain[..], b"hello");
        assert!(sealer.open(&session.id, Timestamp::default() + LIFETIME).is_none());
    }

    #[test]
    fn what_we_did_not_seal_or_encrypt_is_refused() {
        let (sealer, session) = agreed();
        let now = Timestamp::default();
        let (other, _) = agreed();
        assert!(other.open(&session.id, now).is_none());
        for id in ["", "AAAA", "!", &session.id[1..]] {
            assert!(sealer.open(id, now).is_none(), "{id:?}");
        }
        for (iv, text) in [("", ""), ("AAAA", "AAAA"), ("!", "!")] {
            assert!(session.decrypt(iv, text).is_none());
        }
        for point in ["", "BAAA", "!"] {
            assert!(sealer.agree(point, now).is_none());
        }
    }
}

//! The encrypted mode of the Web SDK: browser and service agree on a key by ECDH over P-256 and encrypt
//! every message with AES-256-CBC. It protects messages behind the end of TLS. It does not replace TLS, and
//! it authenticates neither side.
//!
//! The ID of a crypto session is its key, sealed under a key of the service ([`seal`]), so that every replica
//! can continue it. Agreeing on a key writes nothing to a store.

pub mod seal;

use std::time::Duration;

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

use self::seal::Sealer;

/// How long a session is valid: longer than any journey waits.
pub const LIFETIME: Duration = Duration::from_secs(60 * 60);

/// A key and the ID that contains it.
pub struct CryptoSession {
    /// The key, sealed.
    pub id: String,
    /// When the key is no longer accepted.
    pub expires_at: Timestamp,
    key: Zeroizing<[u8; 32]>,
}

/// An initialisation vector.
pub type Iv = [u8; 16];

/// An encrypted text.
pub struct Encrypted {
    /// The initialisation vector, in base64.
    pub iv: String,
    /// The ciphertext, in base64.
    pub text: String,
}

/// The purpose that session IDs are sealed for.
const PURPOSE: &str = "crypto session";

/// Agrees on a key with the sender of `theirs`, an uncompressed point of P-256 in base64. Returns the
/// session and our own point; `None` if theirs is not such a point.
pub fn agree(sealer: &Sealer, theirs: &str, now: Timestamp) -> Option<(CryptoSession, String)> {
    let theirs = UnparsedPublicKey::new(&ECDH_P256, STANDARD.decode(theirs).ok()?);
    let ours = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new()).ok()?;
    let point = STANDARD.encode(ours.compute_public_key().ok()?);
    let key = agree_ephemeral(ours, theirs, (), |shared| {
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(digest(&SHA256, shared).as_ref());
        Ok(key)
    });
    let key = key.ok()?;
    let expires_at = now + LIFETIME;
    let sealed =
        sealer.seal(PURPOSE, [&key[..], &expires_at.unix_millis().to_be_bytes()].concat())?;
    Some((CryptoSession { id: URL_SAFE_NO_PAD.encode(sealed), expires_at, key }, point))
}

/// The session of that ID; `None` if this service has not issued the ID, or if it has expired.
pub fn open(sealer: &Sealer, id: &str, now: Timestamp) -> Option<CryptoSession> {
    let opened = sealer.open(PURPOSE, &URL_SAFE_NO_PAD.decode(id).ok()?)?;
    let (key, expires_at) = opened.split_first_chunk::<32>()?;
    let expires_at = Timestamp::from_unix_millis(i64::from_be_bytes(expires_at.try_into().ok()?));
    (now < expires_at).then(|| CryptoSession {
        id: id.to_owned(),
        expires_at,
        key: Zeroizing::new(*key),
    })
}

/// Reads an initialisation vector in base64.
pub fn iv(text: &str) -> Option<Iv> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

impl CryptoSession {
    /// Decrypts a base64 text; `None` for every reason alike.
    pub fn decrypt(&self, iv: Iv, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let key = UnboundCipherKey::new(&AES_256, &*self.key).ok()?;
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
        let mut text = Zeroizing::new(STANDARD.decode(text).ok()?);
        let plain = key.decrypt(&mut text, DecryptionContext::Iv128(iv.into())).ok()?;
        Some(Zeroizing::new(plain.to_vec()))
    }

    /// Encrypts a text under a random initialisation vector.
    pub fn encrypt(&self, plain: &[u8], randomness: &Randomness) -> Option<Encrypted> {
        let iv: Iv = randomness::bytes(randomness);
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
        let agreed = agree(&sealer, &STANDARD.encode(point), Timestamp::default());
        (sealer, agreed.expect("a point").0)
    }

    #[test]
    fn a_session_is_reopened_by_its_id_until_it_ends() {
        let (sealer, session) = agreed();
        let secret = session.encrypt(b"hello", &randomness::system()).expect("encrypts");
        let end = Timestamp::default() + LIFETIME;
        let before = Timestamp::from_unix_millis(end.unix_millis() - 1);
        let again = open(&sealer, &session.id, before).expect("still open");
        let sent = iv(&secret.iv).expect("16 bytes");
        let plain = again.decrypt(sent, &secret.text).expect("decrypts");
        assert_eq!(&plain[..], b"hello");
        assert!(open(&sealer, &session.id, end).is_none());
    }

    #[test]
    fn what_we_did_not_seal_or_encrypt_is_refused() {
        let (sealer, session) = agreed();
        let now = Timestamp::default();
        let (other, _) = agreed();
        assert!(open(&other, &session.id, now).is_none());
        for id in ["", "AAAA", "!", &session.id[1..]] {
            assert!(open(&sealer, id, now).is_none(), "{id:?}");
        }
        for text in ["", "AAAA", "!"] {
            assert!(iv(text).is_none(), "{text:?}");
            assert!(session.decrypt([0; 16], text).is_none(), "{text:?}");
        }
        for point in ["", "BAAA", "!"] {
            assert!(agree(&sealer, point, now).is_none());
        }
    }
}

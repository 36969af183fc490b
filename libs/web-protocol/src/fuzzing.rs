//! Fuzz targets: the messages of the Web SDK's protocol.

use std::sync::LazyLock;

use aws_lc_rs::agreement::{ECDH_P256, EphemeralPrivateKey};
use aws_lc_rs::rand::SystemRandom;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::Timestamp;
use codes::randomness;
use encryption::CryptoSession;
use encryption::seal::Sealer;
use serde_json::Value;

use crate::message::{Envelope, is_plain};

static SEALER: LazyLock<Sealer> = LazyLock::new(|| Sealer::new(&[7; 32]));

/// A session under a random key: no property depends on which.
static SESSION: LazyLock<CryptoSession> = LazyLock::new(|| {
    let theirs = EphemeralPrivateKey::generate(&ECDH_P256, &SystemRandom::new());
    let point = theirs.and_then(|key| key.compute_public_key()).expect("a key");
    let agreed = encryption::agree(&SEALER, &STANDARD.encode(point), Timestamp::default());
    agreed.expect("a point of the curve").0
});

/// Reads a message in clear or encrypted; and what is encrypted decrypts to itself.
///
/// # Panics
/// The property does not hold.
pub fn message(data: &[u8]) {
    let json = HeaderValue::from_static("application/json");
    match Envelope::parse(&HeaderMap::from_iter([(CONTENT_TYPE, json)]), data) {
        Ok(Envelope::Clear(mut message)) => {
            assert!(message.correlation_id.as_deref().is_none_or(is_plain));
            drop(message.data::<Value>());
        }
        Ok(Envelope::Encrypted(message)) => {
            let id = &message.crypto_session_id;
            assert!(encryption::open(&SEALER, id, SESSION.expires_at).is_none(), "it has ended");
            drop(message.iv().and_then(|iv| message.decrypt(&SESSION, iv)));
        }
        Err(_) => {}
    }
    if let Ok(text) = str::from_utf8(data) {
        drop(SESSION.decrypt([0; 16], text));
        drop(encryption::agree(&SEALER, text, Timestamp::default()));
    }
    let sent = SESSION.encrypt(data, &randomness::system()).expect("encrypts");
    let iv = encryption::iv(&sent.iv).expect("16 bytes");
    let plain = SESSION.decrypt(iv, &sent.text).expect("decrypts");
    assert_eq!(&plain[..], data);
}

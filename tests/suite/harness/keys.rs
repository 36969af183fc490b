//! Keys that a test generates, and the tokens that they can sign.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

/// A P-256 key, in PKCS#8.
pub(crate) struct SigningKey(Vec<u8>);

impl SigningKey {
    pub(crate) fn generate() -> anyhow::Result<Self> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())?;
        Ok(Self(key.as_ref().to_vec()))
    }

    pub(crate) fn private_pem(&self) -> String {
        pem("PRIVATE KEY", &self.0)
    }

    pub(crate) fn public_pem(&self) -> anyhow::Result<String> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.0)?;
        Ok(pem("PUBLIC KEY", key.public_key().as_der()?.as_ref()))
    }

    /// The public half under a name.
    pub(crate) fn public_jwk(&self, kid: &str) -> anyhow::Result<Value> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.0)?;
        // An uncompressed point: a byte, then both coordinates.
        let [x, y] =
            [1..33, 33..65].map(|it| URL_SAFE_NO_PAD.encode(&key.public_key().as_ref()[it]));
        Ok(json!({"kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": x, "y": y}))
    }

    /// A token with that header and those claims, valid or not.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> anyhow::Result<String> {
        signed_with(&EncodingKey::from_ec_der(&self.0), Algorithm::ES256, header, claims)
    }
}

/// A token signed with a shared secret.
pub(crate) fn signed_with_secret(
    secret: &[u8],
    header: &Value,
    claims: &Value,
) -> anyhow::Result<String> {
    signed_with(&EncodingKey::from_secret(secret), Algorithm::HS256, header, claims)
}

/// The id of a client's secret that its tokens contain.
pub(crate) fn generation(secret: &str) -> String {
    let hash = digest(&SHA256, secret.as_bytes());
    let named = [b"client secret generation\0", hash.as_ref()].concat();
    URL_SAFE_NO_PAD.encode(&digest(&SHA256, &named).as_ref()[..8])
}

/// Merges `changes` into an object; `null` removes a member.
pub(crate) fn with(mut object: Value, changes: &Value) -> Value {
    let fields = object.as_object_mut().expect("an object");
    for (name, value) in changes.as_object().expect("an object") {
        match value {
            Value::Null => fields.remove(name),
            value => fields.insert(name.clone(), value.clone()),
        };
    }
    object
}

/// The time, in seconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// A token without a signature.
pub(crate) fn unsigned(header: &Value, claims: &Value) -> String {
    let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}", encode(header), encode(claims))
}

fn signed_with(
    key: &EncodingKey,
    algorithm: Algorithm,
    header: &Value,
    claims: &Value,
) -> anyhow::Result<String> {
    let message = unsigned(header, claims);
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), key, algorithm)?;
    Ok(format!("{message}.{signature}"))
}

fn pem(label: &str, der: &[u8]) -> String {
    let mut pem = format!("-----BEGIN {label}-----\n");
    let text = STANDARD.encode(der);
    for line in text.as_bytes().chunks(64) {
        let _ = writeln!(pem, "{}", String::from_utf8_lossy(line));
    }
    pem + &format!("-----END {label}-----\n")
}

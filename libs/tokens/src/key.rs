//! One key: its PEM, its name and its two halves.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
    Ed25519KeyPair, ParsedPublicKey, Signature, VerificationAlgorithm,
};
use files::ReadError;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, EncodingKey};

/// What is wrong with a key's file. Never holds a part of the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// The file could not be read.
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    /// No PEM, or more than one key in it.
    #[error("must hold exactly one PEM block")]
    NotOnePem,
    /// A block of another label, such as a certificate.
    #[error("must be a PKCS#8 `PRIVATE KEY` or a `PUBLIC KEY`")]
    Label,
    /// A private key in the form of SEC1, with or without its `EC PARAMETERS`.
    #[error("must be a PKCS#8 `PRIVATE KEY`, and is an older `EC PRIVATE KEY`")]
    OlderForm,
    /// RSA, another curve, or a key that is damaged.
    #[error("must be a valid P-256 or Ed25519 key")]
    Unsupported,
    /// The same key under two names.
    #[error("holds the same key as another file")]
    Repeated,
    /// Nothing in the folder can sign.
    #[error("must hold a private key whose name does not end in `.next.pem`")]
    NoSigningKey,
    /// Nothing in the folder can verify.
    #[error("must hold a key: a file whose name ends in `.pem`")]
    NoKey,
}

/// A key, ready for use. Has no `Debug`: half of it is a secret.
pub(crate) struct Key {
    pub(crate) kid: String,
    pub(crate) algorithm: Algorithm,
    pub(crate) verifying: DecodingKey,
    /// `None` if only the public half is known.
    pub(crate) signing: Option<Signing>,
    pub(crate) jwk: Jwk,
}

/// The private half, read and checked once: to do so again for each token would cost more than to
/// sign it.
pub(crate) enum Signing {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
}

impl Signing {
    fn parse(key: &EncodingKey) -> Option<Self> {
        let pkcs8 = key.as_bytes();
        match key.family() {
            AlgorithmFamily::Ec => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8);
                pair.ok().map(Self::Es256)
            }
            AlgorithmFamily::Ed => Ed25519KeyPair::from_pkcs8(pkcs8).ok().map(Self::EdDsa),
            AlgorithmFamily::Hmac | AlgorithmFamily::Rsa => None,
        }
    }

    /// The signature as it stands in a token.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Signature, Unspecified> {
        match self {
            Self::Es256(pair) => pair.sign(&SystemRandom::new(), message),
            Self::EdDsa(pair) => pair.try_sign(message),
        }
    }
}

impl Key {
    /// Draws a new P-256 key.
    pub(crate) fn generate() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new())
            .ok()
            .and_then(|pkcs8| Self::private(&EncodingKey::from_ec_der(pkcs8.as_ref())))
            .expect("the library reads the key that it has drawn")
    }

    /// Reads a key from its PEM.
    pub(crate) fn parse(pem: &[u8]) -> Result<Self, KeyFault> {
        let text = std::str::from_utf8(pem).map_err(|_| KeyFault::NotOnePem)?;
        let labels = text.lines().filter_map(|line| line.trim().strip_prefix("-----BEGIN "));
        let label = match labels.collect::<Vec<_>>()[..] {
            ["EC PRIVATE KEY-----"] | ["EC PARAMETERS-----", "EC PRIVATE KEY-----"] => {
                return Err(KeyFault::OlderForm);
            }
            [label] => label,
            _ => return Err(KeyFault::NotOnePem),
        };
        let key = match label {
            "PRIVATE KEY-----" => EncodingKey::from_ec_pem(pem)
                .or_else(|_| EncodingKey::from_ed_pem(pem))
                .ok()
                .and_then(|key| Self::private(&key)),
            "PUBLIC KEY-----" => DecodingKey::from_ec_pem(pem)
                .or_else(|_| DecodingKey::from_ed_pem(pem))
                .ok()
                .and_then(|key| {
                    let (algorithm, _) = accepted(key.family())?;
                    Self::public(Jwk::from_decoding_key(&key, Some(algorithm)).ok()?, algorithm)
                }),
            _ => return Err(KeyFault::Label),
        };
        key.ok_or(KeyFault::Unsupported)
    }

    fn private(key: &EncodingKey) -> Option<Self> {
        let (algorithm, _) = accepted(key.family())?;
        let jwk = Jwk::from_encoding_key(key, algorithm).ok()?;
        Some(Self { signing: Some(Signing::parse(key)?), ..Self::public(jwk, algorithm)? })
    }

    fn public(mut jwk: Jwk, algorithm: Algorithm) -> Option<Self> {
        let verifying = DecodingKey::from_jwk(&jwk).ok()?;
        let (_, parser) = accepted(verifying.family())?;
        // A point of another curve may have the same length: only the parser tells them apart.
        ParsedPublicKey::new(parser, verifying.try_get_as_bytes().ok()?).ok()?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).ok()?;
        jwk.common.key_id = Some(kid.clone());
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        Some(Self { kid, algorithm, verifying, signing: None, jwk })
    }
}

/// The one algorithm of each kind of key that is accepted, and what reads its public half.
fn accepted(family: AlgorithmFamily) -> Option<(Algorithm, &'static dyn VerificationAlgorithm)> {
    match family {
        AlgorithmFamily::Ec => Some((Algorithm::ES256, &ECDSA_P256_SHA256_FIXED)),
        AlgorithmFamily::Ed => Some((Algorithm::EdDSA, &ED25519)),
        AlgorithmFamily::Hmac | AlgorithmFamily::Rsa => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8037, appendix A.1 to A.3.
    #[test]
    fn a_key_is_named_by_its_rfc_7638_thumbprint() {
        let jwk =
            r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
        let jwk: Jwk = serde_json::from_str(jwk).expect("a JWK");
        let key = Key::public(jwk, Algorithm::EdDSA).expect("a valid key");
        assert_eq!(key.kid, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_point_off_the_curve_is_no_key() {
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let jwk = format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{x}"}}"#);
        let jwk: Jwk = serde_json::from_str(&jwk).expect("a JWK");
        assert!(Key::public(jwk, Algorithm::ES256).is_none());
    }
}

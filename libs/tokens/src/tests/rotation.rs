//! Folders of keys, and how one key follows another.

use std::path::Path;
use std::process::Command;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _,
};
use base64::engine::general_purpose::STANDARD;
use tempfile::TempDir;

use super::*;
use crate::keys::{KeyError, KeyFault};
use crate::mint::MintError;

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", STANDARD.encode(der))
}

fn ecdsa(algorithm: &'static EcdsaSigningAlgorithm) -> (String, String) {
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new()).expect("draws");
    let pair = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref()).expect("reads");
    let spki = pair.public_key().as_der().expect("writes");
    (pem("PRIVATE KEY", pkcs8.as_ref()), pem("PUBLIC KEY", spki.as_ref()))
}

/// A private key and its public half.
fn es256() -> (String, String) {
    ecdsa(&ECDSA_P256_SHA256_FIXED_SIGNING)
}

fn ed25519() -> (String, String) {
    let pair = Ed25519KeyPair::generate().expect("draws");
    let pkcs8 = pair.to_pkcs8v1().expect("writes");
    let spki = pair.public_key().as_der().expect("writes");
    (pem("PRIVATE KEY", pkcs8.as_ref()), pem("PUBLIC KEY", spki.as_ref()))
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("writes");
    }
    folder
}

fn load(folder: &Path) -> KeyRing {
    KeyRing::load(folder).expect("loads")
}

fn faults(folder: &Path) -> Vec<(String, KeyFault)> {
    let errors = KeyRing::load(folder).expect_err("refused");
    errors.into_iter().map(|KeyError { file, fault }| (file, fault)).collect()
}

fn kids(ring: &KeyRing) -> Vec<String> {
    let jwks = KeyRing::jwks([ring]);
    let keys = jwks["keys"].as_array().expect("a list");
    keys.iter().map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

#[test]
fn keys_rotate_without_a_gap() {
    let (old, new) = (es256().0, ed25519().0);
    let before = folder(&[("2026-01.pem", &old)]);
    let published = folder(&[("2026-01.pem", &old), ("2026-02.next.pem", &new)]);
    let rotated = folder(&[("2026-01.pem", &old), ("2026-02.pem", &new)]);
    let after = folder(&[("2026-02.pem", &new)]);
    let rings = [before, published, rotated, after].map(|folder| pair(load(folder.path())));
    let tokens =
        rings.each_ref().map(|(minter, _)| client_token().mint(minter, NOW).expect("mints"));
    let alg = |token: &str| decode(token, 0)["alg"].as_str().expect("an alg").to_owned();
    assert_eq!(tokens.each_ref().map(|token| alg(token)), ["ES256", "ES256", "EdDSA", "EdDSA"]);
    // While replicas restart, each stage's tokens reach the stage before and the stage after.
    for (stage, (_, verifier)) in rings.iter().enumerate() {
        for (minted, token) in tokens.iter().enumerate() {
            if stage.abs_diff(minted) <= 1 {
                let result = ClientToken::verify(token, verifier, NOW);
                assert!(result.is_ok(), "token of stage {minted} at stage {stage}");
            }
        }
    }
    let gone = ClientToken::verify(&tokens[0], &rings[3].1, NOW);
    assert_eq!(gone.err(), Some(TokenError::UnknownKey));
}

#[test]
fn a_public_key_verifies_what_its_private_half_signed() {
    for (private, public) in [es256(), ed25519()] {
        let (signing, verifying) = (folder(&[("k.pem", &private)]), folder(&[("k.pem", &public)]));
        let signing = load(signing.path());
        let verifying = KeyRing::load_verifying(verifying.path()).expect("loads");
        assert_eq!(KeyRing::jwks([&signing]), KeyRing::jwks([&verifying]));
        let (minter, _) = pair(signing);
        let verifier = TokenVerifier::new(Arc::new(verifying), [ISSUER]);
        let token = client_token().mint(&minter, NOW).expect("mints");
        assert!(ClientToken::verify(&token, &verifier, NOW).is_ok());
    }
}

#[test]
fn a_verifying_ring_cannot_mint_even_from_a_private_key() {
    let folder = folder(&[("k.pem", &es256().0)]);
    let ring = KeyRing::load_verifying(folder.path()).expect("loads");
    assert!(!ring.is_signing());
    assert_eq!(Minter::new(Arc::new(ring), ISSUER).err(), Some(MintError::NoSigningKey));
}

#[test]
fn every_file_that_is_no_key_is_named_at_once() {
    let (private, public) = es256();
    let files: [(&str, &str, Option<KeyFault>); 8] = [
        ("a.pem", "not a key", Some(KeyFault::NotOnePem)),
        ("b.pem", &format!("{private}{public}"), Some(KeyFault::NotOnePem)),
        ("c.pem", &private.replace("PRIVATE", "EC PRIVATE"), Some(KeyFault::OlderForm)),
        ("d.pem", &ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING).0, Some(KeyFault::Unsupported)),
        ("e.pem", &ecdsa(&ECDSA_P384_SHA384_FIXED_SIGNING).1, Some(KeyFault::Unsupported)),
        ("f.pem", &private, None),
        ("g.pem", &public, Some(KeyFault::Repeated)),
        ("h.pem", &private.replace("PRIVATE", "RSA PRIVATE"), Some(KeyFault::Label)),
    ];
    let folder = folder(&files.map(|(name, text, _)| (name, text)));
    let expected = files.map(|(name, _, fault)| fault.map(|fault| (name.to_owned(), fault)));
    assert_eq!(faults(folder.path()), expected.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn an_older_key_is_refused_with_the_command_that_converts_it() {
    let folder = folder(&[]);
    let run = |command: &str| {
        let mut shell = Command::new("sh");
        let done = shell.args(["-c", command]).current_dir(folder.path()).output();
        assert!(done.is_ok_and(|done| done.status.success()), "{command}");
    };
    for parameters in ["", " -noout"] {
        run(&format!("openssl ecparam -name prime256v1 -genkey{parameters} -out 1.pem"));
        let errors = KeyRing::load(folder.path()).expect_err("refused");
        assert_eq!(faults(folder.path()), [("1.pem".to_owned(), KeyFault::OlderForm)]);
        let told = errors[0].to_string();
        run(told.split('`').nth(5).expect("a command"));
        KeyRing::load(folder.path()).expect("converted");
    }
}

#[test]
fn a_byte_order_mark_is_no_part_of_a_key() {
    let (private, _) = es256();
    let folder = folder(&[("1.pem", &format!("\u{feff}{private}"))]);
    assert!(KeyRing::load(folder.path()).is_ok_and(|ring| ring.is_signing()));
}

#[test]
fn a_folder_that_cannot_sign_is_refused() {
    let (private, public) = es256();
    for (files, fault) in [
        (vec![], KeyFault::NoKey),
        (vec![("k.key", &private), ("..k.pem", &private)], KeyFault::NoKey),
        (vec![("k.pem", &public)], KeyFault::NoSigningKey),
        (vec![("k.next.pem", &private)], KeyFault::NoSigningKey),
    ] {
        let files: Vec<_> = files.into_iter().map(|(name, text)| (name, text.as_str())).collect();
        let folder = folder(&files);
        assert_eq!(faults(folder.path()), [(folder.path().display().to_string(), fault)]);
    }
    let missing = faults(Path::new("no/such/folder"));
    assert_eq!(
        missing[0].1,
        KeyFault::Unreadable(files::ReadError::Unreadable(std::io::ErrorKind::NotFound))
    );
}

#[test]
fn what_is_published_names_each_key_and_holds_no_private_half() {
    let folder = folder(&[("a.pem", &es256().0), ("b.next.pem", &ed25519().0)]);
    let ring = load(folder.path());
    let jwks = KeyRing::jwks([&ring]);
    for key in jwks["keys"].as_array().expect("a list") {
        assert_eq!(key["use"], "sig");
        assert!(key.get("d").is_none(), "{key}");
        let (kty, alg) = (key["kty"].as_str(), key["alg"].as_str());
        assert!(matches!((kty, alg), (Some("EC"), Some("ES256")) | (Some("OKP"), Some("EdDSA"))));
    }
    assert_eq!(kids(&ring).len(), 2);
    let debug = format!("{ring:?}");
    assert!(kids(&ring).iter().all(|kid| debug.contains(kid)));
    assert!(debug.len() < 250, "{debug}");
}

//! Tokens that somebody made up.

use jsonwebtoken::{Algorithm, EncodingKey};
use proptest::prelude::*;

use super::*;
use crate::error::MAX_BYTES;
use crate::service::{Service, ServiceToken};

#[test]
fn the_forged_token_that_others_are_made_from_is_good() {
    assert!(verify_changed(|_, _| {}, NOW).is_ok());
}

#[test]
fn a_header_cannot_choose_how_it_is_verified() {
    for (name, value, error) in [
        ("alg", json!("none"), TokenError::Malformed),
        ("alg", json!("ES256K"), TokenError::Malformed),
        ("alg", json!("HS256"), TokenError::WrongAlgorithm),
        ("alg", json!("ES384"), TokenError::WrongAlgorithm),
        ("alg", json!("EdDSA"), TokenError::WrongAlgorithm),
        ("kid", json!("../../../dev/null"), TokenError::UnknownKey),
        ("kid", json!(""), TokenError::UnknownKey),
        ("kid", json!(["a"]), TokenError::Malformed),
        ("kid", Value::Null, TokenError::UnknownKey),
        ("crit", json!(["exp"]), TokenError::CriticalExtension),
        ("crit", json!([]), TokenError::CriticalExtension),
        ("typ", json!("AT+JWT"), TokenError::WrongType),
        ("typ", json!("JWT"), TokenError::WrongType),
        ("typ", Value::Null, TokenError::WrongType),
    ] {
        let result = verify_changed(|header, _| header[name] = value.clone(), NOW);
        assert_eq!(result.err(), Some(error), "{name}: {value}");
    }
}

#[test]
fn a_public_key_is_no_secret_of_a_symmetric_algorithm() {
    let (minter, verifier) = pair(KeyRing::generate());
    let (key, _) = minter.ring().signer().expect("a signing ring");
    let mut header = good_header(minter.ring());
    header["alg"] = json!("HS256");
    let message = format!("{}.{}", encode(header.to_string()), encode(good_claims().to_string()));
    let jwk = serde_json::to_vec(&key.jwk).expect("serialises");
    for secret in [key.verifying.try_get_as_bytes().expect("bytes"), jwk.as_slice(), b""] {
        let secret = EncodingKey::from_secret(secret);
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &secret, Algorithm::HS256);
        let token = format!("{message}.{}", signature.expect("signs"));
        let result = ClientToken::verify(&token, &verifier, NOW);
        assert_eq!(result.err(), Some(TokenError::WrongAlgorithm));
    }
}

#[test]
fn a_key_in_the_header_is_not_used() {
    let (minter, verifier) = pair(KeyRing::generate());
    let other = KeyRing::generate();
    let (theirs, _) = other.signer().expect("a signing ring");
    let mut header = good_header(minter.ring());
    header["jwk"] = serde_json::to_value(&theirs.jwk).expect("serialises");
    let token = forge(&other, &header.to_string(), &good_claims().to_string());
    let result = ClientToken::verify(&token, &verifier, NOW);
    assert_eq!(result.err(), Some(TokenError::BadSignature));
}

#[test]
fn claims_of_the_wrong_form_are_refused() {
    let now = NOW.unix_seconds();
    for (name, value, error) in [
        ("exp", json!((now + 3600).to_string()), TokenError::Malformed),
        ("exp", json!(1_767_229_200.5), TokenError::Malformed),
        ("exp", Value::Null, TokenError::Malformed),
        ("iat", json!("0"), TokenError::Malformed),
        ("nbf", json!("0"), TokenError::Malformed),
        ("iss", json!([ISSUER]), TokenError::Malformed),
        ("iss", json!("https://postern.example/"), TokenError::WrongIssuer),
        ("aud", json!(["urn:postern:services"]), TokenError::Malformed),
        ("aud", json!("urn:postern:verifier"), TokenError::WrongAudience),
        ("sub", json!("someone-else"), TokenError::Claim("sub")),
        ("application", json!("../acme"), TokenError::Claim("application")),
        ("scope", json!("codes:issue codes:everything"), TokenError::Claim("scope")),
        ("secret_generation", json!("AAAA"), TokenError::Claim("secret_generation")),
    ] {
        let result = verify_changed(|_, claims| claims[name] = value.clone(), NOW);
        assert_eq!(result.err(), Some(error), "{name}: {value}");
    }
}

#[test]
fn a_token_without_a_required_claim_is_refused() {
    let of_every_kind = ["iss", "aud", "iat", "exp", "jti", "sub"];
    let of_a_client = ["client_id", "application", "scope", "secret_generation"];
    for name in of_every_kind.into_iter().chain(of_a_client) {
        let without = |_: &mut Value, claims: &mut Value| {
            claims.as_object_mut().expect("an object").remove(name);
        };
        assert!(verify_changed(without, NOW).is_err(), "{name}");
    }
}

#[test]
fn a_claim_that_occurs_twice_is_refused() {
    let (minter, verifier) = pair(KeyRing::generate());
    let (header, claims) = (good_header(minter.ring()).to_string(), good_claims().to_string());
    for twice in [r#"{"application":"other","#, r#"{"exp":1,"#, r#"{"aud":"x","#] {
        let claims = claims.replacen('{', twice, 1);
        let token = forge(minter.ring(), &header, &claims);
        let result = ClientToken::verify(&token, &verifier, NOW);
        assert_eq!(result.err(), Some(TokenError::Malformed), "{twice}");
    }
    let header = header.replacen('{', r#"{"alg":"none","#, 1);
    let token = forge(minter.ring(), &header, &claims);
    assert_eq!(ClientToken::verify(&token, &verifier, NOW).err(), Some(TokenError::Malformed));
}

#[test]
fn time_is_checked_on_both_sides_of_every_bound() {
    let second = |seconds: i64| Timestamp::from_unix_millis(NOW.unix_millis() + 1000 * seconds);
    let at = |now| verify_changed(|_, _| {}, now).err();
    // The leeway is 30 s; the token lives from 0 to 3600.
    assert_eq!(at(second(3601)), None);
    assert_eq!(at(second(3629)), None);
    assert_eq!(at(second(3630)), Some(TokenError::Expired));
    assert_eq!(at(second(-30)), None);
    assert_eq!(at(second(-31)), Some(TokenError::IssuedInFuture));

    let not_before = |nbf: i64| {
        let nbf = NOW.unix_seconds() + nbf;
        verify_changed(|_, claims| claims["nbf"] = json!(nbf), NOW).err()
    };
    assert_eq!(not_before(30), None);
    assert_eq!(not_before(31), Some(TokenError::NotYetValid));
    for end in [i64::MAX, i64::MIN] {
        let result = verify_changed(|_, claims| claims["exp"] = json!(end), NOW);
        assert_eq!(result.is_ok(), end > 0);
    }
}

#[test]
fn a_token_that_was_believed_before_is_refused_when_its_time_is_over_and_where_another_is_wanted() {
    let (minter, verifier) = pair(KeyRing::generate());
    let token = client_token().mint(&minter, NOW).expect("mints");
    let at = |now| ClientToken::verify(&token, &verifier, now).err();
    assert_eq!([at(NOW), at(NOW)], [None, None]);
    let service = ServiceToken::verify(&token, Service::JourneyRunner, &verifier, NOW).err();
    assert_eq!(service, Some(TokenError::WrongType));
    assert_eq!(at(NOW + HOUR + TokenVerifier::LEEWAY), Some(TokenError::Expired));
    assert_eq!(at(NOW), None);
}

#[test]
fn a_cut_nested_or_endless_token_is_refused() {
    let (minter, verifier) = pair(KeyRing::generate());
    let token = client_token().mint(&minter, NOW).expect("mints");
    let verify = |token: &str| ClientToken::verify(token, &verifier, NOW).err();
    for end in 0..token.len() {
        assert!(verify(&token[..end]).is_some(), "cut at {end}");
    }
    assert_eq!(verify(&format!("{token}.{token}")), Some(TokenError::Malformed));
    assert_eq!(verify(&format!("Bearer {token}")), Some(TokenError::Malformed));
    assert_eq!(verify(&"a".repeat(1024 * 1024)), Some(TokenError::TooLong));
    assert_eq!(verify(&"[".repeat(MAX_BYTES)), Some(TokenError::Malformed));
    let nested = encode("{\"a\":".repeat(500));
    assert_eq!(verify(&format!("{nested}.{nested}.")), Some(TokenError::Malformed));
}

#[test]
fn an_error_does_not_repeat_the_token() {
    let (_, verifier) = pair(KeyRing::generate());
    let error = ClientToken::verify("secret.secret.secret", &verifier, NOW).expect_err("no token");
    assert!(!format!("{error} {error:?}").contains("secret"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_changed_token_never_verifies(at: prop::sample::Index, to in "[A-Za-z0-9_.=-]") {
        let (minter, verifier) = pair(KeyRing::generate());
        let token = client_token().mint(&minter, NOW).expect("mints");
        let mut changed = token.clone();
        let at = at.index(token.len());
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != token);
        // Also where the good one is known.
        prop_assert!(ClientToken::verify(&token, &verifier, NOW).is_ok());
        prop_assert!(ClientToken::verify(&changed, &verifier, NOW).is_err());
    }

    #[test]
    fn no_text_makes_the_verifier_panic(token in "\\PC{0,200}", parts in "[A-Za-z0-9_-]{0,80}(\\.[A-Za-z0-9_-]{0,80}){0,4}") {
        let (_, verifier) = pair(KeyRing::generate());
        prop_assert!(ClientToken::verify(&token, &verifier, NOW).is_err());
        prop_assert!(ClientToken::verify(&parts, &verifier, NOW).is_err());
    }
}

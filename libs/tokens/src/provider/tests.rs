//! ID tokens of a provider: good ones, and those that somebody made up.

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use jsonwebtoken::EncodingKey;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::keys::KeyRing;
use crate::tests::{NOW, encode, forge};

const ISSUER: &str = "https://login.acme.example";
const AUDIENCE: &str = "postern-desk";
const HOUR: i64 = 60 * 60;

/// A provider with a P-256 key.
struct Provider {
    ring: KeyRing,
    keys: ProviderKeys,
}

impl Provider {
    fn new() -> Self {
        let ring = KeyRing::generate();
        let keys =
            ProviderKeys::parse(KeyRing::jwks([&ring]).to_string().as_bytes()).expect("keys");
        Self { ring, keys }
    }

    fn header(&self) -> Value {
        let (key, _) = self.ring.signer().expect("a signing ring");
        json!({ "alg": "ES256", "kid": key.kid, "typ": "JWT" })
    }

    /// A good token, save for these changes; `null` removes a member.
    fn token(&self, header: &Value, claims: &Value) -> String {
        let (header, claims) = (with(self.header(), header), with(good(), claims));
        forge(&self.ring, &header.to_string(), &claims.to_string())
    }

    fn verify(&self, token: &str) -> Result<IdClaims, TokenError> {
        verify(token, &self.keys, NOW)
    }

    fn refusal(&self, header: &Value, claims: &Value) -> Option<TokenError> {
        self.verify(&self.token(header, claims)).err()
    }
}

fn verify(token: &str, keys: &ProviderKeys, now: Timestamp) -> Result<IdClaims, TokenError> {
    let methods = BTreeSet::from(["mfa".to_owned(), "pwd".to_owned()]);
    let max_age = Duration::from_secs(HOUR.unsigned_abs());
    let expected = Expected { issuer: ISSUER, audience: AUDIENCE, max_age, methods: &methods };
    Unverified::parse(token)?.verify(keys, expected, now)
}

fn good() -> Value {
    let now = NOW.unix_seconds();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "agent-7", "iat": now, "exp": now + 300,
        "auth_time": now - 60, "amr": ["pwd", "mfa"], "roles": ["helpdesk"], "email": "a@b.example",
    })
}

fn with(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().expect("an object") {
        match (value, object.as_object_mut().expect("an object")) {
            (Value::Null, object) => drop(object.remove(name)),
            (value, object) => drop(object.insert(name.clone(), value.clone())),
        }
    }
    object
}

#[test]
fn a_good_token_says_who_signed_in_and_when() {
    let provider = Provider::new();
    let claims = provider.verify(&provider.token(&json!({}), &json!({}))).expect("believed");
    assert_eq!(claims.subject.as_str(), "agent-7");
    assert_eq!(claims.authenticated_at.unix_seconds(), NOW.unix_seconds() - 60);
    assert_eq!(claims.texts("roles"), ["helpdesk"]);
    assert_eq!(claims.texts("email"), ["a@b.example"]);
    assert_eq!((claims.text("email"), claims.text("roles")), (Some("a@b.example"), None));
    assert_eq!(provider.refusal(&json!({"typ": null}), &json!({})), None);
    // The only key need not be named.
    assert_eq!(provider.refusal(&json!({"kid": null}), &json!({})), None);
    let several = json!({"aud": [AUDIENCE, "other"], "azp": AUDIENCE, "typ": "ID", "nbf": 0});
    assert_eq!(provider.refusal(&json!({}), &several), None);
}

#[test]
fn a_header_cannot_choose_the_key_or_the_algorithm() {
    let provider = Provider::new();
    for (header, error) in [
        (json!({"alg": "none"}), TokenError::Malformed),
        (json!({"alg": "HS256"}), TokenError::WrongAlgorithm),
        (json!({"alg": "RS256"}), TokenError::WrongAlgorithm),
        (json!({"alg": "ES384"}), TokenError::WrongAlgorithm),
        (json!({"kid": "another"}), TokenError::UnknownKey),
        (json!({"crit": ["exp"]}), TokenError::CriticalExtension),
        (json!({"typ": "at+jwt"}), TokenError::WrongType),
        (json!({"typ": "logout+jwt"}), TokenError::WrongType),
    ] {
        assert_eq!(provider.refusal(&header, &json!({})), Some(error), "{header}");
    }
    let other = Provider::new();
    let token = forge(&other.ring, &provider.header().to_string(), &good().to_string());
    assert_eq!(provider.verify(&token).err(), Some(TokenError::BadSignature));
    let mut header = provider.header();
    header["jwk"] = KeyRing::jwks([&other.ring])["keys"][0].clone();
    let token = forge(&other.ring, &header.to_string(), &good().to_string());
    assert_eq!(provider.verify(&token).err(), Some(TokenError::BadSignature));
}

#[test]
fn a_public_key_is_no_secret_of_a_symmetric_algorithm() {
    let provider = Provider::new();
    let header = with(provider.header(), &json!({"alg": "HS256"}));
    let message = format!("{}.{}", encode(header.to_string()), encode(good().to_string()));
    let set = KeyRing::jwks([&provider.ring]);
    let point = ["x", "y"].map(|it| set["keys"][0][it].as_str().expect("a coordinate").to_owned());
    for secret in [set["keys"][0].to_string(), set.to_string(), point.concat(), String::new()] {
        let secret = EncodingKey::from_secret(secret.as_bytes());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &secret, Algorithm::HS256);
        let refused = provider.verify(&format!("{message}.{}", signature.expect("signs"))).err();
        assert_eq!(refused, Some(TokenError::WrongAlgorithm));
    }
}

#[test]
fn every_claim_is_checked() {
    let (provider, now) = (Provider::new(), NOW.unix_seconds());
    for (claims, error) in [
        (json!({"iss": "https://login.acme.example/"}), TokenError::WrongIssuer),
        (json!({"iss": null}), TokenError::Malformed),
        (json!({"aud": "other"}), TokenError::WrongAudience),
        (json!({"aud": null}), TokenError::WrongAudience),
        (json!({"aud": [AUDIENCE, "other"]}), TokenError::Claim("azp")),
        (json!({"azp": "other"}), TokenError::Claim("azp")),
        (json!({"aud": [AUDIENCE, "other"], "azp": "other"}), TokenError::Claim("azp")),
        (json!({"typ": "Bearer"}), TokenError::WrongType),
        (json!({"sub": ""}), TokenError::Claim("sub")),
        (json!({"sub": "a\nb"}), TokenError::Claim("sub")),
        (json!({"sub": 7}), TokenError::Claim("sub")),
        (json!({"exp": now - 30}), TokenError::Expired),
        (json!({"exp": "9999999999"}), TokenError::Claim("exp")),
        (json!({"exp": null}), TokenError::Claim("exp")),
        (json!({"iat": now + 31}), TokenError::IssuedInFuture),
        (json!({"iat": null}), TokenError::Claim("iat")),
        (json!({"nbf": now + 31}), TokenError::NotYetValid),
        (json!({"auth_time": null}), TokenError::Claim("auth_time")),
        (json!({"auth_time": now + 31}), TokenError::Claim("auth_time")),
        (json!({"auth_time": now - HOUR}), TokenError::SignedInTooLongAgo),
        (json!({"auth_time": i64::MIN}), TokenError::SignedInTooLongAgo),
        (json!({"amr": ["mfa"]}), TokenError::MissingMethod),
        (json!({"amr": null}), TokenError::MissingMethod),
        (json!({"amr": "mfa pwd"}), TokenError::MissingMethod),
        (json!({"amr": ["mfa", "pwd", 1]}), TokenError::MissingMethod),
    ] {
        assert_eq!(provider.refusal(&json!({}), &claims), Some(error), "{claims}");
    }
    for claims in
        [json!({"exp": now - 29}), json!({"iat": now + 30}), json!({"auth_time": now - HOUR + 1})]
    {
        assert_eq!(provider.refusal(&json!({}), &claims), None, "{claims}");
    }
}

#[test]
fn a_claim_that_occurs_twice_is_refused() {
    let provider = Provider::new();
    for twice in [r#"{"sub":"admin","#, r#"{"roles":["admin"],"#, r#"{"iss":"x","#] {
        let claims = good().to_string().replacen('{', twice, 1);
        let token = forge(&provider.ring, &provider.header().to_string(), &claims);
        assert_eq!(provider.verify(&token).err(), Some(TokenError::Malformed), "{twice}");
    }
}

#[test]
fn an_rsa_key_verifies_by_the_algorithm_that_it_names() {
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key");
    let public = pair.public_key();
    let part = |part: &[u8]| encode(part);
    let jwk = json!({
        "kty": "RSA", "kid": "rsa", "use": "sig",
        "n": part(public.modulus().big_endian_without_leading_zero()),
        "e": part(public.exponent().big_endian_without_leading_zero()),
    });
    let token = |algorithm: &str| {
        let header = json!({"alg": algorithm, "kid": "rsa"}).to_string();
        let message = format!("{}.{}", encode(header), encode(good().to_string()));
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature)
            .expect("signs");
        format!("{message}.{}", encode(signature))
    };
    let set = |jwk: Value| {
        ProviderKeys::parse(json!({"keys": [jwk]}).to_string().as_bytes()).expect("keys")
    };
    let keys = set(jwk.clone());
    assert!(verify(&token("RS256"), &keys, NOW).is_ok());
    for algorithm in ["RS512", "PS256", "ES256", "HS256"] {
        let refused = verify(&token(algorithm), &keys, NOW).err();
        assert_eq!(refused, Some(TokenError::WrongAlgorithm), "{algorithm}");
    }
    let other = set(with(jwk, &json!({"alg": "PS256"})));
    assert_eq!(verify(&token("RS256"), &other, NOW).err(), Some(TokenError::WrongAlgorithm));
    assert!(public.as_der().is_ok());
}

#[test]
fn a_set_without_a_usable_key_is_refused() {
    let parse = |set: Value| ProviderKeys::parse(set.to_string().as_bytes()).err();
    let good = KeyRing::jwks([&KeyRing::generate()])["keys"][0].clone();
    let alone = |changes: Value| parse(json!({ "keys": [with(good.clone(), &changes)] }));
    assert_eq!(alone(json!({})), None);
    assert_eq!(alone(json!({"d": "AAAA"})), Some(KeySetError::Secret));
    for changes in [
        json!({"use": "enc"}),
        json!({"key_ops": ["encrypt"]}),
        json!({"alg": "ES384"}),
        json!({"alg": "HS256"}),
        json!({"crv": "P-521"}),
        json!({"x": "!"}),
        json!({"kty": "EC2"}),
        json!({"kty": "RSA", "n": "AQAB", "e": "AQAB", "crv": null, "x": null, "y": null, "alg": null}),
    ] {
        assert_eq!(alone(changes.clone()), Some(KeySetError::NoUsableKey), "{changes}");
    }
    let secret = json!({"keys": [{"kty": "oct", "k": "AAAA", "alg": "HS256"}]});
    assert_eq!(parse(secret), Some(KeySetError::Secret));
    assert_eq!(parse(json!({"keys": []})), Some(KeySetError::NoUsableKey));
    for text in [json!([]), json!({"keys": {}}), json!({}), json!({"keys": vec![good; 101]})] {
        assert_eq!(parse(text), Some(KeySetError::NotASet));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_changed_token_is_never_believed(at: prop::sample::Index, to in "[A-Za-z0-9_.=-]") {
        let provider = Provider::new();
        let token = provider.token(&json!({}), &json!({}));
        let mut changed = token.clone();
        let at = at.index(token.len());
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != token);
        prop_assert!(provider.verify(&changed).is_err());
    }

    #[test]
    fn no_text_makes_it_panic(token in "\\PC{0,200}", parts in "[A-Za-z0-9_-]{0,80}(\\.[A-Za-z0-9_-]{0,80}){0,4}") {
        prop_assert!(Provider::new().verify(&token).is_err());
        prop_assert!(Provider::new().verify(&parts).is_err());
    }
}

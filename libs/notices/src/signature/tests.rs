//! Tests of keys and signatures.

use codes::randomness::system;
use secrecy::ExposeSecret as _;

use super::*;
use crate::notice::EventType;

fn id() -> NoticeId {
    NoticeId::of(EventType::Issued, "a code")
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_millis(seconds * 1000)
}

#[test]
fn keys_come_back_from_their_texts() {
    let (key, text) = SigningKey::generate(&system());
    let parsed = SigningKey::parse(text.expose_secret()).expect("a key");
    assert_eq!(parsed.public(), key.public());
    assert_eq!(PublicKey::parse(&key.public().to_string()), Ok(key.public()));
    assert_eq!(format!("{key:?}"), "SigningKey([redacted])");
    let (_, another) = SigningKey::generate(&system());
    let halves = [&text.expose_secret()[..40], &another.expose_secret()[40..]].concat();
    for text in ["", "whsk_", "whsk_AAAA", &key.public().to_string(), &halves] {
        assert_eq!(SigningKey::parse(text).err(), Some(KeyError::Signing), "{text}");
    }
    for text in ["", "whpk_", "whpk_AAAA", text.expose_secret()] {
        assert_eq!(PublicKey::parse(text).err(), Some(KeyError::Public));
    }
}

#[test]
fn a_delivery_is_verified_by_each_of_its_keys_and_no_other() {
    let [(old, _), (new, _), (another, _)] = [(); 3].map(|()| SigningKey::generate(&system()));
    let (old_public, new_public) = (old.public(), new.public());
    let headers = Headers::sign(&id(), at(1000), b"{}", &[old, new]);
    assert_eq!(headers.signature.split(' ').count(), 2);
    for key in [&old_public, &new_public] {
        assert_eq!(headers.verify(b"{}", key, at(1000)), Ok(()));
    }
    assert_eq!(headers.verify(b"{}", &another.public(), at(1000)), Err(Forged::Signature));
}

#[test]
fn a_changed_or_old_delivery_is_refused() {
    let (key, _) = SigningKey::generate(&system());
    let public = key.public();
    let headers = Headers::sign(&id(), at(1000), b"{}", &[key]);
    assert_eq!(headers.verify(b"{ }", &public, at(1000)), Err(Forged::Signature));
    let other_id = Headers { id: "msg_x".to_owned(), ..headers.clone() };
    let other_time = Headers { timestamp: "1001".to_owned(), ..headers.clone() };
    let symmetric =
        Headers { signature: headers.signature.replace("v1a,", "v1,"), ..headers.clone() };
    for changed in [other_id, other_time, symmetric] {
        assert_eq!(changed.verify(b"{}", &public, at(1000)), Err(Forged::Signature), "{changed:?}");
    }
    let timely = [700, 1300].map(|now| headers.verify(b"{}", &public, at(now)));
    assert_eq!(timely, [Ok(()), Ok(())]);
    for now in [699, 1301] {
        assert_eq!(headers.verify(b"{}", &public, at(now)), Err(Forged::Untimely), "{now}");
    }
}

/// The key pair of RFC 8032, section 7.1, test 2, and its signature of our content, made with Go's
/// crypto/ed25519.
#[test]
fn the_signature_is_that_of_the_standard() {
    let seed = "TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs=";
    let public = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";
    let both = [seed, public].map(|text| STANDARD.decode(text).expect("base64")).concat();
    let key = SigningKey::parse(&format!("whsk_{}", STANDARD.encode(both))).expect("a key");
    assert_eq!(key.public().to_string(), format!("whpk_{public}"));
}

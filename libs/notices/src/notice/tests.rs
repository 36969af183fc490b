//! Tests of notices.

use codes::audit::Context;
use codes::facts::BrowserFamily;
use codes::user::IdentifierType;
use serde_json::Value;

use super::*;
use crate::SCHEMA;

fn acme() -> ApplicationId {
    ApplicationId::parse("acme").expect("valid")
}

fn code(byte: u8) -> CodeId {
    CodeId::new(&Subject::from_bytes([7; 16]), [byte; 16])
}

/// A notice of each kind, about the code of that number.
fn all(byte: u8) -> Vec<Notice> {
    let (acme, at) = (acme(), Timestamp::from_unix_millis(1000));
    let alice = Identifier::parse(IdentifierType::Email, "alice@acme.example").expect("valid");
    let whose = (&acme, &alice);
    let context = Context {
        agent_id: Some("agent-7".to_owned()),
        verification_method: Some("video".to_owned()),
        ..Context::default()
    };
    let client = ClientId::parse("desk").expect("valid");
    let origin = || Origin::new(&client, &context);
    let facts = Facts {
        opened_at: at,
        source: Some("192.0.2.1".parse().expect("an address")),
        browser: BrowserFamily::Firefox,
    };
    vec![
        Notice::issued(whose, at, &code(byte), at, origin(), None),
        Notice::issued(whose, at, &code(byte), at, origin(), Some(&facts))
            .with_link(Some("https://acme.example/not-me?t=x".to_owned())),
        Notice::redeemed(whose, at, &code(byte)),
        Notice::approval_requested(whose, at, &format!("request-{byte}"), at, origin()),
        Notice::repudiated(&acme, at, &code(byte)),
    ]
}

#[test]
fn every_notice_is_as_the_schema_says_and_comes_back_as_it_was() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    for notice in all(1) {
        let json: Value = serde_json::from_slice(&notice.to_json()).expect("JSON");
        let errors: Vec<_> = validator.iter_errors(&json).map(|it| it.to_string()).collect();
        assert_eq!(errors, [""; 0], "{json}");
        assert_eq!(Notice::from_json(&notice.to_json()).as_ref(), Some(&notice));
        let mut short = json.clone();
        short["data"].as_object_mut().expect("an object").remove("application");
        assert!(!validator.is_valid(&short));
    }
}

#[test]
fn a_name_is_that_of_its_event_and_code() {
    let names: Vec<_> = all(1).iter().map(Notice::id).collect();
    assert_eq!(names, all(1).iter().map(Notice::id).collect::<Vec<_>>(), "a retry has the same");
    assert_eq!(names[0], names[1], "what else is known does not matter");
    for (at, name) in names.iter().enumerate().skip(1) {
        assert!(!names[at + 1..].contains(name), "{name:?}");
        assert!(all(2).iter().all(|other| other.id() != *name));
        assert_eq!(NoticeId::parse(name.as_str()).as_ref(), Some(name));
    }
    for text in ["", "msg_", "msg_x.y", "AAAAAAAAAAAAAAAAAAAAAA"] {
        assert_eq!(NoticeId::parse(text), None, "{text}");
    }
}

#[test]
fn only_codes_that_exist_can_be_disowned() {
    let of = all(1).iter().map(Notice::disownable).collect::<Vec<_>>();
    assert_eq!(of, [Some(code(1)), Some(code(1)), Some(code(1)), None, None]);
}

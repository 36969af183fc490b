//! Identity providers of agents: what a valid one says, and every mistake.

use std::time::Duration;

use codes::ids::{ApplicationId, ProviderId};
use codes::user::IdentifierType;

use super::*;
use crate::{Live, Reload, Right};

const PROVIDER: &str = "\
issuer: https://login.acme.example/realms/staff
audience: postern-desk
clients: [acme-support, acme-backend]
jwks_file: acme.jwks.json
max_age: 8h
require_amr: [mfa]
claim: roles
self: { user_id: employee_id, email: email }
roles:
  helpdesk: { applications: [acme], may: [issue, revoke, read], tiers: [standard], group: outsourced }
  security: { applications: [acme], may: [read, approve, brake] }
";

/// RFC 8037, appendix A.2.
const KEYS: &str = r#"{"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn with(changes: &[(&str, &str)]) -> Source {
    let files = [("agents/acme.yaml", PROVIDER), ("agents/acme.jwks.json", KEYS)];
    changed(&[&files, changes].concat())
}

#[test]
fn a_provider_says_who_may_do_what() {
    let configuration = Configuration::read(&with(&[])).expect("valid");
    let id = ProviderId::parse("acme").expect("valid");
    let provider = configuration.provider(&id).expect("configured");
    assert_eq!(provider.issuer, "https://login.acme.example/realms/staff");
    assert_eq!(provider.max_age, Duration::from_secs(8 * 60 * 60));
    assert!(provider.keys.as_ref().is_some_and(|keys| keys.has(Some("1"))));
    assert_eq!(provider.own[&IdentifierType::Email], "email");
    let rights = |application: &str, roles: &[&str]| {
        let application = ApplicationId::parse(application).expect("valid");
        let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
        provider.rights(&application, &roles).into_iter().collect::<Vec<_>>()
    };
    assert_eq!(rights("acme", &["helpdesk"]), [Right::Issue, Right::Revoke, Right::Read]);
    let both = [Right::Issue, Right::Revoke, Right::Read, Right::Approve, Right::Brake];
    assert_eq!(rights("acme", &["security", "helpdesk", "unknown"]), both);
    assert_eq!(rights("other", &["helpdesk"]), []);
    assert_eq!(rights("acme", &[]), []);
}

#[test]
fn an_agent_is_believed_for_as_long_as_the_provider_says() {
    let configuration = Configuration::read(&with(&[])).expect("valid");
    let provider = configuration.providers().next().expect("a provider");
    let (hour, now) = (Duration::from_secs(60 * 60), clock::Timestamp::default());
    assert_eq!(provider.believed_for(now, now + 7 * hour), Some(hour));
    assert_eq!(provider.believed_for(now, now + 8 * hour), None);
    assert_eq!(provider.believed_for(now + hour, now), Some(8 * hour));
}

/// A text of the valid provider, what stands there instead, and what is wrong then.
const CHANGES: &[(&str, &str, &str)] = &[
    ("https://login", "http://login", ":1: issuer: must be https, unless its host is loopback"),
    ("realms/staff", "realms?staff", ":1: issuer: must have no query"),
    ("audience: postern-desk\n", "", ":1: provider: missing key `audience`"),
    ("acme-backend", "acme-gone", ":3: clients: `acme-gone`: no application has this client"),
    (
        "acme-backend",
        "acme-web",
        ":3: clients: `acme-web`: has no secret, so it cannot exchange tokens",
    ),
    ("[acme-support, acme-backend]", "[]", ":3: clients must be a list, and not empty"),
    (
        "acme.jwks.json",
        "gone.json",
        ":4: jwks_file: agents/gone.json: cannot be read: entity not found",
    ),
    ("max_age: 8h", "max_age: 25h", ":5: max_age: must be from 1m to 24h"),
    (
        "email: email",
        "mail: email",
        ":8: self: unknown key `mail`: must be one of `user_id`, `email`, `phone_number`, `username`",
    ),
    (
        "security: { applications: [acme]",
        "security: { applications: [acne]",
        ":11: role `security`: applications: `acne`: no file defines this application",
    ),
    (
        "read, approve",
        "fly, approve",
        ":11: role `security`: may: `fly`: must be `issue`, `revoke`, `read`, `clear`, `approve` or `brake`",
    ),
    (", may: [read, approve, brake]", "", ":11: role `security`: missing key `may`"),
    (
        "group: outsourced",
        "group: 7",
        ":10: role `helpdesk`: group must be a text: put the number in quotes",
    ),
];

#[test]
fn a_mistake_in_a_provider_is_named_by_file_line_and_reason() {
    for (from, to, problem) in CHANGES {
        assert!(PROVIDER.contains(from), "{from:?}");
        let problems = problems(&with(&[("agents/acme.yaml", &PROVIDER.replacen(from, to, 1))]));
        assert_eq!(problems, [format!("agents/acme.yaml{problem}")], "{to:?}");
    }
}

#[test]
fn a_mistake_beside_a_provider_is_named_too() {
    for (path, text, expected) in [
        (
            "agents/acme.jwks.json",
            r#"{"keys": []}"#,
            "agents/acme.yaml:4: jwks_file: agents/acme.jwks.json: holds no usable key: one of RSA from 2048 bits, P-256, P-384 or Ed25519, for signatures",
        ),
        (
            "agents/acme.yml",
            PROVIDER,
            "agents/acme.yml: the provider `acme` is also in agents/acme.yaml",
        ),
        (
            "agents/other.yaml",
            PROVIDER,
            "agents/other.yaml:3: clients: `acme-support`: exchanges tokens of this issuer in agents/acme.yaml",
        ),
        (
            "agents/Login.yaml",
            PROVIDER,
            "agents/Login.yaml: the file's name: a provider's name must be 1 to 64 lowercase letters, digits, `-` or `_`, beginning with a letter or digit",
        ),
    ] {
        let problems = problems(&with(&[(path, text)]));
        assert!(problems.iter().any(|it| it == expected), "wanted {expected}, got {problems:#?}");
    }
}

#[test]
fn every_mistake_is_reported_at_once() {
    let text = "issuer: x\nclients: [gone]\njwks_file: gone\nmax_age: 8\nroles: {}\n";
    let problems = problems(&with(&[("agents/acme.yaml", text)]));
    assert_eq!(problems.len(), 7, "{problems:#?}");
}

#[test]
fn a_change_of_a_provider_or_its_keys_is_applied_and_named() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("creates");
        std::fs::write(path, text).expect("writes");
    };
    let Source::Files(files) = with(&[]) else { panic!("files") };
    for (path, text) in &files {
        write(path, text);
    }
    let live = Live::open(folder.path()).expect("valid");
    for (path, text, expected) in [
        ("agents/acme.jwks.json", KEYS.replace("\"1\"", "\"2\""), "provider acme: keys"),
        ("agents/acme.yaml", PROVIDER.replace("revoke, ", ""), "provider acme: roles"),
        ("agents/acme.yaml", PROVIDER.replace("8h", "9h"), "provider acme: max_age"),
    ] {
        let before = live.current();
        write(path, &text);
        assert_eq!(live.reload(), Reload::Applied, "{path}");
        let changes = live.current().changes_since(&before);
        assert!(changes.iter().any(|it| it == expected), "{expected}: {changes:?}");
    }
}

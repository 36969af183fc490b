//! Which tokens are active, for whom, and until when.

use super::crossing::{KINDS, mint};
use super::*;
use crate::introspection::{Active, inactive, introspect};

/// What is answered about a token to a client of that application, which has these clients.
fn ask(token: &str, application: &str, clients: &[&str], verifier: &TokenVerifier) -> Value {
    ask_at(NOW, token, application, clients, verifier)
}

fn ask_at(
    now: Timestamp,
    token: &str,
    application: &str,
    clients: &[&str],
    verifier: &TokenVerifier,
) -> Value {
    let application = ApplicationId::parse(application).expect("valid");
    let clients: Vec<_> =
        clients.iter().map(|client| ClientId::parse(client).expect("valid")).collect();
    let active = introspect(token, &application, &clients, verifier, now);
    active.map_or_else(inactive, |Active { answer, grant }| {
        assert_eq!(answer["sid"].as_str(), grant.as_ref().map(GrantId::as_str));
        answer
    })
}

#[test]
fn what_users_and_journeys_have_is_active_with_all_that_it_says() {
    let (minter, verifier) = pair(KeyRing::generate());
    for kind in KINDS {
        let token = mint(kind, &minter);
        let answer = ask(&token, "acme", &["acme-desk", "acme-web"], &verifier);
        if ["client", "agent", "service", "issuer", "link"].contains(&kind) {
            assert_eq!(answer, inactive(), "{kind}");
            continue;
        }
        assert_eq!(answer["active"], true, "{kind}");
        assert_eq!(answer["client_id"], "acme-web", "{kind}");
        let says = decode(&token, 1);
        for (claim, value) in says.as_object().expect("an object") {
            assert_eq!(&answer[claim], value, "{kind}: {claim}");
        }
    }
}

#[test]
fn a_token_is_inactive_for_another_application_and_without_its_client() {
    let (minter, verifier) = pair(KeyRing::generate());
    for kind in KINDS {
        let token = mint(kind, &minter);
        for (application, clients) in
            [("other", &["acme-web"] as &[_]), ("acme", &["acme-desk"]), ("acme", &[])]
        {
            assert_eq!(ask(&token, application, clients, &verifier), inactive(), "{kind}");
        }
    }
}

#[test]
fn a_token_is_inactive_when_its_time_is_over_or_another_key_or_issuer_signed_it() {
    let (minter, verifier) = pair(KeyRing::generate());
    let (stranger, _) = pair(KeyRing::generate());
    let elsewhere = TokenVerifier::new(Arc::clone(minter.ring()), ["https://elsewhere.example"]);
    let clients = ["acme-web"];
    for kind in ["user", "id", "journey"] {
        let token = mint(kind, &minter);
        let late = NOW + HOUR + TokenVerifier::LEEWAY;
        assert_eq!(ask_at(late, &token, "acme", &clients, &verifier), inactive(), "{kind}");
        assert_eq!(ask(&token, "acme", &clients, &elsewhere), inactive(), "{kind}");
        let forged = mint(kind, &stranger);
        assert_eq!(ask(&forged, "acme", &clients, &verifier), inactive(), "{kind}");
    }
    for garbage in ["", "a.b.c", &"x".repeat(100_000)] {
        assert_eq!(ask(garbage, "acme", &clients, &verifier), inactive());
    }
}

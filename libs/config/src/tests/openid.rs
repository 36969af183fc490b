//! Clients that sign their users in with `OpenID` Connect.

use codes::ids::ClientId;

use super::*;

const PAGE: &str = "    journeys: [recover]\n";
const BACKEND: &str = "    scopes: [journeys:run]\n";
const DESK: &str = "    scopes: [codes:issue, codes:revoke, codes:read]\n";
const OPENID: &str = "    openid: true\n    journey: recover\n";
const URIS: &str = "    redirect_uris: [\"https://shop.example/back\"]\n";

/// The valid configuration with one text of its application replaced.
fn changed_to(from: &str, to: &str) -> Source {
    assert!(APPLICATION.contains(from), "{from:?}");
    changed(&[("applications/acme.yaml", &APPLICATION.replacen(from, to, 1))])
}

fn read(from: &str, to: &str) -> Configuration {
    Configuration::read(&changed_to(from, to)).expect("valid")
}

fn has_registered(configuration: &Configuration, client: &str, uri: &str) -> Option<bool> {
    let id = ClientId::parse(client).expect("valid");
    configuration.client(&id).expect("configured").1.has_registered(uri)
}

#[test]
fn a_page_and_a_backend_sign_in_at_the_addresses_that_they_registered() {
    let page = read(PAGE, OPENID);
    for (uri, expected) in [
        ("https://Acme.example:443/back", true),
        ("http://localhost:8080", true),
        ("https://acme.example/back", false),
        ("http://localhost:8080/", false),
        ("", false),
    ] {
        assert_eq!(has_registered(&page, "acme-web", uri), Some(expected), "{uri}");
    }
    assert_eq!(has_registered(&page, "acme-support", "http://localhost:8080"), None);
    assert!(page.allows_origin("https://acme.example"), "a page calls from its origins as before");

    let backend = read(BACKEND, &[URIS, OPENID].concat());
    assert_eq!(has_registered(&backend, "acme-backend", "https://shop.example/back"), Some(true));
    assert!(!backend.allows_origin("https://shop.example"), "a backend calls from no page");
}

#[test]
fn a_client_that_does_not_opt_in_signs_nobody_in() {
    let configuration = read(PAGE, PAGE);
    assert_eq!(has_registered(&configuration, "acme-web", "http://localhost:8080"), None);
    let configuration = read(PAGE, &[PAGE, "    openid: false\n"].concat());
    assert_eq!(has_registered(&configuration, "acme-web", "http://localhost:8080"), None);
}

#[test]
fn a_journey_that_verifies_no_code_is_warned_of() {
    let warned = |configuration: Configuration| {
        configuration.warnings().iter().any(|it| it.contains("every sign-in is denied"))
    };
    assert!(warned(read(PAGE, OPENID)));
    assert!(!warned(read(PAGE, PAGE)));
}

#[test]
fn what_cannot_hold_is_refused() {
    for (from, to, problem) in [
        (
            PAGE,
            [PAGE, "    journey: recover\n"].concat(),
            "13: client: `journey` needs `openid: true`",
        ),
        (
            PAGE,
            "    openid: true\n".to_owned(),
            "10: client: `openid: true` needs the key `journey`",
        ),
        (PAGE, "    openid: \"yes\"\n".to_owned(), "12: openid must be true or false"),
        (
            PAGE,
            "    openid: true\n    journey: other\n".to_owned(),
            "13: journey: `other`: no journey file defines it",
        ),
        (BACKEND, OPENID.to_owned(), "7: client: missing key `redirect_uris`"),
        (
            BACKEND,
            [URIS, OPENID, PAGE].concat(),
            "7: client: has either a secret and `scopes`, or `redirect_uris` and `journeys`",
        ),
        (
            BACKEND,
            [BACKEND, URIS].concat(),
            "7: client: has either a secret and `scopes`, or `redirect_uris` and `journeys`",
        ),
        (
            DESK,
            [DESK, URIS, OPENID].concat(),
            "4: client: no client may have both `openid` and `codes:issue`: it could sign in as anyone",
        ),
    ] {
        let problems = problems(&changed_to(from, &to));
        let expected = format!("applications/acme.yaml:{problem}");
        assert!(problems.contains(&expected), "{to:?}: wanted {expected}, got {problems:#?}");
        assert!(problems.len() <= 2, "{to:?}: {problems:#?}");
    }
}

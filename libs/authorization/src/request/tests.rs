//! Valid requests, and each way in which one is refused.

use proptest::prelude::*;

use super::*;

const CLIENT: &str = "shop";
const REGISTERED: [&str; 2] = ["https://shop.example/back", "http://127.0.0.1:3000/back?x=1"];
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn parse(query: &str) -> Result<AuthorizationRequest, Refusal> {
    AuthorizationRequest::parse(query, |client, uri| {
        (client.as_str() == CLIENT).then(|| REGISTERED.contains(&uri))
    })
}

/// The parameters of a valid request.
fn valid() -> Vec<(&'static str, String)> {
    [
        ("client_id", CLIENT),
        ("redirect_uri", REGISTERED[0]),
        ("response_type", "code"),
        ("scope", "openid email"),
        ("state", "s&t"),
        ("nonce", "n"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("login_hint", "ada"),
        ("ui_locales", "de en"),
        ("max_age", "0"),
        ("acr_values", "urn:a urn:b"),
        ("prompt", "login"),
    ]
    .map(|(name, value)| (name, value.to_owned()))
    .to_vec()
}

fn query(parameters: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// The valid request with one parameter replaced, or left out.
fn with(name: &'static str, value: Option<&str>) -> Result<AuthorizationRequest, Refusal> {
    let mut parameters = valid();
    parameters.retain(|(it, _)| *it != name);
    parameters.extend(value.map(|value| (name, value.to_owned())));
    parse(&query(&parameters))
}

#[test]
fn a_valid_request_is_read() {
    let request = parse(&query(&valid())).expect("valid");
    assert_eq!((request.client(), &*request.redirect_uri), (CLIENT, REGISTERED[0]));
    assert_eq!((request.state.as_deref(), request.nonce.as_deref()), (Some("s&t"), Some("n")));
    assert_eq!(request.login_hint.as_deref(), Some("ada"));
    assert_eq!(request.ui_locales.as_deref(), Some("de en"));
    assert_eq!(request.challenge, Challenge::parse(CHALLENGE).expect("valid"));
    let shown = format!("{request:?}");
    assert!(!shown.contains("ada") && !shown.contains("s&t"), "{shown}");
    for optional in ["state", "nonce", "login_hint", "ui_locales", "max_age", "prompt"] {
        for absent in [None, Some("")] {
            assert!(with(optional, absent).is_ok(), "{optional}");
        }
    }
}

#[test]
fn a_redirect_uri_is_compared_character_by_character_and_nothing_else_is_redirected_to() {
    assert!(REGISTERED.iter().all(|uri| with("redirect_uri", Some(uri)).is_ok()));
    for uri in [
        None,
        Some(""),
        Some("https://shop.example"),
        Some("https://shop.example/"),
        Some("https://shop.example/back/"),
        Some("https://shop.example/back/../evil"),
        Some("https://shop.example/back?"),
        Some("https://shop.example/back?code=1"),
        Some("https://shop.example/back#x"),
        Some("https://shop.example/BACK"),
        Some("https://SHOP.example/back"),
        Some("HTTPS://shop.example/back"),
        Some("http://shop.example/back"),
        Some("https://shop.example:443/back"),
        Some("https://shop.example:8443/back"),
        Some("https://shop.example.evil.example/back"),
        Some("https://user@shop.example/back"),
        Some("https://shop.example@evil.example/back"),
        Some("https://evil.example/https://shop.example/back"),
        Some("https://shop.example%2Fback"),
        Some("https://shop.example/b%61ck"),
        Some("https://shop.example\\@evil.example/back"),
        Some(" https://shop.example/back"),
        Some("https://shop.example/back\r\n"),
        Some("http://127.0.0.1:3001/back?x=1"),
        Some("http://localhost:3000/back?x=1"),
        Some("http://[::1]:3000/back?x=1"),
        Some("http://127.0.0.1:3000/back"),
        Some("javascript:alert(1)"),
        Some("//shop.example/back"),
    ] {
        let refused = Err(Refusal::Page(PageRefusal::UnknownRedirectUri));
        assert_eq!(with("redirect_uri", uri), refused, "{uri:?}");
    }
}

#[test]
fn an_unknown_client_leads_to_a_page() {
    for client in [None, Some(""), Some("other"), Some("SHOP"), Some("no id")] {
        let refused = Err(Refusal::Page(PageRefusal::UnknownClient));
        assert_eq!(with("client_id", client), refused, "{client:?}");
    }
}

#[test]
fn every_other_mistake_is_told_to_the_client() {
    use ErrorCode::*;
    let long = "x".repeat(MAX_STATE + 1);
    for (name, value, expected) in [
        ("response_type", None, InvalidRequest),
        ("response_type", Some("token"), UnsupportedResponseType),
        ("response_type", Some("code id_token"), UnsupportedResponseType),
        ("response_mode", Some("fragment"), InvalidRequest),
        ("scope", None, InvalidScope),
        ("scope", Some("email openidx"), InvalidScope),
        ("code_challenge", None, InvalidRequest),
        ("code_challenge", Some("short"), InvalidRequest),
        ("code_challenge_method", None, InvalidRequest),
        ("code_challenge_method", Some("plain"), InvalidRequest),
        ("code_challenge_method", Some("s256"), InvalidRequest),
        ("request", Some("a.b.c"), RequestNotSupported),
        ("request_uri", Some("https://evil.example"), RequestUriNotSupported),
        ("registration", Some("{}"), RegistrationNotSupported),
        ("prompt", Some("none"), LoginRequired),
        ("prompt", Some("login none"), InvalidRequest),
        ("max_age", Some("-1"), InvalidRequest),
        ("max_age", Some("soon"), InvalidRequest),
        ("nonce", Some(&*long), InvalidRequest),
        ("login_hint", Some(&*long), InvalidRequest),
        ("ui_locales", Some(&*long), InvalidRequest),
    ] {
        match with(name, value) {
            Err(Refusal::Redirect { redirect_uri, state, error }) => {
                assert_eq!(
                    (redirect_uri.as_str(), error.code),
                    (REGISTERED[0], expected),
                    "{name}"
                );
                assert_eq!(state.as_deref(), Some("s&t"), "{name}");
            }
            other => panic!("{name} {value:?}: {other:?}"),
        }
    }
    let Err(Refusal::Redirect { state: None, .. }) = with("state", Some(&long)) else {
        panic!("a state that is too long is not returned")
    };
}

#[test]
fn a_parameter_that_is_given_twice_is_refused() {
    for (name, value) in valid() {
        let twice = query(&[valid(), vec![(name, value)]].concat());
        match (name, parse(&twice)) {
            ("client_id", Err(Refusal::Page(PageRefusal::UnknownClient)))
            | ("redirect_uri", Err(Refusal::Page(PageRefusal::UnknownRedirectUri))) => {}
            (_, Err(Refusal::Redirect { error, .. })) => {
                assert_eq!(error.code, ErrorCode::InvalidRequest, "{name}");
            }
            (_, other) => panic!("{name}: {other:?}"),
        }
    }
}

proptest! {
    /// Whatever is asked, a redirect leads to a registered address only, with a challenge.
    #[test]
    fn no_query_redirects_elsewhere(
        replaced in 0..13_usize, value in ".{0,60}", uri in "(https?://)?[a-z@:./%?#\\\\]{0,30}",
    ) {
        let mut parameters = valid();
        parameters[replaced].1 = value;
        parameters[1].1 = uri;
        for query in [query(&parameters), query(&parameters[..replaced])] {
            match parse(&query) {
                Ok(request) => prop_assert!(REGISTERED.contains(&&*request.redirect_uri)),
                Err(Refusal::Redirect { redirect_uri, .. }) => {
                    prop_assert!(REGISTERED.contains(&&*redirect_uri));
                }
                Err(Refusal::Page(_)) => {}
            }
        }
    }
}

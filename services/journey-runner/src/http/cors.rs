//! Which pages may drive a client's journeys: those of its own origins, and the page that this
//! service itself serves. Anybody may call without a browser, so this protects users and not the
//! service: a foreign page cannot make a visitor's browser run or read a journey.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use config::{ClientKind, Configuration};
use edge::principal::Principal;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Lets pages of every configured origin call and read. Which client's they may be is checked for
/// each call. An origin is named exactly, never `*`: the SDK sends credentials.
pub(crate) fn layer() -> CorsLayer {
    let is_configured = |origin: &HeaderValue, request: &Parts| {
        let configuration = request.extensions.get::<Arc<Configuration>>();
        let Some(configuration) = configuration else { return false };
        origin.to_str().is_ok_and(|origin| configuration.allows_origin(origin))
    };
    let trace = ["traceparent", "tracestate", "baggage"].map(HeaderName::from_static);
    CorsLayer::new()
        .allow_origin(AllowOrigin::predicate(is_configured))
        .allow_credentials(true)
        .allow_methods([Method::POST])
        .allow_headers([CONTENT_TYPE].into_iter().chain(trace).collect::<Vec<_>>())
        .expose_headers([RETRY_AFTER])
        .max_age(Duration::from_secs(600))
}

/// Whether a request comes from a page that is neither the client's nor of this very host.
pub(super) fn is_foreign(headers: &HeaderMap, client: Option<&Principal>) -> bool {
    is_from_elsewhere(headers, |origin| {
        let client = client.and_then(|it| it.application().clients.get(&it.caller().client));
        match client.map(|client| &client.kind) {
            Some(ClientKind::Public { origins, .. }) => origins.contains(origin),
            Some(ClientKind::Confidential { .. }) | None => false,
        }
    })
}

fn is_from_elsewhere(headers: &HeaderMap, is_clients: impl Fn(&str) -> bool) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let Ok(origin) = origin.to_str() else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let is_own = authority.is_some() && authority == host;
    !is_own && !is_clients(origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("recovery.example:8080"));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        is_from_elsewhere(&headers, |origin| origin == "https://acme.example")
    }

    #[test]
    fn only_the_clients_own_pages_and_ours_are_let_in() {
        for own in [None, Some("http://recovery.example:8080"), Some("https://acme.example")] {
            assert!(!is_refused(own), "{own:?}");
        }
        for foreign in [
            "null",
            "",
            "http://acme.example",
            "https://acme.example.evil.example",
            "https://evil.example/https://acme.example",
            "https://acme.example:8443",
            "http://recovery.example",
        ] {
            assert!(is_refused(Some(foreign)), "{foreign:?}");
        }
    }
}

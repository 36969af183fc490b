//! Which pages may drive a client's journeys: those of its own origins, and the page that this
//! service itself serves, at a host that is configured or loopback. Anybody may call without a
//! browser, so this protects users and not the service: a foreign page cannot make a visitor's
//! browser run or read a journey.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use config::{ClientKind, Configuration};
use edge::principal::Principal;

/// Whether a request comes from a page that is neither the client's nor of this very host.
pub(super) fn is_foreign(
    headers: &HeaderMap,
    configuration: &Configuration,
    client: Option<&Principal>,
    issuer: &str,
) -> bool {
    let is_clients = |origin: &str| {
        let client = client.and_then(Principal::registration);
        match client.map(|client| &client.kind) {
            Some(ClientKind::Public { origins, .. }) => origins.contains(origin),
            Some(ClientKind::Confidential { .. }) | None => false,
        }
    };
    let is_configured = |origin: &str| {
        let path = issuer.strip_prefix(origin);
        configuration.allows_origin(origin)
            || path.is_some_and(|path| path.is_empty() || path.starts_with('/'))
    };
    is_from_elsewhere(headers, is_clients, is_configured)
}

/// That `Origin` and `Host` are equal proves nothing by itself: with DNS rebinding, a foreign page
/// names its own host and reaches this service. So the host must be known to be this service's: by
/// the configuration, or because its name always means the machine of the browser.
pub(super) fn is_from_elsewhere(
    headers: &HeaderMap,
    is_clients: impl Fn(&str) -> bool,
    is_configured: impl Fn(&str) -> bool,
) -> bool {
    let Some(origin) = headers.get(ORIGIN) else { return false };
    let Ok(origin) = origin.to_str() else { return true };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let is_own = authority.is_some_and(|authority| {
        Some(authority) == host && (is_configured(origin) || is_loopback(authority))
    });
    !is_own && !is_clients(origin)
}

fn is_loopback(authority: &str) -> bool {
    let authority = authority.parse::<Authority>();
    authority.is_ok_and(|at| matches!(at.host(), "localhost" | "127.0.0.1" | "[::1]"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    const CLIENTS: &str = "https://acme.example";
    const OTHER_CLIENTS: &str = "https://other.example:8443";

    fn is_refused(host: &'static str, origin: Option<&'static str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static(host));
        if let Some(origin) = origin {
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
        }
        let is_configured = |origin: &str| [CLIENTS, OTHER_CLIENTS].contains(&origin);
        is_from_elsewhere(&headers, |origin| origin == CLIENTS, is_configured)
    }

    #[test]
    fn only_the_clients_own_pages_and_ours_are_let_in() {
        for own in [None, Some(OTHER_CLIENTS), Some(CLIENTS)] {
            assert!(!is_refused("other.example:8443", own), "{own:?}");
        }
        for foreign in [
            "null",
            "",
            "http://acme.example",
            "https://acme.example.evil.example",
            "https://evil.example/https://acme.example",
            "https://acme.example:8443",
            "http://other.example",
            "http://other.example:8443",
        ] {
            assert!(is_refused("other.example:8443", Some(foreign)), "{foreign:?}");
        }
        assert!(is_refused("recovery.example", Some(OTHER_CLIENTS)), "it is of another host");
    }

    #[test]
    fn a_host_that_only_the_request_names_is_not_ours_unless_it_is_loopback() {
        for (host, origin) in [
            ("localhost:8080", "http://localhost:8080"),
            ("localhost", "https://localhost"),
            ("127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("[::1]:8080", "http://[::1]:8080"),
            ("[::1]", "http://[::1]"),
        ] {
            assert!(!is_refused(host, Some(origin)), "{host}");
        }
        for (host, origin) in [
            ("evil.example", "http://evil.example"),
            ("evil.example:8080", "http://evil.example:8080"),
            ("localhost.evil.example", "http://localhost.evil.example"),
            ("127.0.0.1.evil.example", "http://127.0.0.1.evil.example"),
            ("192.0.2.1:8080", "http://192.0.2.1:8080"),
            ("localhost:8080", "http://localhost:9090"),
            ("localhost:8080", "http://127.0.0.1:8080"),
        ] {
            assert!(is_refused(host, Some(origin)), "{host}");
        }
    }
}

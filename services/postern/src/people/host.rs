//! Under which address the demo answers.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::HOST;
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Redirect, Response};

/// Answers under the printed address. Another name of this machine is sent there; any other is refused.
pub(super) async fn guard(
    State(origin): State<Arc<str>>,
    request: Request,
    next: Next,
) -> Response {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    if origin.strip_prefix("http://") == Some(host) {
        return next.run(request).await;
    }
    if is_loopback(host) && request.method() == Method::GET {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        return Redirect::to(&format!("{origin}{path}")).into_response();
    }
    (StatusCode::MISDIRECTED_REQUEST, "The demo answers on this machine alone.").into_response()
}

/// Whether a URL is the console's callback on this machine.
pub(super) fn is_callback(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    uri.scheme_str() == Some("http") && uri.path() == "/callback" && is_loopback(authority)
}

fn is_loopback(authority: &str) -> bool {
    let Ok(uri) = format!("http://{authority}").parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let is_whole = uri.authority().is_some_and(|it| it.as_str() == authority);
    let is_address = || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    is_whole && !authority.contains('@') && (host == "localhost" || is_address())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_are_the_demos() {
        for host in ["127.0.0.1:8081", "localhost:8081", "[::1]:8081", "localhost"] {
            assert!(is_loopback(host), "{host}");
            assert!(is_callback(&format!("http://{host}/callback")), "{host}");
        }
        for host in [
            "",
            "attacker.example",
            "127.0.0.1.attacker.example",
            "localhost@attacker.example",
            "10.0.0.1",
        ] {
            assert!(!is_loopback(host), "{host}");
        }
        assert!(
            !is_callback("http://127.0.0.1/other") && !is_callback("https://127.0.0.1/callback")
        );
    }
}

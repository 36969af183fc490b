//! From where browsers may change anything.
//!
//! A form of another site can be sent here with the session's cookie (CSRF). Browsers say from which site a
//! request comes: `Sec-Fetch-Site`, or `Origin` where they are older. A request that says neither is refused.

use axum::extract::{Request, State};
use axum::http::header::ORIGIN;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::url::PublicUrl;
use crate::{Console, page};

/// Refuses changes that come from another site.
pub(crate) async fn guard(
    State(console): State<Console>,
    request: Request,
    next: Next,
) -> Response {
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    if is_safe || is_ours(&console.url, &request) {
        return next.run(request).await;
    }
    let text = "The request came from another site. Go back to the console and try again.";
    page::message(StatusCode::FORBIDDEN, "Not sent from the console", text)
}

fn is_ours(url: &PublicUrl, request: &Request) -> bool {
    let header = |name: &str| request.headers().get(name).and_then(|it| it.to_str().ok());
    match header("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => header(ORIGIN.as_str()).is_some_and(|origin| url.is_origin(origin)),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    #[test]
    fn only_requests_that_say_they_are_of_this_origin_change_anything() {
        let url = PublicUrl::parse("https://console.example").expect("a URL");
        let ours = "https://console.example";
        for (site, origin, expected) in [
            (Some("same-origin"), None, true),
            (Some("same-origin"), Some(ours), true),
            (Some("same-site"), Some(ours), false),
            (Some("cross-site"), Some(ours), false),
            (Some("none"), None, false),
            (None, Some(ours), true),
            (None, Some("https://console.example.attacker.example"), false),
            (None, Some("http://console.example"), false),
            (None, Some("null"), false),
            (None, None, false),
        ] {
            let mut request = axum::http::Request::post("/desk");
            for (name, value) in [("sec-fetch-site", site), ("origin", origin)] {
                if let Some(value) = value {
                    request = request.header(name, value);
                }
            }
            let request = request.body(Body::empty()).expect("a request");
            assert_eq!(is_ours(&url, &request), expected, "{site:?} {origin:?}");
        }
    }
}

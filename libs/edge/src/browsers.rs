//! What a server that browsers call puts around its endpoints: one configuration for each request, and the
//! permission for pages of configured origins to call and to read.

use std::sync::Arc;
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{Extensions, Method};
use config::{Configuration, Live};
use server::HttpServer;
use tower_http::cors::{AllowOrigin, CorsLayer};

/// Serves browsers: the pages of all clients may call, and handlers find the configuration of a request in
/// its extensions.
pub fn serve(server: HttpServer, live: Arc<Live>) -> HttpServer {
    server.prepare(admit(live)).cors(layer())
}

/// Takes the configuration under which a request is served, as it is when the request comes.
pub fn admit(live: Arc<Live>) -> impl Fn(&mut Extensions) + Clone {
    move |request| drop(request.insert(live.current()))
}

/// Lets pages of every configured origin call and read. Which client's they may be is checked for
/// each call. An origin is named exactly, never `*`: the SDK sends credentials.
pub fn layer() -> CorsLayer {
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

//! The files that pages load.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::{MethodRouter, get};

use crate::Console;

pub(crate) fn routes() -> Router<Console> {
    Router::new()
        .route("/console.css", asset("text/css", include_str!("../assets/console.css")))
        .route("/drawing.css", asset("text/css", drawing::STYLE))
        .route("/console.js", asset("text/javascript", include_str!("../assets/console.js")))
        .route("/icon.svg", asset("image/svg+xml", include_str!("../assets/icon.svg")))
}

fn asset(content_type: &'static str, body: &'static str) -> MethodRouter<Console> {
    let headers = [(CONTENT_TYPE, content_type), (CACHE_CONTROL, "public, max-age=300")];
    get(move || async move { (headers, body) })
}

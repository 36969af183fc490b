//! Public facts about a service: its keys, its endpoints, its `OpenAPI` document.

use std::sync::Arc;

use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use config::Live;
use serde_json::Value;
use tokens::discovery::{self, Endpoints};
use tokens::mint::Minter;

/// How long others may keep what they read here: a new key is published long before it signs.
const CACHING: &str = "public, max-age=300";

/// The well-known endpoints of an issuer: `GET /.well-known/jwks.json` (RFC 7517), also as
/// `/cis/oidc/jwks`, and `GET /.well-known/openid-configuration` (RFC 8414).
///
/// A service with a token endpoint gives its path and the configuration, which says whether ID tokens
/// are exchanged there.
pub fn well_known(
    minter: &Minter,
    token_endpoint: Option<(&str, Arc<Live>)>,
    introspection_endpoint: Option<&str>,
) -> Router {
    let issuer = minter.issuer().to_owned();
    let at = |path: &str| format!("{issuer}{path}");
    let (token, live) = token_endpoint.map(|(path, live)| (at(path), live)).unzip();
    let endpoints = Endpoints {
        jwks: at("/.well-known/jwks.json"),
        token,
        exchanges: false,
        introspection: introspection_endpoint.map(at),
    };
    let discovery = move || {
        let providers = live.as_ref().map(|live| live.current().providers().count());
        let exchanges = providers.is_some_and(|count| count > 0);
        discovery::document(&issuer, &Endpoints { exchanges, ..endpoints.clone() })
    };
    Router::new()
        .route("/.well-known/jwks.json", document(constant(minter.ring().jwks())))
        .route("/cis/oidc/jwks", document(constant(minter.ring().jwks())))
        .route("/.well-known/openid-configuration", document(discovery))
}

/// `GET /openapi.json`: the descriptions of what one server serves, as one, with what `configured`
/// adds to them at that moment.
pub fn openapi(
    descriptions: &[&str],
    configured: impl Fn() -> Value + Clone + Send + Sync + 'static,
) -> Router {
    let mut fixed = Value::Null;
    for description in descriptions {
        let part = serde_json::from_str(description).unwrap_or_default();
        merge(&mut fixed, part);
    }
    let whole = move || {
        let mut whole = fixed.clone();
        merge(&mut whole, configured());
        whole
    };
    Router::new().route("/openapi.json", document(whole))
}

/// Adds what only `part` has: its paths and components.
fn merge(whole: &mut Value, part: Value) {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => {
            for (key, value) in part {
                merge(whole.entry(key).or_insert(Value::Null), value);
            }
        }
        // Lists, such as the tags, hold what each describes.
        (Value::Array(whole), Value::Array(part)) => {
            let new: Vec<_> = part.into_iter().filter(|value| !whole.contains(value)).collect();
            whole.extend(new);
        }
        (whole @ Value::Null, part) => *whole = part,
        (_, _) => {}
    }
}

fn constant(value: Value) -> impl Fn() -> Value + Clone + Send + Sync + 'static {
    move || value.clone()
}

fn document(value: impl Fn() -> Value + Clone + Send + Sync + 'static) -> MethodRouter {
    get(move || async move { ([("cache-control", CACHING)], Json(value())) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn merging_adds_and_never_replaces() {
        let mut whole = json!({ "info": { "title": "a" }, "tags": [1], "paths": { "/a": 1 } });
        merge(
            &mut whole,
            json!({ "info": { "title": "b" }, "tags": [1, 2], "paths": { "/a": 2 } }),
        );
        let expected = json!({ "info": { "title": "a" }, "tags": [1, 2], "paths": { "/a": 1 } });
        assert_eq!(whole, expected);
    }
}

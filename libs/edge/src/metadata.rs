//! Public facts about a service: its keys, its endpoints, its `OpenAPI` document.

use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use serde_json::Value;
use tokens::discovery::{self, Endpoints};
use tokens::mint::Minter;

/// How long others may keep what they read here: a new key is published long before it signs.
const CACHING: &str = "public, max-age=300";

/// The well-known endpoints of an issuer: `GET /.well-known/jwks.json` (RFC 7517), also as
/// `/cis/oidc/jwks`, and `GET /.well-known/openid-configuration` (RFC 8414).
pub fn well_known(
    minter: &Minter,
    token_endpoint: Option<&str>,
    introspection_endpoint: Option<&str>,
) -> Router {
    let at = |path: &str| format!("{}{path}", minter.issuer());
    let endpoints = Endpoints {
        jwks: at("/.well-known/jwks.json"),
        token: token_endpoint.map(at),
        introspection: introspection_endpoint.map(at),
    };
    let discovery = discovery::document(minter.issuer(), &endpoints);
    Router::new()
        .route("/.well-known/jwks.json", document(constant(minter.ring().jwks())))
        .route("/cis/oidc/jwks", document(constant(minter.ring().jwks())))
        .route("/.well-known/openid-configuration", document(constant(discovery)))
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

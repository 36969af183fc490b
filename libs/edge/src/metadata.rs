//! Public facts about a service: its keys, its endpoints, its `OpenAPI` document.

use std::sync::Arc;

use axum::routing::{MethodRouter, get};
use axum::{Json, Router};
use config::Live;
use serde_json::Value;
use tokens::discovery::{self, Endpoints};
use tokens::keys::KeyRing;
use tokens::mint::Minter;

/// How long others may keep what they read here: a new key is published long before it signs.
const CACHING: &str = "public, max-age=300";

/// The public facts about an issuer.
pub struct Issuer<'a> {
    /// Signs in the issuer's name.
    pub minter: &'a Minter,
    /// The keys of the issuer's other service, if there is one.
    pub other: Option<Arc<KeyRing>>,
    /// Says whether ID tokens are exchanged, and whether clients sign their users in.
    pub live: Arc<Live>,
    /// Whether this service has the token endpoint.
    pub has_tokens: bool,
    /// Whether this service introspects tokens.
    pub has_introspection: bool,
}

/// The well-known endpoints of an issuer: `GET /.well-known/jwks.json` (RFC 7517), also as
/// `/cis/oidc/jwks`, and the metadata, at the paths of `OpenID` Connect Discovery and of RFC 8414.
///
/// Where clients sign their users in, both services of one issuer describe all of its endpoints: a client
/// reads the document from either. One service alone cannot sign users in.
pub fn well_known(of: Issuer<'_>) -> Router {
    let Issuer { minter, other, live, has_tokens, has_introspection } = of;
    let issuer = minter.issuer().to_owned();
    let jwks = KeyRing::jwks([minter.ring()].into_iter().chain(&other).map(Arc::as_ref));
    let is_whole = other.is_some() || has_tokens && has_introspection;
    let discovery = move || {
        let configuration = live.current();
        let is_provider = is_whole && configuration.signs_users_in();
        let at = |path: &str, is_there: bool| is_there.then(|| format!("{issuer}{path}"));
        let endpoints = Endpoints {
            jwks: format!("{issuer}/.well-known/jwks.json"),
            authorization: at("/oidc/auth", is_provider),
            token: at("/oidc/token", has_tokens || is_provider),
            exchanges: configuration.providers().count() > 0,
            introspection: at("/oidc/token/introspection", has_introspection || is_provider),
        };
        discovery::document(&issuer, &endpoints)
    };
    Router::new()
        .route("/.well-known/jwks.json", document(constant(jwks.clone())))
        .route("/cis/oidc/jwks", document(constant(jwks)))
        .route("/.well-known/openid-configuration", document(discovery.clone()))
        .route("/.well-known/oauth-authorization-server", document(discovery))
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

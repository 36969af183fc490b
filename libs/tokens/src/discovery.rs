//! How a client finds out about an issuer: the metadata of RFC 8414 and `OpenID` Connect Discovery.

use serde_json::{Value, json};

use crate::scope::Scope;

/// Where an issuer's endpoints are, as absolute URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The JWK set.
    pub jwks: String,
    /// The token endpoint; `None` at a service that has none.
    pub token: Option<String>,
    /// Whether the token endpoint exchanges ID tokens of agents too.
    pub exchanges: bool,
    /// Where tokens are introspected (RFC 7662); `None` at a service that does not.
    pub introspection: Option<String>,
}

/// The document of the issuer of that URL.
pub fn document(issuer: &str, endpoints: &Endpoints) -> Value {
    let mut document = json!({
        "issuer": issuer,
        "jwks_uri": endpoints.jwks,
        // Required by RFC 8414, section 2, even of an issuer without an authorization endpoint.
        "response_types_supported": [],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
    });
    if let Some(token) = &endpoints.token {
        document["token_endpoint"] = json!(token);
        document["token_endpoint_auth_methods_supported"] =
            json!(["client_secret_basic", "client_secret_post"]);
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        let grants =
            ["client_credentials"].into_iter().chain(endpoints.exchanges.then_some(exchange));
        document["grant_types_supported"] = grants.collect();
        document["scopes_supported"] = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
    }
    if let Some(introspection) = &endpoints.introspection {
        document["introspection_endpoint"] = json!(introspection);
        document["introspection_endpoint_auth_methods_supported"] = json!(["Bearer"]);
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_service_with_an_endpoint_says_how_to_use_it() {
        let mut endpoints = Endpoints {
            jwks: "https://postern.example/.well-known/jwks.json".to_owned(),
            token: None,
            exchanges: false,
            introspection: Some("https://postern.example/oidc/token/introspection".to_owned()),
        };
        let runner = document("https://postern.example", &endpoints);
        assert_eq!(runner["issuer"], "https://postern.example");
        assert_eq!(runner["jwks_uri"], "https://postern.example/.well-known/jwks.json");
        assert!(runner.get("token_endpoint").is_none());
        assert!(runner.get("scopes_supported").is_none());
        assert_eq!(
            runner["introspection_endpoint"],
            "https://postern.example/oidc/token/introspection"
        );
        assert_eq!(runner["introspection_endpoint_auth_methods_supported"], json!(["Bearer"]));

        endpoints.token = Some("https://postern.example/oidc/token".to_owned());
        endpoints.introspection = None;
        let issuer = document("https://postern.example", &endpoints);
        assert_eq!(issuer["token_endpoint"], "https://postern.example/oidc/token");
        assert_eq!(issuer["grant_types_supported"], json!(["client_credentials"]));
        endpoints.exchanges = true;
        let issuer = document("https://postern.example", &endpoints);
        assert_eq!(issuer["grant_types_supported"].as_array().map(Vec::len), Some(2));
        assert_eq!(issuer["scopes_supported"][0], "codes:issue");
        assert!(issuer.get("introspection_endpoint").is_none());
    }
}

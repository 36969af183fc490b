//! How a client finds out about an issuer: the metadata of RFC 8414 and `OpenID` Connect Discovery.

use serde_json::{Value, json};

use crate::scope::Scope;
use crate::user::CONTEXT;

/// Where an issuer's endpoints are, as absolute URLs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// The JWK set.
    pub jwks: String,
    /// The authorization endpoint; `None` if no client signs its users in.
    pub authorization: Option<String>,
    /// The token endpoint; `None` at a service that has none.
    pub token: Option<String>,
    /// Whether the token endpoint exchanges ID tokens of agents too.
    pub exchanges: bool,
    /// Where tokens are introspected (RFC 7662); `None` at a service that does not.
    pub introspection: Option<String>,
}

/// The document of the issuer of that URL.
pub fn document(issuer: &str, endpoints: &Endpoints) -> Value {
    let is_provider = endpoints.authorization.is_some();
    let mut document = json!({
        "issuer": issuer,
        "jwks_uri": endpoints.jwks,
        // Required by RFC 8414, section 2, even of an issuer without an authorization endpoint.
        "response_types_supported": is_provider.then_some("code").into_iter().collect::<Vec<_>>(),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "EdDSA"],
    });
    if let Some(token) = &endpoints.token {
        document["token_endpoint"] = json!(token);
        // A public client has no secret: it proves itself by PKCE.
        let methods = ["client_secret_basic", "client_secret_post"];
        let methods = methods.into_iter().chain(is_provider.then_some("none"));
        document["token_endpoint_auth_methods_supported"] = methods.collect();
        // No refresh token: a recovery is not a session.
        let exchange = "urn:ietf:params:oauth:grant-type:token-exchange";
        let grants = is_provider.then_some("authorization_code").into_iter();
        let grants = grants.chain(["client_credentials"]);
        let grants = grants.chain(endpoints.exchanges.then_some(exchange));
        document["grant_types_supported"] = grants.collect();
        let scopes = is_provider.then_some("openid").into_iter();
        let scopes = scopes.chain(Scope::ALL.iter().map(|scope| scope.as_str()));
        document["scopes_supported"] = scopes.collect();
    }
    if let Some(introspection) = &endpoints.introspection {
        document["introspection_endpoint"] = json!(introspection);
        document["introspection_endpoint_auth_methods_supported"] = json!(["Bearer"]);
    }
    if let Some(authorization) = &endpoints.authorization {
        describe_provider(&mut document, authorization);
    }
    document
}

/// Says what an `OpenID` provider supports (`OpenID` Connect Discovery, section 3). What is left out has
/// no endpoint here.
fn describe_provider(document: &mut Value, authorization: &str) {
    for (name, value) in [
        ("authorization_endpoint", json!(authorization)),
        ("response_modes_supported", json!(["query"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("authorization_response_iss_parameter_supported", json!(true)),
        ("prompt_values_supported", json!(["none", "login"])),
        ("acr_values_supported", json!([CONTEXT])),
        (
            "claims_supported",
            json!([
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "auth_time",
                "nonce",
                "amr",
                "acr",
                "sid",
                "at_hash"
            ]),
        ),
        ("claims_parameter_supported", json!(false)),
        ("request_parameter_supported", json!(false)),
        ("request_uri_parameter_supported", json!(false)),
        ("ui_locales_supported", json!(["en", "de"])),
    ] {
        document[name] = value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_service_with_an_endpoint_says_how_to_use_it() {
        let mut endpoints = Endpoints {
            jwks: "https://postern.example/.well-known/jwks.json".to_owned(),
            authorization: None,
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
        assert_eq!(issuer["response_types_supported"], json!([]));

        endpoints.authorization = Some("https://postern.example/oidc/auth".to_owned());
        let provider = document("https://postern.example", &endpoints);
        assert_eq!(provider["authorization_endpoint"], "https://postern.example/oidc/auth");
        assert_eq!(provider["response_types_supported"], json!(["code"]));
        assert_eq!(provider["grant_types_supported"][0], "authorization_code");
        assert_eq!(provider["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(provider["request_uri_parameter_supported"], false, "the default is true");
        assert!(!provider.to_string().contains("refresh_token"));
    }
}

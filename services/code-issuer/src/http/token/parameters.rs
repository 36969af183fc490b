//! What a client sends to the token endpoint: its credentials, and what it asks for.

use std::collections::{BTreeSet, HashMap};

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use tokens::scope::{self, Scope};

use super::error::TokenError;

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";

/// What every token of this endpoint is.
pub(super) const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// What a client presents, by the one method that it chose.
pub(super) struct Credentials {
    pub(super) id: String,
    pub(super) secret: SecretString,
}

impl Credentials {
    pub(super) fn parse(
        headers: &HeaderMap,
        form: &HashMap<String, String>,
    ) -> Result<Self, TokenError> {
        let in_form = (form.get("client_id"), form.get("client_secret"));
        match (headers.get(AUTHORIZATION), in_form) {
            (Some(_), (_, Some(_))) => {
                Err(TokenError::invalid("the client authenticates in two ways at once"))
            }
            (Some(header), (named, None)) => match (Self::basic(header), named) {
                (Some(basic), Some(id)) if basic.id != *id => Err(TokenError::invalid(
                    "client_id and the Authorization header name different clients",
                )),
                (basic, _) => basic.ok_or(TokenError::InvalidClient),
            },
            (None, (Some(id), Some(secret))) => {
                Ok(Self { id: id.clone(), secret: secret.clone().into() })
            }
            (None, _) => Err(TokenError::InvalidClient),
        }
    }

    /// HTTP Basic, of which both halves are form-encoded first (RFC 6749, section 2.3.1).
    fn basic(header: &HeaderValue) -> Option<Self> {
        let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
        let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
        let (id, secret) = decoded.split_once(':')?;
        let plain = |text: &str| {
            let pair = format!("x={}", text.replace('&', "%26"));
            form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
        };
        let (id, secret) = (plain(id)?, plain(secret)?);
        scheme.eq_ignore_ascii_case("basic").then(|| Self { id, secret: secret.into() })
    }
}

/// Leaves of the scopes only those that the form asks for, if it does.
pub(super) fn narrow(
    form: &HashMap<String, String>,
    scopes: &mut BTreeSet<Scope>,
) -> Result<(), TokenError> {
    match form.get("scope").map(|list| scope::parse_list(list)) {
        None => Ok(()),
        Some(Ok(asked)) if asked.is_subset(scopes) => {
            *scopes = asked;
            Ok(())
        }
        Some(Ok(_) | Err(_)) => Err(TokenError::InvalidScope),
    }
}

/// The token in the form. What else the form asks for must be what is done anyway.
pub(super) fn subject_token(form: &HashMap<String, String>) -> Result<&str, TokenError> {
    let invalid = |why| Err(TokenError::invalid(why));
    if ["actor_token", "actor_token_type", "audience", "resource"]
        .iter()
        .any(|it| form.contains_key(*it))
    {
        return invalid("actor_token, audience and resource are not supported: leave them out");
    }
    if form.get("requested_token_type").is_some_and(|it| it != ACCESS_TOKEN) {
        return invalid(
            "requested_token_type must be urn:ietf:params:oauth:token-type:access_token",
        );
    }
    if form.get("subject_token_type").is_none_or(|it| it != ID_TOKEN) {
        return invalid("subject_token_type must be urn:ietf:params:oauth:token-type:id_token");
    }
    match form.get("subject_token") {
        Some(token) => Ok(token),
        None => invalid("subject_token is missing"),
    }
}

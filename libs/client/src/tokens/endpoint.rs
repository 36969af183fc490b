//! The token endpoint: the client credentials grant (RFC 6749, section 4.4) and the token exchange
//! (RFC 8693), over one HTTP/1.1 connection for each token.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, CONTENT_TYPE, HOST, RETRY_AFTER};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use crate::connect::Connector;
use crate::error::TokenError;

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// A token, how many seconds it lives, and what it allows.
#[derive(Deserialize)]
pub(super) struct Granted {
    pub(super) access_token: String,
    pub(super) expires_in: u64,
    #[serde(default)]
    pub(super) scope: String,
}

/// An error of RFC 6749, section 5.2.
#[derive(Deserialize)]
struct Refused {
    error: String,
    #[serde(default)]
    error_description: String,
}

/// What a token is asked for with.
#[derive(Clone, Copy)]
pub(super) enum Grant<'a> {
    /// The client's own credentials.
    ClientCredentials,
    /// The ID token of an agent.
    Exchange(&'a SecretString),
}

/// Asks for a token.
pub(super) async fn ask(
    connector: &Connector,
    client: &str,
    secret: &SecretString,
    grant: Grant<'_>,
) -> Result<Granted, TokenError> {
    let (status, headers, body) = exchange(connector, form(client, secret, grant)).await?;
    match status {
        StatusCode::OK => serde_json::from_slice(&body).map_err(|_| TokenError::Malformed),
        StatusCode::TOO_MANY_REQUESTS => {
            Err(TokenError::RateLimited { retry_after: retry_after(&headers) })
        }
        status if status.is_server_error() => Err(TokenError::Unavailable {
            reason: status.to_string(),
            retry_after: retry_after(&headers),
        }),
        status => {
            let refused = serde_json::from_slice(&body);
            let unnamed =
                |_| Refused { error: status.to_string(), error_description: String::new() };
            let Refused { error, error_description } = refused.unwrap_or_else(unnamed);
            Err(TokenError::Refused { error, description: error_description })
        }
    }
}

fn form(client: &str, secret: &SecretString, grant: Grant<'_>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    match grant {
        Grant::ClientCredentials => form.append_pair("grant_type", "client_credentials"),
        Grant::Exchange(id_token) => form
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")
            .append_pair("subject_token_type", "urn:ietf:params:oauth:token-type:id_token")
            .append_pair("subject_token", id_token.expose_secret()),
    };
    form.append_pair("client_id", client)
        .append_pair("client_secret", secret.expose_secret())
        .finish()
}

/// One request and its answer.
async fn exchange(
    connector: &Connector,
    form: String,
) -> Result<(StatusCode, HeaderMap, Bytes), TokenError> {
    let stream = connector.connect().await.map_err(TokenError::unavailable)?;
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(TokenError::unavailable)?;
    let request = request(connector, form)?;
    let answer = async move {
        let answer = sender.send_request(request).await.map_err(TokenError::unavailable)?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, MAX_ANSWER).collect().await;
        let body = body.map_err(|error| TokenError::unavailable(error.to_string()))?;
        Ok((parts.status, parts.headers, body.to_bytes()))
    };
    // The connection ends after the answer; an error of it is one of the answer as well.
    let (answer, _) = tokio::join!(answer, connection);
    answer
}

fn request(connector: &Connector, form: String) -> Result<Request<Full<Bytes>>, TokenError> {
    let url = connector.url();
    Request::builder()
        .method(Method::POST)
        .uri(url.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, url.authority().map_or("", |authority| authority.as_str()))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .header(CONNECTION, "close")
        .body(Full::from(form))
        .map_err(TokenError::unavailable)
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok().map(Duration::from_secs)
}

//! Posts notices to the receivers of applications.

use std::time::Duration;

use async_trait::async_trait;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use http_body_util::Full;
use http_client::{Reach, send};
use notices::dispatcher::{Post, PostError};
use notices::receiver::Receiver;
use notices::signature::Headers;
use tokio::time::timeout;

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The longest answer that is read. Only its status matters.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Posts over HTTP/1.1.
pub(crate) struct Webhooks;

#[async_trait]
impl Post for Webhooks {
    async fn post(
        &self,
        receiver: &Receiver,
        headers: Headers,
        body: Vec<u8>,
    ) -> Result<u16, PostError> {
        let request = Request::post(&receiver.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("postern/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", headers.id)
            .header("webhook-timestamp", headers.timestamp)
            .header("webhook-signature", headers.signature)
            .body(Full::from(body))
            .map_err(|error| PostError(error.to_string()))?;
        let reach = if receiver.private_addresses { Reach::Anywhere } else { Reach::Public };
        match timeout(TIMEOUT, send(request, reach, MAX_ANSWER_BYTES)).await {
            Ok(Ok(answer)) => Ok(answer.status().as_u16()),
            Ok(Err(error)) => Err(PostError(error.to_string())),
            Err(_) => Err(PostError(format!("no answer within {} s", TIMEOUT.as_secs()))),
        }
    }
}

//! The access token: got with the client's secret, kept, and renewed before its end.

mod endpoint;

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::metadata::AsciiMetadataValue;

use crate::connect::Connector;
use crate::credentials::Credentials;
use crate::error::TokenError;
use crate::setup::SetupError;
use crate::tls::Tls;

/// A token is renewed for the last tenth of its life, at most for this long.
const RENEWAL: Duration = Duration::from_secs(60);
/// How long a token that still holds is used after its renewal failed.
const RENEW_AGAIN: Duration = Duration::from_secs(5);

/// The longest that a token is kept, whatever its lifetime.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The access token of one client.
#[derive(Debug)]
pub(crate) struct Tokens {
    credentials: Credentials,
    connector: Connector,
    /// Locked while a token is on its way: one request serves all calls that wait.
    kept: Mutex<Option<Token>>,
}

/// A token as it is sent.
#[derive(Clone, Debug)]
struct Token {
    header: AsciiMetadataValue,
    renew_at: Instant,
    ends_at: Instant,
}

impl Tokens {
    pub(crate) fn new(credentials: Credentials, tls: Option<&Tls>) -> Result<Self, SetupError> {
        let connector = Connector::new(&credentials.token_endpoint, tls, b"http/1.1")?;
        Ok(Self { credentials, connector, kept: Mutex::default() })
    }

    /// The value of `authorization`.
    pub(crate) async fn header(&self) -> Result<AsciiMetadataValue, TokenError> {
        let mut kept = self.kept.lock().await;
        let now = Instant::now();
        if let Some(token) = kept.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.header.clone());
        }
        match self.get(now).await {
            Ok(token) => Ok(kept.insert(token).header.clone()),
            Err(error) => match kept.as_mut().filter(|token| Instant::now() < token.ends_at) {
                Some(token) => {
                    token.renew_at = Instant::now() + RENEW_AGAIN;
                    Ok(token.header.clone())
                }
                None => Err(error),
            },
        }
    }

    /// Forgets a token that a service refused, unless another has replaced it.
    pub(crate) async fn forget(&self, refused: &AsciiMetadataValue) {
        self.kept.lock().await.take_if(|token| token.header == refused);
    }

    /// Gets a new one. Its life begins before it is asked for, so that it never seems longer.
    async fn get(&self, now: Instant) -> Result<Token, TokenError> {
        let secret = self.credentials.secret.read().map_err(TokenError::secret)?;
        let client = &self.credentials.client_id;
        let (token, life) = endpoint::ask(&self.connector, client, &secret).await?;
        let header = format!("Bearer {token}").parse();
        let mut header: AsciiMetadataValue = header.map_err(|_| TokenError::Malformed)?;
        header.set_sensitive(true);
        // A day at most, so that no answer overflows an instant.
        let life = life.min(DAY);
        let renew_at = now + life.saturating_sub(RENEWAL.min(life / 10));
        Ok(Token { header, renew_at, ends_at: now + life })
    }
}

#[cfg(test)]
mod tests;

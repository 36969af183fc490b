//! Access tokens: the client's own, which is cached and renewed before its end, and those of agents.

mod endpoint;

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Mutex;
use tokio::time::Instant;
use tonic::metadata::AsciiMetadataValue;

use self::endpoint::{Grant, Granted};
use crate::connect::Connector;
use crate::credentials::Credentials;
use crate::error::TokenError;
use crate::setup::SetupError;

/// A token is renewed for the last tenth of its life, at most for this long.
const RENEWAL: Duration = Duration::from_secs(60);
/// How long a token that still holds is used after its renewal failed.
const RENEW_AGAIN: Duration = Duration::from_secs(5);

/// How long a token is kept at most, even if it lives longer.
const DAY: Duration = Duration::from_secs(24 * 3600);

/// The access token of an agent of the help desk, who signed in at the company's identity provider.
#[derive(Clone, Debug)]
pub struct AgentToken {
    /// The token, as the calls send it.
    pub access_token: SecretString,
    /// How long it lives. Exchange the ID token again before its end, or a renewed one.
    pub expires_in: Duration,
    /// The scopes that both the client and the agent's roles have.
    pub scopes: Vec<String>,
}

/// Which token the calls send.
#[derive(Clone, Debug)]
pub(crate) enum Bearer {
    /// The client's own.
    Client(Arc<Tokens>),
    /// An agent's.
    Agent(SecretString),
}

impl Bearer {
    /// The value of `authorization`.
    pub(crate) async fn header(&self) -> Result<AsciiMetadataValue, TokenError> {
        match self {
            Self::Client(tokens) => tokens.header().await,
            Self::Agent(token) => header(token.expose_secret()),
        }
    }

    /// Forgets a token that a service refused. Says whether another one can be had.
    pub(crate) async fn forget(&self, refused: &AsciiMetadataValue) -> bool {
        match self {
            Self::Client(tokens) => {
                tokens.forget(refused).await;
                true
            }
            Self::Agent(_) => false,
        }
    }
}

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
    pub(crate) fn new(credentials: Credentials) -> Result<Self, SetupError> {
        let Credentials { token_endpoint, tls, .. } = &credentials;
        let connector = Connector::new(token_endpoint, tls.as_ref(), b"http/1.1")?;
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

    /// Exchanges the ID token of an agent.
    pub(crate) async fn exchange(&self, id_token: &SecretString) -> Result<AgentToken, TokenError> {
        let granted = self.ask(Grant::Exchange(id_token)).await?;
        let expires_in = life(&granted);
        let scopes = granted.scope.split_ascii_whitespace().map(str::to_owned).collect();
        Ok(AgentToken { access_token: granted.access_token.into(), expires_in, scopes })
    }

    /// Gets a new one. Its life begins before it is asked for, so that it never seems longer.
    async fn get(&self, now: Instant) -> Result<Token, TokenError> {
        let granted = self.ask(Grant::ClientCredentials).await?;
        let life = life(&granted);
        let renew_at = now + life.saturating_sub(RENEWAL.min(life / 10));
        Ok(Token { header: header(&granted.access_token)?, renew_at, ends_at: now + life })
    }

    async fn ask(&self, grant: Grant<'_>) -> Result<Granted, TokenError> {
        let secret = self.credentials.secret.read().map_err(TokenError::secret)?;
        let client = &self.credentials.client_id;
        endpoint::ask(&self.connector, client, &secret, grant).await
    }
}

/// How long a token is kept: a day at most, so that no answer overflows an instant.
fn life(granted: &Granted) -> Duration {
    Duration::from_secs(granted.expires_in).min(DAY)
}

/// The value of `authorization` with a token.
fn header(token: &str) -> Result<AsciiMetadataValue, TokenError> {
    let header = format!("Bearer {token}").parse();
    let mut header: AsciiMetadataValue = header.map_err(|_| TokenError::Malformed)?;
    header.set_sensitive(true);
    Ok(header)
}

#[cfg(test)]
mod tests;

//! Who calls, and how: what the typed clients share.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::timeout;
use tonic::transport::Channel;

use crate::calls::Calls;
use crate::connect::Connector;
use crate::credentials::Credentials;
use crate::desk::Desk;
use crate::error::TokenError;
use crate::issuer::CodeIssuer;
use crate::runner::JourneyRunner;
use crate::setup::SetupError;
use crate::tls::Tls;
use crate::tokens::{AgentToken, Bearer, Tokens};
use crate::verifier::Verifier;

/// How long a call may take with all its attempts, unless set.
const DEADLINE: Duration = Duration::from_secs(5);

/// Makes typed clients that share one access token.
///
/// Make one for each client ID and keep it: it is cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    tokens: Arc<Tokens>,
    tls: Option<Tls>,
    deadline: Duration,
}

impl Client {
    /// A client that gets access tokens with these credentials. The certificates are for the services;
    /// with `None`, `https` trusts the operating system's authorities.
    ///
    /// # Errors
    /// [`SetupError`] where the token endpoint's URL does not fit the certificates.
    pub fn new(credentials: Credentials, tls: Option<Tls>) -> Result<Self, SetupError> {
        let tokens = Arc::new(Tokens::new(credentials)?);
        Ok(Self { tokens, tls, deadline: DEADLINE })
    }

    /// Limits each call, with all its attempts, to this time. Five seconds unless set.
    #[must_use]
    pub const fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// A client of the code issuer at this URL. It connects at its first call.
    ///
    /// # Errors
    /// [`SetupError`] where the URL is unusable.
    pub fn code_issuer(&self, url: &str) -> Result<CodeIssuer, SetupError> {
        Ok(CodeIssuer::new(self.channel(url)?, self.calls()))
    }

    /// A client of the desk, which is served by the code issuer at this URL. It connects at its first
    /// call.
    ///
    /// # Errors
    /// [`SetupError`] where the URL is unusable.
    pub fn desk(&self, url: &str) -> Result<Desk, SetupError> {
        Ok(Desk::new(self.channel(url)?, self.calls()))
    }

    /// A client of the verifier at this URL. It connects at its first call.
    ///
    /// # Errors
    /// [`SetupError`] where the URL is unusable.
    pub fn verifier(&self, url: &str) -> Result<Verifier, SetupError> {
        Ok(Verifier::new(self.channel(url)?, self.calls()))
    }

    /// A client of the journey runner at this URL. It connects at its first call.
    ///
    /// # Errors
    /// [`SetupError`] where the URL is unusable.
    pub fn journey_runner(&self, url: &str) -> Result<JourneyRunner, SetupError> {
        Ok(JourneyRunner::new(self.channel(url)?, self.calls()))
    }

    /// Exchanges the ID token that an agent has from the company's identity provider. Hand the result
    /// to `acting_as` of a typed client. Asks once.
    ///
    /// # Errors
    /// [`TokenError::Refused`] where the token endpoint does not accept the ID token;
    /// [`TokenError::Unavailable`] where it does not answer within the deadline.
    pub async fn exchange(&self, id_token: &SecretString) -> Result<AgentToken, TokenError> {
        let exchanged = timeout(self.deadline, self.tokens.exchange(id_token)).await;
        exchanged.unwrap_or_else(|_| Err(TokenError::unavailable("the deadline passed")))
    }

    fn channel(&self, url: &str) -> Result<Channel, SetupError> {
        Connector::new(url, self.tls.as_ref(), b"h2")?.channel()
    }

    fn calls(&self) -> Calls {
        Calls::new(Bearer::Client(Arc::clone(&self.tokens)), self.deadline)
    }
}

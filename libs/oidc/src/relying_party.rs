//! Signs people in by the authorization code flow (RFC 9700; `OpenID` Connect Core, section 3.1).
//!
//! | attack | what stops it |
//! | --- | --- |
//! | a forged or replayed answer (CSRF) | `state`, which the caller keeps with the browser and uses once |
//! | a code of another sign-in | PKCE with S256, and `nonce` in the ID token |
//! | an answer of another provider (mix-up) | `iss` of RFC 9207, and the issuer of the ID token |
//! | a code or token in a URL or a log | the answer comes by query with a code alone; `Debug` shows no secret |

mod endpoints;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clock::Timestamp;
use form_urlencoded::{Serializer, byte_serialize};
use http::{HeaderValue, StatusCode, Uri};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::time::timeout;

use self::endpoints::Discovery;
pub use self::endpoints::Endpoints;
use crate::fetch;
use crate::id_token::{self, Expected, SignedIn};

/// How long a provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// This application, as the provider knows it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// The provider.
    pub issuer: String,
    /// The client ID.
    pub client_id: String,
    /// The client secret.
    pub secret: SecretString,
    /// Where the provider sends browsers back to.
    pub redirect_uri: String,
    /// The scopes to ask for. `openid` is one of them.
    pub scope: String,
    /// How long ago people may have authenticated. Asking for it makes providers tell `auth_time`.
    pub max_age: Duration,
}

/// A sign-in that has begun. Secret, and good for one answer.
#[derive(Clone, Serialize, Deserialize)]
pub struct Attempt {
    state: String,
    nonce: String,
    verifier: String,
}

/// The parameters of a provider's answer. Which of them there are is up to a stranger.
#[derive(Clone, Default, Deserialize)]
pub struct Answer {
    state: Option<String>,
    code: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The answer belongs to no sign-in of this browser, or was used before.
    #[error("the answer belongs to another sign-in")]
    State,
    /// The answer names another provider, or must name its own and does not.
    #[error("the answer comes from another provider")]
    Issuer,
    /// The provider did not sign the person in.
    #[error("the provider refused the sign-in: {0}")]
    Refused(String),
    /// The provider does not answer, or not as it must.
    #[error("the provider cannot be reached: {0}")]
    Unreachable(String),
    /// The ID token is missing or says something wrong.
    #[error("the ID token cannot be used: {0}")]
    IdToken(&'static str),
}

/// The answer of the token endpoint.
#[derive(Deserialize)]
struct Tokens {
    id_token: Option<SecretString>,
    refresh_token: Option<SecretString>,
}

/// Signs people in at one provider.
#[derive(Debug)]
pub struct RelyingParty {
    registration: Registration,
    discovery: Discovery,
    given: Option<Endpoints>,
}

impl RelyingParty {
    /// At the provider that discovery finds.
    pub fn new(registration: Registration) -> Self {
        Self { registration, discovery: Discovery::default(), given: None }
    }

    /// At a provider whose endpoints are known.
    #[must_use]
    pub fn at(mut self, endpoints: Endpoints) -> Self {
        self.given = Some(endpoints);
        self
    }

    /// Begins a sign-in: returns where the browser goes, and what the caller keeps for the answer. If
    /// `again`, the person must authenticate although they are signed in at the provider.
    ///
    /// # Errors
    /// [`SignInError::Unreachable`].
    pub async fn begin(
        &self,
        random: [[u8; 32]; 3],
        again: bool,
    ) -> Result<(String, Attempt), SignInError> {
        let endpoint = self.endpoints().await?.authorization_endpoint;
        let [state, nonce, verifier] = random.map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
        let Registration { client_id, redirect_uri, scope, max_age, .. } = &self.registration;
        let mut query = Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", client_id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("scope", scope)
            .append_pair("state", &state)
            .append_pair("nonce", &nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("max_age", &max_age.as_secs().to_string());
        if again {
            query.append_pair("prompt", "login");
        }
        let separator = if endpoint.contains('?') { '&' } else { '?' };
        let url = format!("{endpoint}{separator}{}", query.finish());
        Ok((url, Attempt { state, nonce, verifier }))
    }

    /// Ends a sign-in with the provider's answer.
    ///
    /// # Errors
    /// `State` and `Issuer` before anything is sent; then `Refused`, `Unreachable` or `IdToken`.
    pub async fn finish(
        &self,
        attempt: &Attempt,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let state = answer.state.as_deref().unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(attempt.state.as_bytes())) {
            return Err(SignInError::State);
        }
        let endpoints = self.endpoints().await?;
        let names_itself = endpoints.authorization_response_iss_parameter_supported;
        match answer.iss.as_deref() {
            Some(issuer) if issuer == self.registration.issuer => {}
            None if !names_itself => {}
            Some(_) | None => return Err(SignInError::Issuer),
        }
        if let Some(error) = &answer.error {
            return Err(SignInError::Refused(told(error)));
        }
        let code = answer.code.as_deref().ok_or_else(|| SignInError::Refused(told("no code")))?;
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", &self.registration.redirect_uri)
            .append_pair("code_verifier", &attempt.verifier)
            .finish();
        self.tokens(&endpoints, form, Some(&attempt.nonce), now).await
    }

    /// Renews the ID token of a person. They may be another one by now: the caller compares.
    ///
    /// # Errors
    /// `Refused`, `Unreachable`, or `IdToken` where the provider renews no ID tokens.
    pub async fn refresh(
        &self,
        refresh_token: &SecretString,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        let form = Serializer::new(String::new())
            .append_pair("grant_type", "refresh_token")
            .append_pair("refresh_token", refresh_token.expose_secret())
            .finish();
        self.tokens(&self.endpoints().await?, form, None, now).await
    }

    async fn tokens(
        &self,
        endpoints: &Endpoints,
        form: String,
        nonce: Option<&str>,
        now: Timestamp,
    ) -> Result<SignedIn, SignInError> {
        #[derive(Deserialize)]
        struct Refusal {
            error: String,
        }
        let Registration { issuer, client_id, .. } = &self.registration;
        let uri: Uri = endpoints.token_endpoint.parse().unwrap_or_default();
        let sent = timeout(TIMEOUT, fetch::post(&uri, form, self.credentials()?)).await;
        let (status, body) = sent.map_err(unreachable)?.map_err(unreachable)?;
        if status != StatusCode::OK {
            let error = serde_json::from_slice(&body).map(|Refusal { error }| error);
            return Err(SignInError::Refused(told(&error.unwrap_or_else(|_| status.to_string()))));
        }
        let tokens: Tokens =
            serde_json::from_slice(&body).map_err(|_| SignInError::IdToken("no token answer"))?;
        let id_token = tokens.id_token.ok_or(SignInError::IdToken("there is none"))?;
        let expected = Expected { issuer, client_id, nonce, now };
        id_token::read(id_token, tokens.refresh_token, &expected).map_err(SignInError::IdToken)
    }

    /// What it is registered as.
    pub const fn registration(&self) -> &Registration {
        &self.registration
    }

    /// The client authentication `client_secret_basic`.
    fn credentials(&self) -> Result<HeaderValue, SignInError> {
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let Registration { client_id, secret, .. } = &self.registration;
        let both = format!("{}:{}", encoded(client_id), encoded(secret.expose_secret()));
        let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(both)));
        let mut value = value.map_err(unreachable)?;
        value.set_sensitive(true);
        Ok(value)
    }

    async fn endpoints(&self) -> Result<Endpoints, SignInError> {
        if let Some(given) = &self.given {
            return Ok(given.clone());
        }
        self.discovery.endpoints(&self.registration.issuer).await
    }
}

fn unreachable(error: impl std::fmt::Display) -> SignInError {
    SignInError::Unreachable(error.to_string())
}

/// An error code as it may be shown: a provider's is short ASCII, a forger's may be anything.
fn told(error: &str) -> String {
    error.chars().filter(char::is_ascii_graphic).take(64).collect()
}

#[cfg(test)]
mod tests;

//! Where a provider is reached: found by discovery, and kept.

use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use super::{SignInError, TIMEOUT, unreachable};
use crate::{discovery, fetch};

/// How long endpoints are kept before the provider is asked again.
pub(super) const LIFE: Duration = Duration::from_secs(60 * 60);

/// How long after a failure the provider is asked again.
pub(super) const PAUSE: Duration = Duration::from_secs(5);

/// Where a provider is reached.
#[derive(Clone, Debug, Deserialize)]
pub struct Endpoints {
    /// Where browsers sign in.
    pub authorization_endpoint: String,
    /// Where codes and refresh tokens are exchanged.
    pub token_endpoint: String,
    /// Whether its answers name it (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

/// The endpoints of one provider. One call at a time asks for them; others use old endpoints, or wait for
/// its outcome if there are none. A failure is remembered for [`PAUSE`].
#[derive(Debug, Default)]
pub(super) struct Discovery {
    state: std::sync::Mutex<State>,
    /// Held by the call that asks.
    asking: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    found: Option<(Endpoints, Instant)>,
    /// The latest attempt, if it failed.
    failed: Option<(String, Instant)>,
}

impl Discovery {
    /// The endpoints; old ones while the provider does not answer.
    ///
    /// # Errors
    /// [`SignInError::Unreachable`] if there are none, not even old ones.
    pub(super) async fn endpoints(&self, issuer: &str) -> Result<Endpoints, SignInError> {
        if let Some(Ok(fresh)) = self.known() {
            return Ok(fresh);
        }
        let old = self.state().found.clone();
        let Some((old, _)) = old else {
            let _turn = self.asking.lock().await;
            return self.ask(issuer).await;
        };
        let Ok(_turn) = self.asking.try_lock() else { return Ok(old) };
        Ok(self.ask(issuer).await.unwrap_or(old))
    }

    /// The cached outcome: fresh endpoints, or a failure of a moment ago.
    fn known(&self) -> Option<Result<Endpoints, SignInError>> {
        let state = self.state();
        let fresh = state.found.as_ref().filter(|(_, at)| at.elapsed() < LIFE);
        let failed = state.failed.as_ref().filter(|(_, at)| at.elapsed() < PAUSE);
        let fresh = fresh.map(|(endpoints, _)| Ok(endpoints.clone()));
        fresh.or_else(|| failed.map(|(error, _)| Err(unreachable(error))))
    }

    /// Asks the provider, unless a call that this one waited for did.
    async fn ask(&self, issuer: &str) -> Result<Endpoints, SignInError> {
        if let Some(known) = self.known() {
            return known;
        }
        let found = match timeout(TIMEOUT, discover(issuer)).await {
            Ok(found) => found,
            Err(elapsed) => Err(elapsed.to_string()),
        };
        let mut state = self.state();
        match &found {
            Ok(endpoints) => {
                *state = State { found: Some((endpoints.clone(), Instant::now())), failed: None }
            }
            Err(error) => {
                tracing::warn!(issuer, %error, "the endpoints of an identity provider cannot be fetched");
                state.failed = Some((error.clone(), Instant::now()));
            }
        }
        found.map_err(unreachable)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn discover(issuer: &str) -> Result<Endpoints, String> {
    let endpoints: Endpoints =
        discovery::metadata(issuer).await.map_err(|error| error.to_string())?;
    let is_secure = |url: &str| url.parse().is_ok_and(|uri| fetch::is_secure(&uri));
    if is_secure(&endpoints.authorization_endpoint) {
        Ok(endpoints)
    } else {
        Err("authorization_endpoint must be https".to_owned())
    }
}

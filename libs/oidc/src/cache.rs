//! The keys of each provider, kept and renewed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clock::{Clock, Timestamp};
use tokens::provider::ProviderKeys;
use tokio::sync::MutexGuard;
use tokio::time::timeout;

use crate::discovery;

/// How long a provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// How long keys are kept if the provider does not say, and the bounds of what it may say.
const LIFE: Duration = Duration::from_secs(60 * 60);
const SHORTEST_LIFE: Duration = Duration::from_secs(5 * 60);
const LONGEST_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// How long after one attempt the next may follow: while keys serve, and while there are none.
const PAUSE: Duration = Duration::from_secs(60);
const PAUSE_WITHOUT_KEYS: Duration = Duration::from_secs(5);

/// There are no keys: the provider does not answer, or not as it must. The log has the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the keys of the identity provider cannot be fetched")]
pub struct Unreachable;

/// The keys of identity providers, by their issuers.
///
/// Keys live as long as the provider says, within bounds. From half of their life on they are renewed
/// behind the calls that use them, so that only two kinds of call wait for a provider: the first, and
/// one with a token of a key that is not known. A provider that does not answer changes nothing until
/// its keys expire.
#[derive(Clone)]
pub struct KeyCache {
    clock: Arc<dyn Clock>,
    providers: Arc<Mutex<HashMap<String, Arc<Provider>>>>,
}

struct Provider {
    issuer: String,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Held by the one call that asks the provider.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// When the last attempt ended.
    attempted_at: Option<Timestamp>,
}

struct Kept {
    keys: Arc<ProviderKeys>,
    since: Timestamp,
    life: Duration,
}

impl KeyCache {
    /// A cache that holds nothing yet.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, providers: Arc::default() }
    }

    /// The keys of a provider for a token that names this key. The keys may lack it: then the provider
    /// does not have it either, or was asked less than a minute ago.
    ///
    /// # Errors
    /// `Unreachable` if there are no keys and the provider does not give any.
    pub async fn keys(
        &self,
        issuer: &str,
        kid: Option<&str>,
    ) -> Result<Arc<ProviderKeys>, Unreachable> {
        let provider = self.provider(issuer);
        match provider.kept() {
            Some((keys, is_old)) if keys.has(kid) => {
                if is_old {
                    provider.renew_behind();
                }
                Ok(keys)
            }
            Some(_) | None => {
                provider.renew(provider.asking.lock().await).await;
                provider.kept().map(|(keys, _)| keys).ok_or(Unreachable)
            }
        }
    }

    fn provider(&self, issuer: &str) -> Arc<Provider> {
        let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || {
            let (issuer, clock) = (issuer.to_owned(), Arc::clone(&self.clock));
            Arc::new(Provider {
                issuer,
                clock,
                state: Mutex::default(),
                asking: tokio::sync::Mutex::default(),
            })
        };
        Arc::clone(providers.entry(issuer.to_owned()).or_insert_with(new))
    }
}

impl Provider {
    /// The keys that have not expired, and whether it is time to renew them. A clock that steps back by
    /// more than their life ends them too.
    fn kept(&self) -> Option<(Arc<ProviderKeys>, bool)> {
        let now = self.clock.now();
        let state = self.state();
        let kept = state.kept.as_ref()?;
        let age = now.distance(kept.since);
        (age < kept.life).then(|| (Arc::clone(&kept.keys), age >= kept.life / 2))
    }

    /// Asks the provider while the caller goes on, unless somebody asks already.
    fn renew_behind(self: Arc<Self>) {
        tokio::spawn(async move {
            if let Ok(turn) = self.asking.try_lock() {
                self.renew(turn).await;
            }
        });
    }

    /// Asks the provider, unless it was asked a moment ago: by a call that this one waited for, too.
    async fn renew(&self, _turn: MutexGuard<'_, ()>) {
        let pause = if self.kept().is_some() { PAUSE } else { PAUSE_WITHOUT_KEYS };
        let attempted_at = self.state().attempted_at;
        if attempted_at.is_some_and(|at| self.clock.now().distance(at) < pause) {
            return;
        }
        let found = timeout(TIMEOUT, discovery::keys(&self.issuer)).await;
        let now = self.clock.now();
        let mut state = self.state();
        state.attempted_at = Some(now);
        match found {
            Ok(Ok((keys, fresh_for))) => {
                let life = fresh_for.unwrap_or(LIFE).clamp(SHORTEST_LIFE, LONGEST_LIFE);
                state.kept = Some(Kept { keys: Arc::new(keys), since: now, life });
            }
            Ok(Err(error)) => self.warn(&error),
            Err(_) => self.warn(&format_args!("no answer within {TIMEOUT:?}")),
        }
    }

    fn warn(&self, error: &dyn std::fmt::Display) {
        let issuer = &self.issuer;
        tracing::warn!(issuer, %error, "the keys of an identity provider cannot be fetched");
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The sessions of people at the console.
//!
//! ```text
//! cookie ── SHA-256 ──> key in the store
//!    └───── SHA-256 ──> key that seals the contents: AES-256-GCM
//! ```
//! A reader of the store learns neither cookies nor contents. A session ends 15 minutes after its last
//! request, and at most 8 hours after it began, or 10 minutes after it began without a sign-in. A person gets a
//! new one when they sign in.

mod cookie;

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use clock::{Clock, Timestamp};
use codes::randomness::{Randomness, bytes};
use encryption::seal::Sealer;
use journeys::ids::SessionKey;
use journeys::ports::{Advance, JourneyStore, StoreFault};
use oidc::relying_party::Attempt;
use serde::{Deserialize, Serialize};

use self::cookie::CookieName;
pub(crate) use self::cookie::Secret;
use crate::url::PublicUrl;

/// How long a session lives without a request, and at most.
const IDLE: Duration = Duration::from_secs(15 * 60);
pub(crate) const LONGEST: Duration = Duration::from_secs(8 * 60 * 60);

/// How long a session lives at most before a person signs in: as long as that takes.
const LONGEST_OF_STRANGERS: Duration = Duration::from_secs(10 * 60);

/// How many forms of one session can be sent. An older one is refused. A look-up hands out two, and the form
/// of a request that waits for approval outlives many look-ups.
const MAX_FORMS: usize = 64;

/// How often a change is tried while other requests of the session change it too.
const ATTEMPTS: usize = 16;

/// What the contents are sealed for.
const PURPOSE: &str = "console session";

/// What is kept about a browser. Secret.
#[derive(Serialize, Deserialize)]
pub(crate) struct Session {
    began_ms: i64,
    /// Who signed in.
    pub(crate) person: Option<Person>,
    /// The sign-in that waits for the provider's answer.
    pub(crate) begun: Option<Begun>,
    /// The forms that can still be sent, each once.
    forms: Vec<String>,
}

/// Who signed in, and with what the services are called in their name.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Person {
    pub(crate) subject: String,
    pub(crate) name: Option<String>,
    pub(crate) authenticated_ms: i64,
    pub(crate) token: String,
    pub(crate) token_ends_ms: i64,
    pub(crate) scopes: Vec<String>,
    pub(crate) refresh_token: Option<String>,
}

impl Person {
    /// How long the token lives still.
    pub(crate) fn remaining(&self, now: Timestamp) -> Duration {
        Timestamp::from_unix_millis(self.token_ends_ms).since(now)
    }
}

/// A sign-in that waits for the provider's answer.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Begun {
    pub(crate) attempt: Attempt,
    /// The page to return to.
    pub(crate) to: String,
}

impl Session {
    /// A session that begins now.
    pub(crate) fn begin(now: Timestamp) -> Self {
        Self { began_ms: now.unix_millis(), person: None, begun: None, forms: Vec::new() }
    }

    /// Hands out a form that can be sent once.
    pub(crate) fn add_form(&mut self, token: &str) {
        self.forms.retain(|form| form != token);
        self.forms.push(token.to_owned());
        let surplus = self.forms.len().saturating_sub(MAX_FORMS);
        self.forms.drain(..surplus);
    }

    /// Takes a form back, if it has not been sent before.
    pub(crate) fn take_form(&mut self, token: &str) -> bool {
        let at = self.forms.iter().position(|form| form == token);
        at.map(|at| self.forms.remove(at)).is_some()
    }

    /// How long it may stay unused; nothing if it is over.
    fn lifetime(&self, now: Timestamp) -> Duration {
        let age = now.since(Timestamp::from_unix_millis(self.began_ms));
        let longest = if self.person.is_some() { LONGEST } else { LONGEST_OF_STRANGERS };
        IDLE.min(longest.saturating_sub(age))
    }
}

/// Keeps sessions.
pub(crate) struct Sessions {
    store: Arc<dyn JourneyStore>,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    cookie: CookieName,
}

impl Sessions {
    pub(crate) fn new(
        store: Arc<dyn JourneyStore>,
        clock: Arc<dyn Clock>,
        randomness: Randomness,
        url: &PublicUrl,
    ) -> Self {
        Self { store, clock, randomness, cookie: CookieName::of(url) }
    }

    /// What the browser's cookie says, if it could be one of ours.
    pub(crate) fn secret(&self, headers: &HeaderMap) -> Option<Secret> {
        self.cookie.read(headers)
    }

    /// Keeps a new session. Returns the cookie.
    pub(crate) async fn create(&self, session: &Session) -> Result<HeaderValue, StoreFault> {
        let secret = Secret::draw(&self.randomness);
        let body = sealed(&secret, session)?;
        let lifetime = session.lifetime(self.clock.now());
        self.store.create(&key(&secret), body, lifetime).await?;
        Ok(self.cookie.set(&secret))
    }

    /// Changes a session and keeps it alive. `None` if there is none. `change` may run several times.
    pub(crate) async fn change<T>(
        &self,
        secret: &Secret,
        change: impl Fn(&mut Session) -> T,
    ) -> Result<Option<T>, StoreFault> {
        let key = key(secret);
        for _ in 0..ATTEMPTS {
            let Some(stored) = self.store.load(&key).await? else { return Ok(None) };
            let Some(mut session) = opened(secret, &stored.body) else { return Ok(None) };
            let lifetime = session.lifetime(self.clock.now());
            if lifetime.is_zero() {
                self.store.end(&key).await?;
                return Ok(None);
            }
            let changed = change(&mut session);
            let body = sealed(secret, &session)?;
            match self.store.advance(&key, stored.version, body, Some(lifetime)).await? {
                Advance::Advanced => return Ok(Some(changed)),
                Advance::Gone => return Ok(None),
                Advance::Outrun => {}
            }
        }
        Err(StoreFault("too many requests change the session at once".to_owned()))
    }

    /// Ends a session. Returns the cookie that removes the browser's.
    pub(crate) async fn end(&self, secret: &Secret) -> Result<HeaderValue, StoreFault> {
        self.store.end(&key(secret)).await?;
        Ok(self.cookie.removed())
    }

    /// A token for a form.
    pub(crate) fn draw_form(&self) -> String {
        let drawn: [u8; 16] = bytes(&self.randomness);
        format!("{:032x}", u128::from_be_bytes(drawn))
    }
}

fn key(secret: &Secret) -> SessionKey {
    SessionKey::of_console(secret.expose())
}

fn sealed(secret: &Secret, session: &Session) -> Result<Vec<u8>, StoreFault> {
    let text = serde_json::to_vec(session).map_err(|error| StoreFault(error.to_string()))?;
    let sealed = Sealer::new(&secret.sealing_key()).seal(PURPOSE, text);
    sealed.ok_or_else(|| StoreFault("the session cannot be sealed".to_owned()))
}

fn opened(secret: &Secret, body: &[u8]) -> Option<Session> {
    serde_json::from_slice(&Sealer::new(&secret.sealing_key()).open(PURPOSE, body)?).ok()
}

#[cfg(test)]
mod tests;

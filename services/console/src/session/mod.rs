//! The sessions of people at the console.
//!
//! The cookie's value is the secret under which a vault keeps the session. A session ends 15 minutes after its
//! last request, and at most 8 hours after it began, or 10 minutes after it began without a sign-in. A person
//! gets a new one when they sign in.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue};
use clock::Timestamp;
use codes::randomness::{Randomness, bytes};
use journeys::ports::StoreFault;
use oidc::relying_party::Attempt;
use origin::{Cookie, PublicUrl};
use serde::{Deserialize, Serialize};
use vault::{Kept, Secret, Vault};

/// How long a session lives without a request, and at most.
const IDLE: Duration = Duration::from_secs(15 * 60);
pub(crate) const LONGEST: Duration = Duration::from_secs(8 * 60 * 60);

/// How long a session lives at most before a person signs in: as long as that takes.
const LONGEST_OF_STRANGERS: Duration = Duration::from_secs(10 * 60);

/// How many forms of one session can be sent. An older one is refused. A look-up hands out two, and the form
/// of a request that waits for approval outlives many look-ups.
const MAX_FORMS: usize = 64;

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
}

impl Kept for Session {
    const PURPOSE: &str = "console session";

    fn lifetime(&self, now: Timestamp) -> Duration {
        let age = now.since(Timestamp::from_unix_millis(self.began_ms));
        let longest = if self.person.is_some() { LONGEST } else { LONGEST_OF_STRANGERS };
        IDLE.min(longest.saturating_sub(age))
    }
}

/// Keeps sessions.
pub(crate) struct Sessions {
    vault: Arc<Vault>,
    randomness: Randomness,
    cookie: Cookie,
}

impl Sessions {
    pub(crate) fn new(vault: Arc<Vault>, randomness: Randomness, url: &PublicUrl) -> Self {
        Self { vault, randomness, cookie: Cookie::of(url, "postern-console") }
    }

    /// What the browser's cookie says, if it could be one of ours.
    pub(crate) fn secret(&self, headers: &HeaderMap) -> Option<Secret> {
        self.cookie.read(headers).and_then(Secret::parse)
    }

    /// Keeps a new session. Returns the cookie.
    pub(crate) async fn create(&self, session: &Session) -> Result<HeaderValue, StoreFault> {
        let secret = Secret::draw(&self.randomness);
        self.vault.create(&secret, session).await?;
        Ok(self.cookie.set(secret.expose()))
    }

    /// Changes a session and keeps it alive. `None` if there is none. `change` may run several times.
    pub(crate) async fn change<T>(
        &self,
        secret: &Secret,
        change: impl Fn(&mut Session) -> T,
    ) -> Result<Option<T>, StoreFault> {
        self.vault.change(secret, change).await
    }

    /// Ends a session. Returns the cookie that removes the browser's.
    pub(crate) async fn end(&self, secret: &Secret) -> Result<HeaderValue, StoreFault> {
        self.vault.end(secret).await?;
        Ok(self.cookie.removed())
    }

    /// A token for a form.
    pub(crate) fn draw_form(&self) -> String {
        let drawn: [u8; 16] = bytes(&self.randomness);
        format!("{:032x}", u128::from_be_bytes(drawn))
    }
}

#[cfg(test)]
mod tests;

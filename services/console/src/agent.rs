//! The agent behind a request: found by the session, with a token that is renewed before it ends.

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Redirect, Response};
use client::{AgentToken, CodeIssuer, Desk, TokenError, Verifier};
use clock::Timestamp;
use oidc::SignedIn;
use oidc::relying_party::{Registration, SignInError};
use secrecy::{ExposeSecret as _, SecretString};
use vault::{Secret, Vault};

use crate::page::Frame;
use crate::session::{Person, Session};
use crate::url::sign_in;
use crate::{Console, page};

/// How long before its end a token is renewed: longer than a request takes.
const RENEWAL: Duration = Duration::from_secs(60);

/// How long ago an agent may have signed in to approve or to lift, as the services have it, less the time
/// to press a button.
const RECENT: Duration = Duration::from_secs(5 * 60 - 20);

/// A signed-in agent.
pub(crate) struct Agent {
    console: Console,
    secret: Secret,
    person: Person,
}

impl FromRequestParts<Console> for Agent {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Console) -> Result<Self, Response> {
        let path = parts.uri.path().to_owned();
        let signed_out = || page::signed_out(&path);
        let secret = console.sessions.secret(&parts.headers).ok_or_else(signed_out)?;
        let now = console.clock.now();
        let claim = |session: &mut Session| {
            let person = session.person.as_mut()?;
            let is_due = person.remaining(now) <= RENEWAL;
            // Out of the session, so that one of parallel requests sends it: providers that rotate refresh
            // tokens take a second use for theft.
            let claimed = person.refresh_token.take_if(|_| is_due);
            Some((person.clone(), claimed))
        };
        let found = console.sessions.change(&secret, claim).await;
        let (person, claimed) = found.map_err(page::away)?.flatten().ok_or_else(signed_out)?;
        let mut agent = Self { console: console.clone(), secret, person };
        if let Some(refresh_token) = claimed {
            // In a task, which goes on if the browser goes away: its token may be used up already.
            let renewed = tokio::spawn(agent.renewed(refresh_token.into())).await;
            agent = renewed.ok().flatten().ok_or_else(signed_out)?;
        }
        if !agent.person.remaining(now).is_zero() {
            return Ok(agent);
        }
        // The provider may know the browser still, and then sends it back without a question.
        if parts.method == Method::GET {
            return Err(Redirect::to(&sign_in(&path, false)).into_response());
        }
        Err(signed_out())
    }
}

impl Agent {
    /// The same agent, with a token that was renewed if the provider did so. `None` if the session has ended.
    async fn renewed(self, refresh_token: SecretString) -> Option<Self> {
        let now = self.console.clock.now();
        let (renewed, next) = match self.console.relying_party.refresh(&refresh_token, now).await {
            Ok(signed_in) if signed_in.subject == self.person.subject => {
                let person = self.console.person(&signed_in).await;
                // Providers that do not rotate refresh tokens send none again.
                (person.ok(), Some(signed_in.refresh_token.unwrap_or(refresh_token)))
            }
            Ok(_) => (None, None),
            Err(error) => {
                tracing::info!(%error, "an agent's sign-in was not renewed by the provider");
                let is_away = matches!(error, SignInError::Unreachable(_));
                (None, is_away.then_some(refresh_token))
            }
        };
        let mut person = renewed.unwrap_or_else(|| self.person.clone());
        person.refresh_token = next.map(|it| it.expose_secret().to_owned());
        let kept = |session: &mut Session| session.person = Some(person.clone());
        self.console.sessions.change(&self.secret, kept).await.ok()??;
        Some(Self { person, ..self })
    }

    /// The frame of a page.
    pub(crate) fn frame(&self, path: &str) -> Frame {
        let name = self.person.name.as_deref().unwrap_or(&self.person.subject);
        Frame::of(name, |scope| self.has(scope), path)
    }

    /// Where the console keeps what outlives a session.
    pub(crate) fn vault(&self) -> &Vault {
        &self.console.vault
    }

    /// The registration of the console at the provider.
    pub(crate) fn registration(&self) -> &Registration {
        self.console.relying_party.registration()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.console.clock.now()
    }

    /// The agent, as the provider names them.
    pub(crate) fn subject(&self) -> &str {
        &self.person.subject
    }

    /// Whether client and roles had a scope when the token was issued. Decides what a page shows; the
    /// services decide what is done.
    pub(crate) fn has(&self, scope: &str) -> bool {
        self.person.scopes.iter().any(|it| it == scope)
    }

    /// Whether the sign-in is recent enough to approve and lift.
    pub(crate) fn is_recent(&self) -> bool {
        let authenticated_at = Timestamp::from_unix_millis(self.person.authenticated_ms);
        self.console.clock.now().since(authenticated_at) < RECENT
    }

    fn token(&self) -> AgentToken {
        AgentToken {
            access_token: self.person.token.clone().into(),
            expires_in: self.person.remaining(self.console.clock.now()),
            scopes: self.person.scopes.clone(),
        }
    }

    pub(crate) fn issuer(&self) -> CodeIssuer {
        self.console.services.issuer.acting_as(&self.token())
    }

    pub(crate) fn desk(&self) -> Desk {
        self.console.services.desk.acting_as(&self.token())
    }

    pub(crate) fn verifier(&self) -> Verifier {
        self.console.services.verifier.acting_as(&self.token())
    }

    /// Draws the token of a form. It counts once it is handed out.
    pub(crate) fn draw_form(&self) -> String {
        self.console.sessions.draw_form()
    }

    /// Hands out forms that can be sent once each.
    pub(crate) async fn forms<const N: usize>(&self) -> Result<[String; N], Response> {
        let forms = std::array::from_fn(|_| self.draw_form());
        self.hand_out(&forms).await?;
        Ok(forms)
    }

    /// Hands out forms with these tokens, which may have been sent before: what they were sent for may not
    /// have happened.
    pub(crate) async fn hand_out(&self, forms: &[String]) -> Result<(), Response> {
        let add = |session: &mut Session| forms.iter().for_each(|form| session.add_form(form));
        let added = self.console.sessions.change(&self.secret, add).await;
        added.map_err(page::away)?.ok_or_else(|| page::signed_out("/desk"))
    }

    /// Takes a form, which must not have been sent before.
    pub(crate) async fn take(&self, form: &str) -> Result<(), Response> {
        let taken = self.console.sessions.change(&self.secret, |it| it.take_form(form)).await;
        if taken.map_err(page::away)? == Some(true) {
            return Ok(());
        }
        let text = "This form was sent before, or is too old. Nothing was done again. Look the user up again.";
        Err(page::message(StatusCode::CONFLICT, "The form is no longer valid", text))
    }
}

/// Why a person who signed in at the provider is no agent here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryError {
    #[error(transparent)]
    SignIn(#[from] SignInError),
    #[error(transparent)]
    Token(#[from] TokenError),
}

impl Console {
    /// What a session holds about a person who signed in.
    pub(crate) async fn person(&self, signed_in: &SignedIn) -> Result<Person, EntryError> {
        let asked_at = self.clock.now();
        let token = self.services.client.exchange(&signed_in.id_token).await?;
        Ok(Person {
            subject: signed_in.subject.clone(),
            name: signed_in.name.clone(),
            authenticated_ms: signed_in.authenticated_at.unix_millis(),
            token: token.access_token.expose_secret().to_owned(),
            token_ends_ms: (asked_at + token.expires_in).unix_millis(),
            scopes: token.scopes,
            refresh_token: signed_in.refresh_token.as_ref().map(|it| it.expose_secret().to_owned()),
        })
    }
}

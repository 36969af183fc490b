//! Interactions and codes: sealed, stored, redeemed and counted.

use std::sync::Arc;

use authorization::authorized::{Authorized, Mismatch, Presented};
use authorization::code::{AuthorizationCode, CodeKey};
use authorization::interaction::{Browser, Interaction};
use authorization::refusal::{BROKEN, DENIED, RequestError, UNAVAILABLE};
use authorization::request::AuthorizationRequest;
use authorization::response;
use authorization::store::{AuthorizationCodeStore, Consumption, NewCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clock::Clock;
use codes::authentication::Authentication;
use codes::ids::GrantId;
use codes::randomness::Randomness;
use codes::store::StoreError;
use encryption::seal::Sealer;
use telemetry::{Counter, Span};
use wire::error::{Fault, RETRY_AFTER};

/// The purpose under which codes are sealed in the store.
const STORED: &str = "authorization code";

const LABEL: &str = "postern.authorization.outcome";

/// The codes of authorization requests.
pub struct Authorizations {
    /// Where codes are kept.
    pub store: Arc<dyn AuthorizationCodeStore>,
    /// Seals interactions and codes, with one key for all replicas.
    pub sealer: Arc<Sealer>,
    /// The service's clock.
    pub clock: Arc<dyn Clock>,
    /// Where codes and browsers' secrets come from.
    pub randomness: Randomness,
    /// The URL that stands in `iss`.
    pub issuer: String,
    /// Counts outcomes: see [`outcomes`].
    pub outcomes: Counter,
}

/// What a presented code gives.
pub enum Redeemed {
    /// The user whom the journey authenticated, and the request.
    Authorized(Box<Authorized>),
    /// It is unknown, has expired, or is not the presenting client's.
    Refused,
    /// It was redeemed before.
    Replayed(GrantId),
}

/// An interaction as a journey keeps it, for [`Authorizations::grant`] and [`Authorizations::deny`].
pub fn purpose(interaction: &Interaction) -> String {
    URL_SAFE_NO_PAD.encode(interaction.to_bytes())
}

/// A span in the trace that the request began.
pub fn span(interaction: &Interaction, name: &'static str) -> Span {
    Span::continued(interaction.trace.as_deref(), || (name.into(), Vec::new()))
}

/// Counts the outcomes of authorization requests.
pub fn outcomes() -> Counter {
    let outcomes = Counter::new(
        "postern.authorization.outcomes",
        "Authorization requests and their codes, by outcome.",
    );
    // Alerts watch these: without a zero before it, the first would be no increase.
    for name in ["replayed", "mismatched"] {
        outcomes.begin(&[(LABEL, name)]);
    }
    outcomes
}

impl Authorizations {
    /// Counts an outcome.
    pub fn count(&self, outcome: &'static str) {
        self.outcomes.count(&[(LABEL, outcome)]);
    }

    /// An interaction as the page carries it; `None` if it cannot be sealed.
    pub fn seal(&self, interaction: &Interaction) -> Option<String> {
        let sealed = self.sealer.seal(Interaction::PURPOSE, interaction.to_bytes())?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The interaction that a page carries, if it is of this browser and has not expired.
    pub fn open(&self, sealed: &str, browser: &Browser) -> Option<Interaction> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let bytes = self.sealer.open(Interaction::PURPOSE, &sealed)?;
        Interaction::parse(&bytes, browser, self.clock.now())
    }

    /// The address that the browser returns to after a journey that authenticated the user: with a code, or
    /// with an error if the store fails. The user's temporary code is spent: the page cannot try again.
    ///
    /// # Errors
    /// [`Fault::JourneyChanged`] if another version tied the journey.
    pub async fn grant(
        &self,
        purpose: &str,
        authentication: Authentication,
    ) -> Result<String, Fault> {
        let interaction = tied(purpose)?;
        let span = span(&interaction, "grant an authorization code");
        let code = AuthorizationCode::draw(&self.randomness);
        let grant = authentication.grant.clone();
        let authorized = Authorized { interaction, authentication };
        let key = code.key();
        let body = authorized.seal(|text| self.sealer.seal(&stored(&key), text));
        let body = body.ok_or_else(unavailable)?;
        let new = NewCode { grant, proof: authorized.proof(), body };
        let put = span.around(self.store.put(&key, self.clock.now(), new)).await;
        let request = &authorized.interaction.request;
        let state = request.state.as_deref();
        if let Err(error) = put {
            failed(&error);
            self.count("failed");
            return Ok(self.refuse(&request.redirect_uri, state, UNAVAILABLE));
        }
        self.count("granted");
        Ok(response::success(&request.redirect_uri, state, &self.issuer, &code))
    }

    /// The address that the browser returns to after any other end.
    ///
    /// # Errors
    /// [`Fault::JourneyChanged`] if another version tied the journey.
    pub fn deny(&self, purpose: &str) -> Result<String, Fault> {
        let request = tied(purpose)?.request;
        self.count("denied");
        Ok(self.refuse(&request.redirect_uri, request.state.as_deref(), DENIED))
    }

    /// The address at which the client learns of a fault that ends its request. `None` for a fault that the
    /// user, or a new request, can mend.
    pub fn fail(&self, request: &AuthorizationRequest, fault: &Fault) -> Option<String> {
        let error = match fault {
            Fault::JourneyAborted | Fault::JourneyNotFound => BROKEN,
            Fault::Unavailable { .. } => UNAVAILABLE,
            _ => return None,
        };
        self.count("failed");
        Some(self.refuse(&request.redirect_uri, request.state.as_deref(), error))
    }

    /// The address of an error.
    pub fn refuse(&self, redirect_uri: &str, state: Option<&str>, error: RequestError) -> String {
        response::failure(redirect_uri, state, &self.issuer, error)
    }

    /// Consumes a code, and then checks who presents it.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if the store fails.
    pub async fn redeem(
        &self,
        code: &AuthorizationCode,
        presented: &Presented<'_>,
    ) -> Result<Redeemed, Fault> {
        let key = code.key();
        let consumed = self.store.consume(&key, self.clock.now()).await;
        let (outcome, redeemed) = match consumed.map_err(|error| failed(&error))? {
            Consumption::First(body) => {
                let opened = Authorized::open(&body, |text| self.sealer.open(&stored(&key), text));
                match opened {
                    // Sealed under another key, as before a restart without one.
                    None => ("unknown", Redeemed::Refused),
                    Some(authorized) => match authorized.check(presented) {
                        Ok(()) => ("redeemed", Redeemed::Authorized(Box::new(authorized))),
                        Err(mismatch) => ("mismatched", mismatched(mismatch)),
                    },
                }
            }
            Consumption::Replayed { grant, proof } if proof == presented.proof() => {
                tracing::warn!("an authorization code was presented again: its grant is revoked");
                ("replayed", Redeemed::Replayed(grant))
            }
            // A stranger who found a used code cannot end what it gave.
            Consumption::Replayed { .. } => ("mismatched", Redeemed::Refused),
            Consumption::Unknown => ("unknown", Redeemed::Refused),
        };
        self.count(outcome);
        Ok(redeemed)
    }
}

/// The purpose under which one code is sealed: a store that mixes up two of them gives neither.
fn stored(key: &CodeKey) -> String {
    format!("{STORED} {}", key.as_str())
}

fn tied(purpose: &str) -> Result<Interaction, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(purpose).ok();
    bytes.and_then(|bytes| Interaction::from_bytes(&bytes)).ok_or(Fault::JourneyChanged)
}

fn mismatched(mismatch: Mismatch) -> Redeemed {
    tracing::warn!(reason = %mismatch, "an authorization code was presented by another party");
    Redeemed::Refused
}

fn unavailable() -> Fault {
    Fault::Unavailable { retry_after: RETRY_AFTER }
}

fn failed(error: &StoreError) -> Fault {
    tracing::error!(error = %error, "the store of authorization codes failed");
    unavailable()
}

//! The authorization code flow (RFC 6749, section 4.1) around a journey: a relying party sends a browser
//! here, the journey authenticates the user, and the browser returns with a one-time code.
//!
//! ```text
//!  http::authorize    GET /oidc/auth       -> interaction, sealed into the page
//!  http::interactions the page's calls     -> the journey, tied to the interaction and the browser
//!                     the journey's end    -> code or error, by redirect
//!  grpc::redeem       the code issuer      -> tokens, once
//! ```

use std::sync::Arc;

use authorization::authorized::{Authorized, Mismatch, Presented};
use authorization::code::AuthorizationCode;
use authorization::interaction::{Browser, Interaction};
use authorization::refusal::{DENIED, RequestError};
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
use journeys::runner::Tie;
use telemetry::{Counter, Span};
use wire::error::{Fault, RETRY_AFTER};

/// The purpose under which codes are sealed in the store.
const STORED: &str = "authorization code";

const LABEL: &str = "postern.authorization.outcome";

/// The codes of authorization requests.
pub(crate) struct Authorizations {
    pub(crate) store: Arc<dyn AuthorizationCodeStore>,
    pub(crate) sealer: Arc<Sealer>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) randomness: Randomness,
    /// The URL that stands in `iss`.
    pub(crate) issuer: String,
    pub(crate) outcomes: Counter,
}

/// What a presented code gives.
pub(crate) enum Redeemed {
    /// The user whom the journey authenticated, and the request.
    Authorized(Box<Authorized>),
    /// It is unknown, has expired, or is not the presenting client's.
    Refused,
    /// It was redeemed before.
    Replayed(GrantId),
}

/// A span in the trace that the request began.
pub(crate) fn span(interaction: &Interaction, name: &'static str) -> Span {
    Span::continued(interaction.trace.as_deref(), || (name.into(), Vec::new()))
}

/// Counts the outcomes of authorization requests.
pub(crate) fn outcomes() -> Counter {
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
    pub(crate) fn count(&self, outcome: &'static str) {
        self.outcomes.count(&[(LABEL, outcome)]);
    }

    /// An interaction as the page carries it; `None` if it cannot be sealed.
    pub(crate) fn seal(&self, interaction: &Interaction) -> Option<String> {
        let sealed = self.sealer.seal(Interaction::PURPOSE, interaction.to_bytes())?;
        Some(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The interaction that a page carries, if it is of this browser and has not expired.
    pub(crate) fn open(&self, sealed: &str, browser: &Browser) -> Option<Interaction> {
        let sealed = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let bytes = self.sealer.open(Interaction::PURPOSE, &sealed)?;
        Interaction::parse(&bytes, browser, self.clock.now())
    }

    /// Ties a journey to an interaction.
    pub(crate) fn tie(interaction: &Interaction) -> Tie {
        let purpose = URL_SAFE_NO_PAD.encode(interaction.to_bytes());
        Tie { browser: interaction.browser.as_str().to_owned(), purpose }
    }

    /// The address that the browser returns to after a journey that authenticated the user: with a code.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if the store fails.
    pub(crate) async fn grant(
        &self,
        tie: &Tie,
        authentication: Authentication,
    ) -> Result<String, Fault> {
        let interaction = tied(tie)?;
        let span = span(&interaction, "grant an authorization code");
        let code = AuthorizationCode::draw(&self.randomness);
        let grant = authentication.grant.clone();
        let authorized = Authorized { interaction, authentication };
        let body = authorized.seal(|text| self.sealer.seal(&stored(&code), text));
        let body = body.ok_or_else(unavailable)?;
        let key = code.key();
        let new = NewCode { grant, proof: authorized.proof(), body };
        let put = span.around(self.store.put(&key, self.clock.now(), new)).await;
        put.map_err(|error| failed(&error))?;
        self.count("granted");
        let request = &authorized.interaction.request;
        let state = request.state.as_deref();
        Ok(response::success(&request.redirect_uri, state, &self.issuer, &code))
    }

    /// The address that the browser returns to after any other end.
    ///
    /// # Errors
    /// [`Fault::JourneyChanged`] if another version tied the journey.
    pub(crate) fn deny(&self, tie: &Tie) -> Result<String, Fault> {
        let request = tied(tie)?.request;
        self.count("denied");
        Ok(self.refuse(&request.redirect_uri, request.state.as_deref(), DENIED))
    }

    /// The address of an error.
    pub(crate) fn refuse(
        &self,
        redirect_uri: &str,
        state: Option<&str>,
        error: RequestError,
    ) -> String {
        response::failure(redirect_uri, state, &self.issuer, error)
    }

    /// Consumes a code, and then checks who presents it.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if the store fails.
    pub(crate) async fn redeem(
        &self,
        code: &AuthorizationCode,
        presented: &Presented<'_>,
    ) -> Result<Redeemed, Fault> {
        let consumed = self.store.consume(&code.key(), self.clock.now()).await;
        let (outcome, redeemed) = match consumed.map_err(|error| failed(&error))? {
            Consumption::First(body) => {
                let opened = Authorized::open(&body, |text| self.sealer.open(&stored(code), text));
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
fn stored(code: &AuthorizationCode) -> String {
    format!("{STORED} {}", code.key().as_str())
}

fn tied(tie: &Tie) -> Result<Interaction, Fault> {
    let bytes = URL_SAFE_NO_PAD.decode(&tie.purpose).ok();
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

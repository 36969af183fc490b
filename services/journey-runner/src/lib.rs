//! The journey runner: runs journeys for services over gRPC and for browsers over the protocol of
//! the Web SDK, calls the verifier, and mints the users' tokens.
//!
//! Thin: requests come in through `grpc` and `http`, and go to [`journeys::runner::Runner`].
//!
//! # The path of a temporary code
//! ```text
//!  browser                               service
//!  http::call                            edge::guard            one configuration, one Principal
//!  web_protocol: JSON -> Message         wire::runner: protobuf -> Start, Submission
//!  http::invoke, assert: Message            |
//!    -> Start, Submission                   |
//!         `-------------+-------------------'
//!  JourneyRunner::start, submit          claims the idempotency key, finds the journey
//!  journeys::runner::Runner              the code becomes a `SecretString`
//!    engine -> ports::VerifyRequest
//!  verify::RemoteVerifier                VerifyCodeRequest, which wipes the code when dropped
//!         | gRPC
//!  edge::guard                           one configuration, one Principal
//!  wire::verifier::parse_verify          the code becomes a `Guess`
//!  codes::verifier::Verifier             the code becomes a digest
//!  CodeStore: one Redis script
//! ```
//! The answer returns as `VerifyOutcome`, `Verification`, `VerifyCodeResponse`, `Verdict` and
//! [`Answer`], which each protocol writes in its own form.

mod claims;
mod grpc;
mod http;
mod mint;
mod outcome;
mod pace;
mod repudiation;
pub mod settings;
mod store;
#[cfg(test)]
mod tests;
mod verify;

use std::sync::Arc;

use authorization::store::AuthorizationCodeStore;
use clock::Clock;
use codes::claims::ClaimStore;
use codes::grants::GrantStore;
use codes::randomness::Randomness;
use config::{Client, Live};
use definitions::{Journey, JourneyId};
use edge::gate::Gate;
use edge::principal::Principal;
use encryption::seal::Sealer;
use journeys::ports::{JourneyStore, VerifyCodes};
use journeys::runner::{
    Answer, InputError, InputRequired, RunError, Runner, Start, Submission, Terms,
};
use openid::authorizations::Authorizations;
use telemetry::{note, observe};
use tokens::mint::Minter;
use tokens::verify::TokenVerifier;
use wire::error::Fault;
use zeroize::Zeroizing;

use crate::claims::Keys;
use crate::http::Admissions;
use crate::mint::JourneyMinter;
use crate::outcome::Outcomes;
pub use crate::pace::Limits;
use crate::pace::Pace;
pub use crate::repudiation::RemoteDesk;
pub use crate::settings::Identity;
use crate::store::SealedStore;
pub use crate::verify::RemoteVerifier;

/// The description of this service's HTTP.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What the service works with.
pub struct Ports {
    /// The configuration as it is now.
    pub live: Arc<Live>,
    /// Where journeys wait.
    pub store: Arc<dyn JourneyStore>,
    /// The codes that browsers take to relying parties.
    pub authorizations: Arc<dyn AuthorizationCodeStore>,
    /// What clients' idempotency keys stand for.
    pub claims: Arc<dyn ClaimStore>,
    /// Which grants are revoked.
    pub grants: Arc<dyn GrantStore>,
    /// Verifies codes.
    pub verifier: Arc<dyn VerifyCodes>,
    /// Repudiates codes whose users press the links of notices, if they have any.
    pub desk: Option<RemoteDesk>,
    /// The service's clock.
    pub clock: Arc<dyn Clock>,
    /// Where ids and challenges come from.
    pub randomness: Randomness,
    /// The key under which waiting journeys, and the sessions of the encrypted mode, are sealed: one
    /// for all replicas.
    pub sealing_key: Zeroizing<[u8; 32]>,
    /// How fast anonymous callers may go over HTTP.
    pub limits: Limits,
}

/// The service, over its ports.
#[derive(Clone)]
pub struct JourneyRunner {
    live: Arc<Live>,
    gate: Gate,
    runner: Arc<Runner>,
    verifier: Arc<dyn VerifyCodes>,
    desk: Option<RemoteDesk>,
    minter: Minter,
    /// Verifies the tokens that users and journeys got from this service.
    own_tokens: TokenVerifier,
    grants: Arc<dyn GrantStore>,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    sealer: Arc<Sealer>,
    admissions: Admissions,
    keys: Arc<Keys>,
    authorizations: Arc<Authorizations>,
    outcomes: Outcomes,
    pace: Arc<Pace>,
}

impl JourneyRunner {
    /// A runner of the configured journeys for those whom the gate lets in and for browsers.
    pub fn new(ports: Ports, gate: Gate, minter: Minter) -> Self {
        let Ports { live, store, verifier, clock, randomness, .. } = ports;
        let Ports { authorizations, claims, grants, desk, sealing_key, limits, .. } = ports;
        let keys = Arc::new(Keys::new(claims, &*sealing_key));
        let pace = Arc::new(Pace::new(limits));
        let sealer = Arc::new(Sealer::new(&sealing_key));
        let admissions = Admissions::new(Arc::clone(&store), Arc::clone(&clock), limits.waiting);
        let store = SealedStore { sealer: Arc::clone(&sealer), inner: store };
        let authorizations = Authorizations {
            store: authorizations,
            sealer: Arc::clone(&sealer),
            clock: Arc::clone(&clock),
            randomness: Arc::clone(&randomness),
            issuer: minter.issuer().to_owned(),
            outcomes: openid::authorizations::outcomes(),
        };
        let runner = Runner::new(
            Arc::new(store),
            Arc::clone(&verifier),
            Arc::clone(&grants),
            Arc::clone(&clock),
            Arc::clone(&randomness),
            limits.waiting,
        );
        let (runner, outcomes) = (Arc::new(runner), Outcomes::new());
        let waiting = Arc::clone(&runner);
        let says = "Journeys that wait for their clients: the sum over all replicas.";
        observe("postern.journeys.live", says, &[], move || waiting.waiting());
        Self {
            live,
            gate,
            runner,
            verifier,
            desk,
            own_tokens: TokenVerifier::new(Arc::clone(minter.ring()), [minter.issuer()]),
            grants,
            minter,
            clock,
            randomness,
            sealer,
            admissions,
            keys,
            authorizations: Arc::new(authorizations),
            outcomes,
            pace,
        }
    }

    /// Starts a journey.
    async fn start(&self, principal: &Principal, start: Start) -> Result<Answer, Fault> {
        let name = self.keys.claim_start(principal.caller(), &start).await?;
        let may_run = if start.tie.is_some() { Client::signs_in_by } else { Client::may_run };
        let journey = journey_to_run(principal, &start.journey, may_run);
        let journey = journey.ok_or(Fault::JourneyNotFound)?;
        let tokens = self.minter(principal);
        let terms = terms(principal, &tokens);
        self.conclude(self.runner.start(terms, &journey, name, start).await)
    }

    /// Answers a waiting step.
    async fn submit(&self, principal: &Principal, submission: Submission) -> Result<Answer, Fault> {
        self.keys.claim_submission(principal.caller(), &submission).await?;
        let tokens = self.minter(principal);
        let may_run = |client: &Client, id: &_| client.may_run(id) || client.signs_in_by(id);
        let find = |id: &JourneyId| journey_to_run(principal, id, may_run);
        self.conclude(self.runner.submit(terms(principal, &tokens), find, submission).await)
    }

    fn minter<'a>(&'a self, principal: &'a Principal) -> JourneyMinter<'a> {
        let settings = &principal.application().tokens;
        JourneyMinter { settings, minter: &self.minter, clock: &*self.clock }
    }

    /// Counts and logs an outcome; what went wrong becomes what the caller is told.
    fn conclude(&self, outcome: Result<Answer, RunError>) -> Result<Answer, Fault> {
        self.outcomes.tell(&outcome);
        if let Ok(Answer::InputRequired(InputRequired { error: Some(error), .. })) = &outcome {
            log_inputs(&error.inputs);
        }
        outcome.map_err(fault)
    }
}

/// The terms on which a principal's requests run.
fn terms<'a>(principal: &'a Principal, tokens: &'a JourneyMinter<'_>) -> Terms<'a> {
    let failures_allowed = principal.application().policy.settings().failed_attempts;
    Terms { caller: principal.caller(), tokens, failures_allowed }
}

/// The journey of that id, if there is one and the client may run it.
fn journey(
    principal: &Principal,
    id: &JourneyId,
    may_run: impl Fn(&Client, &JourneyId) -> bool,
) -> Option<Arc<Journey>> {
    let client = principal.registration()?;
    principal.configuration().journey(id).filter(|_| may_run(client, id)).cloned()
}

/// The journey that is run, by name in the trace.
fn journey_to_run(
    principal: &Principal,
    id: &JourneyId,
    may_run: impl Fn(&Client, &JourneyId) -> bool,
) -> Option<Arc<Journey>> {
    let journey = journey(principal, id, may_run)?;
    note("postern.journey.id", journey.id().to_string());
    Some(journey)
}

/// Logs what went wrong inside, and returns what the caller is told.
fn fault(error: RunError) -> Fault {
    match &error {
        RunError::Aborted(_) | RunError::Misconfigured(_) | RunError::Unavailable(_) => {
            tracing::error!(error = ?error, "a journey could not go on");
        }
        RunError::SessionNotFound
        | RunError::ChallengeUsed
        | RunError::JourneyChanged
        | RunError::TooManyWait { .. } => {}
        RunError::InvalidSubmission(inputs) => log_inputs(inputs),
    }
    error.into()
}

/// Logs which inputs could not be read, by name. Names and rules are the journey's and ours: no
/// value is among them.
fn log_inputs(inputs: &[InputError]) {
    if !inputs.is_empty() {
        let inputs: Vec<_> = inputs.iter().map(ToString::to_string).collect();
        tracing::info!(inputs = inputs.join("; "), "a journey was sent what it cannot read");
    }
}

//! The journey runner: runs journeys for services over gRPC and for browsers over the protocol of
//! the Web SDK, calls the verifier, and mints what users end up with.
//!
//! Thin: requests come in through `grpc` and `http`, and go to [`journeys::runner::Runner`].

mod claims;
mod grpc;
mod http;
mod mint;
mod outcome;
mod pace;
mod seal;
pub mod settings;
mod store;
mod verify;

use std::net::IpAddr;
use std::sync::Arc;

use clock::Clock;
use codes::claims::ClaimStore;
use codes::ids::{ApplicationId, ClientId};
use codes::randomness::Randomness;
use config::Live;
use edge::gate::Gate;
use grpc_client::Client;
use journeys::definition::Journey;
use journeys::ids::JourneyId;
use journeys::ports::JourneyStore;
use journeys::runner::{Answer, InputError, InputRequired, RunError, Runner, Start, Submission};
use telemetry::{note, observe};
use tokens::mint::Minter;
use wire::error::Fault;
use wire::runner::{StartJourney, SubmitInput};
use zeroize::Zeroizing;

use crate::claims::Keys;
use crate::http::Admissions;
pub use crate::http::refusal;
use crate::mint::JourneyMinter;
use crate::outcome::Outcomes;
pub use crate::pace::Limits;
use crate::pace::Pace;
use crate::seal::Sealer;
pub use crate::settings::Identity;
use crate::store::SealedStore;
use crate::verify::RemoteVerifier;

/// The description of this service's HTTP.
pub const OPENAPI: &str = include_str!("../openapi.json");

/// What the service works with.
pub struct Ports {
    /// The configuration as it is now.
    pub live: Arc<Live>,
    /// Where journeys wait.
    pub store: Arc<dyn JourneyStore>,
    /// What clients' idempotency keys stand for.
    pub claims: Arc<dyn ClaimStore>,
    /// The way to the verifier.
    pub verifier: Client,
    /// By what the verifier knows this service.
    pub identity: Identity,
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
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    sealer: Arc<Sealer>,
    admissions: Admissions,
    keys: Arc<Keys>,
    outcomes: Outcomes,
    pace: Arc<Pace>,
}

/// Who runs a journey.
struct Runs {
    application: ApplicationId,
    client: ClientId,
}

impl JourneyRunner {
    /// A runner of the configured journeys for those whom the gate lets in and for browsers.
    pub fn new(ports: Ports, gate: Gate, minter: Minter) -> Self {
        let Ports { live, store, verifier, identity, clock, randomness, .. } = ports;
        let Ports { claims, sealing_key, limits, .. } = ports;
        let keys = Arc::new(Keys::new(claims, &*sealing_key));
        let pace = Arc::new(Pace::new(limits));
        let sealer = Arc::new(Sealer::new(&sealing_key));
        let verifier = RemoteVerifier::new(verifier, identity, minter.clone(), Arc::clone(&clock));
        let tokens = JourneyMinter { live: Arc::clone(&live), minter, clock: Arc::clone(&clock) };
        let admissions = Admissions::new(Arc::clone(&store));
        let store = SealedStore { sealer: Arc::clone(&sealer), inner: store };
        let runner = Runner::new(
            Arc::new(store),
            Arc::new(verifier),
            Arc::new(tokens),
            Arc::clone(&clock),
            Arc::clone(&randomness),
        );
        let (runner, outcomes) = (Arc::new(runner), Outcomes::new());
        let waiting = Arc::clone(&runner);
        let says = "Journeys that wait for their clients: the sum over all replicas.";
        observe("postern.journeys.live", says, &[], move || waiting.waiting());
        Self { live, gate, runner, clock, randomness, sealer, admissions, keys, outcomes, pace }
    }

    /// The journey of that id, if there is one and the client may run it.
    fn journey(&self, client: &ClientId, id: &JourneyId) -> Option<Arc<Journey>> {
        let configuration = self.live.current();
        let (_, client) = configuration.client(client)?;
        configuration.journey(id).filter(|_| client.may_run(id)).cloned()
    }

    /// The journey that is run, by name in the trace.
    fn journey_to_run(&self, client: &ClientId, id: &JourneyId) -> Option<Arc<Journey>> {
        let journey = self.journey(client, id)?;
        note("postern.journey.id", journey.id().to_string());
        Some(journey)
    }

    /// Starts a journey.
    async fn start(&self, runs: Runs, request: StartJourney, sent: Sent) -> Result<Answer, Fault> {
        let name = self.keys.claim_start(&runs, &request).await?;
        let Runs { application, client } = runs;
        let id = JourneyId::parse(&request.journey_id).map_err(|_| Fault::JourneyNotFound)?;
        let journey = self.journey_to_run(&client, &id).ok_or(Fault::JourneyNotFound)?;
        let configuration = self.live.current();
        let policy = configuration.application(&application).map(|it| &it.policy);
        let policy = policy.ok_or(Fault::Unauthenticated)?;
        let start = Start {
            application,
            client,
            params: request.params,
            headers: sent.headers,
            device: sent.device,
            locale: request.locale,
            correlation_id: request.correlation_id,
            name,
            failures_allowed: policy.settings().failed_attempts,
            source: sent.source,
        };
        let outcome = self.runner.start(&journey, start).await;
        self.conclude(outcome)
    }

    /// Answers a waiting step.
    async fn submit(
        &self,
        runs: Runs,
        request: SubmitInput,
        source: Option<IpAddr>,
    ) -> Result<Answer, Fault> {
        self.keys.claim_submission(&runs, &request).await?;
        let Runs { application, client } = runs;
        let find = |_: &ApplicationId, id: &JourneyId| self.journey_to_run(&client, id);
        let submission = Submission {
            application,
            client: client.clone(),
            session: request.session,
            assertion_id: request.assertion_id,
            challenge: request.challenge,
            option: request.option,
            data: request.data,
            source,
        };
        let outcome = self.runner.submit(find, submission).await;
        self.conclude(outcome)
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

/// What a browser sends beside the parameters.
#[derive(Default)]
struct Sent {
    headers: serde_json::Map<String, serde_json::Value>,
    device: serde_json::Value,
    /// The address that it comes from.
    source: Option<IpAddr>,
}

/// Logs what went wrong inside, and returns what the caller is told.
fn fault(error: RunError) -> Fault {
    match &error {
        RunError::Aborted(_) | RunError::Misconfigured(_) | RunError::Unavailable(_) => {
            tracing::error!(error = ?error, "a journey could not go on");
        }
        RunError::SessionNotFound | RunError::ChallengeUsed | RunError::JourneyChanged => {}
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

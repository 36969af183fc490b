//! Runs journeys: performs the engine's moves through the ports, and stores journeys while they
//! wait.
//!
//! # A submission
//! ```text
//! load -> whose, which journey, which challenge? -> claim -> engine <-> verifier, mint
//!                                                     |         |
//!                                     restore <- unavailable    +-> wait: new challenge
//!                                                               +-> end
//! ```
//! The challenge is claimed first: of two submissions of one challenge, one goes on. If a
//! dependency fails, the challenge is given back. Its next submission has the same idempotency key,
//! so the verifier counts it once.
//!
//! A journey that never waits touches no store.
//!
//! A user who redeemed a code before the wait gets tokens only if the code's grant was not revoked meanwhile:
//! a submission asks before it goes on.
//!
//! # A session that pairs
//! The session ID is drawn before the first step, so that a step can tie a code to it. Once paired,
//! the session may wait longer, and each of its verifications carries its binding. When it ends, so
//! does its pairing.

mod answer;
mod attempts;
mod check;
mod drive;
mod keep;
mod tally;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use clock::{Clock, Timestamp};
use codes::authentication::Authentication;
use codes::digest::Fingerprint;
use codes::facts::BrowserFamily;
use codes::grants::GrantStore;
use codes::randomness::Randomness;
use definitions::{Journey, JourneyId};

pub use self::answer::{
    Answer, Completed, DependencyError, Escape, InputRequired, Rejected, RejectionReason, RunError,
    StepError, StepKind,
};
pub use crate::engine::Abort;
pub use crate::input::InputError;
pub use crate::request::{CLIENT_INPUT, Start, Submission, Terms, Tie};

use self::attempts::Attempts;
use self::check::check;
use self::drive::Stop;
pub use self::tally::{Capacity, Full, Tally};
use crate::engine::Event;
use crate::engine::state::{State, surroundings};
use crate::ids::{SessionId, SessionKey, fingerprint, random_text};
use crate::ports::{JourneyStore, VerifyCodes};
use crate::session::{Facts, SESSION_LIFETIME, Session};

/// Runs journeys.
pub struct Runner {
    store: Arc<dyn JourneyStore>,
    verifier: Arc<dyn VerifyCodes>,
    grants: Arc<dyn GrantStore>,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    tally: Tally,
}

/// A session while it runs from one wait to the next.
struct Run<'r> {
    terms: Terms<'r>,
    journey: &'r Journey,
    id: SessionId,
    attempts: Attempts,
    /// The address of the request.
    source: Option<IpAddr>,
    browser: BrowserFamily,
    facts: Facts,
}

/// A stored session that one submission has claimed.
struct Claim {
    key: SessionKey,
    version: u64,
    /// When the session expires in the store.
    expires_at: Timestamp,
}

impl Runner {
    /// A runner that uses these ports.
    pub fn new(
        store: Arc<dyn JourneyStore>,
        verifier: Arc<dyn VerifyCodes>,
        grants: Arc<dyn GrantStore>,
        clock: Arc<dyn Clock>,
        randomness: Randomness,
        capacity: Capacity,
    ) -> Self {
        Self { store, verifier, grants, clock, randomness, tally: Tally::new(capacity) }
    }

    /// Starts a journey and runs it to its first stop. `name` identifies the start: it differs
    /// between clients, idempotency keys and requests. A retry under the same name is verified
    /// once.
    ///
    /// # Errors
    /// [`RunError::InvalidSubmission`] for wrong inputs, [`RunError::TooManyWait`] at a limit,
    /// [`RunError::Aborted`] if the journey cannot go on, [`RunError::Unavailable`] and
    /// [`RunError::Misconfigured`] if a dependency fails.
    pub async fn start(
        &self,
        terms: Terms<'_>,
        journey: &Journey,
        name: Option<Fingerprint>,
        mut start: Start,
    ) -> Result<Answer, RunError> {
        let seen = surroundings(journey, &mut start).map_err(RunError::InvalidSubmission)?;
        let whose = (terms.caller.application.clone(), terms.caller.client.clone());
        let state = State::new(journey, whose, seen, terms.failures_allowed);
        // The run is derived from the name, so that a retry mints the same token, and no other
        // request does.
        let run = match name {
            Some(name) => name.to_string(),
            None => random_text::<16>(&self.randomness),
        };
        let opened_at = self.clock.now();
        let mut run = Run {
            terms,
            journey,
            id: SessionId::draw(&self.randomness),
            attempts: Attempts::of(&fingerprint("run", &[&run])),
            source: start.source,
            browser: start.browser,
            facts: Facts {
                run,
                correlation_id: start.correlation_id,
                source: start.source,
                opened_at,
                expires_at: opened_at + SESSION_LIFETIME,
                pairing: None,
                tie: start.tie,
            },
        };
        if !journey.may_wait() {
            return self.leg(&mut run, state, Event::Started, None).await;
        }
        // Before any verification: an accepted code must not be lost because a limit is reached.
        let begun = self.tally.begin(start.source, run.facts.expires_at, opened_at);
        begun.map_err(|(full, retry_after)| RunError::TooManyWait { full, retry_after })?;
        let answer = self.leg(&mut run, state, Event::Started, None).await;
        if !matches!(answer, Ok(Answer::InputRequired(_))) {
            self.end(&terms, &run.id, &run.facts).await;
        }
        answer
    }

    /// Runs a journey from an event to its next stop.
    async fn leg(
        &self,
        run: &mut Run<'_>,
        state: State,
        event: Event,
        claim: Option<&Claim>,
    ) -> Result<Answer, RunError> {
        // Only a state that was stored is authenticated here.
        if let Some(Authentication { grant, .. }) = &state.authentication
            && self.grants.is_revoked(grant).await?
        {
            return self.answer(run, &state, Stop::Reject(None), claim).await;
        }
        let (state, stop) = self.drive(run, state, event).await?;
        self.answer(run, &state, stop, claim).await
    }

    /// Answers the waiting step and runs the journey to its next stop. `find` returns the current
    /// definition of a journey.
    ///
    /// # Errors
    /// As [`Self::start`]; also [`RunError::SessionNotFound`], [`RunError::ChallengeUsed`] and
    /// [`RunError::JourneyChanged`].
    pub async fn submit(
        &self,
        terms: Terms<'_>,
        find: impl Fn(&JourneyId) -> Option<Arc<Journey>> + Send,
        submission: Submission,
    ) -> Result<Answer, RunError> {
        let key = submission.session.key();
        let stored = self.store.load(&key).await?.ok_or(RunError::SessionNotFound)?;
        let mut session = Session::parse(&stored.body).ok_or(RunError::JourneyChanged)?;
        let is_theirs = session.application == terms.caller.application.as_str()
            && session.client == terms.caller.client.as_str();
        let facts = session.facts();
        let is_theirs = is_theirs && facts.admits(submission.secret.as_ref());
        if !is_theirs || facts.expires_at <= self.clock.now() {
            return Err(RunError::SessionNotFound);
        }
        let journey = JourneyId::parse(&session.journey).ok();
        let journey = journey.and_then(|id| find(&id));
        let state = journey.as_ref().and_then(|journey| session.to_state(journey));
        let Some((journey, state)) = journey.zip(state) else {
            // Claimed as by every submission, so that only one of them ends the session and counts
            // it.
            let id = &submission.session;
            if let Ok(claim) = self.claim(id, stored.version, &mut session).await {
                self.end(&terms, id, &facts).await;
                self.forget(&claim).await;
            }
            return Err(RunError::JourneyChanged);
        };
        if !session.is_challenged_by(&submission.challenge) {
            return Err(RunError::ChallengeUsed);
        }
        check(&journey, &state, &session, &submission)?;

        let claim = self.claim(&submission.session, stored.version, &mut session).await?;
        let names = [submission.session.expose(), submission.challenge.as_str()];
        let mut run = Run {
            terms,
            journey: &journey,
            attempts: Attempts::of(&fingerprint("submission", &names)),
            id: submission.session,
            source: submission.source,
            browser: submission.browser,
            facts,
        };
        let event = Event::Answered { option: submission.option, data: submission.data };
        let answer = self.leg(&mut run, state, event, Some(&claim)).await;
        match &answer {
            Ok(Answer::InputRequired(_)) => {}
            Err(RunError::Unavailable(_)) => {
                session.give_back(&submission.challenge, &run.facts);
                self.restore(&claim, &session, &run.facts).await;
            }
            Ok(Answer::Completed(_) | Answer::Rejected(_)) | Err(_) => {
                self.end(&terms, &run.id, &run.facts).await;
                self.forget(&claim).await;
            }
        }
        answer
    }

    /// This replica's share of the journeys that wait for their clients. Only the sum over all
    /// replicas is meaningful; one share may be negative.
    pub fn waiting(&self) -> i64 {
        self.tally.waiting(self.clock.now())
    }
}

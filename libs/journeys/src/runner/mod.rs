//! Drives the engine: performs its moves through the ports, and keeps journeys while they wait.
//!
//! # A submission
//! ```text
//! load -> whose, which journey, which challenge? -> claim -> engine <-> verifier, mint
//!                                                     |         |
//!                                     restore <- unavailable    +-> wait: new challenge
//!                                                               +-> end
//! ```
//! The challenge is claimed before anything else happens: of two submissions of one challenge, one
//! goes on. Where something outside fails, the challenge is given back, and its next submission has
//! the same idempotency key, so that the verifier counts it once.
//!
//! A journey that never waits touches no store.

mod answer;
mod attempts;
mod check;
mod tally;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use clock::Clock;
use codes::digest::Fingerprint;
use codes::randomness::Randomness;
use definitions::{Journey, JourneyId};

pub use self::answer::{
    Answer, Completed, DependencyError, Escape, InputRequired, Rejected, RejectionReason, RunError,
    StepError, StepKind,
};
pub use crate::engine::Abort;
pub use crate::input::InputError;
pub use crate::request::{CLIENT_INPUT, Start, Submission, Terms};

use self::attempts::Attempts;
use self::check::check;
pub use self::tally::{Capacity, Full, Tally};
use crate::engine::state::{State, surroundings};
use crate::engine::{Event, Move, Prompt, advance};
use crate::ids::{SessionId, SessionKey, fingerprint, random_text};
use crate::ports::{Advance, JourneyStore, VerifyCodes, VerifyFault, VerifyRequest};
use crate::session::{Facts, SESSION_LIFETIME, Session};

/// Runs journeys.
pub struct Runner {
    store: Arc<dyn JourneyStore>,
    verifier: Arc<dyn VerifyCodes>,
    clock: Arc<dyn Clock>,
    randomness: Randomness,
    tally: Tally,
}

/// Where the engine stopped.
enum Stop {
    Wait(Prompt),
    Complete(Option<serde_json::Value>),
    Reject(Option<serde_json::Value>),
}

/// A claimed session.
struct Claim {
    id: SessionId,
    key: SessionKey,
    version: u64,
}

impl Runner {
    /// A runner over its ports.
    pub fn new(
        store: Arc<dyn JourneyStore>,
        verifier: Arc<dyn VerifyCodes>,
        clock: Arc<dyn Clock>,
        randomness: Randomness,
        capacity: Capacity,
    ) -> Self {
        Self { store, verifier, clock, randomness, tally: Tally::new(capacity) }
    }

    /// Starts a journey and runs it to its first stop. `name` tells the start from all starts with
    /// other clients, keys or requests: sent again under it, its verifications count once.
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
        // What is minted for a run follows from its name, so that a retry gets the same, and no other
        // request does.
        let run = match name {
            Some(name) => name.to_string(),
            None => random_text::<16>(&self.randomness),
        };
        let attempts = Attempts::of(&fingerprint("run", &[&run]), start.source);
        let facts = Facts {
            run,
            correlation_id: start.correlation_id,
            source: start.source,
            expires_at: self.clock.now() + SESSION_LIFETIME,
        };
        if !journey.may_wait() {
            return self.first_leg(terms, journey, state, &facts, attempts).await;
        }
        // Before anything is verified: a code that is accepted must not be lost for want of room.
        let begun = self.tally.begin(facts.source, facts.expires_at, self.clock.now());
        begun.map_err(|(full, retry_after)| RunError::TooManyWait { full, retry_after })?;
        let answer = self.first_leg(terms, journey, state, &facts, attempts).await;
        if !matches!(answer, Ok(Answer::InputRequired(_))) {
            self.tally.ended(facts.source, facts.expires_at, self.clock.now());
        }
        answer
    }

    /// Runs a journey from its start to its first stop.
    async fn first_leg(
        &self,
        terms: Terms<'_>,
        journey: &Journey,
        state: State,
        facts: &Facts,
        attempts: Attempts,
    ) -> Result<Answer, RunError> {
        let (state, stop) =
            self.drive(terms, journey, state, facts, attempts, Event::Started).await?;
        self.answer(terms, journey, state, facts, stop, None).await
    }

    /// Answers the step at which a journey waits, and runs it to its next stop. `find` gives the
    /// journey as it is now.
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
        if !is_theirs || facts.expires_at <= self.clock.now() {
            return Err(RunError::SessionNotFound);
        }
        let journey = JourneyId::parse(&session.journey).ok();
        let journey = journey.and_then(|id| find(&id));
        let state = journey.as_ref().and_then(|journey| session.to_state(journey));
        let Some((journey, state)) = journey.zip(state) else {
            // Claimed first, as by everybody who ends a session: so one does, and counts it.
            if let Ok(claim) = self.claim(submission.session, stored.version, &mut session).await {
                self.forget(&claim, &facts).await;
            }
            return Err(RunError::JourneyChanged);
        };
        if !session.is_challenged_by(&submission.challenge) {
            return Err(RunError::ChallengeUsed);
        }
        check(&journey, &state, &session, &submission)?;

        let claim = self.claim(submission.session, stored.version, &mut session).await?;
        let names = [claim.id.expose(), submission.challenge.as_str()];
        let attempts = Attempts::of(&fingerprint("submission", &names), submission.source);
        let event = Event::Answered { option: submission.option, data: submission.data };
        let answer = match self.drive(terms, &journey, state, &facts, attempts, event).await {
            Ok((state, stop)) => {
                self.answer(terms, &journey, state, &facts, stop, Some(&claim)).await
            }
            Err(error) => Err(error),
        };
        match &answer {
            Ok(Answer::InputRequired(_)) => {}
            // Should this fail, the challenge is claimed all the same, until the store forgets it.
            Err(RunError::Unavailable(_)) => {
                let restored = self.store.advance(&claim.key, claim.version, stored.body).await;
                drop(restored);
            }
            Ok(Answer::Completed(_) | Answer::Rejected(_)) | Err(_) => {
                self.forget(&claim, &facts).await;
            }
        }
        answer
    }

    /// Performs the engine's moves until it stops.
    async fn drive(
        &self,
        terms: Terms<'_>,
        journey: &Journey,
        mut state: State,
        facts: &Facts,
        mut attempts: Attempts,
        mut event: Event,
    ) -> Result<(State, Stop), RunError> {
        loop {
            let (moved, next) = advance(journey, self.clock.now(), state, event);
            state = moved;
            event = match next {
                Move::Verify { identifier_type, identifier, code } => {
                    let attempt = VerifyRequest {
                        application: state.application.clone(),
                        identifier_type,
                        identifier,
                        code,
                        idempotency_key: attempts.next(),
                        correlation_id: facts.correlation_id.clone(),
                        journey: journey.id().clone(),
                        source: attempts.source,
                    };
                    let verdict = self.verifier.verify(attempt).await;
                    Event::Verified(verdict.map_err(|fault| match fault {
                        VerifyFault::Unavailable => {
                            RunError::Unavailable(DependencyError::Verifier)
                        }
                        VerifyFault::Misconfigured(reason) => RunError::Misconfigured(reason),
                    })?)
                }
                Move::Mint(authentication) => {
                    Event::Minted(terms.tokens.user_tokens(&authentication)?)
                }
                Move::Wait(prompt) => return Ok((state, Stop::Wait(prompt))),
                Move::Complete(data) => return Ok((state, Stop::Complete(data))),
                Move::Reject(data) => return Ok((state, Stop::Reject(data))),
                Move::Refuse(wrong) => return Err(RunError::InvalidSubmission(wrong)),
                Move::Abort(abort) => return Err(RunError::Aborted(abort)),
            };
        }
    }

    /// Turns a stop into an answer; a journey that waits is stored before anybody hears of it.
    async fn answer(
        &self,
        terms: Terms<'_>,
        journey: &Journey,
        state: State,
        facts: &Facts,
        stop: Stop,
        claim: Option<&Claim>,
    ) -> Result<Answer, RunError> {
        match stop {
            Stop::Wait(prompt) => {
                let challenge = random_text::<16>(&self.randomness);
                let body = Session::from_state(journey, &state, facts, &challenge).to_bytes();
                let session = match claim {
                    None => {
                        let id = SessionId::draw(&self.randomness);
                        self.store.create(&id.key(), body, SESSION_LIFETIME).await?;
                        id
                    }
                    Some(claim) => {
                        match self.store.advance(&claim.key, claim.version, body).await? {
                            Advance::Advanced => claim.id.clone(),
                            Advance::Outrun | Advance::Gone => {
                                return Err(RunError::SessionNotFound);
                            }
                        }
                    }
                };
                let step = journey.step(state.step).id.clone();
                let input = InputRequired::from_prompt(prompt, session, step, challenge);
                Ok(Answer::InputRequired(input))
            }
            Stop::Complete(data) => {
                let token = terms.tokens.journey_token(
                    &state.application,
                    &state.client,
                    journey.id(),
                    &facts.run,
                    state.authentication.as_ref(),
                )?;
                Ok(Answer::Completed(Completed { token, data }))
            }
            Stop::Reject(data) => {
                Ok(Answer::Rejected(Rejected { reason: RejectionReason::AccessRejected, data }))
            }
        }
    }

    /// Uses up the session's challenge: one of all who try goes on with the session.
    async fn claim(
        &self,
        id: SessionId,
        version: u64,
        session: &mut Session,
    ) -> Result<Claim, RunError> {
        let key = id.key();
        session.challenge = None;
        match self.store.advance(&key, version, session.to_bytes()).await? {
            Advance::Advanced => Ok(Claim { id, key, version: version + 1 }),
            Advance::Outrun => Err(RunError::ChallengeUsed),
            Advance::Gone => Err(RunError::SessionNotFound),
        }
    }

    /// Ends a session. A store that fails here changes nothing: the challenge is claimed, and the
    /// session's lifetime ends it.
    async fn forget(&self, claim: &Claim, facts: &Facts) {
        self.tally.ended(facts.source, facts.expires_at, self.clock.now());
        drop(self.store.end(&claim.key).await);
    }

    /// How many journeys wait for their clients: this replica's share, of which only the sum over all
    /// replicas says something. Alone it may be below zero.
    pub fn waiting(&self) -> i64 {
        self.tally.waiting(self.clock.now())
    }
}

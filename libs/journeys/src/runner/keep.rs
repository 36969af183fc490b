//! Stores journeys while they wait, and ends them.

use super::drive::Stop;
use super::{
    Answer, Claim, Completed, InputRequired, Rejected, RejectionReason, Run, RunError, Runner,
    Terms,
};
use crate::engine::state::State;
use crate::ids::{SessionId, fingerprint, random_text};
use crate::ports::{Advance, Withdrawal};
use crate::session::{Facts, Session};

impl Runner {
    /// Turns a stop into an answer. A waiting journey is stored before the client learns of it.
    pub(super) async fn answer(
        &self,
        run: &Run<'_>,
        state: &State,
        stop: Stop,
        claim: Option<&Claim>,
    ) -> Result<Answer, RunError> {
        let Run { journey, facts, .. } = run;
        match stop {
            Stop::Wait(prompt) => {
                let challenge = random_text::<16>(&self.randomness);
                let body = Session::from_state(journey, state, facts, &challenge).to_bytes();
                match claim {
                    None => {
                        let lifetime = facts.expires_at.since(self.clock.now());
                        self.store.create(&run.id.key(), body, lifetime).await?;
                    }
                    Some(claim) => match self.write(claim, body, facts).await? {
                        Advance::Advanced => {}
                        Advance::Outrun | Advance::Gone => return Err(RunError::SessionNotFound),
                    },
                }
                let step = journey.step(state.step).id.clone();
                let input = InputRequired::from_prompt(prompt, run.id.clone(), step, challenge);
                Ok(Answer::InputRequired(input))
            }
            Stop::Complete(data) => {
                // A retried start gets the same token. Sessions get tokens of their own, since two
                // people may have answered.
                let name = match claim {
                    None => facts.run.clone(),
                    Some(_) => fingerprint("session", &[&facts.run, run.id.expose()]),
                };
                let token = run.terms.tokens.journey_token(
                    &state.application,
                    &state.client,
                    journey.id(),
                    &name,
                    state.authentication.as_ref(),
                )?;
                Ok(Answer::Completed(Completed {
                    token,
                    data,
                    authentication: state.authentication.clone(),
                    tie: facts.tie.clone(),
                }))
            }
            Stop::Reject(data) => {
                let (reason, tie) = (RejectionReason::AccessRejected, facts.tie.clone());
                Ok(Answer::Rejected(Rejected { reason, data, tie }))
            }
        }
    }

    /// Claims the session's challenge: of parallel submissions, one goes on.
    pub(super) async fn claim(
        &self,
        id: &SessionId,
        version: u64,
        session: &mut Session,
    ) -> Result<Claim, RunError> {
        let (key, expires_at) = (id.key(), session.facts().expires_at);
        session.challenge = None;
        match self.store.advance(&key, version, session.to_bytes(), None).await? {
            Advance::Advanced => Ok(Claim { key, version: version + 1, expires_at }),
            Advance::Outrun => Err(RunError::ChallengeUsed),
            Advance::Gone => Err(RunError::SessionNotFound),
        }
    }

    /// Writes a claimed session. If it was extended, its lifetime in the store is too.
    async fn write(
        &self,
        claim: &Claim,
        body: Vec<u8>,
        facts: &Facts,
    ) -> Result<Advance, RunError> {
        let lifetime = facts.expires_at.since(self.clock.now());
        let lifetime = (facts.expires_at != claim.expires_at).then_some(lifetime);
        Ok(self.store.advance(&claim.key, claim.version, body, lifetime).await?)
    }

    /// Gives the challenge back. If the store fails here, the challenge stays claimed until the
    /// session expires.
    pub(super) async fn restore(&self, claim: &Claim, session: &Session, facts: &Facts) {
        drop(self.write(claim, session.to_bytes(), facts).await);
    }

    /// Removes a journey from the count, and ends its pairing.
    pub(super) async fn end(&self, terms: &Terms<'_>, id: &SessionId, facts: &Facts) {
        self.tally.ended(facts.source, facts.expires_at, self.clock.now());
        self.withdraw(terms, id, facts).await;
    }

    /// Ends the pairing of a session, if it has one.
    pub(super) async fn withdraw(&self, terms: &Terms<'_>, id: &SessionId, facts: &Facts) {
        let Some(pairing) = &facts.pairing else { return };
        let withdrawal = Withdrawal {
            application: terms.caller.application.clone(),
            identifier_type: pairing.identifier_type,
            identifier: pairing.identifier.clone(),
            binding: id.binding(),
        };
        self.verifier.withdraw(withdrawal).await;
    }

    /// Removes a session. If the store fails here, the challenge stays claimed until the session
    /// expires.
    pub(super) async fn forget(&self, claim: &Claim) {
        drop(self.store.end(&claim.key).await);
    }
}

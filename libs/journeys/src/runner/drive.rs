//! Performs the engine's moves through the ports until the engine stops.

use codes::facts;
use codes::pairing::PairingNumber;
use codes::user::IdentifierType;
use definitions::Part;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use super::{DependencyError, Run, RunError, Runner};
use crate::engine::state::State;
use crate::engine::{Event, Move, Prompt, advance};
use crate::ports::{PairRequest, VerifyFault, VerifyRequest};
use crate::session::{Facts, PAIRED_LIFETIME, Paired};
use crate::verdict::{Malformed, PairVerdict, Verdict};

/// The rule that is broken if the session's own pairing number is entered as the code.
const OWN_NUMBER: &str = "must be the code that support gives, not the number that is shown";

/// Where the engine stopped.
pub(super) enum Stop {
    Wait(Prompt),
    Complete(Option<Value>),
    Reject(Option<Value>),
}

impl From<VerifyFault> for RunError {
    fn from(fault: VerifyFault) -> Self {
        match fault {
            VerifyFault::Unavailable => Self::Unavailable(DependencyError::Verifier),
            VerifyFault::Misconfigured(reason) => Self::Misconfigured(reason),
        }
    }
}

impl Runner {
    pub(super) async fn drive(
        &self,
        run: &mut Run<'_>,
        mut state: State,
        mut event: Event,
    ) -> Result<(State, Stop), RunError> {
        loop {
            let (moved, next) = advance(run.journey, self.clock.now(), state, event);
            state = moved;
            event = match next {
                Move::Verify { identifier_type, identifier, code } => {
                    Event::Verified(self.verify(run, (identifier_type, identifier), code).await?)
                }
                Move::Pair { identifier_type, identifier } => {
                    Event::Paired(self.pair(run, identifier_type, identifier).await?)
                }
                Move::Mint(authentication) => {
                    Event::Minted(run.terms.tokens.user_tokens(&authentication)?)
                }
                Move::Wait(prompt) => return Ok((state, Stop::Wait(prompt))),
                Move::Complete(data) => return Ok((state, Stop::Complete(data))),
                Move::Reject(data) => return Ok((state, Stop::Reject(data))),
                Move::Refuse(wrong) => return Err(RunError::InvalidSubmission(wrong)),
                Move::Abort(abort) => return Err(RunError::Aborted(abort)),
            };
        }
    }

    async fn verify(
        &self,
        run: &mut Run<'_>,
        (identifier_type, identifier): (IdentifierType, String),
        code: SecretString,
    ) -> Result<Verdict, RunError> {
        let pairing = run.facts.pairing.as_ref();
        // Users mistake the pairing number for the code. That must not cost an attempt.
        if pairing.is_some_and(|pairing| is_number(code.expose_secret(), &pairing.number)) {
            let wrong = Malformed { part: Part::Code, rule: OWN_NUMBER.to_owned() };
            return Ok(Verdict::Malformed(vec![wrong]));
        }
        let request = VerifyRequest {
            application: run.terms.caller.application.clone(),
            identifier_type,
            identifier,
            code,
            idempotency_key: run.attempts.next(),
            correlation_id: run.facts.correlation_id.clone(),
            journey: Some(run.journey.id().clone()),
            binding: pairing.map(|_| run.id.binding()),
            source: run.source,
        };
        Ok(self.verifier.verify(request).await?)
    }

    async fn pair(
        &self,
        run: &mut Run<'_>,
        identifier_type: IdentifierType,
        identifier: String,
    ) -> Result<PairVerdict, RunError> {
        let is_other = |pairing: &Paired| {
            (pairing.identifier_type, &pairing.identifier) != (identifier_type, &identifier)
        };
        if run.facts.pairing.as_ref().is_some_and(is_other) {
            self.withdraw(&run.terms, &run.id, &run.facts).await;
        }
        self.prolong(&mut run.facts);
        let request = PairRequest {
            application: run.terms.caller.application.clone(),
            identifier_type,
            identifier: identifier.clone(),
            binding: run.id.binding(),
            facts: facts::Facts {
                opened_at: run.facts.opened_at,
                source: run.source,
                browser: run.browser,
            },
            session_ends_at: run.facts.expires_at,
        };
        let verdict = self.verifier.pair(request).await?;
        if let PairVerdict::Paired { number, .. } = &verdict {
            let number = number.clone();
            run.facts.pairing = Some(Paired { identifier_type, identifier, number });
        }
        Ok(verdict)
    }

    /// Extends the session for a phone call, if the limits allow it.
    fn prolong(&self, facts: &mut Facts) {
        let (from, to) = (facts.expires_at, facts.opened_at + PAIRED_LIFETIME);
        if from < to && self.tally.prolong(facts.source, [from, to], self.clock.now()) {
            facts.expires_at = to;
        }
    }
}

/// Whether a code is the pairing number, in constant time.
fn is_number(code: &str, number: &PairingNumber) -> bool {
    let code = PairingNumber::parse(code);
    code.is_ok_and(|code| code.expose().as_bytes().ct_eq(number.expose().as_bytes()).into())
}

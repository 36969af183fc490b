//! Test cases at the level of a store: subjects, ids and digests, without the use cases.

use std::time::Duration;

use clock::{Clock as _, SystemClock};
use codes::digest::{AttemptId, CodeDigest, Fingerprint, Kid, Source, Subject};
use codes::ids::{ClientId, CodeId};
use codes::pairing::{Binding, ForJourney, PairingNumber};
use codes::randomness;
use codes::record::{
    Attempt, DenialReason, Issue, IssueOutcome, IssuedBy, Limits, Pair, PairOutcome, Verify,
    VerifyOutcome,
};
use codes::store::{CodeStore, StoreError};

/// Three guesses a code, and no limit on the number of codes.
pub(crate) const LIMITS: Limits = Limits {
    failed_attempts: 3,
    attempts_per_source: 3,
    pairing_required: false,
    lockout: Duration::from_secs(900),
    issues_per_hour: 10_000,
    overrides_per_day: 10_000,
};

/// A code to issue.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) subject: Subject,
    pub(crate) code_id: CodeId,
    pub(crate) digest: CodeDigest,
    /// The journey that the code is for, and its number.
    pub(crate) journey: Option<(Binding, PairingNumber)>,
}

/// Random bytes, unique to the caller.
pub(crate) fn drawn() -> [u8; 16] {
    randomness::bytes(&randomness::system())
}

/// A user that is unique to the test.
pub(crate) fn stranger() -> Subject {
    Subject::from_bytes(drawn())
}

/// The id of an operation. Reusing it is a retry.
pub(crate) fn attempt() -> Attempt {
    let fingerprint = Fingerprint::from_bytes([0; 16]);
    Attempt { id: AttemptId::from_bytes(drawn()), fingerprint }
}

/// A pairing number, unlikely to be that of another journey.
pub(crate) fn number() -> PairingNumber {
    let drawn = u128::from_be_bytes(drawn()) % 100_000_000;
    PairingNumber::parse(&format!("{drawn:08}")).expect("eight digits")
}

/// A random digest, equal to that of no other code.
pub(crate) fn digest() -> CodeDigest {
    CodeDigest::from_parts(Kid::from_u32(1), drawn())
}

impl Case {
    /// A code that is not issued yet.
    pub(crate) fn of(subject: Subject) -> Self {
        let nonce = Subject::from_bytes(drawn());
        let code_id = CodeId::parse(&format!("{subject}.{nonce}")).expect("an id");
        Self { subject, code_id, digest: digest(), journey: None }
    }

    /// Issues this code.
    pub(crate) async fn ask(
        &self,
        store: &dyn CodeStore,
        attempt: Attempt,
    ) -> Result<IssueOutcome, StoreError> {
        let client = ClientId::parse("help-desk").expect("a client");
        let command = Issue {
            attempt,
            code_id: self.code_id.clone(),
            digest: self.digest,
            life: Duration::from_secs(300),
            issued_by: IssuedBy { client, agent: Some("agent-17".to_owned()) },
            pairing: self.journey.as_ref().map(|(_, number)| ForJourney::Number(number.clone())),
            reissue_only: false,
            override_lockout: false,
            limits: LIMITS,
        };
        store.issue(self.subject, SystemClock.now(), command).await
    }

    /// Pairs a journey, for which the code is from then on.
    pub(crate) async fn pair(&mut self, store: &dyn CodeStore) -> Result<(), StoreError> {
        let now = SystemClock.now();
        let binding = self.journey.as_ref().map_or_else(|| Binding::from_bytes(drawn()), |it| it.0);
        let pair = Pair {
            binding,
            numbers: vec![number()],
            life: Duration::from_secs(600),
            session_ends_at: now + Duration::from_secs(3600),
            source: Source::from_bytes(drawn()),
            facts: Vec::new(),
        };
        let paired = store.pair(self.subject, now, pair).await?;
        let PairOutcome::Paired { number, .. } = paired else { panic!("{paired:?}") };
        self.journey = Some((binding, number));
        Ok(())
    }

    /// Issues a new code, for a journey or not.
    pub(crate) async fn issued_as(is_paired: bool, store: &dyn CodeStore) -> Self {
        let mut case = Self::of(stranger());
        if is_paired {
            case.pair(store).await.expect("the store answers");
        }
        let outcome = case.ask(store, attempt()).await;
        let expected =
            matches!(outcome, Ok(IssueOutcome::Issued { paired, .. }) if paired == is_paired);
        assert!(expected, "{outcome:?}");
        case
    }

    /// Issues a new code.
    pub(crate) async fn issued(store: &dyn CodeStore) -> Self {
        Self::issued_as(false, store).await
    }

    /// Guesses at the user's code.
    pub(crate) async fn guess(
        &self,
        store: &dyn CodeStore,
        guess: CodeDigest,
        attempt: Attempt,
    ) -> Result<VerifyOutcome, StoreError> {
        let command = Verify {
            attempt,
            candidates: vec![guess],
            binding: self.journey.as_ref().map(|(binding, _)| *binding),
            source: Source::from_bytes([0; 16]),
            limits: LIMITS,
        };
        store.verify(self.subject, SystemClock.now(), command).await
    }

    /// Redeems the code at a store that must answer.
    pub(crate) async fn redeem(&self, store: &dyn CodeStore) -> VerifyOutcome {
        self.guess(store, self.digest, attempt()).await.expect("the store answers")
    }

    /// Enters a wrong code at a store that must answer.
    pub(crate) async fn fail(&self, store: &dyn CodeStore) -> VerifyOutcome {
        self.guess(store, digest(), attempt()).await.expect("the store answers")
    }

    /// Redeems the code without the journey that it is for.
    pub(crate) async fn redeem_elsewhere(&self, store: &dyn CodeStore) -> VerifyOutcome {
        Self { journey: None, ..self.clone() }.redeem(store).await
    }

    /// The failures counted in the user's record.
    pub(crate) async fn failures(&self, store: &dyn CodeStore) -> u32 {
        let described = store.describe(self.subject, SystemClock.now()).await;
        described.expect("the store answers").lockout.failures
    }
}

/// Whether a guess was accepted.
pub(crate) fn is_accepted(outcome: &VerifyOutcome) -> bool {
    matches!(outcome, VerifyOutcome::Accepted { .. })
}

/// Why a guess was refused.
pub(crate) fn reason(outcome: &VerifyOutcome) -> Option<DenialReason> {
    match outcome {
        VerifyOutcome::Denied { denial, .. } => Some(denial.reason),
        VerifyOutcome::Accepted { .. } | VerifyOutcome::Conflict => None,
    }
}

//! Test cases at the level of a store: subjects, ids and digests, without the use cases.

use std::time::Duration;

use clock::{Clock as _, SystemClock};
use codes::digest::{AttemptId, CodeDigest, Fingerprint, Kid, Source, Subject};
use codes::ids::{ClientId, CodeId};
use codes::randomness;
use codes::record::{
    Attempt, DenialReason, Issue, IssueOutcome, IssuedBy, Limits, Verify, VerifyOutcome,
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

/// A random digest, equal to that of no other code.
pub(crate) fn digest() -> CodeDigest {
    CodeDigest::from_parts(Kid::from_u32(1), drawn())
}

impl Case {
    /// A code that is not issued yet.
    pub(crate) fn of(subject: Subject) -> Self {
        let nonce = Subject::from_bytes(drawn());
        let code_id = CodeId::parse(&format!("{subject}.{nonce}")).expect("an id");
        Self { subject, code_id, digest: digest() }
    }

    /// Issues this code.
    pub(crate) async fn ask(
        &self,
        store: &dyn CodeStore,
        attempt: Attempt,
    ) -> Result<IssueOutcome, StoreError> {
        let client = ClientId::parse("desk").expect("a client");
        let command = Issue {
            attempt,
            code_id: self.code_id.clone(),
            digest: self.digest,
            life: Duration::from_secs(300),
            issued_by: IssuedBy { client, agent: None },
            pairing: None,
            override_lockout: false,
            limits: LIMITS,
        };
        store.issue(self.subject, SystemClock.now(), command).await
    }

    /// Issues a new code.
    pub(crate) async fn issued(store: &dyn CodeStore) -> Self {
        let case = Self::of(stranger());
        let outcome = case.ask(store, attempt()).await;
        assert!(matches!(outcome, Ok(IssueOutcome::Issued { .. })), "{outcome:?}");
        case
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
            binding: None,
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

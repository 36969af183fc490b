//! A fake verifier with prepared answers.

use std::collections::VecDeque;
use std::sync::Mutex;

use async_trait::async_trait;
use codes::ids::{GrantId, IdempotencyKey};
use codes::pairing::{Binding, PairingNumber};
use codes::record::DenialReason;
use codes::user::UserId;
use secrecy::ExposeSecret as _;

use crate::ports::{PairRequest, VerifyCodes, VerifyFault, VerifyRequest, Withdrawal};
use crate::verdict::{PairVerdict, Verdict};

#[expect(clippy::unnecessary_wraps, reason = "verdicts and faults stand in one queue")]
pub(crate) fn accepted() -> Result<Verdict, VerifyFault> {
    let grant = GrantId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("a grant");
    Ok(Verdict::Accepted {
        user: UserId::parse("ada").expect("a user"),
        grant,
        at: clock::Timestamp::default(),
    })
}

#[expect(clippy::unnecessary_wraps, reason = "verdicts and faults stand in one queue")]
pub(crate) fn rejected(reason: DenialReason) -> Result<Verdict, VerifyFault> {
    Ok(Verdict::Rejected { reason: Some(reason) })
}

/// Derives six digits from a binding.
pub(crate) fn number_of(binding: Binding) -> PairingNumber {
    let digits = binding.as_bytes()[..6].iter().map(|byte| char::from(b'0' + byte % 10));
    PairingNumber::parse(&digits.collect::<String>()).expect("six digits")
}

/// Returns the prepared verdicts, then accepts. Pairs each binding with a number of its own.
#[derive(Default)]
pub(crate) struct FakeVerifier {
    verdicts: Mutex<VecDeque<Result<Verdict, VerifyFault>>>,
    attempts: Mutex<Vec<VerifyRequest>>,
    refusals: Mutex<VecDeque<Result<PairVerdict, VerifyFault>>>,
    pub(crate) paired: Mutex<Vec<PairRequest>>,
    pub(crate) withdrawn: Mutex<Vec<Withdrawal>>,
}

impl FakeVerifier {
    pub(crate) fn will(&self, verdicts: impl IntoIterator<Item = Result<Verdict, VerifyFault>>) {
        self.verdicts.lock().expect("a lock").extend(verdicts);
    }

    pub(crate) fn attempts(&self) -> Vec<(String, String)> {
        let attempts = self.attempts.lock().expect("a lock");
        let told = |attempt: &VerifyRequest| {
            (attempt.identifier.clone(), attempt.code.expose_secret().to_owned())
        };
        attempts.iter().map(told).collect()
    }

    /// Prepares the outcome of the next pairings.
    pub(crate) fn will_pair(
        &self,
        verdicts: impl IntoIterator<Item = Result<PairVerdict, VerifyFault>>,
    ) {
        self.refusals.lock().expect("a lock").extend(verdicts);
    }

    /// The bindings that verifications carried.
    pub(crate) fn bindings(&self) -> Vec<Option<Binding>> {
        self.attempts.lock().expect("a lock").iter().map(|attempt| attempt.binding).collect()
    }

    pub(crate) fn keys(&self) -> Vec<IdempotencyKey> {
        let attempts = self.attempts.lock().expect("a lock");
        attempts.iter().map(|attempt| attempt.idempotency_key.clone()).collect()
    }
}

#[async_trait]
impl VerifyCodes for FakeVerifier {
    async fn verify(&self, attempt: VerifyRequest) -> Result<Verdict, VerifyFault> {
        // Lets the others run, as a call over the network would.
        tokio::task::yield_now().await;
        self.attempts.lock().expect("a lock").push(attempt);
        self.verdicts.lock().expect("a lock").pop_front().unwrap_or_else(accepted)
    }

    async fn pair(&self, request: PairRequest) -> Result<PairVerdict, VerifyFault> {
        tokio::task::yield_now().await;
        let number = number_of(request.binding);
        self.paired.lock().expect("a lock").push(request);
        let refusal = self.refusals.lock().expect("a lock").pop_front();
        let expires_at = clock::Timestamp::from_unix_millis(600_000);
        refusal.unwrap_or(Ok(PairVerdict::Paired { number, expires_at }))
    }

    async fn withdraw(&self, withdrawal: Withdrawal) {
        self.withdrawn.lock().expect("a lock").push(withdrawal);
    }
}

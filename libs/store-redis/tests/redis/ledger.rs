//! Records the outcomes that callers were given and checks them against the invariants.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::time::{Duration, Instant};

use codes::digest::AttemptId;
use codes::ids::CodeId;
use codes::record::{Attempt, DenialReason, IssueOutcome, VerifyOutcome};
use codes::store::StoreError;

use crate::cases::{Case, LIMITS};

/// The limit for a call: its deadline, and an allowance for a busy machine.
const IN_TIME: Duration = Duration::from_secs(2);

/// Redirections between a cluster and its clients, which no caller may see.
const BETWEEN_SERVERS: [&str; 6] = ["MOVED", "Moved", "ASK", "Ask", "TRYAGAIN", "TryAgain"];

/// All outcomes of one load.
#[derive(Default)]
pub(crate) struct Ledger {
    accepted: HashMap<CodeId, HashSet<AttemptId>>,
    compared: HashMap<CodeId, HashSet<AttemptId>>,
    issued: usize,
    denied: BTreeMap<&'static str, usize>,
    unavailable: usize,
    wrong: Vec<String>,
    slowest: Duration,
    /// When the first call failed since the last call of `back`.
    first_fault: Option<Instant>,
    last_fault: Option<(Instant, String)>,
    back: Option<Instant>,
    answers: usize,
}

impl Ledger {
    /// Records the outcome of an issue. Returns whether there was an answer.
    pub(crate) fn issue(&mut self, outcome: &Result<IssueOutcome, StoreError>) -> bool {
        match outcome {
            Ok(IssueOutcome::Issued { .. }) => self.issued += 1,
            Ok(IssueOutcome::Locked(_)) => *self.denied.entry("locked").or_default() += 1,
            Ok(other) => self.wrong.push(format!("an issue ended with {other:?}")),
            Err(error) => return self.fault(error),
        }
        self.answered()
    }

    /// Records the outcome of a guess. Returns whether there was an answer.
    pub(crate) fn guess(
        &mut self,
        case: &Case,
        is_right: bool,
        attempt: Attempt,
        took: Duration,
        outcome: &Result<VerifyOutcome, StoreError>,
    ) -> bool {
        self.slowest = self.slowest.max(took);
        match outcome {
            Ok(VerifyOutcome::Accepted { code_id, .. }) => {
                if !is_right || *code_id != case.code_id {
                    self.wrong.push(format!("a wrong guess opened {code_id:?}"));
                }
                self.accepted.entry(code_id.clone()).or_default().insert(attempt.id);
            }
            Ok(VerifyOutcome::Denied { denial, code_id, .. }) => {
                *self.denied.entry(denial.reason.as_str()).or_default() += 1;
                if let (DenialReason::WrongCode | DenialReason::Burned, Some(code_id)) =
                    (denial.reason, code_id)
                {
                    self.compared.entry(code_id.clone()).or_default().insert(attempt.id);
                }
            }
            Ok(VerifyOutcome::Conflict) => self.wrong.push("a guess conflicted".to_owned()),
            Err(error) => return self.fault(error),
        }
        self.answered()
    }

    fn answered(&mut self) -> bool {
        self.answers += 1;
        self.back.get_or_insert_with(Instant::now);
        true
    }

    fn fault(&mut self, error: &StoreError) -> bool {
        let told = error.to_string();
        self.unavailable += 1;
        self.back = None;
        let is_plain = !BETWEEN_SERVERS.iter().any(|word| told.contains(word));
        if !(matches!(error, StoreError::Unavailable(_)) && is_plain) {
            self.wrong.push(told.clone());
        }
        self.first_fault.get_or_insert_with(Instant::now);
        self.last_fault = Some((Instant::now(), told));
        false
    }

    /// The number of answers.
    pub(crate) const fn answers(&self) -> usize {
        self.answers
    }

    /// When the first call failed since the previous call of [`Ledger::back`].
    pub(crate) const fn first_fault(&self) -> Option<Instant> {
        self.first_fault
    }

    /// When the last call failed.
    pub(crate) fn last_fault(&self) -> Option<Instant> {
        self.last_fault.as_ref().map(|(at, _)| *at)
    }

    /// The error of the last failed call.
    pub(crate) fn last_error(&self) -> &str {
        self.last_fault.as_ref().map_or("nothing failed", |(_, error)| error)
    }

    /// When the first answer came after the last fault, or now. Also how long after the first fault
    /// since the previous call of `back`.
    pub(crate) fn back(&mut self) -> (Instant, Duration) {
        let back = self.back.unwrap_or_else(Instant::now);
        let away = self.first_fault.take().map(|gone| back.saturating_duration_since(gone));
        (back, away.unwrap_or_default())
    }

    /// The number of codes that were accepted more than once.
    pub(crate) fn accepted_twice(&self) -> usize {
        self.accepted.values().filter(|attempts| attempts.len() > 1).count()
    }

    /// The most guesses that any one code was compared with.
    pub(crate) fn most_compared(&self) -> usize {
        self.compared.values().map(HashSet::len).max().unwrap_or(0)
    }

    /// Asserts the invariants, and that the load made enough calls to check them.
    pub(crate) fn is_safe(&self) {
        assert_eq!(self.accepted_twice(), 0, "no code is accepted twice: {self}");
        let limit = usize::try_from(LIMITS.failed_attempts).expect("it is small");
        assert!(self.most_compared() <= limit, "no code stands more guesses: {self}");
        assert!(self.wrong.is_empty(), "no caller is told {:?}", &self.wrong[..1]);
        assert!(self.slowest < IN_TIME, "every call ends in time: {self}");
        assert!(self.issued > 50 && self.accepted.len() > 20, "there was load: {self}");
        assert!(self.most_compared() == limit, "some codes were guessed at: {self}");
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { answers, issued, unavailable, denied, slowest, .. } = self;
        let (accepted, twice) = (self.accepted.len(), self.accepted_twice());
        let most = self.most_compared();
        write!(
            f,
            "{answers} answers, {unavailable} unavailable, slowest call {slowest:?}; {issued} issued, \
             {accepted} accepted, {twice} of them twice, at most {most} comparisons a code; \
             denied: {denied:?}"
        )
    }
}

//! What the metrics tell of desks.

use std::sync::LazyLock;

use desk::messages::Decision;
use desk::rule::{Cause, Rule};
use telemetry::Counter;
use wire::error::{DeskFault, Fault};

const OUTCOME: &str = "postern.outcome";
const RULE: &str = "postern.rule";

static ISSUES: LazyLock<Counter> = LazyLock::new(|| {
    Counter::new("postern.desk.issues", "What desks decided on issues, and by which rule.")
});

static DECISIONS: LazyLock<Counter> = LazyLock::new(|| {
    Counter::new("postern.desk.decisions", "Requests for approval that were decided.")
});

static MUTUAL: LazyLock<Counter> = LazyLock::new(|| {
    Counter::new("postern.desk.mutual.approvals", "Approvals by agents who approve each other.")
});

/// What a desk decided on an issue.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome<'a> {
    Issued,
    Pending(Cause),
    Refused(&'a Rule),
}

/// Has every label from the start, so that a first increase is one.
pub(crate) fn begin() {
    ISSUES.begin(&[(OUTCOME, "issued"), (RULE, "none")]);
    for cause in Cause::ALL {
        ISSUES.begin(&[(OUTCOME, "pending"), (RULE, cause.as_str())]);
    }
    for rule in Rule::NAMES {
        ISSUES.begin(&[(OUTCOME, "refused"), (RULE, rule)]);
    }
    for decision in [Decision::Approve, Decision::Deny] {
        DECISIONS.begin(&[(OUTCOME, name(decision))]);
    }
    MUTUAL.begin(&[]);
}

/// Counts an issue.
pub(super) fn count(outcome: Outcome<'_>) {
    let (outcome, rule) = match outcome {
        Outcome::Issued => ("issued", "none"),
        Outcome::Pending(cause) => ("pending", cause.as_str()),
        Outcome::Refused(rule) => ("refused", rule.as_str()),
    };
    ISSUES.count(&[(OUTCOME, outcome), (RULE, rule)]);
}

/// Counts an issue that a rule refused before the desk's store was asked.
pub(crate) fn refused_before(fault: &Fault) {
    if let Fault::Desk(DeskFault::Rule { rule, .. }) = fault {
        count(Outcome::Refused(rule));
    }
}

/// Counts a decision on a request.
pub(super) fn decided(decision: Decision, is_mutual: bool) {
    DECISIONS.count(&[(OUTCOME, name(decision))]);
    if is_mutual && decision == Decision::Approve {
        MUTUAL.count(&[]);
    }
}

const fn name(decision: Decision) -> &'static str {
    match decision {
        Decision::Approve => "approved",
        Decision::Deny => "denied",
    }
}

//! Tests of the table of errors.

use ::desk::policy::Requirement;
use ::desk::rule::Rule;
use tonic::Code;

use tonic_types::StatusExt as _;

use super::*;

fn of_the_desk(retry_after: Duration) -> Vec<DeskFault> {
    let until = Timestamp::from_unix_millis(1_767_225_600_000);
    let rules = [
        Rule::AgentRequired,
        Rule::Brake { scope: ::desk::names::Scope::Application, until },
        Rule::FrozenAgent,
        Rule::MissingField(Requirement::Reason),
        Rule::VerificationMethod,
        Rule::TicketPattern,
        Rule::TicketTaken,
        Rule::UserLimit(until),
        Rule::UnknownTier,
        Rule::Tier,
        Rule::AgentLimit(until),
        Rule::GroupLimit(until),
        Rule::TooManyRequests(until),
        Rule::ApprovalNotFound,
        Rule::ApprovalExpired,
        Rule::ApprovalDenied,
        Rule::ApprovalUsed,
        Rule::ApprovalChanged,
    ];
    assert_eq!(rules.each_ref().map(Rule::as_str), Rule::NAMES);
    let refused = rules.into_iter().map(|rule| {
        let retry_after = rule.until().map(|_| retry_after);
        DeskFault::Rule { rule, retry_after }
    });
    let others = [
        DeskFault::Off,
        DeskFault::SignInAgain,
        DeskFault::UncheckedIdentifier,
        DeskFault::RequestNotFound,
        DeskFault::RequestExpired,
        DeskFault::RequestDecided,
        DeskFault::OwnRequest,
        DeskFault::OwnStop,
        DeskFault::TooManyBrakes,
        DeskFault::SeveralGroups,
    ];
    refused.chain(others).collect()
}

fn all() -> Vec<Fault> {
    let retry_after = Duration::from_millis(1500);
    let desk = of_the_desk(retry_after).into_iter().map(Fault::Desk);
    desk.chain([
        Fault::Unauthenticated,
        Fault::PermissionDenied { missing: "codes:issue" },
        Fault::OtherAgent,
        Fault::OwnAccount,
        Fault::ForeignOrigin,
        Fault::InvalidArgument(vec![
            FieldViolation::new("user.type", "must be given"),
            FieldViolation::new("expires_in", "must be from 1 to 86400 seconds"),
        ]),
        Fault::UserNotFound,
        Fault::UserLocked { locked_until: Timestamp::from_unix_millis(1_767_225_600_000) },
        Fault::UserBlocked { blocked_until: Timestamp::default() },
        Fault::UserDisabled,
        Fault::CredentialsRejected,
        Fault::PasscodeExpired,
        Fault::LockedOut,
        Fault::IssueQuotaExceeded { retry_after },
        Fault::OverrideQuotaExceeded { retry_after },
        Fault::PairingNotFound,
        PairingRefusal::Required.into(),
        Fault::PairingOff,
        Fault::PairingsExhausted { retry_after },
        Fault::RateLimited { retry_after },
        Fault::IdempotencyConflict,
        Fault::JourneyNotFound,
        Fault::SessionNotFound,
        Fault::ChallengeUsed,
        Fault::JourneyAborted,
        Fault::JourneyChanged,
        Fault::Unavailable { retry_after },
    ])
    .collect()
}

#[test]
fn every_fault_carries_its_reason_once() {
    let mut reasons = Vec::new();
    for fault in all() {
        let status = Status::from(fault.clone());
        let info = status.get_details_error_info().expect("an ErrorInfo");
        assert_eq!(info.domain, DOMAIN);
        assert!(info.reason.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "{fault:?}");
        assert!(!reasons.contains(&info.reason), "{fault:?}");
        reasons.push(info.reason);
    }
}

#[test]
fn every_text_is_lowercase_and_the_same_over_both_protocols() {
    for fault in all() {
        let (status, http) = (Status::from(fault.clone()), fault.http());
        assert_eq!(status.message(), http.message);
        assert!(http.message.starts_with(|c: char| c.is_ascii_lowercase()), "{fault:?}");
        assert!(!http.message.ends_with('.'), "{fault:?}");
    }
}

#[test]
fn a_fault_that_passes_says_when_to_retry() {
    for fault in all() {
        let status = Status::from(fault.clone());
        let waits = matches!(status.code(), Code::ResourceExhausted | Code::Unavailable);
        let retry = status.get_details_retry_info().and_then(|info| info.retry_delay);
        assert_eq!(retry, waits.then_some(Duration::from_millis(1500)), "{fault:?}");
        assert_eq!(fault.http().retry_after_seconds, waits.then_some(2), "{fault:?}");
    }
}

#[test]
fn http_has_the_documented_words() {
    let words: Vec<_> =
        all().iter().map(|fault| (fault.http().status.as_u16(), fault.http().error_code)).collect();
    for word in [
        (400, "system_invalid_input"),
        (401, "unauthorized"),
        (403, "forbidden"),
        (404, "user_not_found"),
        (409, "auth_locked"),
        (409, "auth_disabled"),
        (400, "auth_invalid_credentials"),
        (400, "auth_otp_passcode_expired"),
        (403, "auth_locked"),
        (429, "too_many_requests"),
        (503, "unavailable"),
    ] {
        assert!(words.contains(&word), "{word:?}");
    }
}

#[test]
fn a_lock_says_until_when_and_a_denial_which_scope() {
    let metadata = |fault: &Fault| {
        Status::from(fault.clone()).get_details_error_info().expect("an ErrorInfo").metadata
    };
    let locked = Fault::UserLocked { locked_until: Timestamp::from_unix_millis(1_767_225_600_000) };
    assert_eq!(metadata(&locked)["locked_until"], "2026-01-01T00:00:00.000Z");
    assert!(locked.http().message.contains("2026-01-01T00:00:00.000Z"));
    let denied = Fault::PermissionDenied { missing: "codes:issue" };
    assert_eq!(metadata(&denied)["scope"], "codes:issue");
    assert!(denied.http().message.contains("codes:issue"));
}

#[test]
fn every_violation_is_told_at_once() {
    let status = Status::from(Fault::InvalidArgument(vec![
        FieldViolation::new("user.type", "must be given"),
        FieldViolation::new("expires_in", "must be from 1 to 86400 seconds"),
    ]));
    let told = status.get_details_bad_request().expect("a BadRequest").field_violations;
    assert_eq!(told.len(), 2);
    assert_eq!(
        status.message(),
        "user.type: must be given; expires_in: must be from 1 to 86400 seconds"
    );
}

#[test]
fn the_page_about_errors_has_every_row() {
    let page = include_str!("../../../../proto/README.md");
    for row in all().iter().map(table::row) {
        let told = format!("| `{}` | {} `{}` |", row.reason, row.status.as_u16(), row.error_code);
        assert!(page.contains(&told), "{told}");
    }
    for refusal in errors::Refusal::ALL {
        use errors::Refusal;
        let row = refusal.row();
        let grpc = format!("`{}` ", row.reason);
        let http = format!("{} `{}` ", row.status.as_u16(), row.error_code);
        let told = match refusal {
            Refusal::Overloaded | Refusal::Internal => format!("| {grpc}| {http}|"),
            Refusal::DeadlineExceeded | Refusal::MessageTooLarge => format!("| {grpc}| |"),
            Refusal::NotFound
            | Refusal::MethodNotAllowed
            | Refusal::BrokenBody
            | Refusal::TooLarge
            | Refusal::TimedOut => format!("| | {http}|"),
        };
        assert!(page.contains(&told), "{told}");
    }
}

//! Tests of reading rich errors.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use tonic::Status;
use tonic_types::{ErrorDetails, StatusExt as _};

use super::read::DOMAIN;
use super::*;

fn status(code: Code, reason: &str, metadata: &[(&str, &str)], details: ErrorDetails) -> Status {
    let metadata: HashMap<_, _> =
        metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let mut details = details;
    details.set_error_info(reason, DOMAIN, metadata);
    Status::with_error_details(code, "a sentence", details)
}

fn read(code: Code, reason: &str) -> CallError {
    CallError::read(&status(code, reason, &[], ErrorDetails::new()))
}

/// The first column of the tables of errors in `proto/README.md`.
fn documented() -> Vec<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto/README.md");
    let page = fs::read_to_string(page).expect("the page of the API");
    let errors = page.split("## Errors").nth(1).expect("its errors");
    let cells = errors.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    cells.map(str::to_owned).collect()
}

#[test]
fn every_documented_reason_has_a_variant() {
    let documented = documented();
    assert!(documented.len() >= 20, "the page lists the errors: {documented:?}");
    // The statuses that say what no reason says.
    let code = |reason: &str| match reason {
        "UNAUTHENTICATED" => Code::Unauthenticated,
        "UNAVAILABLE" => Code::Unavailable,
        "DEADLINE_EXCEEDED" => Code::DeadlineExceeded,
        _ => Code::Unknown,
    };
    // Only callers over HTTP get these.
    let over_http = ["FOREIGN_ORIGIN", "CREDENTIALS_REJECTED", "PASSCODE_EXPIRED", "LOCKED_OUT"];
    // One cause of UNAVAILABLE among others.
    let delayed = read(Code::Unavailable, "NOTICES_DELAYED");
    assert!(matches!(delayed, CallError::Unavailable { .. }), "{delayed:?}");
    let other =
        |reason: &&String| *reason != "NOTICES_DELAYED" && !over_http.contains(&reason.as_str());
    for reason in documented.iter().filter(other) {
        let error = read(code(reason), reason);
        assert!(!matches!(error, CallError::Other { .. }), "{reason} has no variant");
        let name = format!("{error:?}").replace(|c: char| !c.is_alphabetic(), "");
        let reason = reason.replace('_', "");
        assert!(name.to_uppercase().starts_with(&reason), "{reason} is read as {name}");
    }
}

#[test]
fn details_are_read() {
    let wait = Duration::from_millis(1500);
    let details = || ErrorDetails::with_retry_info(Some(wait));
    for reason in ["ISSUE_QUOTA_EXCEEDED", "OVERRIDE_QUOTA_EXCEEDED", "RATE_LIMITED", "OVERLOADED"]
    {
        let error = CallError::read(&status(Code::ResourceExhausted, reason, &[], details()));
        assert_eq!(error.retry_after(), Some(wait), "{error:?}");
        assert!(!error.is_transient(), "a refusal is not tried again: {error:?}");
    }
    let error = CallError::read(&status(Code::Unavailable, "UNAVAILABLE", &[], details()));
    assert_eq!((error.retry_after(), error.is_transient()), (Some(wait), true));

    let until = [("locked_until", "2026-01-02T03:04:05.678Z")];
    let locked = status(Code::FailedPrecondition, "USER_LOCKED", &until, ErrorDetails::new());
    let CallError::UserLocked { locked_until: Some(at) } = CallError::read(&locked) else {
        panic!("the end of the lock is missing");
    };
    let since = at.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    assert_eq!(since.as_millis(), 1_767_323_045_678);

    let scope = [("scope", "codes:issue")];
    let denied = status(Code::PermissionDenied, "PERMISSION_DENIED", &scope, ErrorDetails::new());
    assert!(CallError::read(&denied).to_string().contains("\"codes:issue\""));

    let fields = ErrorDetails::with_bad_request_violation("user.value", "must not be empty");
    let malformed = status(Code::InvalidArgument, "INVALID_ARGUMENT", &[], fields);
    let error = CallError::read(&malformed).to_string();
    assert_eq!(error, "the request is malformed: user.value: must not be empty");
}

#[test]
fn a_status_without_our_reason_is_read_by_its_code() {
    for (code, is_transient) in [
        (Code::Unavailable, true),
        (Code::Unauthenticated, false),
        (Code::DeadlineExceeded, false),
        (Code::PermissionDenied, false),
        (Code::Unknown, false),
    ] {
        let error = CallError::read(&Status::new(code, "a proxy's sentence"));
        assert_eq!(error.is_transient(), is_transient, "{error:?}");
    }
    let mut details = ErrorDetails::new();
    details.set_error_info("USER_LOCKED", "elsewhere.example", HashMap::new());
    let foreign = Status::with_error_details(Code::FailedPrecondition, "a sentence", details);
    let error = CallError::read(&foreign);
    assert!(matches!(error, CallError::Other { .. }), "another domain's reason: {error:?}");
}

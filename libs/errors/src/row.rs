//! A row of a table of errors, and how each protocol writes it.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The `domain` of every `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "postern";

/// What is wrong with one field. Never contains the field's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// The field's path, such as `user.value`.
    pub field: String,
    /// The rule that it breaks.
    pub description: String,
}

impl FieldViolation {
    /// A violation of a rule.
    pub fn new(field: impl Into<String>, rule: impl fmt::Display) -> Self {
        Self { field: field.into(), description: rule.to_string() }
    }

    /// The violations in a status.
    pub fn of(status: &Status) -> Vec<Self> {
        let details = status.get_details_bad_request().into_iter();
        let violations = details.flat_map(|details| details.field_violations);
        violations.map(|violation| Self::new(violation.field, violation.description)).collect()
    }
}

impl fmt::Display for FieldViolation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.description)
    }
}

/// What callers see of an error.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The gRPC status.
    pub code: Code,
    /// `ErrorInfo.reason`.
    pub reason: &'static str,
    /// The HTTP status.
    pub status: StatusCode,
    /// `error_code` over HTTP.
    pub error_code: &'static str,
    /// The details besides the message.
    pub detail: Detail<'a>,
    /// The message for people, over both protocols.
    pub message: String,
}

impl<'a> Row<'a> {
    /// A row: gRPC status and reason, HTTP status and error code, details and message.
    pub fn new(
        code: Code,
        reason: &'static str,
        status: StatusCode,
        error_code: &'static str,
        detail: Detail<'a>,
        message: &str,
    ) -> Self {
        Self { code, reason, status, error_code, detail, message: message.to_owned() }
    }
}

/// The details of a row besides its message.
#[derive(Clone, Debug)]
pub enum Detail<'a> {
    /// None.
    Nothing,
    /// A key and a value of `ErrorInfo.metadata`.
    Metadata(&'static str, String),
    /// The violations of `BadRequest`.
    Fields(&'a [FieldViolation]),
    /// The delay of `RetryInfo`, and `Retry-After` over HTTP.
    RetryAfter(Duration),
}

/// An error over HTTP: the body is `{"error_code": .., "message": ..}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpFault {
    /// The status code.
    pub status: StatusCode,
    /// The error code.
    pub error_code: &'static str,
    /// The message for people.
    pub message: String,
    /// `Retry-After`, in whole seconds.
    pub retry_after_seconds: Option<u64>,
}

impl From<Row<'_>> for HttpFault {
    fn from(row: Row<'_>) -> Self {
        let Row { status, error_code, message, detail, .. } = row;
        let retry_after_seconds = match detail {
            // Rounded up, so that a caller that waits so long is not too early.
            Detail::RetryAfter(wait) => {
                Some(wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX))
            }
            Detail::Nothing | Detail::Metadata(..) | Detail::Fields(_) => None,
        };
        Self { status, error_code, message, retry_after_seconds }
    }
}

impl From<Row<'_>> for Status {
    fn from(row: Row<'_>) -> Self {
        let Row { code, reason, message, detail, .. } = row;
        let mut metadata = HashMap::new();
        let mut details = ErrorDetails::new();
        match detail {
            Detail::Nothing => {}
            Detail::Metadata(key, value) => {
                metadata.insert(key.to_owned(), value);
            }
            Detail::Fields(violations) => {
                for FieldViolation { field, description } in violations {
                    details.add_bad_request_violation(field, description);
                }
            }
            Detail::RetryAfter(wait) => {
                details.set_retry_info(Some(wait));
            }
        }
        details.set_error_info(reason, DOMAIN, metadata);
        Self::with_error_details(code, message, details)
    }
}

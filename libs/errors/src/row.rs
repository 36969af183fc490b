//! A row of a table of errors, and how each protocol writes it.

use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// The `domain` of every `google.rpc.ErrorInfo`.
pub const DOMAIN: &str = "postern";

/// What is wrong with one field. Never holds the field's value.
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

    /// The violations that a status carries.
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

/// What callers read of an error.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    /// The status of gRPC.
    pub code: Code,
    /// `ErrorInfo.reason`.
    pub reason: &'static str,
    /// The status code of HTTP.
    pub status: StatusCode,
    /// `error_code` over HTTP.
    pub error_code: &'static str,
    /// What the row says beside its words.
    pub detail: Detail<'a>,
    /// The sentence for people, over both protocols.
    pub message: String,
}

impl<'a> Row<'a> {
    /// A row: the status and the word of gRPC, those of HTTP, the detail and the sentence.
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

/// What a row says beside its words.
#[derive(Clone, Debug)]
pub enum Detail<'a> {
    /// Nothing.
    Nothing,
    /// Key and value of `ErrorInfo.metadata`.
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
    /// The machine's word for it.
    pub error_code: &'static str,
    /// The sentence for people.
    pub message: String,
    /// What `Retry-After` says, in whole seconds.
    pub retry_after_seconds: Option<u64>,
}

impl From<Row<'_>> for HttpFault {
    fn from(row: Row<'_>) -> Self {
        let Row { status, error_code, message, detail, .. } = row;
        let retry_after_seconds = match detail {
            // Rounded up: a caller that comes back then must not be too early.
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

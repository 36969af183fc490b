//! The refusals that a server sends before or instead of a service. The table has a row for each.

use std::time::Duration;

use http::StatusCode;
use tonic::Code;

use crate::row::{Detail, HttpFault, Row};

/// When a refused client may try again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a server refuses a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The path does not exist.
    NotFound,
    /// The path does not have this method.
    MethodNotAllowed,
    /// The body ended early.
    BrokenBody,
    /// The body is over the limit.
    TooLarge,
    /// A gRPC message is over the limit.
    MessageTooLarge,
    /// Too many concurrent requests.
    Overloaded,
    /// The service took longer than the server allows.
    TimedOut,
    /// The client's deadline passed, or the longest that a client may set.
    DeadlineExceeded,
    /// The service panicked, or its response could not be encoded. The log has the details.
    Internal,
}

impl Refusal {
    /// All refusals.
    pub const ALL: [Self; 9] = [
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::BrokenBody,
        Self::TooLarge,
        Self::MessageTooLarge,
        Self::Overloaded,
        Self::TimedOut,
        Self::DeadlineExceeded,
        Self::Internal,
    ];

    /// What callers see of it.
    #[rustfmt::skip] // so that a table looks like one
    pub fn row(self) -> Row<'static> {
        use Detail::{Nothing, RetryAfter};
        match self {
            Self::NotFound => Row::new(Code::Unimplemented, "NOT_FOUND", StatusCode::NOT_FOUND, "not_found", Nothing,
                "there is nothing at this path"),
            Self::MethodNotAllowed => Row::new(Code::Unimplemented, "METHOD_NOT_ALLOWED", StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", Nothing,
                "this path does not take this method"),
            Self::BrokenBody => Row::new(Code::InvalidArgument, "BROKEN_BODY", StatusCode::BAD_REQUEST, "broken_body", Nothing,
                "the body ended too early"),
            Self::TooLarge => Row::new(Code::OutOfRange, "BODY_TOO_LARGE", StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", Nothing,
                "the body must be at most 16 KiB long"),
            Self::MessageTooLarge => Row::new(Code::ResourceExhausted, "MESSAGE_TOO_LARGE", StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", Nothing,
                "the message must be at most 64 KiB long"),
            Self::Overloaded => Row::new(Code::ResourceExhausted, "OVERLOADED", StatusCode::SERVICE_UNAVAILABLE, "unavailable", RetryAfter(RETRY_AFTER),
                "too many requests at a time: try again later"),
            Self::TimedOut => Row::new(Code::Unavailable, "TIMED_OUT", StatusCode::SERVICE_UNAVAILABLE, "unavailable", RetryAfter(RETRY_AFTER),
                "the request took too long: it may have been carried out"),
            Self::DeadlineExceeded => Row::new(Code::DeadlineExceeded, "DEADLINE_EXCEEDED", StatusCode::GATEWAY_TIMEOUT, "deadline_exceeded", Nothing,
                "the deadline passed: the request may have been carried out"),
            Self::Internal => Row::new(Code::Internal, "INTERNAL", StatusCode::INTERNAL_SERVER_ERROR, "internal", Nothing,
                "an internal error occurred"),
        }
    }

    /// The refusal over HTTP.
    pub fn http(self) -> HttpFault {
        self.row().into()
    }
}

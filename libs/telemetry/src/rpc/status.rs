//! The status of an rpc, which comes in the trailers of its answer, or in the headers.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::{Code, Status};

use crate::{Description, Histogram, KeyValue, Span};

/// Learns an rpc's status; dropped when its answer has ended.
pub trait Learns: Unpin {
    /// Takes the status.
    fn learn(&mut self, code: Code);

    /// Reads the status from headers or trailers, if they have it.
    fn read(&mut self, headers: &HeaderMap) {
        if let Some(status) = Status::from_header_map(headers) {
            self.learn(status.code());
        }
    }
}

/// An answer's body, and the observer of its end.
pub struct Watched<B, L> {
    /// The body.
    pub inner: B,
    /// Learns the status, and is dropped at the end.
    pub learns: L,
}

impl<B: http_body::Body + Unpin, L: Learns> http_body::Body for Watched<B, L> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(trailers) = frame.as_ref().and_then(|f| f.as_ref().ok()?.trailers_ref()) {
            self.learns.read(trailers);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Name and attributes of the span at its beginning.
pub fn describe(method: &Arc<str>) -> Description {
    let attributes = vec![
        KeyValue::new("rpc.system.name", "grpc"),
        KeyValue::new("rpc.method", Arc::clone(method)),
    ];
    (method.to_string().into(), attributes)
}

/// Records in span and metric how an rpc ended.
pub fn tell_end(
    span: &Span,
    method: &Arc<str>,
    code: Code,
    has_failed: bool,
    (durations, took): (&Histogram, Duration),
) {
    let status = name(code);
    span.set("rpc.response.status_code", status);
    if has_failed {
        span.fail(status);
    }
    measure(durations, took, method, status);
}

/// Records in the metric how long an rpc took.
pub fn measure(durations: &Histogram, took: Duration, method: &Arc<str>, status: &'static str) {
    durations.record_as(
        took,
        &[
            KeyValue::new("rpc.system.name", "grpc"),
            KeyValue::new("rpc.method", Arc::clone(method)),
            KeyValue::new("rpc.response.status_code", status),
        ],
    );
}

/// Whether the service failed, and not the caller.
pub const fn is_fault(code: Code) -> bool {
    match code {
        Code::Unknown
        | Code::DeadlineExceeded
        | Code::Unimplemented
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => true,
        Code::Ok
        | Code::Cancelled
        | Code::InvalidArgument
        | Code::NotFound
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unauthenticated => false,
    }
}

/// The code's name, as the specification of gRPC writes it.
pub const fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

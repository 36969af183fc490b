//! Observes calls to Redis. A call is reported by its script's name only: the arguments are
//! confidential.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use crate::CallError;
use crate::script::Script;

/// A call to Redis that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The script's name.
    pub script: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// What went wrong, in one word.
    pub error: Option<&'static str>,
}

/// Receives a report of each call.
#[derive(Clone)]
pub struct Observer {
    /// Reports a call that has ended.
    pub tell: Arc<dyn Fn(Call) + Send + Sync>,
    /// Whether a span created now would be exported.
    pub is_traced: fn() -> bool,
}

/// Runs a call in a span of its own and reports it.
pub(crate) async fn observed<T>(
    observer: Option<&Observer>,
    script: &Script,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    let is_traced = observer.is_some_and(|observer| (observer.is_traced)());
    let span = if is_traced { span(script) } else { Span::none() };
    let started = Instant::now();
    let outcome = call.instrument(span.clone()).await;
    let error = outcome.as_ref().err().map(CallError::kind);
    if let Some(error) = error {
        span.record("otel.status_code", "ERROR").record("error.type", error);
    }
    if let Some(observer) = observer {
        (observer.tell)(Call { script: script.name, duration: started.elapsed(), error });
    }
    outcome
}

/// Spans of this target are exported only if the filter asks for them.
fn span(script: &Script) -> Span {
    tracing::info_span!(
        target: "trace",
        "redis",
        otel.name = format_args!("{} {}", script.commands[0], script.name),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "redis",
        db.operation.name = script.commands[0],
        db.stored_procedure.name = script.name,
        "error.type" = Empty,
    )
}

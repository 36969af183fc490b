//! Who hears of calls. Each is told of by the name of its script: its arguments are nobody else's
//! business.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tracing::Instrument as _;
use tracing::field::Empty;

use super::CallError;
use crate::scripts::Script;

/// One call to Redis, which has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// The script's name.
    pub script: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// What went wrong, in one word.
    pub error: Option<&'static str>,
}

/// Hears of calls.
pub type Observer = Arc<dyn Fn(Call) + Send + Sync>;

/// Makes a call, within a span of its own, and tells of it when it has ended.
pub(super) async fn observed<T>(
    observer: Option<&Observer>,
    script: &Script,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T, CallError> {
    // Spans of this target are exported where somebody asked for it.
    let span = tracing::info_span!(
        target: "trace",
        "redis",
        otel.name = format_args!("EVALSHA {}", script.name),
        otel.kind = "client",
        otel.status_code = Empty,
        db.system.name = "redis",
        db.operation.name = "EVALSHA",
        db.stored_procedure.name = script.name,
        "error.type" = Empty,
    );
    let started = Instant::now();
    let outcome = call.instrument(span.clone()).await;
    let error = outcome.as_ref().err().map(CallError::kind);
    if let Some(error) = error {
        span.record("otel.status_code", "ERROR").record("error.type", error);
    }
    if let Some(observer) = observer {
        observer(Call { script: script.name, duration: started.elapsed(), error });
    }
    outcome
}

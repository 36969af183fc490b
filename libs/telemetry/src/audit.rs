//! The audit trail: lines under a target of their own, which no filter turns off, each with a receipt.
//!
//! An operation is not answered until its line is written: one that leaves no trace is refused.
//! `--audit-failures continue` declines that.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::timeout;

use super::metrics::Counter;
use super::queue::Receipt;

/// The target of the audit trail.
pub const AUDIT: &str = "audit";

/// How long an operation waits for its line: the part of a verification's deadline that the store
/// leaves, with time to answer.
const PATIENCE: Duration = Duration::from_millis(250);

/// What happens if lines cannot be written.
static TRAIL: OnceLock<Trail> = OnceLock::new();

pub(super) struct Trail {
    /// Whether operations go on without their lines.
    pub(super) goes_on: bool,
    pub(super) failed: Counter,
}

impl Trail {
    /// Starts the trail; a second start in one process changes nothing.
    pub(super) fn start(self) {
        let _ = TRAIL.set(self);
    }
}

thread_local! {
    /// The receipt of the last audit line of this thread.
    static RECEIPT: Cell<Option<Receipt>> = const { Cell::new(None) };
}

/// Keeps a receipt for the caller that wrote the line.
pub(super) fn keep(receipt: Receipt) {
    RECEIPT.set(Some(receipt));
}

/// A line of the audit trail was not written, or not in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its line was not written within {} ms", PATIENCE.as_millis())]
pub struct UnwrittenError;

/// Writes one event of the trail through `tracing` under the target [`AUDIT`], and waits until its
/// line is written.
///
/// # Errors
/// The line was not written in time, and the trail does not go on without it.
pub async fn confirmed(say: impl FnOnce()) -> Result<(), UnwrittenError> {
    RECEIPT.take();
    say();
    let receipt = RECEIPT.take().ok_or(UnwrittenError)?;
    let outcome = timeout(PATIENCE, receipt).await;
    let trail = TRAIL.get();
    if outcome.is_err()
        && let Some(trail) = trail
    {
        // The writer counts what it could not write; this one may still be written.
        trail.failed.count(&[]);
    }
    match outcome {
        Ok(Ok(true)) => Ok(()),
        _ if trail.is_some_and(|trail| trail.goes_on) => Ok(()),
        _ => Err(UnwrittenError),
    }
}

//! Work that runs to its end although its caller has gone.

use std::future::Future;
use std::panic::resume_unwind;
use std::time::Duration;

use telemetry::with_current_context;
use tokio::time::timeout;

/// Runs `work` to its end, at most for a given time; `None` after that. A caller that hangs up, or
/// whose deadline passes, does not cut it off between an effect and its consequences, such as a
/// line in the audit trail.
///
/// # Panics
/// Where the work does.
pub(crate) async fn finish<T: Send + 'static>(
    most: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let task = tokio::spawn(with_current_context(timeout(most, work)));
    match task.await {
        Ok(finished) => finished.ok(),
        Err(failed) => match failed.try_into_panic() {
            Ok(panic) => resume_unwind(panic),
            // Only a runtime that is shutting down cancels it.
            Err(_) => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_goes_on_when_its_caller_has_gone() {
        let done = Arc::new(AtomicBool::new(false));
        let noted = Arc::clone(&done);
        let work = finish(Duration::from_secs(10), async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            noted.store(true, Ordering::SeqCst);
        });
        assert!(timeout(Duration::from_millis(1), work).await.is_err());
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_takes_too_long_is_given_up() {
        let never = std::future::pending::<()>();
        assert_eq!(finish(Duration::from_secs(1), never).await, None);
    }
}

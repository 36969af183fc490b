//! Follows files while a process serves: reads them every two seconds, and reports each change once.
//!
//! The owner of the files knows how to read and apply them, and answers a [`Reload`]. This crate decides
//! when, and what is worth reporting.
//!
//! # Why no notifications
//! An orchestrator exchanges mounted files by a symbolic link, and network file systems send no notifications.
//! Files are small: reading them is simpler, and works everywhere.

use std::sync::Arc;
use std::time::Duration;

use files::Reload;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// The interval between two reads.
pub const INTERVAL: Duration = Duration::from_secs(2);

/// A change of files. `P` describes what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change<P> {
    /// The new content is in use.
    Applied,
    /// The new content is not valid: the old one stays in use.
    Refused(Vec<P>),
}

/// The changes of some files.
pub struct Changes<P> {
    read: Arc<dyn Fn() -> Reload<P> + Send + Sync>,
    /// The last refusal, while the files are still as they were then.
    refused: Option<Vec<P>>,
}

impl<P: Clone + PartialEq + Send + 'static> Changes<P> {
    /// Follows files that `read` reads again and applies. It may block: it runs on a thread for that.
    pub fn of(read: impl Fn() -> Reload<P> + Send + Sync + 'static) -> Self {
        Self { read: Arc::new(read), refused: None }
    }

    /// Waits for the next change. The same refusal is reported once, not at every read.
    pub async fn next(&mut self) -> Change<P> {
        loop {
            sleep(INTERVAL).await;
            let read = Arc::clone(&self.read);
            // An error is a panic of `read`, which was logged. The next read may succeed.
            let Ok(reload) = spawn_blocking(move || read()).await else { continue };
            match reload {
                Reload::Unchanged => self.refused = None,
                Reload::Applied => {
                    self.refused = None;
                    return Change::Applied;
                }
                Reload::Refused(problems) if self.refused.as_ref() != Some(&problems) => {
                    self.refused = Some(problems.clone());
                    return Change::Refused(problems);
                }
                Reload::Refused(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Mutex;

    use tokio::time::{Instant, timeout};

    use super::*;

    /// The changes that are reported for these reads.
    async fn reported(reads: &[Reload<u8>]) -> Vec<Change<u8>> {
        let left = Mutex::new(VecDeque::from(reads.to_vec()));
        let read = move || left.lock().expect("no panic").pop_front().unwrap_or(Reload::Unchanged);
        let (mut changes, mut reported) = (Changes::of(read), Vec::new());
        while let Ok(change) = timeout(INTERVAL * 100, changes.next()).await {
            reported.push(change);
        }
        reported
    }

    fn refused(problem: u8) -> Reload<u8> {
        Reload::Refused(vec![problem])
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_is_reported_once_until_the_files_change() {
        let reads = [refused(1), refused(1), refused(1), refused(2), refused(2), refused(1)];
        let expected = [1, 2, 1].map(|problem| Change::Refused(vec![problem]));
        assert_eq!(reported(&reads).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn the_same_mistake_made_again_is_reported_again() {
        for between in [Reload::Unchanged, Reload::Applied] {
            let changes = reported(&[refused(1), between.clone(), refused(1)]).await;
            let refusals = changes.iter().filter(|change| **change != Change::Applied);
            assert_eq!(refusals.count(), 2, "{between:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_panic_does_not_end_the_reads() {
        let reads = Mutex::new(0);
        let begun = Instant::now();
        let mut changes = Changes::<u8>::of(move || {
            let mut reads = reads.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *reads += 1;
            assert!(*reads > 3, "not yet");
            Reload::Applied
        });
        assert_eq!(changes.next().await, Change::Applied);
        assert_eq!(begun.elapsed(), INTERVAL * 4);
    }
}

//! Lines on their way out of the process. A caller appends its line in memory and goes on; a thread
//! of its own writes. A full disk or a stopped reader delays the log only.
//!
//! A line of the log is dropped, and counted, if there is no room. A line of the audit trail has a
//! receipt: its caller learns whether it was written.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::metrics::Counter;

/// The most bytes of waiting lines: some thousand requests.
const ROOM: usize = 1024 * 1024;

/// The most bytes with audit lines included: a flood of other lines leaves them room.
const ROOM_FOR_AUDIT: usize = 2 * ROOM;

/// How long lines without a receipt wait, to be written together: waking the writer for each would
/// cost more than the line.
const LINGER: Duration = Duration::from_millis(5);

/// Carries whether a line was written.
pub(super) type Receipt = oneshot::Receiver<bool>;

/// Lines that wait to be written.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    /// Lines wait.
    filled: Condvar,
    /// The waiting lines are written.
    emptied: Condvar,
    /// Dropped lines of the log.
    dropped: Counter,
    /// Lines of the audit trail that could not be written.
    failed: Counter,
}

#[derive(Debug, Default)]
struct State {
    bytes: Vec<u8>,
    receipts: VecDeque<Due>,
    /// Lines dropped since the log last reported it.
    dropped: u64,
    /// A flush waits for all lines.
    is_flushed: bool,
    /// The writer has a batch.
    is_writing: bool,
}

/// A receipt that is still to be given.
#[derive(Debug)]
struct Due {
    /// Where the line ends in its batch.
    end: usize,
    to: oneshot::Sender<bool>,
}

/// Lines that are written together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    receipts: VecDeque<Due>,
}

impl Batch {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a caller waits for a receipt.
    pub(super) fn is_confirmed(&self) -> bool {
        !self.receipts.is_empty()
    }
}

impl Queue {
    pub(super) fn new(dropped: Counter, failed: Counter) -> Self {
        let (state, filled, emptied) = (Mutex::default(), Condvar::new(), Condvar::new());
        Self { state, filled, emptied, dropped, failed }
    }

    /// Appends a line of the log; drops it if there is no room.
    pub(super) fn push(&self, line: &[u8]) {
        let mut state = self.lock();
        if state.bytes.len() + line.len() > ROOM {
            state.dropped += 1;
            drop(state);
            // Outside the lock: the counter may log.
            self.dropped.count(&[]);
            return;
        }
        let was_empty = state.bytes.is_empty();
        state.bytes.extend_from_slice(line);
        drop(state);
        if was_empty {
            self.filled.notify_one();
        }
    }

    /// Appends a line of the audit trail. Without room, the receipt says that the line was not
    /// written.
    pub(super) fn push_confirmed(&self, line: &[u8]) -> Receipt {
        let (to, receipt) = oneshot::channel();
        let mut state = self.lock();
        if state.bytes.len() + line.len() > ROOM_FOR_AUDIT {
            drop(state);
            self.failed.count(&[]);
            return receipt;
        }
        state.bytes.extend_from_slice(line);
        let end = state.bytes.len();
        state.receipts.push_back(Due { end, to });
        drop(state);
        self.filled.notify_one();
        receipt
    }

    /// Waits for lines, and takes all of them. `spent` is the last batch, whose memory is used
    /// again.
    pub(super) fn next(&self, spent: Batch) -> Batch {
        let mut batch = spent;
        batch.bytes.clear();
        let mut state = self.lock();
        state.is_writing = false;
        self.emptied.notify_all();
        loop {
            let is_urgent = !state.receipts.is_empty() || state.is_flushed;
            if state.bytes.is_empty() {
                state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            if is_urgent || state.bytes.len() > ROOM / 2 {
                break;
            }
            let waited = self.filled.wait_timeout(state, LINGER);
            let (locked, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
            state = locked;
            if timeout.timed_out() {
                break;
            }
        }
        std::mem::swap(&mut state.bytes, &mut batch.bytes);
        std::mem::swap(&mut state.receipts, &mut batch.receipts);
        state.is_writing = true;
        batch
    }

    /// Gives the receipts of a batch of which `written` bytes were written. Returns the number of
    /// lines that were dropped since the last call, if there is room to report it.
    pub(super) fn settle(&self, batch: &mut Batch, written: usize) -> u64 {
        let mut failed = 0;
        for Due { end, to } in batch.receipts.drain(..) {
            let is_written = end <= written;
            failed += u64::from(!is_written);
            // Its caller may have given up.
            let _ = to.send(is_written);
        }
        let rest = batch.bytes.get(written..).unwrap_or_default();
        let lost = rest.split_inclusive(|byte| *byte == b'\n').count();
        let dropped = u64::try_from(lost).unwrap_or(u64::MAX) - failed;
        self.dropped.add(dropped, &[]);
        self.failed.add(failed, &[]);
        let mut state = self.lock();
        state.dropped += dropped;
        if rest.is_empty() { std::mem::take(&mut state.dropped) } else { 0 }
    }

    /// Waits until every line is written, up to `limit`. Returns whether they were.
    pub(super) fn flush(&self, limit: Duration) -> bool {
        let until = Instant::now() + limit;
        let mut state = self.lock();
        state.is_flushed = true;
        self.filled.notify_one();
        while !state.bytes.is_empty() || state.is_writing {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.emptied.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.is_flushed = false;
        state.bytes.is_empty() && !state.is_writing
    }

    /// A panic elsewhere cannot leave it half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue() -> Queue {
        Queue::new(Counter::new("test.dropped", ""), Counter::new("test.failed", ""))
    }

    #[test]
    fn what_is_said_at_once_is_written_at_once() {
        let queue = queue();
        queue.push(b"a\n");
        let mut receipt = queue.push_confirmed(b"b\n");
        queue.push(b"c\n");
        let mut batch = queue.next(Batch::default());
        assert_eq!((batch.bytes(), batch.is_confirmed()), (&b"a\nb\nc\n"[..], true));
        assert!(receipt.try_recv().is_err(), "it is not written yet");
        assert_eq!(queue.settle(&mut batch, 6), 0);
        assert_eq!(receipt.try_recv(), Ok(true));
    }

    #[test]
    fn each_receipt_says_whether_its_own_line_is_whole() {
        let queue = queue();
        let mut receipts = [b"a\n", b"b\n", b"c\n"].map(|line| queue.push_confirmed(line));
        queue.push(b"d\n");
        let mut batch = queue.next(Batch::default());
        // The disk was full in the middle of the second line.
        assert_eq!(queue.settle(&mut batch, 3), 0);
        let told = receipts.each_mut().map(Receipt::try_recv);
        assert_eq!(told, [Ok(true), Ok(false), Ok(false)]);
        queue.push(b"e\n");
        let mut batch = queue.next(batch);
        assert_eq!(queue.settle(&mut batch, 2), 1, "the last line of the log before");
    }

    #[test]
    fn a_flood_is_dropped_and_told_of_and_leaves_room_for_the_trail() {
        let queue = queue();
        let line = [b"x".repeat(1023), vec![b'\n']].concat();
        for _ in 0..ROOM / 1024 + 10 {
            queue.push(&line);
        }
        let mut receipt = queue.push_confirmed(b"trail\n");
        let mut batch = queue.next(Batch::default());
        assert_eq!(batch.bytes().len(), ROOM + 6);
        let all = batch.bytes().len();
        assert_eq!(queue.settle(&mut batch, all), 10);
        assert_eq!(receipt.try_recv(), Ok(true));
        assert_eq!(queue.settle(&mut Batch::default(), 0), 0, "it is told once");
    }

    #[test]
    fn a_trail_without_room_is_told_at_once() {
        let queue = queue();
        let line = vec![b'x'; ROOM_FOR_AUDIT];
        let mut first = queue.push_confirmed(&line);
        assert!(matches!(first.try_recv(), Err(oneshot::error::TryRecvError::Empty)));
        let mut second = queue.push_confirmed(b"x\n");
        assert!(matches!(second.try_recv(), Err(oneshot::error::TryRecvError::Closed)));
    }

    #[test]
    fn a_flush_waits_for_the_writer_and_no_longer_than_it_may() {
        let queue = std::sync::Arc::new(queue());
        queue.push(b"a\n");
        assert!(!queue.flush(Duration::from_millis(20)), "nobody writes");
        let writer = std::sync::Arc::clone(&queue);
        std::thread::spawn(move || {
            let mut batch = Batch::default();
            loop {
                batch = writer.next(batch);
                let all = batch.bytes().len();
                writer.settle(&mut batch, all);
            }
        });
        assert!(queue.flush(Duration::from_secs(10)));
    }
}

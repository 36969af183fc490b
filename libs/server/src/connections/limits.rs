//! How long connections live, and how many there may be.
//!
//! # Why this many
//! A connection with traffic costs tens of kilobytes. [`MAX_CONNECTIONS`] of them fit into the
//! memory of a small container, and are more than the callers of an internal service, or a proxy
//! before a page, need. `places` decides who is admitted beyond.

use std::num::NonZero;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::time::{Instant, sleep_until};

use super::Protocol;
use super::received::Received;

/// The most connections of one listener, if the process may open enough files.
const MAX_CONNECTIONS: usize = 4096;
/// Connections take at most this part (one in eight) of the files that the process may open: its other
/// listeners, its store and its own calls need files too.
const PART_OF_FILES: u64 = 8;
/// One source has at most this part (one in eight) of the connections: one host cannot take them all.
const PART_OF_CONNECTIONS: usize = 8;
/// The fewest connections of a source, if few files may be open.
const FEWEST_OF_SOURCE: usize = 32;

/// How long a connection may take, and stay.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// From the connection until its client has greeted: TLS, the first byte, HTTP/2's preface.
    pub(crate) handshake: Duration,
    /// From the first byte of an HTTP/1.1 head to its last.
    pub(crate) head: Duration,
    /// HTTP/1.1 without a new request. Longer than proxies keep a connection that they do not use
    /// (60 to 120 s), or they would send a request over one that is being closed here.
    pub(crate) kept: Duration,
    /// HTTP/2 without a new request. No request takes this long, so it also ends stalled ones; a
    /// watch of the health service begins again.
    pub(crate) idle: Duration,
    /// In all. Then the client connects again, perhaps to a newer process.
    pub(crate) age: Duration,
    /// How long a client may take to leave.
    pub(crate) grace: Duration,
    /// Concurrent connections.
    pub(crate) most: usize,
    /// Concurrent connections of one source.
    pub(crate) per_source: usize,
}

impl Limits {
    /// The limits of each listener; without a number of connections for each source, a part of all.
    pub(crate) fn of_process(per_source: Option<NonZero<usize>>) -> Self {
        let most = most_connections();
        let part = (most / PART_OF_CONNECTIONS).max(FEWEST_OF_SOURCE);
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(30),
            kept: Duration::from_secs(150),
            idle: Duration::from_secs(5 * 60),
            age: Duration::from_secs(15 * 60),
            grace: Duration::from_secs(20),
            most,
            per_source: per_source.map_or(part, NonZero::get).min(most),
        }
    }
}

/// Asks for as many files as the process may ever open, and takes its part of them.
fn most_connections() -> usize {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum {
        // The shell's limit is meant for people. If it cannot be raised, there are fewer
        // connections.
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
    let files = getrlimit(Resource::Nofile).current;
    let part = files.and_then(|files| usize::try_from(files / PART_OF_FILES).ok());
    part.unwrap_or(MAX_CONNECTIONS).clamp(1, MAX_CONNECTIONS)
}

/// A connection's life so far.
#[derive(Debug)]
pub(super) struct Life {
    born: Instant,
    /// Milliseconds after birth.
    last_request: AtomicU64,
    received: Arc<Received>,
}

/// How many connections there have been.
static CONNECTIONS: AtomicU32 = AtomicU32::new(0);

impl Life {
    pub(super) fn new(born: Instant, received: Arc<Received>) -> Self {
        Self { born, last_request: AtomicU64::default(), received }
    }

    /// A request begins.
    pub(super) fn request(&self) {
        let age = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last_request.store(age, Ordering::Relaxed);
        self.received.request();
    }

    /// A request was answered.
    pub(super) fn answered(&self) {
        self.received.answered();
    }

    /// Waits until the connection has reached its age, and returns the time that it may take to
    /// end: none for a client that has not sent a greeting or a request.
    pub(super) async fn lived_out(&self, limits: Limits, protocol: Protocol) -> Duration {
        let age = limits.age.mul_f64(part_of_age(CONNECTIONS.fetch_add(1, Ordering::Relaxed)));
        sleep_until(self.born + limits.handshake).await;
        if self.received.bytes() < protocol.greeting() {
            return Duration::ZERO;
        }
        loop {
            let last_request = Duration::from_millis(self.last_request.load(Ordering::Relaxed));
            let (idle, head) = match protocol {
                // One that begins after this look is not late before the next.
                Protocol::Http1 => (limits.kept, self.received.head().unwrap_or_else(Instant::now)),
                Protocol::Http2 => (limits.idle, Instant::now()),
            };
            let (end, late) = (self.born + age.min(last_request + idle), head + limits.head);
            let now = Instant::now();
            if now >= late {
                return Duration::ZERO;
            }
            if now >= end {
                return limits.grace;
            }
            sleep_until(end.min(late)).await;
        }
    }
}

/// The part of the usual age that the `nth` connection may reach: from 0.9 to 1.1. Clients that
/// connected together must not reconnect together. Steps of the golden ratio spread any number of
/// successive connections evenly, which chance does not.
fn part_of_age(nth: u32) -> f64 {
    const STEP: u32 = 2_654_435_769; // 2^32 divided by the golden ratio
    0.9 + 0.2 * f64::from(nth.wrapping_mul(STEP)) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_that_came_together_end_one_after_the_other() {
        let mut ages: Vec<_> = (1000..1100).map(part_of_age).collect();
        ages.sort_by(f64::total_cmp);
        assert!(ages[0] >= 0.9 && ages[99] <= 1.1, "{ages:?}");
        let widest = ages.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        assert!(widest < 0.01, "{widest}: more than a twentieth of them would end at once");
    }
}

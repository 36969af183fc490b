//! The concurrency limit of a server: additive increase while answers are in time, multiplicative decrease
//! when one is late, as TCP finds the capacity of a network.
//!
//! # Why not a fixed limit
//! An admitted request waits for those before it. Where the processor is the bottleneck, hundreds of
//! concurrent requests are answered within 10 ms. Where it is a store that does a thousand calls a second, as
//! many wait longer than the store's timeout: every call is worked on, and none is answered.
//!
//! # Why our own
//! The `ConcurrencyLimit` of `tower` has a fixed limit, and makes requests beyond it wait. Here they are
//! refused at once, and a permit is held until the work ends, even if the caller has gone.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// The highest limit, and the first: enough for a server that answers in a few milliseconds. With more
/// concurrent requests the throughput stays the same and each request costs more, since their data no
/// longer fits the processor's caches.
const MOST: f64 = 256.0;
/// The lowest limit: enough to keep a processor busy with calls that do not wait.
const LEAST: f64 = 64.0;

/// An answer is late after this time: longer than a server with spare capacity takes, and shorter than
/// the timeouts of its own calls.
const LATE: Duration = Duration::from_millis(150);
/// The limit is multiplied by this after a late answer.
const LESS: f64 = 0.8;

/// The shortest time between two warnings.
const WARN_EVERY: Duration = Duration::from_secs(10);

/// Warns that requests are refused, at most once in [`WARN_EVERY`].
pub(crate) fn warn_of_overload() {
    static SAID: Mutex<Option<Instant>> = Mutex::new(None);
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.is_none_or(|at| at.elapsed() > WARN_EVERY) {
        tracing::warn!("too many requests at a time: refusing more");
        *said = Some(Instant::now());
    }
}

/// Exports the concurrent requests of the servers of one kind, and their limit.
pub(crate) fn observe(listener: &'static str, limits: Vec<Limit>) {
    let limits = Arc::new(limits);
    let sum = |of: fn(&State) -> usize| {
        let limits = Arc::clone(&limits);
        move || {
            let sum = limits.iter().map(|limit| of(&limit.state())).sum::<usize>();
            i64::try_from(sum).unwrap_or(i64::MAX)
        }
    };
    let (labels, active) = ([("postern.listener", listener)], sum(|state| state.in_flight));
    let says = "Concurrent requests.";
    telemetry::observe("postern.requests.active", says, &labels, active);
    let says = "The present limit of concurrent requests.";
    telemetry::observe("postern.requests.limit", says, &labels, sum(State::places));
}

/// The limit of one server.
#[derive(Clone, Debug)]
pub(crate) struct Limit(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// The limit, with the fraction that later answers add to.
    most: f64,
    /// When the limit was lowered last: a request that began before says nothing about the new limit.
    smaller_since: Option<Instant>,
}

/// The right to work on one request; dropping it ends the request.
#[derive(Debug)]
pub(crate) struct Permit {
    limit: Limit,
    since: Instant,
}

impl Limit {
    /// A limit that begins at `most`.
    pub(crate) fn of(most: f64) -> Self {
        Self(Arc::new(Mutex::new(State { in_flight: 0, most, smaller_since: None })))
    }

    /// The limit of a server that has just started.
    pub(crate) fn new() -> Self {
        Self::of(MOST)
    }

    /// Admits one more request, unless the limit is reached.
    pub(crate) fn acquire(&self) -> Option<Permit> {
        let mut state = self.state();
        if state.in_flight >= state.places() {
            return None;
        }
        state.in_flight += 1;
        drop(state);
        Some(Permit { limit: self.clone(), since: Instant::now() })
    }

    /// Each change is complete before the lock is released, so a panic elsewhere cannot leave half of one.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number")]
    const fn places(&self) -> usize {
        self.most as usize
    }

    /// A request that began then has ended now.
    fn ended(&mut self, began: Instant, now: Instant) {
        let is_asked_for = self.in_flight * 2 > self.places();
        self.in_flight -= 1;
        if now - began < LATE {
            // One more for each time that as many as there may be have been answered. Where most places
            // are free, nothing is learned about more of them.
            if is_asked_for {
                self.most = (self.most + 1.0 / self.most).min(MOST);
            }
        } else if self.smaller_since.is_none_or(|since| began >= since) {
            self.most = (self.most * LESS).max(LEAST);
            self.smaller_since = Some(now);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limit.state().ended(self.since, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    /// Lets a server that does one request after the other, each in so long, work for so long with so
    /// many callers in front of it: how long the last answer took.
    async fn crowd(limit: &Limit, each: Duration, length: Duration) -> Duration {
        let (begun, mut queue, mut took) =
            (Instant::now(), std::collections::VecDeque::new(), each);
        while begun.elapsed() < length {
            while let Some(permit) = limit.acquire() {
                queue.push_back(permit);
            }
            sleep(each).await;
            let permit = queue.pop_front().expect("there is always one");
            took = permit.since.elapsed();
        }
        took
    }

    #[test]
    fn there_are_as_many_places_as_there_may_be_at_a_time() {
        let limit = Limit::of(2.0);
        let held = [limit.acquire(), limit.acquire()];
        assert!(held.iter().all(Option::is_some));
        assert!(limit.acquire().is_none());
        drop(held);
        assert!(limit.acquire().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn of_a_slow_server_only_so_much_is_asked_that_it_answers_in_time() {
        let limit = Limit::of(MOST);
        let took = crowd(&limit, Duration::from_millis(1), Duration::from_secs(10)).await;
        assert!(took < LATE + Duration::from_millis(10), "{took:?}");
        let places = limit.state().places();
        assert!((110..=160).contains(&places), "{places}: what it can do is asked of it");
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_always_some_places_however_slow_it_is() {
        let limit = Limit::of(MOST);
        crowd(&limit, Duration::from_millis(100), Duration::from_secs(1000)).await;
        assert_eq!(limit.state().places(), 64);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_fast_again_is_asked_for_more_again() {
        let limit = Limit::of(MOST);
        crowd(&limit, Duration::from_millis(100), Duration::from_secs(1000)).await;
        assert_eq!(limit.state().places(), 64);
        crowd(&limit, Duration::from_millis(1), Duration::from_secs(30)).await;
        assert!(limit.state().places() > 110, "{limit:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn one_late_answer_of_many_costs_little() {
        let limit = Limit::new();
        let late: Vec<_> = (0..50).map(|_| limit.acquire()).collect();
        sleep(LATE).await;
        drop(late);
        assert_eq!(limit.state().places(), 204, "all of them say the same");
    }
}

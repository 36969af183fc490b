//! Failovers behind sentinels, under load: no code is accepted twice or compared with more guesses
//! than allowed, and the service recovers soon after the promotion, without a restart.
//!
//! `POSTERN_FAILOVERS=100` runs a hundred failovers.

mod repudiations;

use std::time::{Duration, Instant};

use store_redis::connection::address::Access;
use tokio::task::block_in_place;

use crate::cases::stranger;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::servers::sentinel::Watched;

/// The limit for the 95th percentile of the recovery time after a promotion.
const BACK_WITHIN: Duration = Duration::from_secs(2);

/// The limit for each single recovery, on a busy machine.
const BACK_EACH_TIME: Duration = Duration::from_secs(10);

/// The number of failovers from which the 95th percentile is checked.
const MANY: usize = 20;

/// The number of failovers to run.
pub(crate) fn failovers() -> usize {
    let asked = std::env::var("POSTERN_FAILOVERS").ok();
    asked.map_or(2, |asked| asked.parse().expect("POSTERN_FAILOVERS is a number"))
}

/// The recovery time after each promotion, and the duration of each outage.
#[derive(Default)]
pub(crate) struct Outages(Vec<(Duration, Duration)>);

impl Outages {
    /// Adds one outage.
    pub(crate) fn push(&mut self, outage: (Duration, Duration)) {
        self.0.push(outage);
    }

    /// Checks the times and prints them.
    #[expect(clippy::print_stderr, reason = "the figures of the long form are what it is run for")]
    pub(crate) fn conclude(self, what: &str, ledger: &Ledger) {
        let (mut back, mut away): (Vec<_>, Vec<_>) = self.0.into_iter().unzip();
        back.sort();
        away.sort();
        let (count, most, worst) = (back.len(), at(&back, 95), at(&back, 100));
        let (back, away) = (spread(&back), spread(&away));
        eprintln!("{count} {what}: back {back} after, calls failed for {away}; {ledger}");
        assert!(worst < BACK_EACH_TIME, "the service is back soon: {worst:?}");
        assert!(count < MANY || most < BACK_WITHIN, "the service is back at once: {most:?}");
        ledger.is_safe();
    }
}

/// The given percentile of sorted times.
fn at(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

fn spread(times: &[Duration]) -> String {
    let [middle, most, worst] = [50, 95, 100].map(|percent| at(times, percent).as_millis());
    format!("{middle} ms (p50), {most} ms (p95), {worst} ms (worst)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failovers_under_load_are_safe_and_short() {
    let mut watched = Watched::start_with(2);
    let url = watched.url();
    let load = Load::start(|| crate::connect(&url, Access::default()), stranger);
    let mut outages = Outages::default();
    load.recovery(Instant::now()).await;
    for turn in 0..failovers() {
        block_in_place(|| watched.mend());
        let promoted = block_in_place(|| watched.fail_over(turn % 2 == 0));
        outages.push(load.recovery(promoted).await);
    }
    outages.conclude("failovers of sentinels", &load.stop().await);
}

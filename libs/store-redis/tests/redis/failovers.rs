//! Failovers behind sentinels, under load: no code is accepted twice or stands more guesses, and the
//! service is back soon after the promotion, without a restart.
//!
//! `POSTERN_FAILOVERS=100` makes it a hundred.

use std::time::{Duration, Instant};

use store_redis::connection::address::Access;
use tokio::task::block_in_place;

use crate::cases::stranger;
use crate::ledger::Ledger;
use crate::load::Load;
use crate::servers::sentinel::Watched;

/// How soon after a promotion the service must be back, but for one time in twenty.
const BACK_WITHIN: Duration = Duration::from_secs(2);

/// How soon it must be back each time, on a machine that has other things to do.
const BACK_EACH_TIME: Duration = Duration::from_secs(10);

/// From how many times on one in twenty means something.
const MANY: usize = 20;

/// How many times something happens to the servers.
pub(crate) fn failovers() -> usize {
    let asked = std::env::var("POSTERN_FAILOVERS").ok();
    asked.map_or(2, |asked| asked.parse().expect("POSTERN_FAILOVERS is a number"))
}

/// How long after each promotion the service was back, and how long some calls had failed.
#[derive(Default)]
pub(crate) struct Outages(Vec<(Duration, Duration)>);

impl Outages {
    /// One more.
    pub(crate) fn push(&mut self, outage: (Duration, Duration)) {
        self.0.push(outage);
    }

    /// Checks and tells them.
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

/// What so many of a hundred are not beyond, of times in order.
fn at(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

fn spread(times: &[Duration]) -> String {
    let [middle, most, worst] = [50, 95, 100].map(|percent| at(times, percent).as_millis());
    format!("{middle} ms (p50), {most} ms (p95), {worst} ms (worst)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn failovers_under_load_are_safe_and_soon_over() {
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

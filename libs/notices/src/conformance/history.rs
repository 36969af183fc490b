//! Random histories: an outbox answers each step as the one in memory does, and loses nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::{Bench, application, body, id};
use crate::memory::MemoryOutbox;
use crate::notice::NoticeId;
use crate::outbox::{Entry, Outbox, Settlement};

/// One step of a history.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A service writes the notice of that number.
    Write(u8),
    /// A dispatcher takes at most so many.
    Take(usize),
    /// A dispatcher settles one of those that were ever taken.
    Settle(prop::sample::Index, Settlement),
    /// Time passes.
    Wait(u64),
    /// The rule about late notices is suspended for so many seconds.
    Suspend(u64),
}

/// Histories of one application.
pub fn histories() -> impl Strategy<Value = Vec<Step>> {
    let settlement = prop_oneof![
        Just(Settlement::Delivered),
        (0..40_u64).prop_map(|seconds| Settlement::Failed(Duration::from_secs(seconds))),
        Just(Settlement::Dead),
    ];
    let step = prop_oneof![
        3 => (0..8_u8).prop_map(Step::Write),
        3 => (1..4_usize).prop_map(Step::Take),
        3 => (any::<prop::sample::Index>(), settlement).prop_map(|(at, how)| Step::Settle(at, how)),
        3 => (0..20_000_u64).prop_map(Step::Wait),
        1 => (3_500_000..3_700_000_u64).prop_map(Step::Wait),
        1 => (0..30_u64).prop_map(Step::Suspend),
    ];
    prop::collection::vec(step, 1..60)
}

/// I26: runs a history on the outbox and on one in memory, which answer alike at each step. What was written
/// and neither delivered nor given up waits at the end.
pub async fn history(bench: &Bench, steps: &[Step]) {
    let model: Arc<dyn Outbox> = Arc::new(MemoryOutbox::new(bench.clock.clone()));
    let both = [&bench.outbox, &model];
    let application = application();
    let (mut taken, mut waiting) = (Vec::<Entry>::new(), BTreeSet::<NoticeId>::new());
    for step in steps {
        match *step {
            Step::Write(number) => {
                for outbox in both {
                    let written = outbox.write(&application, &id(number), body(&id(number))).await;
                    written.expect("the outbox answers");
                }
                waiting.insert(id(number));
            }
            Step::Take(limit) => {
                let [entries, expected] = both.map(|outbox| outbox.take(&application, limit));
                let entries = entries.await.expect("the outbox answers");
                assert_eq!(entries, expected.await.expect("memory answers"), "{step:?}");
                taken.extend(entries);
            }
            Step::Settle(_, _) if taken.is_empty() => {}
            Step::Settle(at, settlement) => {
                let entry = at.get(&taken);
                for outbox in both {
                    let attempt = (&entry.id, entry.attempts);
                    let settled = outbox.settle(&application, attempt, settlement).await;
                    settled.expect("the outbox answers");
                }
                if !matches!(settlement, Settlement::Failed(_)) {
                    waiting.remove(&entry.id);
                }
            }
            Step::Wait(milliseconds) => bench.clock.advance(Duration::from_millis(milliseconds)),
            Step::Suspend(seconds) => {
                for outbox in both {
                    let duration = Duration::from_secs(seconds);
                    outbox.suspend(&application, duration).await.expect("the outbox answers");
                }
            }
        }
        let [backlog, expected] = both.map(|outbox| outbox.backlog(&application));
        let backlog = backlog.await.expect("the outbox answers");
        assert_eq!(backlog, expected.await.expect("memory answers"), "{step:?}");
        assert_eq!(backlog.waiting, waiting.len() as u64, "{step:?}");
    }
    bench.clock.advance(Duration::from_secs(60));
    let left = bench.outbox.take(&application, usize::from(u8::MAX)).await;
    let left: BTreeSet<_> = left.expect("the outbox answers").into_iter().map(|it| it.id).collect();
    assert_eq!(left, waiting, "nothing is lost, and nothing comes back");
}

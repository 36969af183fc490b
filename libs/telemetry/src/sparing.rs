//! Limits how often telemetry logs its own failures. Its libraries complain of every failed export,
//! which is one every few seconds while a collector is down.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::Metadata;
use tracing::callsite::Identifier;
use tracing::subscriber::Interest;
use tracing_subscriber::layer::{Context, Filter};

/// The shortest time between two equal complaints.
const EVERY: Duration = Duration::from_secs(5 * 60);

/// Passes each complaint of telemetry once, and again after a while; passes everything else.
#[derive(Default)]
pub(super) struct Sparing {
    heard: Mutex<HashMap<Identifier, Instant>>,
}

impl Sparing {
    fn is_due(&self, complaint: Identifier, now: Instant) -> bool {
        // A panic elsewhere cannot leave it half changed.
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = heard.get(&complaint).is_none_or(|at| now - *at >= EVERY);
        if is_due {
            heard.insert(complaint, now);
        }
        is_due
    }
}

/// Whether the target is one of telemetry's own libraries.
fn is_complaint(metadata: &Metadata<'_>) -> bool {
    metadata.target().starts_with("opentelemetry")
}

impl<S> Filter<S> for Sparing {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        !is_complaint(metadata) || self.is_due(metadata.callsite(), Instant::now())
    }

    /// Everything else is decided once.
    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if is_complaint(metadata) { Interest::sometimes() } else { Interest::always() }
    }
}

#[cfg(test)]
mod tests {
    use tracing::callsite::Callsite as _;
    use tracing::metadata::Kind;
    use tracing::{Level, Subscriber as _};
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::fit_to_log;
    use crate::lines::JsonLines;
    use crate::testing::Lines;

    /// The exporter's complaint about a failed export.
    fn complain() {
        tracing::warn!(target: "opentelemetry-otlp", "telemetry data will be lost");
        tracing::error!(target: "opentelemetry_sdk", "the collector is not there");
    }

    #[test]
    fn what_telemetry_complains_of_is_heard_once_and_all_else_each_time() {
        let (lines, _guard) = Lines::capture();
        for _ in 0..100 {
            complain();
            tracing::warn!("something else");
        }
        let told = lines.take();
        let count = |words| told.lines().filter(|line| line.contains(words)).count();
        assert_eq!((count("will be lost"), count("is not there")), (1, 1), "{told}");
        assert_eq!(count("something else"), 100);
    }

    #[test]
    fn it_is_heard_again_when_a_while_has_gone_by() {
        let callsite = tracing::callsite!(name: "complaint", kind: Kind::EVENT, fields: );
        let (sparing, begun) = (Sparing::default(), Instant::now());
        let heard = [0, 1, 299, 300, 301, 600].map(|seconds| {
            let now = begun + Duration::from_secs(seconds);
            sparing.is_due(callsite.metadata().callsite(), now)
        });
        assert_eq!(heard, [true, false, false, true, false, true]);
    }

    #[test]
    fn what_is_never_heard_is_not_asked_about_each_time() {
        let log = Registry::default().with(fit_to_log(JsonLines::to(std::io::sink)));
        let detail = tracing::callsite!(name: "frame", kind: Kind::EVENT, target: "h2", level: Level::TRACE, fields: );
        assert!(log.register_callsite(detail.metadata()).is_never());
    }
}

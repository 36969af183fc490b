//! Logging to standard error, so that standard output stays free for what a command prints.
//!
//! Libraries that carry requests are heard from warnings up, however much is asked for: what they
//! tell in detail is what passes through them, and that can be a secret.

use std::io::{self, IsTerminal as _, Write as _};
use std::panic;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt};

use crate::settings::{LogFormat, Process};

/// Targets whose details are none of a log's business.
const CARRIERS: [&str; 10] = [
    "axum",
    "h2",
    "hyper",
    "hyper_util",
    "redis",
    "reqwest",
    "rustls",
    "tonic",
    "tower",
    "tower_http",
];

/// The target of an audit trail, which no filter turns off.
const AUDIT: &str = "audit";

/// Keeps telemetry running; flushes it when dropped, which is the last thing that a process does.
#[must_use = "telemetry ends when this is dropped"]
#[derive(Debug)]
pub struct Telemetry(());

impl Telemetry {
    /// Starts telemetry for the process. A second start in one process changes nothing.
    pub fn start(process: &Process) -> Self {
        let terminal = io::stderr().is_terminal();
        let lines = fmt::layer().with_writer(io::stderr);
        let lines = match process.log_format {
            LogFormat::Json => lines.json().flatten_event(true).boxed(),
            LogFormat::Auto if !terminal => lines.json().flatten_event(true).boxed(),
            LogFormat::Auto | LogFormat::Pretty => lines.with_ansi(terminal).boxed(),
        };
        let asked = process.log.clone().with_target(AUDIT, Level::INFO);
        let filtered = lines.with_filter(asked).with_filter(filter_fn(is_fit_to_log));
        if Registry::default().with(filtered).try_init().is_ok() {
            log_panics();
        }
        Self(())
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // Nobody is left to tell, if even this fails.
        let _ = io::stderr().flush();
    }
}

fn is_fit_to_log(event: &Metadata<'_>) -> bool {
    let root = event.target().split("::").next().unwrap_or_default();
    *event.level() <= Level::WARN || !CARRIERS.contains(&root)
}

/// Logs where a panic happened, and not what it says: a message can quote what it chokes on.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "panic", location, "panicked");
    }));
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::{DefaultGuard, set_default};
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    /// What is logged on this thread, for tests.
    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        pub(crate) fn capture() -> (Self, DefaultGuard) {
            let lines = Self::default();
            let writer = lines.clone();
            let layer = fmt::layer().json().flatten_event(true).with_writer(move || writer.clone());
            let layer = layer.with_filter(LevelFilter::TRACE).with_filter(filter_fn(is_fit_to_log));
            (lines, set_default(Registry::default().with(layer)))
        }

        pub(crate) fn take(&self) -> String {
            let bytes = std::mem::take(&mut *self.0.lock().expect("no panic while writing"));
            String::from_utf8(bytes).expect("text")
        }
    }

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic while writing").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn what_carries_requests_is_heard_from_warnings_up() {
        let (lines, _guard) = Lines::capture();
        tracing::trace!("ours");
        tracing::info!(target: "h2::codec", "hunter2");
        tracing::debug!(target: "hyper", "hunter2");
        tracing::warn!(target: "hyper::proto", "heard");
        let told = lines.take();
        assert!(told.contains("ours") && told.contains("heard") && !told.contains("hunter2"));
    }
}

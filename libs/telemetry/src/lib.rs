//! Logging to standard error, so that standard output stays free for the output of commands. A
//! thread of its own writes the lines: only the audit trail makes requests wait.
//!
//! Libraries that carry requests are logged from warnings up, whatever level is set: their details
//! are the requests themselves, which can hold secrets.
//!
//! Traces and metrics are sent over OTLP if the environment names an endpoint; metrics can always
//! be scraped. Requests do not wait for either: what cannot be sent is dropped.

pub mod rpc;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

mod audit;
mod lines;
mod metrics;
mod otlp;
mod output;
mod queue;
mod settings;
mod sink;
mod sparing;
mod traces;
mod writer;

use std::io::{self, IsTerminal as _};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use std::{panic, thread};

use opentelemetry::Key;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{FilterExt as _, LevelFilter, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, Registry, fmt};

use self::audit::Trail;
use self::lines::{JsonLines, Traced};
use self::output::{Descriptor, RotatedFile};
use self::queue::Queue;
use self::sink::Sink;
use self::sparing::Sparing;
use self::writer::Writer;

pub use opentelemetry::KeyValue;

pub use self::audit::{AUDIT, UnwrittenError, confirmed};
pub use self::metrics::{Counter, Gauge, Histogram, Seconds, observe, text};
pub use self::otlp::{Export, Otlp};
pub use self::settings::{AuditLog, AuditPlace, LogFormat, TelemetryArgs, TelemetrySettings};
pub use self::traces::{
    Caller, Description, SPANS, Span, is_sampled, note, traceparent, with_current_context,
};

/// Targets that are logged from warnings up only.
const CARRIERS: [&str; 14] = [
    "axum",
    "h2",
    "hyper",
    "hyper_util",
    "opentelemetry",
    "opentelemetry-otlp",
    "opentelemetry-prometheus",
    "opentelemetry_sdk",
    "redis",
    "reqwest",
    "rustls",
    "tonic",
    "tower",
    "tower_http",
];

/// How long the process waits at its end for spans and metrics to be sent.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// How long it then waits for the lines of the log and the audit trail to be written.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Spans or metrics cannot be sent.
    #[error(transparent)]
    Export(#[from] ExporterBuildError),
    /// The log or the audit trail cannot be written.
    #[error("the log cannot be written: {0}")]
    Log(#[from] io::Error),
}

/// The lines of a process: its log, and its audit trail if that has a destination of its own.
#[derive(Clone, Debug)]
pub struct Lines(Vec<Arc<Queue>>);

impl Lines {
    /// Waits until every line is written, up to a limit.
    pub fn flush(&self) {
        for queue in &self.0 {
            // If this fails too, the process has no way left to report it.
            let _ = queue.flush(LAST_LINES);
        }
    }
}

/// Keeps telemetry running. Dropping it flushes telemetry: the last act of a process before its
/// runtime ends.
#[must_use = "telemetry ends when this is dropped"]
#[derive(Debug)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    metrics: Option<SdkMeterProvider>,
    lines: Lines,
}

impl Telemetry {
    /// Starts telemetry inside the runtime. The process is called `service` unless the environment
    /// names it otherwise. A second start in one process changes nothing.
    ///
    /// # Errors
    /// [`TelemetryError::Export`] if an exporter cannot be built, [`TelemetryError::Log`] if a file
    /// cannot be opened.
    pub fn start(settings: &TelemetrySettings, service: &str) -> Result<Self, TelemetryError> {
        let resource = resource(service);
        let export = settings.otlp.traces.as_ref();
        let traces = export.map(|export| traces(resource.clone(), export)).transpose()?;
        let is_sent = settings.otlp.metrics.is_some();
        let metrics = metrics::start(resource, settings.otlp.metrics.as_ref())?;
        let (log, trail) = lines(&settings.audit)?;
        let queues = [Some(Arc::clone(&log)), trail.clone()].into_iter().flatten().collect();
        let terminal = io::stderr().is_terminal();
        let is_json = match settings.log_format {
            LogFormat::Auto => !terminal,
            LogFormat::Json => true,
            LogFormat::Pretty => false,
        };
        let log = Sink(log);
        let lines = if is_json {
            JsonLines::to(log).boxed()
        } else {
            let lines = fmt::layer().with_writer(log).with_ansi(terminal);
            lines.map_event_format(Traced).boxed()
        };
        let audit = if trail.is_some() { LevelFilter::OFF } else { LevelFilter::INFO };
        let asked = settings.log.clone().with_target(AUDIT, audit);
        let mut layers = vec![fit_to_log(lines.with_filter(asked))];
        if let Some(trail) = trail {
            let lines = JsonLines::to(Sink(trail));
            let only = Targets::new().with_target(AUDIT, Level::INFO);
            layers.push(fit_to_log(lines.with_filter(only)));
        }
        if let Some(provider) = &traces {
            traces::start(provider);
            layers.push(traces::layer(provider).boxed());
        }
        if Registry::default().with(layers).try_init().is_ok() {
            log_panics();
        }
        Ok(Self { traces, metrics: is_sent.then_some(metrics), lines: Lines(queues) })
    }
}

impl Telemetry {
    /// The lines of the process, which can still be flushed after everything else has ended.
    pub fn lines(&self) -> Lines {
        self.lines.clone()
    }
}

/// Starts to write the log and, if it has a destination of its own, the audit trail.
fn lines(audit: &AuditLog) -> io::Result<(Arc<Queue>, Option<Arc<Queue>>)> {
    let says = "Lines of the log that were dropped: the reader has stopped, or the disk is full.";
    let dropped = Counter::new("postern.log.dropped", says);
    let says = "Lines of the audit trail that were not written, or not in time.";
    let failed = Counter::new("postern.audit.failures", says);
    dropped.begin(&[]);
    failed.begin(&[]);
    let queue = || Arc::new(Queue::new(dropped.clone(), failed.clone()));
    let log = queue();
    Writer::start(Descriptor::of(io::stderr())?, None, Arc::clone(&log))?;
    let name = Some("the audit trail");
    let trail = match &audit.place {
        AuditPlace::Log => None,
        AuditPlace::Stdout => {
            let trail = queue();
            Writer::start(Descriptor::of(io::stdout())?, name, Arc::clone(&trail))?;
            Some(trail)
        }
        AuditPlace::File(path) => {
            let (trail, file) = (queue(), RotatedFile::new(path.clone(), audit.is_synced));
            Writer::start(file, name, Arc::clone(&trail))?;
            Some(trail)
        }
    };
    Trail { goes_on: audit.goes_on, failed }.start();
    Ok((log, trail))
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        let (traces, metrics) = (self.traces.take(), self.metrics.take());
        if traces.is_some() || metrics.is_some() {
            let (done, flushed) = mpsc::channel();
            // On a thread of its own, since not every provider keeps to a time limit.
            thread::spawn(move || {
                // A failure to send is logged below.
                let traces = traces.is_none_or(|provider| provider.shutdown().is_ok());
                let metrics = metrics.is_none_or(|provider| provider.shutdown().is_ok());
                done.send(traces && metrics)
            });
            if flushed.recv_timeout(LAST_WORDS) != Ok(true) {
                tracing::warn!("the last spans and metrics could not be sent");
            }
        }
    }
}

/// The attributes of this process.
fn resource(service: &str) -> Resource {
    let named = Resource::builder().build();
    let name = named.get(&Key::from_static_str("service.name"));
    let is_named = name.is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let builder = Resource::builder();
    if is_named { builder } else { builder.with_service_name(service.to_owned()) }.build()
}

/// Sends spans in batches from a thread of its own. The environment names the sampler; by default
/// the caller decides, and traces that begin here are sampled.
fn traces(resource: Resource, export: &Export) -> Result<SdkTracerProvider, ExporterBuildError> {
    let mut exporter = SpanExporter::builder().with_tonic();
    if let Some(tls) = &export.tls {
        exporter = exporter.with_tls_config(tls.clone());
    }
    let exporter = exporter.build()?;
    let builder = SdkTracerProvider::builder().with_batch_exporter(exporter);
    Ok(builder.with_resource(resource).build())
}

/// Passes only the spans and events that belong in the log.
fn fit_to_log<S>(lines: impl Layer<S> + Send + Sync) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    // One filter of the two: what one of several would let through, and another never, is asked about
    // each time that a library could have said it.
    lines.with_filter(filter_fn(is_fit_to_log).and(Sparing::default())).boxed()
}

fn is_fit_to_log(event: &Metadata<'_>) -> bool {
    let root = event.target().split("::").next().unwrap_or_default();
    let is_loud = *event.level() <= Level::WARN;
    !traces::is_exported(event) && (is_loud || !CARRIERS.contains(&root))
}

/// Logs where a panic happened, and not its message, which can quote what a client sent.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(target: "panic", location, "panicked");
    }));
}

#[cfg(test)]
mod tests {
    use super::testing::Lines;

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

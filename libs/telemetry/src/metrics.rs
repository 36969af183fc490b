//! Metrics: counted once, read by scrapers and by the exporter.

use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::metrics::{AsyncInstrument, Meter};
use opentelemetry::{KeyValue, global, metrics};
use opentelemetry_otlp::{ExporterBuildError, MetricExporter, WithTonicConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use prometheus::process_collector::ProcessCollector;
use prometheus::{Registry, TextEncoder};
use tokio::runtime::Handle;

use super::otlp::Export;

/// From half a millisecond, which a round trip to Redis takes, to the longest request.
const SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// The registry that is scraped.
static REGISTRY: OnceLock<Registry> = OnceLock::new();

/// A counter. Its labels are known at compile time, so that none can hold what a client sent.
#[derive(Clone, Debug)]
pub struct Counter(metrics::Counter<u64>);

impl Counter {
    /// Creates the counter of that name; telemetry must have started.
    pub fn new(name: &'static str, description: &'static str) -> Self {
        Self(meter().u64_counter(name).with_description(description).build())
    }

    /// Exports the counter as zero, so that its first increment is visible as one.
    pub fn begin(&self, labels: &[(&'static str, &'static str)]) {
        self.0.add(0, &attributes(labels));
    }

    /// Counts one.
    pub fn count(&self, labels: &[(&'static str, &'static str)]) {
        self.add(1, labels);
    }

    /// Adds `count`.
    pub fn add(&self, count: u64, labels: &[(&'static str, &'static str)]) {
        self.0.add(count, &attributes(labels));
    }
}

/// A gauge.
#[derive(Clone, Debug)]
pub struct Gauge(metrics::Gauge<u64>);

impl Gauge {
    /// Creates the gauge of that name; telemetry must have started.
    pub fn new(name: &'static str, description: &'static str) -> Self {
        Self(meter().u64_gauge(name).with_description(description).build())
    }

    /// Sets the gauge.
    pub fn set(&self, value: u64) {
        self.0.record(value, &[]);
    }
}

/// A histogram of durations. Its labels are known at compile time, as a [`Counter`]'s are.
#[derive(Clone, Debug)]
pub struct Histogram(metrics::Histogram<f64>);

impl Histogram {
    /// Creates the histogram of that name, in seconds; telemetry must have started.
    pub fn new(name: &'static str, description: &'static str) -> Self {
        let (meter, buckets) = (meter(), SECONDS.to_vec());
        let histogram = meter.f64_histogram(name).with_unit("s").with_description(description);
        Self(histogram.with_boundaries(buckets).build())
    }

    /// Records one duration.
    pub fn record(&self, duration: Duration, labels: &[(&'static str, &'static str)]) {
        self.record_as(duration, &attributes(labels));
    }

    /// Records one duration with labels that are known at run time only. They must be few: rpcs and
    /// routes.
    pub fn record_as(&self, duration: Duration, labels: &[KeyValue]) {
        self.0.record(duration.as_secs_f64(), labels);
    }
}

/// A gauge of a duration.
#[derive(Clone, Debug)]
pub struct Seconds(metrics::Gauge<f64>);

impl Seconds {
    /// Creates the gauge of that name, in seconds; telemetry must have started.
    pub fn new(name: &'static str, description: &'static str) -> Self {
        Self(meter().f64_gauge(name).with_unit("s").with_description(description).build())
    }

    /// Sets the gauge.
    pub fn set(&self, seconds: f64) {
        self.0.record(seconds, &[]);
    }
}

/// Exports the number that `number` gives at each read. Call it once for each set of labels, after
/// telemetry has started. Only the sum over all processes has a meaning: the number of one process
/// may be below zero.
pub fn observe(
    name: &'static str,
    description: &'static str,
    labels: &[(&'static str, &'static str)],
    number: impl Fn() -> i64 + Send + Sync + 'static,
) {
    let labels = attributes(labels);
    let callback = move |observer: &dyn AsyncInstrument<i64>| observer.observe(number(), &labels);
    let meter = meter();
    let sum = meter.i64_observable_up_down_counter(name).with_description(description);
    sum.with_callback(callback).build();
}

fn attributes(labels: &[(&'static str, &'static str)]) -> Vec<KeyValue> {
    labels.iter().map(|(key, value)| KeyValue::new(*key, *value)).collect()
}

fn meter() -> Meter {
    global::meter("postern")
}

/// Starts the metrics for scrapers and, if configured, for the exporter.
pub(super) fn start(
    resource: Resource,
    export: Option<&Export>,
) -> Result<SdkMeterProvider, ExporterBuildError> {
    let registry = Registry::new();
    let mut builder = SdkMeterProvider::builder().with_resource(resource);
    if let Some(export) = export {
        let mut exporter = MetricExporter::builder().with_tonic();
        if let Some(tls) = &export.tls {
            exporter = exporter.with_tls_config(tls.clone());
        }
        builder = builder.with_periodic_exporter(exporter.build()?);
    }
    // Neither fails for an empty registry. The scope is the same for all metrics, and is left out.
    let scraped = opentelemetry_prometheus::exporter().with_registry(registry.clone());
    if let Ok(scraped) = scraped.scope_info_enabled(false).build() {
        builder = builder.with_reader(scraped);
    }
    let _ = registry.register(Box::new(ProcessCollector::for_self()));
    let provider = builder.build();
    // The first start in this process wins.
    if REGISTRY.set(registry).is_ok() {
        global::set_meter_provider(provider.clone());
        tell_tasks();
    }
    Ok(provider)
}

/// Exports the number of tasks of the present runtime: a steady rise is a leak.
fn tell_tasks() {
    if let Ok(runtime) = Handle::try_current() {
        meter()
            .u64_observable_gauge("postern.runtime.tasks")
            .with_description(
                "Tasks that have begun and not ended: each connection is one or more.",
            )
            .with_callback(move |tasks| {
                tasks.observe(runtime.metrics().num_alive_tasks() as u64, &[]);
            })
            .build();
    }
}

/// All metrics as they are now, in the text format of Prometheus.
pub fn text() -> String {
    let families = REGISTRY.get().map(Registry::gather).unwrap_or_default();
    TextEncoder::new().encode_to_string(&families).unwrap_or_default()
}

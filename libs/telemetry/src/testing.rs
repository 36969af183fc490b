//! Captures the log and the spans of one thread, for tests; for those of other crates, behind the feature
//! `testing`.

#![expect(clippy::missing_panics_doc, reason = "a test fails by a panic")]

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use prost::Message as _;
use prost_types::{
    FileDescriptorProto, FileDescriptorSet, MethodDescriptorProto, ServiceDescriptorProto,
};
use tracing::Dispatch;
use tracing::subscriber::{DefaultGuard, set_default};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer, Registry};

use super::lines::JsonLines;
use super::{fit_to_log, traces};

pub use opentelemetry::trace::{SpanId, Status};
pub use opentelemetry_sdk::trace::{Sampler, SpanData};

/// A second subscriber, which records nothing. With only one, `tracing` caches a callsite as disabled
/// for all threads when the first thread to reach it has no subscriber.
static ANOTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(Registry::default()));

/// What is logged on this thread, for tests.
#[derive(Clone, Default)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    /// Begins to hear this thread, until the guard is dropped.
    pub fn capture() -> (Self, DefaultGuard) {
        let lines = Self::default();
        LazyLock::force(&ANOTHER);
        let layer = lines.layer();
        (lines, set_default(Registry::default().with(layer)))
    }

    fn layer(&self) -> Box<dyn Layer<Registry> + Send + Sync> {
        let writer = self.clone();
        fit_to_log(JsonLines::to(move || writer.clone()))
    }

    /// All lines since the last time.
    pub fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("no panic while writing"));
        String::from_utf8(bytes).expect("text")
    }
}

/// The spans that are exported of what happens on this thread, and its log, for tests.
pub struct Exported {
    exporter: InMemorySpanExporter,
    /// The log.
    pub lines: Lines,
    _guard: DefaultGuard,
}

impl Exported {
    /// Begins to hear this thread, and keeps every trace that its caller keeps.
    pub fn capture() -> Self {
        Self::sampling(Sampler::ParentBased(Box::new(Sampler::AlwaysOn)))
    }

    /// Begins to hear this thread, and keeps the traces that this sampler keeps.
    pub fn sampling(sampler: Sampler) -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone());
        let provider = provider.with_sampler(sampler).build();
        traces::set_tracer_of_thread(Some(Box::leak(Box::new(provider.tracer("test")))));
        LazyLock::force(&ANOTHER);
        let lines = Lines::default();
        let subscriber =
            Registry::default().with(vec![lines.layer(), traces::layer(&provider).boxed()]);
        Self { exporter, lines, _guard: set_default(subscriber) }
    }

    /// By name: those that ended.
    pub fn spans(&self) -> HashMap<String, SpanData> {
        let spans = self.exporter.get_finished_spans().expect("it is not shut down");
        spans
            .into_iter()
            .map(|span| (format!("{:?} {}", span.span_kind, span.name), span))
            .collect()
    }
}

impl Drop for Exported {
    fn drop(&mut self) {
        traces::set_tracer_of_thread(None);
    }
}

/// Descriptors of a service `test.Svc` with these rpcs.
pub fn descriptors(rpcs: &[&str]) -> Vec<u8> {
    let rpc = |name: &&str| MethodDescriptorProto {
        name: Some((*name).to_owned()),
        ..Default::default()
    };
    let service = ServiceDescriptorProto {
        name: Some("Svc".to_owned()),
        method: rpcs.iter().map(rpc).collect(),
        ..Default::default()
    };
    let file = FileDescriptorProto {
        package: Some("test".to_owned()),
        service: vec![service],
        ..Default::default()
    };
    FileDescriptorSet { file: vec![file] }.encode_to_vec()
}

/// An attribute of a span, as text.
pub fn attribute(span: &SpanData, key: &str) -> Option<String> {
    let mut attributes = span.attributes.iter();
    let found = attributes.find(|attribute| attribute.key.as_str() == key)?;
    Some(found.value.to_string())
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

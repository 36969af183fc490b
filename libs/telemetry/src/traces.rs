//! Spans: which of them leave the process, and how a trace continues in another process.
//!
//! # What is exported
//! The spans of requests and of calls to other services, which begin here, and within them spans of
//! `tracing` under the target `trace`. Nothing else: no event, no line of the log, no span of a
//! library. The code that begins a span sets everything that leaves the process about it.
//!
//! # Whose trace continues
//! That of a trusted caller: one over gRPC, or a trusted proxy over HTTP. A stranger could force
//! sampling of every request, or inject requests into another trace: a stranger's request begins a
//! new trace with a link to the given context.
//!
//! # Sampling
//! The sampler of the environment, or the trusted caller, decides at the trace's beginning. A trace
//! that is not sampled has ids, for the log and for calls, and collects nothing else. With a ratio
//! of 1 % that is 99 of 100 requests.

use std::borrow::Cow;
use std::sync::OnceLock;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::context::FutureExt as _;
use opentelemetry::context::WithContext;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt as _, TraceState,
    Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, ContextGuard, KeyValue, Value};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that are exported.
pub const SPANS: &str = "trace";

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Creates the spans of requests; empty if spans are not exported.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Starts to create spans.
pub(super) fn start(provider: &SdkTracerProvider) {
    // The first start in this process wins.
    let _ = TRACER.set(provider.tracer("postern"));
}

fn tracer() -> Option<&'static SdkTracer> {
    #[cfg(any(test, feature = "testing"))]
    if let Some(tracer) = TRACER_OF_THREAD.get() {
        return Some(tracer);
    }
    TRACER.get()
}

#[cfg(any(test, feature = "testing"))]
thread_local! {
    /// Creates the spans of a test, which has a thread of its own.
    static TRACER_OF_THREAD: std::cell::Cell<Option<&'static SdkTracer>> =
        const { std::cell::Cell::new(None) };
}

/// Sets the tracer of this thread.
#[cfg(any(test, feature = "testing"))]
pub(super) fn set_tracer_of_thread(tracer: Option<&'static SdkTracer>) {
    TRACER_OF_THREAD.set(tracer);
}

/// Adds a fact about the outcome to the span of the present request. The value must be configured
/// or compiled in, never sent by a client.
pub fn note(key: &'static str, value: impl Into<Cow<'static, str>>) {
    Context::map_current(|context| {
        let span = context.span();
        if span.span_context().is_sampled() {
            span.set_attribute(KeyValue::new(key, value.into()));
        }
    });
}

/// The layer that turns spans of `tracing` into parts of the present trace, if it is sampled.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("postern"))
        // The place in the code is of no use to the reader of a trace.
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_level(false)
        .with_target(false)
        .with_filter(filter_fn(is_exported))
}

/// Whether this span is exported. The log does not show such spans: it has lines of its own.
pub(super) fn is_exported(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.target() == SPANS
}

/// Whether the present trace is sampled. If it is not, create no span: a filter would not save its cost.
pub fn is_sampled() -> bool {
    let is_left_out = Context::map_current(|context| {
        context.has_active_span() && !context.span().span_context().is_sampled()
    });
    tracer().is_some() && !is_left_out
}

/// Name and attributes of a span at its beginning.
pub type Description = (Cow<'static, str>, Vec<KeyValue>);

/// Who sent the trace context of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A known service or proxy: its trace continues, sampled or not as it decided.
    Trusted,
    /// Any other.
    Stranger,
}

/// A span; ids only if its trace is not sampled; empty if spans are not exported. It ends when this
/// and everything within it is dropped.
#[derive(Clone, Debug)]
pub struct Span(Context);

impl Span {
    /// The span of a request. It continues the trace in the headers if the caller is trusted; to a
    /// stranger's trace it has a link.
    pub fn server(
        headers: &HeaderMap,
        caller: Caller,
        describe: impl FnOnce() -> Description,
    ) -> Self {
        let Some(tracer) = tracer() else { return Self(Context::new()) };
        let given =
            TraceContextPropagator::new().extract_with_context(&Context::new(), &In(headers));
        if caller == Caller::Trusted {
            return Self::begin(tracer, SpanKind::Server, &given, describe);
        }
        let begun = Self::begin(tracer, SpanKind::Server, &Context::new(), describe);
        let (given, span) = (given.span(), begun.0.span());
        if given.span_context().is_valid() && span.is_recording() {
            span.add_link(without_state(given.span_context()), Vec::new());
        }
        begun
    }

    /// The span of a call to another service, within the present span.
    pub fn client(describe: impl FnOnce() -> Description) -> Self {
        let parent = Context::current();
        match tracer().filter(|_| is_sampled()) {
            Some(tracer) => Self::begin(tracer, SpanKind::Client, &parent, describe),
            None => Self(parent),
        }
    }

    /// A span that continues a trace which a user began in an earlier request: [`traceparent`] named it. The
    /// text must come from this service, never from a client.
    pub fn continued(traceparent: Option<&str>, describe: impl FnOnce() -> Description) -> Self {
        let value = traceparent.and_then(|text| HeaderValue::try_from(text).ok());
        let (Some(tracer), Some(value)) = (tracer(), value) else {
            return Self(Context::current());
        };
        let headers = HeaderMap::from_iter([(TRACEPARENT, value)]);
        let given =
            TraceContextPropagator::new().extract_with_context(&Context::new(), &In(&headers));
        Self::begin(tracer, SpanKind::Internal, &given, describe)
    }

    fn begin(
        tracer: &SdkTracer,
        kind: SpanKind,
        parent: &Context,
        describe: impl FnOnce() -> Description,
    ) -> Self {
        // No sampler that the environment can name uses more than ids.
        let mut span = tracer.build_with_context(SpanBuilder::default().with_kind(kind), parent);
        if span.is_recording() {
            let (name, attributes) = describe();
            span.update_name(name);
            span.set_attributes(attributes);
        }
        Self(parent.with_span(span))
    }

    /// Adds an attribute.
    pub fn set(&self, key: &'static str, value: impl Into<Value>) {
        let span = self.0.span();
        if span.span_context().is_sampled() {
            span.set_attribute(KeyValue::new(key, value));
        }
    }

    /// Marks the span as failed, with the kind of error.
    pub fn fail(&self, error: impl Into<Value>) {
        let span = self.0.span();
        if span.span_context().is_sampled() {
            span.set_status(Status::error(""));
            span.set_attribute(KeyValue::new("error.type", error));
        }
    }

    /// Enters the span until the guard is dropped.
    pub fn enter(&self) -> ContextGuard {
        self.0.clone().attach()
    }

    /// Runs `work` within the span.
    pub fn around<F: Future>(&self, work: F) -> WithContext<F> {
        work.with_context(self.0.clone())
    }

    /// Writes the trace's ids into the headers of a call.
    pub fn inject(&self, headers: &mut HeaderMap) {
        TraceContextPropagator::new().inject_context(&self.0, &mut Out(headers));
    }
}

/// The present span's place in its trace, for [`Span::continued`]; `None` if spans are not exported.
pub fn traceparent() -> Option<String> {
    let mut headers = HeaderMap::new();
    Span(Context::current()).inject(&mut headers);
    headers.get(TRACEPARENT)?.to_str().ok().map(str::to_owned)
}

/// Runs `work` within the present span, on whatever task it runs.
pub fn with_current_context<F: Future>(work: F) -> WithContext<F> {
    work.with_current_context()
}

/// The ids of a context without its `tracestate`, which is free text of the caller.
fn without_state(given: &SpanContext) -> SpanContext {
    let (trace, span, flags) = (given.trace_id(), given.span_id(), given.trace_flags());
    SpanContext::new(trace, span, flags, true, TraceState::NONE)
}

struct In<'a>(&'a HeaderMap);

impl Extractor for In<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Out<'a>(&'a mut HeaderMap);

impl Injector for Out<'_> {
    fn set(&mut self, key: &str, value: String) {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(key), HeaderValue::try_from(value)) {
            self.0.insert(name, value);
        }
    }
}

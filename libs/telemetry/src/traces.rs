//! Spans: which of them leave the process, and how a trace goes on from one process to the next.
//!
//! # What is exported
//! The spans of requests and of calls to other services, which are begun here, and within them spans of
//! `tracing` under the target `trace`. Nothing else: no event, no line of the log, no span of a library.
//! Whoever begins a span says in it all that will ever be known of it outside.
//!
//! # Whose trace goes on
//! That of a caller who is trusted: one over gRPC, or a trusted proxy over HTTP. Anybody else could have
//! every request of theirs kept, or lead requests into the trace of others: their requests begin a
//! trace of their own, with a link to the context that they gave.
//!
//! # What is not sampled
//! Whether a trace is kept is decided where it begins, by the sampler that the environment names, or
//! was decided by the caller. Of one that is not kept there are ids, which the log and whoever is
//! called are told, and nothing is gathered that nobody would see: of a hundred requests that is the
//! lot of ninety-nine.

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

/// Who makes the spans of requests; nobody where they are sent nowhere.
static TRACER: OnceLock<SdkTracer> = OnceLock::new();

/// Begins to make spans.
pub(super) fn start(provider: &SdkTracerProvider) {
    // Whoever came first in this process makes them.
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
    /// Makes the spans of a test, which has a thread of its own.
    static TRACER_OF_THREAD: std::cell::Cell<Option<&'static SdkTracer>> =
        const { std::cell::Cell::new(None) };
}

/// Sets what makes the spans of this thread.
#[cfg(any(test, feature = "testing"))]
pub(super) fn set_tracer_of_thread(tracer: Option<&'static SdkTracer>) {
    TRACER_OF_THREAD.set(tracer);
}

/// Adds what is known of the request's outcome to the span that it is worked on in. The value must be
/// the name of something that is configured or compiled in, and never what a client sent.
pub fn note(key: &'static str, value: impl Into<Cow<'static, str>>) {
    Context::map_current(|context| {
        let span = context.span();
        if span.span_context().is_sampled() {
            span.set_attribute(KeyValue::new(key, value.into()));
        }
    });
}

/// What turns the spans of `tracing` into parts of the present trace, where that is kept.
pub(super) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("postern"))
        // What it could tell of where in the code a span began helps nobody who reads a trace.
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_level(false)
        .with_target(false)
        .with_filter(filter_fn(is_exported))
}

/// Whether it is a span that is exported. The log does not show those: it has lines of its own.
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

/// What a span is called, and what is known of it when it begins.
pub type Description = (Cow<'static, str>, Vec<KeyValue>);

/// Who names the trace that a request belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caller {
    /// A service or a proxy that is known: its trace goes on, kept or not as it decided.
    Trusted,
    /// Anybody.
    Stranger,
}

/// A span, or no more than ids where its trace is not kept; nothing at all where none is. It ends
/// when nobody works within it any more, and this is dropped.
#[derive(Clone, Debug)]
pub struct Span(Context);

impl Span {
    /// The span of a request, in the trace that its caller began, if the headers name one and the
    /// caller is trusted. Of a stranger's trace it keeps a link.
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

    /// The span of a call that is made to another service, within the present one.
    pub fn client(describe: impl FnOnce() -> Description) -> Self {
        let parent = Context::current();
        match tracer().filter(|_| is_sampled()) {
            Some(tracer) => Self::begin(tracer, SpanKind::Client, &parent, describe),
            None => Self(parent),
        }
    }

    fn begin(
        tracer: &SdkTracer,
        kind: SpanKind,
        parent: &Context,
        describe: impl FnOnce() -> Description,
    ) -> Self {
        // No sampler that the environment can name looks at more than ids.
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

    /// Says that what it stands for failed, and how, in one word.
    pub fn fail(&self, error: impl Into<Value>) {
        let span = self.0.span();
        if span.span_context().is_sampled() {
            span.set_status(Status::error(""));
            span.set_attribute(KeyValue::new("error.type", error));
        }
    }

    /// What is done from now on is done within it.
    pub fn enter(&self) -> ContextGuard {
        self.0.clone().attach()
    }

    /// Does some work within it.
    pub fn around<F: Future>(&self, work: F) -> WithContext<F> {
        work.with_context(self.0.clone())
    }

    /// Writes the trace's ids into the headers of a call.
    pub fn inject(&self, headers: &mut HeaderMap) {
        TraceContextPropagator::new().inject_context(&self.0, &mut Out(headers));
    }
}

/// Runs `work` within the present span, on whatever task it runs.
pub fn with_current_context<F: Future>(work: F) -> WithContext<F> {
    work.with_current_context()
}

/// The ids of a context without its `tracestate`, in which its caller can write what they like.
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

//! Spans: which of them leave the process, and how a trace goes on from one process to the next.
//!
//! # What is exported
//! Spans of the target `trace`, and nothing else: no event, no line of the log, no span of a library.
//! Whoever writes such a span says in its fields all that will ever be known of it outside.

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator as _};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

/// The target of spans that are exported.
pub const SPANS: &str = "trace";

/// Adds what is known of the request's outcome to the span that it is worked on in. The value must be
/// the name of something that is configured or compiled in, and never what a client sent.
pub fn note(key: &'static str, value: impl Into<Cow<'static, str>>) {
    let span = Span::current();
    if !span.is_disabled() {
        span.set_attribute(key, value.into());
    }
}

/// What turns spans into a trace.
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

/// Continues the trace that the caller began. To be called before the span is entered.
pub(crate) fn continue_from(headers: &HeaderMap, span: &Span) {
    if span.is_disabled() {
        return;
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &In(headers));
    if context.span().span_context().is_valid() {
        // Fails for a span that no layer listens to, which then has no trace.
        let _ = span.set_parent(context);
    }
}

/// Tells whom we call in which trace they are called.
pub(crate) fn carry_on(span: &Span, headers: &mut HeaderMap) {
    if !span.is_disabled() {
        TraceContextPropagator::new().inject_context(&span.context(), &mut Out(headers));
    }
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

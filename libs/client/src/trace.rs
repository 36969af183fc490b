//! The trace of the caller, continued at the service.

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tonic::metadata::MetadataMap;

/// Writes the current span as W3C Trace Context (`traceparent`), if there is one.
pub(crate) fn inject(metadata: &mut MetadataMap) {
    let context = Context::current();
    let span = context.span();
    let span = span.span_context();
    if span.is_valid() {
        let (trace, id, flags) = (span.trace_id(), span.span_id(), span.trace_flags());
        if let Ok(value) = format!("00-{trace}-{id}-{flags:02x}").parse() {
            metadata.insert("traceparent", value);
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    fn traceparent() -> Option<String> {
        let mut metadata = MetadataMap::new();
        inject(&mut metadata);
        metadata.get("traceparent").map(|value| value.to_str().expect("text").to_owned())
    }

    #[test]
    fn the_current_span_of_tracing_is_continued() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("caller"));
        let _subscribed =
            tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        assert_eq!(traceparent(), None, "outside any span");
        let span = tracing::info_span!("recovery");
        let _entered = span.enter();
        let here = Context::current();
        let here = here.span().span_context().clone();
        let expected = format!("00-{}-{}-01", here.trace_id(), here.span_id());
        assert!(here.is_valid());
        assert_eq!(traceparent(), Some(expected));
    }
}

//! Which trace a line of the log belongs to.

use std::fmt;

use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt as _;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// Puts the ids of trace and span at the beginning of each line that is written inside one.
pub(super) struct Traced<F> {
    inner: F,
    is_json: bool,
}

impl<F> Traced<F> {
    /// Lines that are JSON objects.
    pub(super) const fn json(inner: F) -> Self {
        Self { inner, is_json: true }
    }

    /// Lines for people.
    pub(super) const fn pretty(inner: F) -> Self {
        Self { inner, is_json: false }
    }
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let current = Context::current();
        let span = current.span();
        let ids = span.span_context();
        if !ids.is_valid() {
            return self.inner.format_event(context, writer, event);
        }
        let (trace, span) = (ids.trace_id(), ids.span_id());
        if !self.is_json {
            write!(writer, "trace_id={trace} span_id={span} ")?;
            return self.inner.format_event(context, writer, event);
        }
        let mut line = String::new();
        self.inner.format_event(context, Writer::new(&mut line), event)?;
        // The object goes on after the ids. One that is empty was never written.
        let rest = line.strip_prefix('{').unwrap_or(&line);
        write!(writer, r#"{{"trace_id":"{trace}","span_id":"{span}",{rest}"#)
    }
}

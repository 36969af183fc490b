//! The lines of the log, and which trace each belongs to: JSON for machines, text for people.

use std::cell::RefCell;
use std::fmt;
use std::io::Write as _;

use clock::{SystemClock, Timestamp};
use opentelemetry::Context;
use opentelemetry::trace::{SpanId, TraceContextExt as _, TraceId};
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::layer::{Context as Within, Layer};
use tracing_subscriber::registry::LookupSpan;

/// The ids of the present trace and span.
fn ids() -> Option<(TraceId, SpanId)> {
    Context::map_current(|context| {
        let span = context.span();
        let ids = span.span_context();
        ids.is_valid().then(|| (ids.trace_id(), ids.span_id()))
    })
}

/// Writes each event as one line, a JSON object: its place, its time and its fields.
///
/// # Why our own
/// Each request writes a line or two. `tracing-subscriber` takes twice the instructions for one: it
/// looks up spans, of which there are none here, and writes through several buffers.
pub(super) struct JsonLines<W> {
    writer: W,
}

impl<W> JsonLines<W> {
    /// Writes lines to `writer`, each in one piece.
    pub(super) const fn to(writer: W) -> Self {
        Self { writer }
    }
}

thread_local! {
    /// The buffer of the last line, used again for the next.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };

    /// The second of the last line, and its text.
    static SECOND: RefCell<(u64, String)> = const { RefCell::new((0, String::new())) };
}

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber,
    W: for<'writer> MakeWriter<'writer> + 'static,
{
    fn on_event(&self, event: &Event<'_>, _: Within<'_, S>) {
        // An event within an event, such as from a value that logs while it is formatted, has a
        // buffer of its own.
        let mut line = BUFFER.take();
        write_line(&mut line, event);
        // If this fails too, the process has no way left to report it.
        let _ = self.writer.make_writer_for(event.metadata()).write_all(&line);
        line.clear();
        BUFFER.replace(line);
    }
}

fn write_line(line: &mut Vec<u8>, event: &Event<'_>) {
    let mut object = Object { line, has_fields: false };
    if let Some((trace, span)) = ids() {
        object.put_hex("trace_id", &trace.to_bytes());
        object.put_hex("span_id", &span.to_bytes());
    }
    object.put_now("timestamp");
    object.put("level", event.metadata().level().as_str());
    event.record(&mut object);
    object.put("target", event.metadata().target());
    line.extend_from_slice(b"}\n");
}

/// A JSON object that is being written.
struct Object<'a> {
    line: &'a mut Vec<u8>,
    has_fields: bool,
}

impl Object<'_> {
    /// Adds a field. Its name is compiled in, so that it needs no escaping.
    fn put(&mut self, name: &'static str, value: impl Serialize) {
        self.begin(name);
        // Writing a text or a number to memory cannot fail.
        let _ = serde_json::to_writer(&mut *self.line, &value);
    }

    fn begin(&mut self, name: &'static str) {
        self.line.extend_from_slice(if self.has_fields { b",\"" } else { b"{\"" });
        self.has_fields = true;
        self.line.extend_from_slice(name.as_bytes());
        self.line.extend_from_slice(b"\":");
    }

    /// Adds an id, in hexadecimal digits.
    fn put_hex(&mut self, name: &'static str, id: &[u8]) {
        let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
        self.begin(name);
        self.line.push(b'"');
        self.line.extend(id.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
        self.line.push(b'"');
    }

    /// Adds the present instant: RFC 3339, in UTC, with microseconds. The part up to the second is
    /// formatted once a second, since that costs as much as the rest of a short line.
    fn put_now(&mut self, name: &'static str) {
        let since = SystemClock::since_epoch();
        self.begin(name);
        SECOND.with_borrow_mut(|(second, text)| {
            if *second != since.as_secs() || text.is_empty() {
                let whole = (Timestamp::default() + since).to_string();
                whole.split('.').next().unwrap_or_default().clone_into(text);
                *second = since.as_secs();
            }
            self.line.push(b'"');
            self.line.extend_from_slice(text.as_bytes());
        });
        let micros = since.subsec_micros();
        let digit = |unit: u32| b"0123456789"[(micros / unit % 10) as usize];
        self.line.push(b'.');
        self.line.extend([100_000, 10_000, 1_000, 100, 10, 1].map(digit));
        self.line.extend_from_slice(b"Z\"");
    }
}

impl Visit for Object<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field.name(), format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field.name(), value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field.name(), value);
    }
}

/// Puts the ids of trace and span at the beginning of each line for people.
pub(super) struct Traced<F>(pub(super) F);

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
        if let Some((trace, span)) = ids() {
            write!(writer, "trace_id={trace} span_id={span} ")?;
        }
        self.0.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use clock::Clock as _;
    use serde_json::Value;
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::testing::Lines;

    #[test]
    fn a_line_is_one_object_whose_fields_stand_in_order() {
        let (lines, _guard) = Lines::capture();
        tracing::warn!(target: "here", { a.b = 1, nothing = None::<&str> }, "a {}", "\"quote\"\n");
        let told = lines.take();
        let (time, rest) = told.split_at(r#"{"timestamp":"2026-01-31T08:30:00.000000Z""#.len());
        assert!(time.starts_with(r#"{"timestamp":"20"#) && time.ends_with(r#"Z""#), "{told}");
        let fields = r#","level":"WARN","message":"a \"quote\"\n","a.b":1,"target":"here"}"#;
        assert_eq!(rest, format!("{fields}\n"));
    }

    #[test]
    fn a_line_says_when_it_was() {
        let (lines, _guard) = Lines::capture();
        for _ in 0..3 {
            let before = SystemClock.now();
            tracing::info!("now");
            let told: Value = serde_json::from_str(&lines.take()).expect("an object");
            let told = told["timestamp"].as_str().expect("text").to_owned();
            let around = [before, SystemClock.now()].map(|it| it.to_string());
            assert_eq!(told.len(), "2026-01-31T08:30:00.000000Z".len(), "{told}");
            // Texts of one form are in the order of time.
            let told = format!("{}Z", &told[..around[0].len() - 1]);
            assert!(around[0] <= told && told <= around[1], "{told} in {around:?}");
            std::thread::sleep(std::time::Duration::from_millis(700));
        }
    }

    #[test]
    fn every_kind_of_value_is_its_own_in_json() {
        let (lines, _guard) = Lines::capture();
        let text = String::from("\u{1}\\ä");
        tracing::info!(text, flag = true, less = -1_i64, part = 0.5, odd = f64::NAN, what = ?Some(1));
        let told: Value = serde_json::from_str(&lines.take()).expect("an object");
        for (name, value) in [
            ("text", Value::from("\u{1}\\ä")),
            ("flag", true.into()),
            ("less", (-1).into()),
            ("part", 0.5.into()),
            ("odd", Value::Null),
            ("what", "Some(1)".into()),
        ] {
            assert_eq!(told[name], value, "{name}");
        }
    }

    #[test]
    fn a_line_leaves_in_one_piece() {
        struct Pieces(std::sync::mpsc::Sender<usize>);
        impl std::io::Write for Pieces {
            fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
                self.0.send(bytes.len()).expect("somebody counts");
                Ok(bytes.len())
            }
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
        let (sender, pieces) = std::sync::mpsc::channel();
        let lines = JsonLines::to(move || Pieces(sender.clone()));
        let _guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(lines));
        tracing::info!(a = 1, b = "two", c = ?Some(3), "line");
        assert_eq!(pieces.try_iter().count(), 1);
    }
}

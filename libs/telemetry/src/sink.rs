//! Where the lines of `tracing` go: into a queue, and those of the audit trail with a receipt.

use std::io::{self, Write};
use std::sync::Arc;

use tracing::Metadata;
use tracing_subscriber::fmt::MakeWriter;

use super::audit::{self, AUDIT};
use super::queue::Queue;

/// Puts lines into a queue.
#[derive(Clone)]
pub(super) struct Sink(pub(super) Arc<Queue>);

/// One line.
pub(super) struct Line<'a> {
    queue: &'a Queue,
    is_confirmed: bool,
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { queue: &self.0, is_confirmed: false }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> Line<'a> {
        Line { queue: &self.0, is_confirmed: event.target() == AUDIT }
    }
}

/// Each line comes in one piece.
impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.is_confirmed {
            audit::keep(self.queue.push_confirmed(line));
        } else {
            self.queue.push(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

//! The thread that writes lines: lines that wait together are written and synchronised together.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::thread;

use super::output::Output;
use super::queue::{Batch, Queue};

/// Writes to one output until the process ends.
pub(super) struct Writer<O> {
    output: O,
    /// The last line was written in part. The next one must not continue it.
    is_torn: bool,
    /// The last write failed, and that was logged.
    is_failing: bool,
    /// The name of the lines, for the log.
    name: Option<&'static str>,
}

impl<O: Output + 'static> Writer<O> {
    /// Starts to write what the queue receives. `name` says in the log which lines cannot be
    /// written; `None` if these lines are the log itself.
    pub(super) fn start(
        output: O,
        name: Option<&'static str>,
        queue: Arc<Queue>,
    ) -> io::Result<()> {
        let writer = Self { output, is_torn: false, is_failing: false, name };
        let builder = thread::Builder::new().name("lines".to_owned());
        builder.spawn(move || writer.run(&queue)).map(drop)
    }

    fn run(mut self, queue: &Queue) {
        let mut batch = Batch::default();
        loop {
            batch = queue.next(batch);
            let written = self.write(&batch);
            let dropped = queue.settle(&mut batch, written);
            if dropped > 0 {
                tracing::warn!(target: "log", lines = dropped, "lines of the log were dropped");
            }
        }
    }

    /// Writes a batch. Returns how many bytes of it are safe.
    fn write(&mut self, batch: &Batch) -> usize {
        let (written, outcome) = self.append(batch.bytes());
        let outcome = match outcome {
            Ok(()) if batch.is_confirmed() => self.output.sync(),
            outcome => outcome,
        };
        // Bytes that may not be on the disk are not confirmed.
        let is_lost = outcome.is_err() && written == batch.bytes().len();
        self.tell(&outcome);
        if is_lost { 0 } else { written }
    }

    fn append(&mut self, bytes: &[u8]) -> (usize, io::Result<()>) {
        match self.output.follow() {
            Ok(is_torn) => self.is_torn |= is_torn,
            Err(error) => return (0, Err(error)),
        }
        if self.is_torn {
            match self.write_all(b"\n") {
                (1, _) => self.is_torn = false,
                (_, outcome) => return (0, outcome),
            }
        }
        let (written, outcome) = self.write_all(bytes);
        self.is_torn = bytes[..written].last().is_some_and(|last| *last != b'\n');
        (written, outcome)
    }

    fn write_all(&mut self, bytes: &[u8]) -> (usize, io::Result<()>) {
        let mut written = 0;
        while written < bytes.len() {
            match self.output.write(&bytes[written..]) {
                Ok(0) => return (written, Err(ErrorKind::WriteZero.into())),
                Ok(more) => written += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return (written, Err(error)),
            }
        }
        (written, Ok(()))
    }

    /// Logs when writing begins to fail and when it works again.
    fn tell(&mut self, outcome: &io::Result<()>) {
        let was_failing = std::mem::replace(&mut self.is_failing, outcome.is_err());
        let Some(name) = self.name else { return };
        match outcome {
            Err(error) if !was_failing => tracing::error!(%error, "{name} cannot be written"),
            Ok(()) if was_failing => tracing::info!("{name} can be written again"),
            Ok(()) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Counter;

    /// A disk with so much room, which takes a few bytes at a time.
    #[derive(Default)]
    struct Disk {
        room: usize,
        holds: Vec<u8>,
        is_unsynced: bool,
    }

    impl Output for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let some = bytes.len().min(3).min(self.room);
            if some == 0 {
                return Err(ErrorKind::StorageFull.into());
            }
            self.room -= some;
            self.holds.extend_from_slice(&bytes[..some]);
            Ok(some)
        }

        fn sync(&mut self) -> io::Result<()> {
            if self.is_unsynced { Err(ErrorKind::TimedOut.into()) } else { Ok(()) }
        }
    }

    /// Says a line of the trail, has it written, and answers whether its receipt says so.
    fn say(writer: &mut Writer<Disk>, line: &str) -> bool {
        let queue = Queue::new(Counter::new("test.dropped", ""), Counter::new("test.failed", ""));
        let mut receipt = queue.push_confirmed(line.as_bytes());
        let mut batch = queue.next(Batch::default());
        let written = writer.write(&batch);
        queue.settle(&mut batch, written);
        receipt.try_recv().expect("settled")
    }

    fn writer(room: usize) -> Writer<Disk> {
        let output = Disk { room, ..Disk::default() };
        Writer { output, is_torn: false, is_failing: false, name: Some("the trail") }
    }

    #[test]
    fn a_line_that_was_cut_off_is_never_the_beginning_of_another() {
        // Wherever the disk is full, and whatever room comes back.
        for (full, later) in (0..12).flat_map(|full| [0, 1, 2, 5, 100].map(|later| (full, later))) {
            let mut writer = writer(full);
            let mut told = Vec::new();
            for (line, more) in [("first\n", 0), ("second\n", later), ("third\n", 100)] {
                writer.output.room += more;
                if say(&mut writer, line) {
                    told.push(line.trim());
                }
            }
            let holds = String::from_utf8(writer.output.holds).expect("text");
            let lines: Vec<_> = holds.lines().collect();
            assert!(told.iter().all(|line| lines.contains(line)), "{told:?} of {holds:?}");
            assert!(told.contains(&"third"), "{holds:?}");
            let is_part =
                |line: &&str| ["first", "second", "third"].iter().any(|it| it.starts_with(line));
            assert!(lines.iter().all(is_part), "lines ran together: {holds:?}");
        }
    }

    #[test]
    fn what_the_disk_may_not_have_is_not_confirmed() {
        let mut writer = writer(100);
        writer.output.is_unsynced = true;
        assert!(!say(&mut writer, "a\n"));
        writer.output.is_unsynced = false;
        assert!(say(&mut writer, "b\n"));
    }
}

//! Destinations of lines: a descriptor of the process, or a file that can be rotated.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::Duration;

/// How long to wait for the reader of a non-blocking descriptor.
const PAUSE: Duration = Duration::from_millis(10);

/// Readable by the owner and by the group, which collects the lines.
const MODE: u32 = 0o640;

/// A destination of lines.
pub(super) trait Output: Send {
    /// Writes some of these bytes.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize>;

    /// Makes sure that the next line goes to the right destination. Returns `true` if that ends
    /// within a line.
    fn follow(&mut self) -> io::Result<bool> {
        Ok(false)
    }

    /// Waits until the disk has the written bytes.
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Standard error or standard output. A copy of the descriptor: while a write blocks, other users
/// of the standard library's lock do not wait.
pub(super) struct Descriptor(File);

impl Descriptor {
    pub(super) fn of(stream: impl AsFd) -> io::Result<Self> {
        Ok(Self(stream.as_fd().try_clone_to_owned()?.into()))
    }
}

impl Output for Descriptor {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                // Another process that shares the descriptor has set it to non-blocking.
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(PAUSE),
                written => return written,
            }
        }
    }
}

/// A file to which lines are appended. It is opened again once its path leads to another file or to
/// none, so that renaming rotates it.
pub(crate) struct RotatedFile {
    path: PathBuf,
    open: Option<(File, Identity)>,
    is_synced: bool,
}

/// The device and the inode.
type Identity = (u64, u64);

impl RotatedFile {
    pub(super) const fn new(path: PathBuf, is_synced: bool) -> Self {
        Self { path, open: None, is_synced }
    }

    /// Checks that lines can be appended to a path, by opening it.
    pub(crate) fn check(path: &Path) -> io::Result<()> {
        if let Ok(metadata) = path.metadata()
            && (metadata.file_type().is_fifo() || metadata.file_type().is_socket())
        {
            let rule = "must be a regular file; for a pipe, use stdout";
            return Err(io::Error::new(ErrorKind::InvalidInput, rule));
        }
        append_to(path).map(drop)
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).append(true).create(true).mode(MODE).open(path)
}

/// Whether a file ends within a line: the process that wrote it was killed, or its disk was full.
fn ends_within_a_line(file: &mut File) -> io::Result<bool> {
    let metadata = file.metadata()?;
    if !metadata.is_file() || metadata.len() == 0 {
        return Ok(false);
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

impl Output for RotatedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (file, _) = self.open.as_mut().ok_or(ErrorKind::NotFound)?;
        file.write(bytes)
    }

    fn follow(&mut self) -> io::Result<bool> {
        let identity = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
        let named = self.path.metadata().map(identity).ok();
        if let Some((_, open)) = &self.open
            && named == Some(*open)
        {
            return Ok(false);
        }
        self.open = None;
        let mut file = append_to(&self.path)?;
        let is_torn = ends_within_a_line(&mut file)?;
        let identity = identity(file.metadata()?);
        self.open = Some((file, identity));
        Ok(is_torn)
    }

    fn sync(&mut self) -> io::Result<()> {
        match &self.open {
            Some((file, _)) if self.is_synced => file.sync_data(),
            Some(_) | None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn write(output: &mut impl Output, line: &str) -> io::Result<bool> {
        let is_torn = output.follow()?;
        assert_eq!(output.write(line.as_bytes())?, line.len());
        output.sync()?;
        Ok(is_torn)
    }

    #[test]
    fn a_file_that_is_renamed_or_removed_is_followed_by_another() {
        let folder = tempfile::tempdir().expect("a folder");
        let [path, old] = ["audit.log", "audit.log.1"].map(|name| folder.path().join(name));
        let mut file = RotatedFile::new(path.clone(), true);
        let read = |path: &Path| fs::read_to_string(path).expect("a file");
        write(&mut file, "a\n").expect("written");
        write(&mut file, "b\n").expect("written");
        fs::rename(&path, &old).expect("renamed");
        write(&mut file, "c\n").expect("written");
        assert_eq!((read(&old), read(&path)), ("a\nb\n".to_owned(), "c\n".to_owned()));
        // Truncated by the program that copied it.
        File::create(&path).expect("truncated");
        write(&mut file, "d\n").expect("written");
        assert_eq!(read(&path), "d\n");

        fs::remove_dir_all(folder.path()).expect("removed");
        assert!(write(&mut file, "e\n").is_err(), "its folder is gone");
        fs::create_dir(folder.path()).expect("made again");
        write(&mut file, "f\n").expect("written");
        assert_eq!(read(&path), "f\n");
    }

    #[test]
    fn a_file_that_ends_within_a_line_says_so() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit.log");
        for (before, is_torn) in [("", false), ("whole\n", false), ("whole\npart", true)] {
            fs::write(&path, before).expect("written");
            let mut file = RotatedFile::new(path.clone(), false);
            assert_eq!(write(&mut file, "a\n").expect("written"), is_torn, "{before:?}");
            assert!(!write(&mut file, "b\n").expect("written"), "it is told once");
        }
    }

    #[test]
    fn what_cannot_be_appended_to_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        for path in [folder.path(), &pipe, &folder.path().join("none/audit.log")] {
            assert!(RotatedFile::check(path).is_err(), "{}", path.display());
        }
        assert!(RotatedFile::check(&folder.path().join("audit.log")).is_ok());
    }
}

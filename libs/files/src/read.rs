//! Reads a file, if it is one.

use std::fs::{self, File, FileType};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use secrecy::SecretSlice;

use crate::exposed;

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 4 * 1024 * 1024;

/// The permissions of those who are neither the owner nor in the file's group.
const OTHERS: u32 = 0o007;

/// Why a file is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The system does not give it.
    #[error("cannot be read: {0}")]
    Unreadable(ErrorKind),
    /// It is no regular file, nor a link to one.
    #[error("is {0}: must be a regular file")]
    Irregular(&'static str),
    /// It is longer than [`MAX_BYTES`].
    #[error("must be at most {} MiB long", MAX_BYTES / (1024 * 1024))]
    TooLarge,
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error.kind())
    }
}

/// Reads a file. Links are followed.
///
/// # Errors
/// [`ReadError::Irregular`] if it is no regular file, [`ReadError::TooLarge`] beyond [`MAX_BYTES`],
/// [`ReadError::Unreadable`] if the system refuses.
pub fn read(path: &Path) -> Result<SecretSlice<u8>, ReadError> {
    // Before it is opened: opening a pipe without a writer blocks.
    let kind = fs::metadata(path)?.file_type();
    if !kind.is_file() {
        return Err(ReadError::Irregular(name(kind)));
    }
    let (mut content, limit) = (Vec::new(), u64::try_from(MAX_BYTES).unwrap_or(u64::MAX));
    // One byte more than is allowed shows that there is more.
    let length = File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut content)?;
    if length > MAX_BYTES { Err(ReadError::TooLarge) } else { Ok(content.into()) }
}

/// Reads a file that holds a secret, and notes whether others can read it.
///
/// # Why not the group
/// Kubernetes gives a mounted secret to a pod by its group (`fsGroup`), so that its mode is 0440.
///
/// # Errors
/// As [`read`].
pub fn read_secret(path: &Path) -> Result<SecretSlice<u8>, ReadError> {
    let content = read(path)?;
    if fs::metadata(path)?.permissions().mode() & OTHERS != 0 {
        exposed::note(path);
    }
    Ok(content)
}

fn name(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::net::UnixListener;

    use rustix::fs::{CWD, Mode, mkfifoat};
    use secrecy::ExposeSecret as _;
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn only_a_regular_file_is_read() {
        let folder = TempDir::new().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "text").expect("writes");
        std::os::unix::fs::symlink(at("file"), at("link")).expect("links");
        for name in ["file", "link"] {
            assert_eq!(read(&at(name)).expect("a file").expose_secret(), b"text");
        }
        mkfifoat(CWD, at("pipe"), Mode::RUSR | Mode::WUSR).expect("a pipe");
        let _socket = UnixListener::bind(at("socket")).expect("a socket");
        for (name, told) in [
            (at("pipe"), "is a named pipe: must be a regular file"),
            (at("socket"), "is a socket: must be a regular file"),
            (folder.path().to_owned(), "is a folder: must be a regular file"),
            ("/dev/zero".into(), "is a device: must be a regular file"),
            (at("nothing"), "cannot be read: entity not found"),
        ] {
            let error = read(&name).expect_err("refused");
            assert_eq!(error.to_string(), told, "{}", name.display());
        }
    }

    #[test]
    fn a_file_has_a_bounded_size() {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("file");
        for (length, is_read) in [(MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            fs::write(&file, vec![b'a'; length]).expect("writes");
            assert_eq!(read(&file).is_ok(), is_read, "{length}");
        }
    }

    #[test]
    fn a_secret_that_others_can_read_is_noted_once() {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("secret");
        fs::write(&file, "secret").expect("writes");
        for (mode, is_noted) in
            [(0o400, false), (0o440, false), (0o640, false), (0o444, true), (0o644, false)]
        {
            fs::set_permissions(&file, Permissions::from_mode(mode)).expect("changes");
            read(&file).expect("a file");
            assert!(!exposed().contains(&file), "it is no secret");
            read_secret(&file).expect("a file");
            // The last one was told of before.
            assert_eq!(exposed().contains(&file), is_noted, "{mode:o}");
        }
    }
}

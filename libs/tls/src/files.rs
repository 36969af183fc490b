//! Values that are built from files, and built again when the files change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use files::Reload;
use reload::{Change, Changes};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

/// The files of a pair are replaced one after the other: they are read until two reads agree, at
/// most so often.
const MAX_LOOKS: u32 = 4;

/// A file, and the setting that names it.
#[derive(Clone, Debug)]
pub struct File {
    /// The setting, for messages.
    pub setting: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a private key, which other users should not be able to read.
    pub is_key: bool,
}

impl File {
    /// An error about the file, under its setting.
    pub fn says(&self, what: impl std::fmt::Display) -> String {
        format!("{}: {}: {what}", self.setting, self.path.display())
    }
}

/// The contents of the files, in order. May hold a key.
pub type Contents = Vec<Zeroizing<Vec<u8>>>;

type Make<T> = Box<dyn Fn(&[File], &Contents) -> Result<T, Vec<String>> + Send + Sync>;

/// A value that is built from files, as they are now.
pub struct FromFiles<T> {
    files: Vec<File>,
    make: Make<T>,
    current: ArcSwap<T>,
    made_of: Mutex<Contents>,
}

impl<T> FromFiles<T> {
    /// Reads the files and builds the value.
    ///
    /// # Errors
    /// Every file that cannot be read, and every complaint of `make`.
    pub fn open(
        files: Vec<File>,
        make: impl Fn(&[File], &Contents) -> Result<T, Vec<String>> + Send + Sync + 'static,
    ) -> Result<Self, Vec<String>> {
        let contents = read(&files)?;
        let current = ArcSwap::from_pointee(make(&files, &contents)?);
        Ok(Self { files, make: Box::new(make), current, made_of: Mutex::new(contents) })
    }

    /// The present value.
    pub fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Reads the files, and builds the value again if they have changed and are valid. Blocks.
    pub fn look(&self) -> Reload<String> {
        let mut made_of = self.made_of.lock().unwrap_or_else(PoisonError::into_inner);
        let made = read(&self.files).and_then(|contents| {
            if *made_of == contents {
                return Ok(None);
            }
            Ok(Some(((self.make)(&self.files, &contents)?, contents)))
        });
        match made {
            Ok(None) => Reload::Unchanged,
            Ok(Some((made, contents))) => {
                self.current.store(Arc::new(made));
                *made_of = contents;
                Reload::Applied
            }
            Err(mistakes) => Reload::Refused(mistakes),
        }
    }
}

impl<T: Send + Sync + 'static> FromFiles<T> {
    /// Follows the files for as long as it is polled. Calls `in_use` with the present value at the
    /// start and after each change. The log names the value.
    pub async fn follow(self: Arc<Self>, what: &str, in_use: impl Fn(&T)) {
        in_use(&self.current());
        let files = Arc::clone(&self);
        let mut changes = Changes::of(move || files.look());
        loop {
            match changes.next().await {
                Change::Applied => {
                    tracing::info!(setting = self.files[0].setting, "{what} changed");
                    in_use(&self.current());
                }
                Change::Refused(mistakes) => {
                    for mistake in mistakes {
                        tracing::error!(%mistake, "the change of {what} is refused");
                    }
                }
            }
        }
    }
}

/// Reads files until two reads agree, or says which cannot be read.
pub(super) fn read(files: &[File]) -> Result<Contents, Vec<String>> {
    let mut contents = read_once(files)?;
    for _ in 1..MAX_LOOKS {
        let again = read_once(files)?;
        if again == contents {
            break;
        }
        contents = again;
    }
    Ok(contents)
}

fn read_once(named: &[File]) -> Result<Contents, Vec<String>> {
    let (mut contents, mut mistakes) = (Contents::new(), Vec::new());
    for file in named {
        let read = if file.is_key { files::read_secret } else { files::read };
        match read(&file.path) {
            Ok(bytes) => {
                let text = files::without_mark(bytes.expose_secret());
                contents.push(Zeroizing::new(text.to_vec()));
            }
            Err(error) => mistakes.push(file.says(error)),
        }
    }
    if mistakes.is_empty() { Ok(contents) } else { Err(mistakes) }
}

/// Takes a part of the value, or notes the mistake in its file.
pub(super) fn part<T>(
    file: &File,
    made: Result<T, impl std::fmt::Display>,
    mistakes: &mut Vec<String>,
) -> Option<T> {
    made.map_err(|error| mistakes.push(file.says(error))).ok()
}

//! What is made of files, and made again when they change.
//!
//! # Why contents are compared
//! An orchestrator exchanges mounted files by a symbolic link, whose target has times and names of
//! its own. Files are small: reading them is simpler than watching all that could change.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

/// How often files are looked at.
pub const LOOK_EVERY: Duration = Duration::from_secs(2);
/// A pair of files is exchanged one after the other: so often it is read until two looks agree.
const MAX_LOOKS: u32 = 4;

/// A file, and which setting says so.
#[derive(Clone, Debug)]
pub struct File {
    /// The setting, for messages.
    pub setting: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is a key, which nobody else should see.
    pub is_key: bool,
}

impl File {
    /// A sentence about the file, under its setting.
    pub fn says(&self, what: impl std::fmt::Display) -> String {
        format!("{}: {}: {what}", self.setting, self.path.display())
    }
}

/// What files hold, in the order in which they were named. It can be a key.
pub type Contents = Vec<Zeroizing<Vec<u8>>>;

type Make<T> = Box<dyn Fn(&[File], &Contents) -> Result<T, Vec<String>> + Send + Sync>;

/// What is made of some files, as they are now.
pub struct FromFiles<T> {
    files: Vec<File>,
    make: Make<T>,
    current: ArcSwap<T>,
    made_of: Mutex<Contents>,
}

/// What became of a look at the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// They are the same, byte for byte.
    Unchanged,
    /// They have changed, and what is made of them is in use.
    Applied,
    /// They have changed for the worse: what was made before is still in use.
    Refused(Vec<String>),
}

impl<T> FromFiles<T> {
    /// Reads the files, and makes of them what is to be used; or says all that is wrong with them.
    pub fn open(
        files: Vec<File>,
        make: impl Fn(&[File], &Contents) -> Result<T, Vec<String>> + Send + Sync + 'static,
    ) -> Result<Self, Vec<String>> {
        let contents = read(&files)?;
        let current = ArcSwap::from_pointee(make(&files, &contents)?);
        Ok(Self { files, make: Box::new(make), current, made_of: Mutex::new(contents) })
    }

    /// What is in use now.
    pub fn current(&self) -> Arc<T> {
        self.current.load_full()
    }

    /// Looks at the files, and uses them if they have changed and nothing is wrong with them. Not
    /// for a thread that must not wait.
    pub fn look(&self) -> Look {
        let mut made_of = self.made_of.lock().unwrap_or_else(PoisonError::into_inner);
        let made = read(&self.files).and_then(|contents| {
            if *made_of == contents {
                return Ok(None);
            }
            Ok(Some(((self.make)(&self.files, &contents)?, contents)))
        });
        match made {
            Ok(None) => Look::Unchanged,
            Ok(Some((made, contents))) => {
                self.current.store(Arc::new(made));
                *made_of = contents;
                Look::Applied
            }
            Err(mistakes) => Look::Refused(mistakes),
        }
    }
}

impl<T: Send + Sync + 'static> FromFiles<T> {
    /// Looks after the files for as long as it is polled, and says what becomes of them.
    pub async fn look_after(self: Arc<Self>, mut in_use: impl FnMut(&T)) {
        in_use(&self.current());
        let mut refused = None;
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let files = Arc::clone(&self);
            let Ok(look) = tokio::task::spawn_blocking(move || files.look()).await else {
                continue;
            };
            match look {
                Look::Unchanged => refused = None,
                Look::Applied => {
                    refused = None;
                    tracing::info!(setting = self.files[0].setting, "certificates have changed");
                    in_use(&self.current());
                }
                // Said once for each change, not every two seconds.
                Look::Refused(mistakes) if refused.as_ref() != Some(&mistakes) => {
                    for mistake in &mistakes {
                        tracing::error!(%mistake, "the change of certificates is refused");
                    }
                    refused = Some(mistakes);
                }
                Look::Refused(_) => {}
            }
        }
    }
}

/// Reads files until two looks agree, or says which cannot be read.
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

/// Takes a part of what is made, or notes what is wrong with its file.
pub(super) fn part<T>(
    file: &File,
    made: Result<T, impl std::fmt::Display>,
    mistakes: &mut Vec<String>,
) -> Option<T> {
    made.map_err(|error| mistakes.push(file.says(error))).ok()
}

//! Where a configuration comes from: a folder, or files that a program carries within itself. Both
//! are read and checked in the same way.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use files::ReadError;
use secrecy::SecretSlice;
use yaml::Problem;

/// Where a configuration comes from. Has no `Debug`: it may hold secrets.
#[derive(Clone)]
pub enum Source {
    /// A folder. Symbolic links in it are followed.
    Folder(PathBuf),
    /// A folder without its secrets, for a process that only shows the configuration. No file that holds a
    /// secret is read: no client can authenticate, and no notice can be signed.
    Published(PathBuf),
    /// Files by their path below such a folder.
    Files(BTreeMap<String, String>),
}

impl Source {
    /// A source of files that are at hand.
    pub fn from_files<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let owned = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
        Self::Files(files.into_iter().map(owned).collect())
    }

    /// Whether there is a folder at all: one that is empty would be told to hold an application.
    pub(crate) fn exists(&self) -> Result<(), Problem> {
        match self {
            Self::Folder(root) | Self::Published(root) if !root.is_dir() => Err(Problem {
                file: root.display().to_string(),
                line: None,
                reason: "must be a folder that can be read".to_owned(),
            }),
            Self::Folder(_) | Self::Published(_) | Self::Files(_) => Ok(()),
        }
    }

    /// The YAML files of one of the configuration's folders, as `folder/name`, in order. A folder
    /// that does not exist is empty.
    pub(crate) fn list(&self, folder: &str) -> Result<Vec<String>, ErrorKind> {
        let mut names = match self {
            Self::Folder(root) | Self::Published(root) => entries(&root.join(folder))?,
            Self::Files(files) => {
                let name =
                    |path: &String| Some(path.strip_prefix(folder)?.strip_prefix('/')?.into());
                files.keys().filter_map(name).collect()
            }
        };
        names.retain(|name| is_yaml(name));
        names.sort_unstable();
        Ok(names.into_iter().map(|name| format!("{folder}/{name}")).collect())
    }

    /// The content of the file at a path below the folder, or at an absolute path.
    pub(crate) fn read(&self, path: &str) -> Result<SecretSlice<u8>, ReadError> {
        self.read_by(path, files::read)
    }

    /// The content of a file that holds a secret; `None` where secrets are not read.
    pub(crate) fn read_secret(&self, path: &str) -> Result<Option<SecretSlice<u8>>, ReadError> {
        match self {
            Self::Published(_) => Ok(None),
            Self::Folder(_) | Self::Files(_) => self.read_by(path, files::read_secret).map(Some),
        }
    }

    fn read_by(
        &self,
        path: &str,
        read: fn(&Path) -> Result<SecretSlice<u8>, ReadError>,
    ) -> Result<SecretSlice<u8>, ReadError> {
        match self {
            Self::Folder(root) | Self::Published(root) => read(&root.join(path)),
            Self::Files(files) => {
                let text = files.get(path).ok_or(ReadError::Unreadable(ErrorKind::NotFound))?;
                Ok(text.clone().into_bytes().into())
            }
        }
    }
}

fn is_yaml(name: &str) -> bool {
    let is_yaml = [".yaml", ".yml"].iter().any(|ending| name.ends_with(ending));
    is_yaml && !name.starts_with('.')
}

fn entries(folder: &Path) -> Result<Vec<String>, ErrorKind> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.kind()),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| error.kind())?.file_name();
        names.extend(name.to_str().map(str::to_owned));
    }
    Ok(names)
}

//! A generated project: its files, and the record by which a later run checks it.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use askama::Template;
use serde::{Deserialize, Serialize};

use crate::error::GenerateError;
use crate::model::App;

/// The file of the record, in the project's folder.
const RECORD: &str = "postern.json";

/// Exchanges with the server, which the clients in Kotlin and Swift replay in their tests.
pub(crate) const TRANSCRIPT: &str = include_str!("../templates/transcript.json");

/// The files that are the same in every project, from a folder of templates.
macro_rules! copied {
    ($folder:literal: $($path:literal),* $(,)?) => {
        vec![$(
            ($path, include_str!(concat!("../templates/", $folder, "/", $path)).to_owned())
        ),*]
    };
}
pub(crate) use copied;

/// A file of a project: its path within the folder, and its text.
pub type File = (&'static str, String);

/// A template filled in; askama drops the newline at its end.
pub(crate) fn text(template: &impl Template) -> Result<String, GenerateError> {
    Ok(template.render()? + "\n")
}

/// What a project was generated from.
#[derive(Deserialize, Serialize)]
pub(crate) struct Record {
    pub(crate) target: String,
    pub(crate) journey: String,
    pub(crate) client: String,
    pub(crate) server: String,
    /// Of what the journey asks for.
    pub(crate) fingerprint: String,
}

impl Record {
    /// The record as a file.
    pub(crate) fn file(target: &str, app: &App<'_>) -> Result<File, GenerateError> {
        let record = Self {
            target: target.to_owned(),
            journey: app.journey.to_owned(),
            client: app.client.to_owned(),
            server: app.server.as_str().to_owned(),
            fingerprint: app.screens.fingerprint()?,
        };
        let text = serde_json::to_string_pretty(&record).map_err(GenerateError::Record)?;
        Ok((RECORD, text + "\n"))
    }

    /// Reads the record of the project in a folder.
    pub(crate) fn read(folder: &Path) -> Result<Self, GenerateError> {
        let path = folder.join(RECORD);
        let text = fs::read_to_string(&path);
        let text = text.map_err(|error| GenerateError::File { path, error })?;
        serde_json::from_str(&text).map_err(GenerateError::Record)
    }
}

/// Writes files into a folder, which is made if it is missing and must otherwise be empty.
///
/// # Errors
/// [`GenerateError::NotEmpty`], unless files may be overwritten; [`GenerateError::File`] if one cannot be
/// written.
pub fn write(folder: &Path, files: &[File], may_overwrite: bool) -> Result<(), GenerateError> {
    let failed = |path: &Path, error| GenerateError::File { path: path.to_owned(), error };
    let is_empty = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(failed(folder, error)),
    };
    if !is_empty && !may_overwrite {
        return Err(GenerateError::NotEmpty(folder.to_owned()));
    }
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        fs::create_dir_all(parent).map_err(|error| failed(parent, error))?;
        fs::write(&path, text).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_files_is_left_alone_unless_they_may_be_overwritten() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = home.path().join("app");
        let files = |text: &str| [("src/main.ts", text.to_owned())];
        let text = || fs::read_to_string(folder.join("src/main.ts")).expect("the file");
        write(&folder, &files("first"), false).expect("a new folder");
        assert!(matches!(write(&folder, &files("second"), false), Err(GenerateError::NotEmpty(_))));
        assert_eq!(text(), "first");
        write(&folder, &files("third"), true).expect("overwritten");
        assert_eq!(text(), "third");
        let empty = home.path().join("empty");
        fs::create_dir(&empty).expect("a folder");
        write(&empty, &files("fourth"), false).expect("an empty folder");
    }
}

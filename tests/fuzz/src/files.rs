//! Files that administrators write: every problem names its file, and a valid file is valid twice.

use config::{Configuration, Source};
use definitions::Journey;

pub(crate) fn journey(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    match Journey::parse("journey.yaml", text) {
        Ok(journey) => {
            assert!(journey.steps().count() >= 1);
            assert!(journey.forms().all(|form| form.fields.len() <= text.len()));
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| problem.file == "journey.yaml"));
        }
    }
}

pub(crate) fn configuration(data: &[u8]) {
    const FILE: &str = "applications/acme.yaml";
    let Ok(text) = str::from_utf8(data) else { return };
    let source = Source::from_files([(FILE, text)]);
    match Configuration::read(&source) {
        Ok(configuration) => assert_eq!(configuration.applications().count(), 1),
        Err(problems) => assert!(!problems.is_empty()),
    }
}

//! Files that administrators write: every problem names its file, and a valid file is valid twice.

use std::collections::BTreeSet;

use config::{Configuration, Source};
use definitions::{Draft, Journey, MAX_LINKED_STEPS, link};

/// A journey that others may run.
const VERIFY: &str = r#"
id: verify
start: check
steps:
  check:
    type: temp_code_authentication
    external_user_id: "@policy.request().params.user"
    temp_code: "@policy.request().params.code"
    on: { success: done, failure: denied }
  done: { type: complete, data: { user: "@policy.userContext().user_id" } }
  denied: { type: reject_access }
"#;

pub(crate) fn journey(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let drafts = [("journey.yaml", text), ("verify.yaml", VERIFY)];
    let drafts = drafts.map(|(file, text)| Draft::parse(file, text)).into();
    let (journeys, problems) = link(drafts, &BTreeSet::new());
    assert!(journeys.len() <= 2);
    assert!(
        journeys.iter().all(|journey| (1..=MAX_LINKED_STEPS).contains(&journey.steps().count()))
    );
    assert!(journeys.iter().flat_map(Journey::forms).all(|form| form.fields.len() <= text.len()));
    assert!(problems.iter().all(|problem| problem.file == "journey.yaml"));
    assert!(journeys.len() > 1 || !problems.is_empty() || text.contains("verify"));
}

/// What is imported passes the checks of journeys; what is not is refused.
pub(crate) fn export(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    for stub in [false, true] {
        let files = [("export.json".to_owned(), text.to_owned())];
        match import::import(&files, stub) {
            Ok(imported) => {
                let drafts = imported.iter().map(|it| Draft::parse(it.id.as_str(), &it.yaml));
                let (journeys, problems) = link(drafts.collect(), &BTreeSet::new());
                assert_eq!((journeys.len(), problems), (imported.len(), Vec::new()));
            }
            Err(refusals) => {
                assert!(!refusals.is_empty());
                assert!(refusals.iter().all(|refusal| refusal.file == "export.json"));
            }
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

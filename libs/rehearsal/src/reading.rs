//! Reads the journeys that an author pastes.

use std::collections::BTreeSet;

use definitions::{Draft, Journey, link};
use yaml::Problem;

/// The most journeys in one text.
const MAX_JOURNEYS: usize = 8;

/// What problems call the text.
const FILE: &str = "journey";

/// Reads a journey, and the sub-journeys that it runs: they follow, each after a line `---`. Returns the
/// first one.
///
/// # Errors
/// Every problem, with its line in the text.
pub fn read(text: &str) -> Result<Journey, Vec<Problem>> {
    let texts = documents(text);
    let problem = |reason: String| vec![Problem { file: FILE.to_owned(), line: None, reason }];
    if texts.len() > MAX_JOURNEYS {
        return Err(problem(format!(
            "there can be at most {MAX_JOURNEYS} journeys, with `---` between them"
        )));
    }
    let drafts: Vec<Draft> = texts.iter().map(|text| Draft::parse(FILE, text)).collect();
    let (count, first) = (drafts.len(), drafts.first().and_then(Draft::id).cloned());
    let (journeys, mut problems) = link(drafts, &BTreeSet::new());
    if !problems.is_empty() {
        problems.sort();
        return Err(problems);
    }
    if journeys.len() < count {
        return Err(problem("two journeys have the same `id`: change one".to_owned()));
    }
    let found = journeys.into_iter().find(|it| first.as_ref() == Some(it.id()));
    found.ok_or_else(|| problem("paste a journey".to_owned()))
}

/// The documents of the text. Each begins with as many empty lines as precede it, so that lines count from
/// the start of the text.
fn documents(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for (number, line) in text.lines().enumerate() {
        if line.trim_end() == "---" {
            // A marker at the top opens the first document.
            if number > 0 {
                documents.push("\n".repeat(number));
            }
            push(&mut documents, "");
        } else {
            push(&mut documents, line);
        }
    }
    documents
}

fn push(documents: &mut [String], line: &str) {
    if let Some(document) = documents.last_mut() {
        document.push_str(line);
        document.push('\n');
    }
}

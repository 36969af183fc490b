//! Turns the journeys that Mosaic exports into journeys of this system.
//!
//! ```text
//! JSON --export--> policies, nodes --walk--> places --convert--> steps --write--> YAML --definitions--> checked
//! ```
//!
//! - `export` reads the format within bounds, `walk` finds the nodes that a run can reach.
//! - `variables` knows who sets each variable, and adapts the expressions that read them.
//! - `convert` turns a node into a step, `names` gives it its name, `write` writes it for people.
//!
//! Every journey that is returned passes the checks of journeys. A node without a counterpart, or whose step
//! fails a check, is refused with its id, its kind and the reason; all refusals come at once.

mod conditions;
mod convert;
mod export;
mod kinds;
mod names;
mod policy;
mod texts;
mod variables;
mod walk;
mod write;

#[cfg(test)]
mod mangled;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use definitions::{Draft, JourneyId, link};

use crate::export::Policy;
use crate::policy::Written;

/// The largest export, in bytes.
pub const MAX_EXPORT: usize = 4 * 1024 * 1024;

/// A journey that was imported.
#[derive(Debug)]
pub struct Imported {
    /// Its id, which names its file too.
    pub id: JourneyId,
    /// Its file.
    pub yaml: String,
    /// What its author should look at.
    pub notes: Vec<String>,
}

/// Why an export was not imported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportError {
    /// The file.
    pub file: String,
    /// The name of the journey.
    pub journey: Option<String>,
    /// The id of the node, and its kind.
    pub node: Option<(String, String)>,
    /// What is wrong.
    pub reason: String,
}

impl std::error::Error for ImportError {}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.file)?;
        if let Some(journey) = &self.journey {
            write!(f, "journey {journey:?}: ")?;
        }
        if let Some((id, kind)) = &self.node {
            write!(f, "node {id:?} ({kind}): ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Imports the journeys of exports, which are given by the name of their file and its text. With `stub`, a
/// node that has no counterpart rejects access.
///
/// # Errors
/// Everything that stands in the way.
pub fn import(files: &[(String, String)], stub: bool) -> Result<Vec<Imported>, Vec<ImportError>> {
    let mut refusals = Vec::new();
    let mut policies = Vec::new();
    for (file, text) in files {
        match export::read(file, text) {
            Ok(read) => policies.extend(read),
            Err(refused) => refusals.extend(refused),
        }
    }
    let ids = names::journeys(&policies, &mut refusals);
    let mut written = Vec::new();
    for (policy, id) in policies.iter().zip(&ids) {
        match policy::convert(policy, id, &policies, &ids, stub) {
            Ok(converted) => written.push((policy, converted)),
            Err(refused) => refusals.extend(refused),
        }
    }
    if refusals.is_empty() {
        refusals = check(&written, &ids);
    }
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let imported = written.into_iter().zip(ids);
    Ok(imported
        .map(|((_, Written { yaml, notes, .. }), id)| Imported { id, yaml, notes })
        .collect())
}

/// What the checks of journeys say, each about the node whose step it is.
fn check(written: &[(&Policy, Written)], ids: &[JourneyId]) -> Vec<ImportError> {
    let drafts = written.iter().zip(ids).map(|((_, it), id)| Draft::parse(id.as_str(), &it.yaml));
    let (_, problems) = link(drafts.collect(), &BTreeSet::new());
    let refusals = problems.into_iter().filter_map(|problem| {
        let at = ids.iter().position(|id| id.as_str() == problem.file)?;
        let (policy, written) = &written[at];
        let line = problem.line.unwrap_or(0);
        let node = written.lines.iter().rev().find(|(first, _)| *first <= line);
        Some(ImportError {
            node: node.map(|(_, node)| node.clone()),
            ..policy.refusal(problem.reason)
        })
    });
    refusals.collect()
}

//! Lists of tiers.

use std::collections::BTreeSet;

use desk::names::Tier;
use yaml::{Node, Notes};

use crate::client::each;

/// Reads a list of tiers.
pub(crate) fn tier_names(notes: &mut Notes, node: &Node, what: &str) -> Option<BTreeSet<Tier>> {
    let read = each(notes, node, what, |notes, item, text| {
        notes.check(item.line, &format!("{what}: `{text}`"), Tier::parse(text))
    });
    read.map(BTreeSet::from_iter)
}

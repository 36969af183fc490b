//! The clients that sign their users in with `OpenID` Connect.

use definitions::JourneyId;
use yaml::{Node, Notes};

use super::public;
use crate::known::Known;

/// Reads the journey that signs users in: with `openid: true`, and only then. `None` without it, and if
/// something is wrong, which is noted.
pub(super) fn read(
    notes: &mut Notes,
    known: &Known,
    line: u64,
    is_relying_party: bool,
    journey: Option<&Node>,
) -> Option<JourneyId> {
    match (is_relying_party, journey) {
        (false, None) => None,
        (true, Some(node)) => {
            let text = notes.text(node, "journey")?;
            public::journey(notes, known, "journey", node, text)
        }
        (true, None) => {
            notes.add(line, "client: `openid: true` needs the key `journey`");
            None
        }
        (false, Some(node)) => {
            notes.add(node.line, "client: `journey` needs `openid: true`");
            None
        }
    }
}

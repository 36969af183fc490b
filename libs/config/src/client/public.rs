//! The clients that are pages in a browser, and the redirect URIs of all clients.

use std::collections::BTreeMap;

use definitions::JourneyId;
use yaml::{Node, Notes};

use super::{ClientKind, each, optional};
use crate::known::Known;
use crate::origin;

/// Redirect URIs as written, and the web origin of each.
pub(super) type RedirectUris = BTreeMap<String, String>;

/// Reads the redirect URIs.
pub(super) fn redirect_uris(
    notes: &mut Notes,
    line: u64,
    node: Option<&Node>,
    is_required: bool,
) -> Option<RedirectUris> {
    let Some(node) = node else {
        return optional(notes, line, "redirect_uris", !is_required).map(|()| BTreeMap::new());
    };
    let uris = each(notes, node, "redirect_uris", |notes, item, text| {
        let origin = notes.check(item.line, "redirect_uris", origin::of(text))?;
        Some((text.to_owned(), origin))
    });
    uris.map(|uris| uris.into_iter().collect())
}

/// Reads a page. One with `openid: true` may do without journeys that it starts itself.
pub(super) fn read(
    notes: &mut Notes,
    known: &Known,
    line: u64,
    redirect_uris: Option<&RedirectUris>,
    journeys: Option<&Node>,
    is_relying_party: bool,
) -> Option<ClientKind> {
    let journeys = match journeys {
        None => optional(notes, line, "journeys", is_relying_party).map(|()| Vec::new()),
        Some(node) => each(notes, node, "journeys", |notes, item, text| {
            journey(notes, known, "journeys", item, text)
        }),
    };
    let origins = redirect_uris?.values().cloned().collect();
    Some(ClientKind::Public { origins, journeys: journeys? })
}

/// Reads the ID of a journey that some file defines.
pub(super) fn journey(
    notes: &mut Notes,
    known: &Known,
    key: &str,
    node: &Node,
    text: &str,
) -> Option<JourneyId> {
    let id = notes.check(node.line, key, JourneyId::parse(text))?;
    let is_known = known.journeys.contains(&id).then_some(id);
    notes.check(
        node.line,
        &format!("{key}: `{text}`"),
        is_known.ok_or("no journey file defines it"),
    )
}

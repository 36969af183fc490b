//! The nodes that a run can reach, in the order in which a reader meets them.

use std::collections::{BTreeMap, BTreeSet};

use crate::ImportError;
use crate::export::{Link, Node, Policy};
use crate::kinds::Kind;

/// A node on a way through the journey.
pub(crate) struct Place<'p> {
    pub(crate) node: &'p Node,
    pub(crate) kind: Kind,
    /// The loop in whose body it is.
    pub(crate) around: Option<&'p str>,
}

impl<'p> Place<'p> {
    /// The node to which a link leads: the loop itself where its next round begins.
    pub(crate) fn target(&self, link: &'p Link) -> Option<&'p str> {
        link.target.as_deref().or(self.around)
    }
}

/// The places, by the ids of their nodes, and their order.
pub(crate) struct Walk<'p> {
    pub(crate) places: BTreeMap<&'p str, Place<'p>>,
    pub(crate) order: Vec<&'p str>,
}

impl<'p> Walk<'p> {
    /// Walks from the head. A node that has no counterpart leads nowhere.
    pub(crate) fn of(
        policy: &'p Policy,
        kind_of: &dyn Fn(&Node) -> Kind,
        refusals: &mut Vec<ImportError>,
    ) -> Self {
        let mut walk = Self { places: BTreeMap::new(), order: Vec::new() };
        let mut seen = BTreeSet::new();
        let mut ahead = vec![(policy.head.as_str(), None)];
        while let Some((id, around)) = ahead.pop() {
            if !seen.insert((id, around)) {
                continue;
            }
            let Some(node) = policy.nodes.get(id) else {
                refusals
                    .push(policy.refusal(format!("there is no node {id:?}, to which it leads")));
                continue;
            };
            let kind = kind_of(node);
            let is_open = kind.links(node).any(|link| link.target.is_none());
            if let Some(other) = walk.places.get(id) {
                if other.around != around && is_open {
                    let reason = "stands inside and outside of a loop, so that a link without a \
                                  target may mean either";
                    refusals.push(policy.refuse(node, reason));
                }
            } else {
                walk.places.insert(id, Place { node, kind, around });
                walk.order.push(id);
            }
            let mut next: Vec<_> = node.body.iter().map(|body| (&**body, Some(id))).collect();
            let targets = kind.links(node).filter_map(|link| link.target.as_deref());
            next.extend(targets.map(|target| (target, around)));
            // The first link is followed first.
            ahead.extend(next.into_iter().rev());
        }
        walk
    }

    /// The places in order.
    pub(crate) fn places(&self) -> impl Iterator<Item = &Place<'p>> {
        self.order.iter().filter_map(|id| self.places.get(id))
    }

    /// Whether a way leads from one node to another.
    pub(crate) fn leads(&self, from: &'p str, to: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut ahead = vec![from];
        while let Some(id) = ahead.pop() {
            let Some(place) = self.places.get(id) else { continue };
            let next = place.kind.links(place.node).filter_map(|link| place.target(link));
            for id in next.chain(place.node.body.as_deref()) {
                if id == to {
                    return true;
                }
                if seen.insert(id) {
                    ahead.push(id);
                }
            }
        }
        false
    }
}

//! Turns a node into steps: one, or two where a loop has variables of its own.

mod keys;

use std::collections::{BTreeMap, BTreeSet};

use definitions::JourneyId;
use serde_json::{Map, Value as Json, json};

use crate::export::{Link, Node, Policy};
use crate::kinds::Kind;
use crate::names::Names;
use crate::texts;
use crate::variables::{Variables, assignments};
use crate::walk::{Place, Walk};
use crate::write::Step;

/// The presentation of the way after a code that expired.
const EXPIRED: &str = "temporary access code expired";

type Notes = BTreeSet<String>;
type Named = (String, Step);
/// A key of a step, and its value.
type Key = (&'static str, Json);

/// Converts the places of one journey.
pub(crate) struct Converter<'p, 'w> {
    walk: &'w Walk<'p>,
    variables: &'w Variables<'p>,
    policies: &'p [Policy],
    ids: &'w [JourneyId],
    names: BTreeMap<&'p str, String>,
    /// The steps that set the variables of loops.
    before: BTreeMap<&'p str, String>,
}

impl<'p, 'w> Converter<'p, 'w> {
    pub(crate) fn new(
        walk: &'w Walk<'p>,
        variables: &'w Variables<'p>,
        policies: &'p [Policy],
        ids: &'w [JourneyId],
    ) -> Self {
        let (before, names) = (BTreeMap::new(), BTreeMap::new());
        let mut converter = Self { walk, variables, policies, ids, names, before };
        let mut taken = Names::default();
        for place in walk.places() {
            let node = place.node;
            let (id, kind) = (node.id.as_str(), place.kind.step());
            let of_form = node.text("form_id").filter(|_| place.kind == Kind::Form);
            let is_set = !converter.set(node).is_empty();
            if place.kind == Kind::Through || place.kind == Kind::Variables && !is_set {
                continue;
            }
            if place.kind == Kind::Loop && is_set {
                converter.before.insert(id, taken.take("set_variables", kind));
            }
            converter.names.insert(id, taken.take(of_form.unwrap_or(kind), kind));
        }
        converter
    }

    /// What a node sets, without the variables of forms and errors.
    fn set(&self, node: &'p Node) -> Vec<(&'p str, String)> {
        let mut set = assignments(node).unwrap_or_default();
        set.retain(|(name, _)| !self.variables.is_owned(name));
        set
    }

    /// The step to which a link to that node leads.
    pub(crate) fn resolve(&self, id: &str) -> Result<String, String> {
        let mut at = id;
        // Nodes without a step may lead in a circle.
        for _ in 0..=self.walk.order.len() {
            let Some(place) = self.walk.places.get(at) else { break };
            if let Some(name) = self.before.get(at).or_else(|| self.names.get(at)) {
                return Ok(name.clone());
            }
            let next = place.node.link("child");
            match next.and_then(|link| Some((link, place.target(link)?))) {
                Some((link, target)) if link.target.is_none() => {
                    return Ok(self.names.get(target).cloned().unwrap_or_default());
                }
                Some((_, target)) => at = target,
                None => break,
            }
        }
        Err(format!("leads to node {id:?}, from which no way leads on"))
    }

    fn follow(&self, place: &Place<'p>, link: &'p Link) -> Result<Option<String>, String> {
        match (&link.target, place.around) {
            (Some(target), _) => self.resolve(target).map(Some),
            (None, Some(around)) => Ok(self.names.get(around).cloned()),
            (None, None) => Ok(None),
        }
    }

    /// The branches that these links become. A link with a target that becomes none is refused.
    fn branches(
        &self,
        place: &Place<'p>,
        known: &[(&str, &'static str, bool)],
    ) -> Result<Map<String, Json>, String> {
        let mut branches = Map::new();
        for link in &place.node.links {
            let is_expired = link.presentation.as_deref() == Some(EXPIRED);
            let name = if is_expired { EXPIRED } else { link.name.as_str() };
            let found = known.iter().find(|(known, ..)| *known == name);
            let target = self.follow(place, link)?;
            match (found, target) {
                (Some((_, branch, _)), Some(target)) => {
                    branches.insert((*branch).to_owned(), Json::String(target));
                }
                (None, Some(_)) if link.target.is_some() => {
                    return Err(format!("its link `{}` has no counterpart", link.name));
                }
                _ => {}
            }
        }
        for (name, branch, is_required) in known {
            if *is_required && !branches.contains_key(*branch) {
                return Err(format!("its link `{name}` leads nowhere"));
            }
        }
        Ok(branches)
    }

    /// A step that rejects, in place of one that has no counterpart.
    pub(crate) fn stub(&self, place: &Place<'p>, reason: &str) -> Named {
        let comments = vec![described(place.node), format!("STUB: the node {reason}.")];
        (self.name(place), Step { comments, keys: vec![("type", "reject_access".into())] })
    }

    fn name(&self, place: &Place<'p>) -> String {
        self.names.get(place.node.id.as_str()).cloned().unwrap_or_default()
    }

    /// The steps that a place becomes.
    pub(crate) fn steps(&self, place: &Place<'p>, notes: &mut Notes) -> Result<Vec<Named>, String> {
        let node = place.node;
        if !self.names.contains_key(node.id.as_str()) {
            return Ok(Vec::new());
        }
        let child = [("child", "next", true)];
        let mut keys: Vec<Key> = Vec::new();
        let mut steps = Vec::new();
        match place.kind {
            Kind::Authenticate => self.authenticate(place, &mut keys)?,
            Kind::Form => self.form(place, &mut keys, notes)?,
            Kind::Information => {
                keys.push(("type", "information".into()));
                for key in ["title", "text", "button_text"] {
                    let source = node.expression(key)?.unwrap_or_else(|| "\"\"".to_owned());
                    let text = texts::text(key, &source, self.variables, notes)?;
                    // A button has a label, and so has a page.
                    keys.push((key, if text == "" { "...".into() } else { text }));
                }
                keys.push(("on", self.branches(place, &child)?.into()));
            }
            Kind::Condition | Kind::IsAuthenticated => self.condition(place, &mut keys, notes)?,
            Kind::Variables => {
                keys = self.assignment(node, notes)?;
                keys.push(("on", self.branches(place, &child)?.into()));
            }
            Kind::Loop => {
                if let Some(name) = self.before.get(node.id.as_str()) {
                    let mut keys = self.assignment(node, notes)?;
                    keys.push(("on", json!({ "next": self.name(place) })));
                    steps.push((name.clone(), Step { comments: vec![described(node)], keys }));
                }
                self.repeat(place, &mut keys, notes)?;
            }
            Kind::Data => {
                keys.push(("type", "provide_json_data".into()));
                keys.push(("data", self.data(node, "json_data", notes)?));
                keys.push(("on", self.branches(place, &child)?.into()));
            }
            Kind::Complete => keys.push(("type", "complete".into())),
            Kind::Reject => {
                keys.push(("type", "reject_access".into()));
                if node.expression("rejection_data")?.is_some() {
                    keys.push(("data", self.data(node, "rejection_data", notes)?));
                }
            }
            Kind::Journey => self.run(place, &mut keys)?,
            Kind::Through | Kind::Unsupported => {}
        }
        let mut comments = vec![described(node)];
        comments.extend(notes.iter().map(|note| format!("NOTE: {note}.")));
        steps.push((self.name(place), Step { comments, keys }));
        Ok(steps)
    }
}

/// Where a step comes from.
fn described(node: &Node) -> String {
    let name = node.text("name").map(|name| format!(" {name:?}")).unwrap_or_default();
    format!("{}: {}{name}", node.id, node.kind)
}

//! Converts one exported journey.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use definitions::JourneyId;
use expressions::{Expression, Root};
use serde_json::Value as Json;

use crate::ImportError;
use crate::convert::Converter;
use crate::export::{Node, Policy, expression};
use crate::kinds::{Kind, purpose};
use crate::variables::Variables;
use crate::walk::Walk;
use crate::write::{self, Step};

/// A journey's file, and which node is on which lines.
pub(crate) struct Written {
    pub(crate) yaml: String,
    pub(crate) notes: Vec<String>,
    /// The first line of each step, and the id and kind of its node.
    pub(crate) lines: Vec<(u64, (String, String))>,
}

/// What a node becomes. A journey that is not among those that are imported has no counterpart, nor has a
/// block that holds more than its links.
fn kind(node: &Node, policies: &[Policy]) -> Kind {
    const PLAIN: [&str; 7] = ["id", "type", "links", "metadata", "name", "desc", "strings"];
    match Kind::of(&node.kind) {
        Kind::Journey if called(node, policies).is_none() => Kind::Unsupported,
        Kind::Through if node.members.keys().any(|key| !PLAIN.contains(&key.as_str())) => {
            Kind::Unsupported
        }
        kind => kind,
    }
}

/// The journey that a node runs: the one whose id is a member of it.
pub(crate) fn called(node: &Node, policies: &[Policy]) -> Option<usize> {
    let ids: BTreeSet<&str> = node.members.values().filter_map(Json::as_str).collect();
    policies.iter().position(|policy| ids.contains(policy.id.as_str()))
}

/// Converts a journey.
pub(crate) fn convert(
    policy: &Policy,
    id: &JourneyId,
    policies: &[Policy],
    ids: &[JourneyId],
    stub: bool,
) -> Result<Written, Vec<ImportError>> {
    let mut refusals = Vec::new();
    let walk = Walk::of(policy, &|node| kind(node, policies), &mut refusals);
    let mut variables = Variables::of(policy, &walk, stub, &mut refusals);
    for place in walk.places() {
        expressions_of(place.node, &mut |it| variables.note_reads(it));
    }
    let converter = Converter::new(&walk, &variables, policies, ids);
    let (mut steps, mut notes) = (Vec::new(), Vec::new());
    for place in walk.places() {
        let node = place.node;
        let mut noted = BTreeSet::new();
        let converted = match place.kind {
            Kind::Unsupported => {
                let reason = format!("has no counterpart: it {}", purpose(&node.kind));
                if stub { Ok(vec![converter.stub(place, &reason)]) } else { Err(reason) }
            }
            _ => converter.steps(place, &mut noted),
        };
        notes.extend(noted.iter().map(|note| format!("node {:?}: {note}", node.id)));
        match converted {
            Ok(converted) => steps.extend(converted.into_iter().map(|it| (node, it))),
            Err(reason) => refusals.push(policy.refuse(node, reason)),
        }
    }
    let start = converter.resolve(&policy.head);
    match start.map_err(|reason| policy.refusal(reason)) {
        Ok(start) if refusals.is_empty() => Ok(write(policy, id, &start, steps, notes)),
        start => {
            refusals.extend(start.err());
            Err(refusals)
        }
    }
}

fn write(
    policy: &Policy,
    id: &JourneyId,
    start: &str,
    steps: Vec<(&Node, (String, Step))>,
    notes: Vec<String>,
) -> Written {
    let (mut yaml, mut lines) = (String::new(), Vec::new());
    let origin = format!("Imported: {:?} ({}) of {}.", policy.name, policy.id, policy.file);
    write::comment(&mut yaml, 0, &origin);
    let _ = write!(yaml, "id: {id}\nstart: {start}\nsteps:\n");
    for (node, (name, step)) in steps {
        let line = u64::try_from(yaml.lines().count()).unwrap_or(u64::MAX) + 1;
        lines.push((line, (node.id.clone(), node.kind.clone())));
        write::step(&mut yaml, &name, &step);
    }
    Written { yaml, notes, lines }
}

/// The parameters of the request that a journey reads, and those that it runs.
pub(crate) fn params_of(at: usize, policies: &[Policy]) -> BTreeSet<String> {
    let (mut params, mut seen, mut ahead) = (BTreeSet::new(), BTreeSet::new(), vec![at]);
    while let Some(at) = ahead.pop() {
        if !seen.insert(at) {
            continue;
        }
        let nodes = || policies[at].nodes.values();
        let mut note = |expression: &Expression| {
            params.extend(expression.reads().into_iter().filter_map(|read| {
                let is_params = read.path.keys.first().is_some_and(|it| it == "params");
                let is_param = read.path.root == Root::Request && is_params;
                read.path.keys.into_iter().nth(1).filter(|_| is_param)
            }));
        };
        nodes().for_each(|node| expressions_of(node, &mut note));
        ahead.extend(nodes().filter_map(|node| called(node, policies)));
    }
    params
}

/// Finds every expression of a node, also where backticks stand around a path.
fn expressions_of(node: &Node, note: &mut dyn FnMut(&Expression)) {
    let mut parse = |source: &str| {
        let inner = source.trim().strip_prefix('`').and_then(|it| it.strip_suffix('`'));
        for source in [Some(source), inner].into_iter().flatten() {
            if let Ok(parsed) = Expression::parse(source.trim()) {
                note(&parsed);
            }
        }
    };
    for (key, member) in &node.members {
        if !["links", "form_schema", "action"].contains(&key.as_str()) {
            sources(member, &mut parse);
        }
    }
    node.links.iter().filter_map(|link| link.display_name.as_deref()).for_each(parse);
}

fn sources(json: &Json, note: &mut impl FnMut(&str)) {
    if let (Json::Object(_), Some(source)) = (json, expression(json)) {
        return note(&source);
    }
    match json {
        Json::Array(items) => items.iter().for_each(|item| sources(item, note)),
        Json::Object(members) => members.values().for_each(|member| sources(member, note)),
        _ => {}
    }
}

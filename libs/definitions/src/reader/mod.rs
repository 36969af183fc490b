//! Reads a journey and its steps off the YAML tree, and notes every problem on the way.
//!
//! A target that does not exist and a bad expression are replaced by a stand-in, so that the checks
//! that follow still see the rest of the file.

mod fields;
mod keys;

use std::collections::BTreeMap;

use yaml::{Fields, Limits, Node, Notes};

use crate::id::JourneyId;
use crate::step::{Action, Data, End, Located, Step, StepIndex};
use crate::{MAX_STEPS, values};

/// The largest file, in bytes.
const MAX_SOURCE: usize = 64 * 1024;

/// Room for the largest file that makes sense.
const LIMITS: Limits = Limits { depth: 24, nodes: 10_000 };

/// Stands in for a target that does not exist.
const NOWHERE: StepIndex = 0;

/// A journey whose steps are read, but not yet checked together.
pub(crate) struct Body {
    pub(crate) id: JourneyId,
    pub(crate) start: StepIndex,
    pub(crate) steps: Vec<Step>,
}

/// Reads a journey. There is no body where a step or a target is missing from the picture: what
/// the checks would say about the others would mislead.
pub(crate) fn read(file: &str, source: &str) -> (Notes, Option<Body>) {
    let mut notes = Notes::new(file);
    if source.len() > MAX_SOURCE {
        notes.add(None, format!("a journey has at most {MAX_SOURCE} bytes"));
        return (notes, None);
    }
    let yaml = notes.parse(source, LIMITS);
    let body = yaml.and_then(|yaml| journey(&mut notes, &yaml));
    (notes, body)
}

fn journey(notes: &mut Notes, yaml: &Node) -> Option<Body> {
    let mut fields = Fields::of(notes, yaml, "the journey");
    let id = fields.required(notes, "id").and_then(|yaml| {
        let id = JourneyId::parse(notes.text(yaml, "id")?);
        id.map_err(|error| notes.add(yaml.line, error.to_string())).ok()
    });
    let start = fields.required(notes, "start");
    let steps = fields.required(notes, "steps");
    fields.finish(notes);
    let members = steps.map(|steps| notes.map(steps, "steps")).unwrap_or_default();
    if let Some(steps) = steps
        && !(1..=MAX_STEPS).contains(&members.len())
    {
        notes.add(steps.line, format!("a journey has 1 to {MAX_STEPS} steps"));
        return None;
    }
    let ids: BTreeMap<&str, StepIndex> =
        members.iter().enumerate().map(|(index, (key, _))| (key.text.as_str(), index)).collect();
    let mut is_whole = true;
    let start = start.and_then(|yaml| target(notes, &ids, yaml, "start"));
    let mut read = Vec::new();
    for (key, yaml) in &members {
        if JourneyId::parse(&key.text).is_err() {
            let rule = "1 to 64 lowercase letters, digits, `-` or `_`";
            notes.add(key.line, format!("the step id `{}` is not {rule}", key.text));
        }
        let what = format!("step `{}`", key.text);
        let fields = Fields::of(notes, yaml, &what).on_line(key.line);
        let reader = StepReader {
            notes,
            ids: &ids,
            what,
            line: key.line,
            fields,
            branches: None,
            is_whole: &mut is_whole,
        };
        let action = reader.read();
        read.extend(action.map(|action| Step { id: key.text.clone(), line: key.line, action }));
    }
    is_whole &= read.len() == members.len();
    Some(Body { id: id?, start: start?, steps: read }).filter(|_| is_whole)
}

fn target(
    notes: &mut Notes,
    ids: &BTreeMap<&str, StepIndex>,
    yaml: &Node,
    what: &str,
) -> Option<StepIndex> {
    let id = notes.text(yaml, what)?;
    let index = ids.get(id).copied();
    if index.is_none() {
        notes.add(yaml.line, format!("{what}: unknown step `{id}`"));
    }
    index
}

struct StepReader<'r, 'y> {
    notes: &'r mut Notes,
    ids: &'r BTreeMap<&'y str, StepIndex>,
    what: String,
    line: u64,
    fields: Fields<'y>,
    branches: Option<Fields<'y>>,
    is_whole: &'r mut bool,
}

impl<'y> StepReader<'_, 'y> {
    fn read(mut self) -> Option<Action> {
        let kind = self.required("type")?;
        let name = self.notes.text(kind, "type")?;
        if !Action::TYPES.contains(&name) {
            let types = Action::TYPES.map(|name| format!("`{name}`")).join(", ");
            let reason = format!("unknown step type `{name}`: must be one of {types}");
            self.notes.add(kind.line, format!("{}: {reason}", self.what));
            return None;
        }
        let is_terminal = ["complete", "reject_access"].contains(&name);
        if !is_terminal {
            let what = format!("{}: `on`", self.what);
            let on = self.required("on")?;
            self.branches = Some(Fields::of(self.notes, on, &what));
        }
        let action = match name {
            "temp_code_authentication" => self.authenticate(),
            "pair_with_support" => self.pair(),
            "collect_information" => self.collect(),
            "information" => self.inform(),
            "condition" => self.decide(),
            "set_variables" => self.assign(),
            "loop" => self.repeat(),
            "provide_json_data" => self.provide(),
            "sub_journey" => self.call(),
            "complete" => Some(Action::Complete(self.end())),
            _ => Some(Action::Reject(self.end())),
        };
        self.fields.finish(self.notes);
        if let Some(branches) = self.branches {
            branches.finish(self.notes);
        }
        action
    }

    fn what(&self, key: &str) -> String {
        format!("{}: `{key}`", self.what)
    }

    fn required(&mut self, key: &str) -> Option<&'y Node> {
        self.fields.required(self.notes, key)
    }

    fn expression(&mut self, key: &str) -> Option<Located> {
        let yaml = self.required(key)?;
        let what = self.what(key);
        Some(values::expression(self.notes, yaml, &what))
    }

    fn name(&mut self, yaml: &'y Node, key: &str) -> Option<String> {
        let what = self.what(key);
        values::name(self.notes, yaml, &what).map(str::to_owned)
    }

    fn optional_name(&mut self, key: &str) -> Option<String> {
        let yaml = self.fields.optional(key)?;
        self.name(yaml, key)
    }

    fn branch(&mut self, name: &str) -> Option<StepIndex> {
        let found = self.optional_branch(name);
        if found.is_none() {
            self.notes.add(self.line, format!("{}: missing branch `{name}`", self.what));
        }
        found
    }

    fn optional_branch(&mut self, name: &str) -> Option<StepIndex> {
        let yaml = self.branches.as_mut()?.optional(name)?;
        let what = self.what(name);
        Some(self.target(yaml, &what))
    }

    fn target(&mut self, yaml: &Node, what: &str) -> StepIndex {
        target(self.notes, self.ids, yaml, what).unwrap_or_else(|| {
            *self.is_whole = false;
            NOWHERE
        })
    }

    fn data(&mut self, key: &str) -> Data {
        let what = self.what(key);
        let yaml = self.fields.optional(key);
        yaml.map(|yaml| values::data(self.notes, yaml, &what)).unwrap_or_default()
    }

    fn end(&mut self) -> End {
        End { data: self.data("data"), back: None }
    }
}

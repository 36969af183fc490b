//! Who sets each variable, and how its readers change.
//!
//! In an export, any step may set any variable, and a variable that was never set is null. In a journey,
//! only the form sets a form's variable, and reading a member of null is a fault. So an initial text of
//! such a variable becomes the default where the field is read, and members are read with `?.`.

use std::collections::{BTreeMap, BTreeSet};

use expressions::{Expression, Path, Root};

use crate::ImportError;
use crate::export::{Node, Policy, expression};
use crate::kinds::Kind;
use crate::walk::{Place, Walk};

/// The variables of a journey.
#[derive(Default)]
pub(crate) struct Variables<'p> {
    /// The forms' variables, each with the fields that some step reads, in that order.
    forms: BTreeMap<&'p str, Vec<String>>,
    errors: BTreeSet<&'p str>,
    /// Those that steps set, and outputs of sub-journeys.
    others: BTreeSet<&'p str>,
    /// The texts for what forms have not set yet, by variable and field.
    initial: BTreeMap<(String, String), String>,
    stub: bool,
}

/// What an expression is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// It may reach the client.
    Output,
    /// It chooses the way.
    Decision,
}

/// The variable of a form.
pub(crate) fn form_variable(node: &Node) -> Option<&str> {
    node.text("var_name").or_else(|| node.text("output_var"))
}

/// The variable that the form or the error of a place sets.
fn owned<'p>(place: &Place<'p>) -> Option<&'p str> {
    match place.kind {
        Kind::Form => form_variable(place.node),
        Kind::Authenticate => place.node.text("error_variable"),
        _ => None,
    }
}

/// The names and values that a node sets, in its order.
pub(crate) fn assignments(node: &Node) -> Option<Vec<(&str, String)>> {
    let Some(list) = node.members.get("variables").filter(|it| !it.is_null()) else {
        return Some(Vec::new());
    };
    let values = list.as_array()?.iter();
    values.map(|it| Some((it.get("name")?.as_str()?, expression(it.get("value")?)?))).collect()
}

impl<'p> Variables<'p> {
    /// The variables of what `walk` reached.
    pub(crate) fn of(
        policy: &'p Policy,
        walk: &Walk<'p>,
        stub: bool,
        refusals: &mut Vec<ImportError>,
    ) -> Self {
        let mut variables = Self { stub, ..Self::default() };
        for place in walk.places() {
            let node = place.node;
            match place.kind {
                Kind::Form => {
                    variables.forms.extend(owned(place).map(|name| (name, Vec::new())));
                }
                Kind::Authenticate => variables.errors.extend(owned(place)),
                Kind::Journey => variables.others.extend(node.text("output_var")),
                Kind::Variables | Kind::Loop => {
                    let Some(set) = assignments(node) else {
                        let reason = "its `variables` must be a list of names and expressions";
                        refusals.push(policy.refuse(node, reason));
                        continue;
                    };
                    variables.others.extend(set.iter().map(|(name, _)| *name));
                }
                _ => {}
            }
        }
        for place in walk.places() {
            if matches!(place.kind, Kind::Variables | Kind::Loop) {
                variables.note_initial(policy, walk, place.node, refusals);
            }
        }
        variables
    }

    /// Takes the initial values of forms' variables. Later ones have no counterpart.
    fn note_initial(
        &mut self,
        policy: &'p Policy,
        walk: &Walk<'p>,
        node: &'p Node,
        refusals: &mut Vec<ImportError>,
    ) {
        for (name, source) in assignments(node).into_iter().flatten() {
            if !self.is_owned(name) {
                continue;
            }
            let is_late = walk
                .places()
                .any(|place| owned(place) == Some(name) && walk.leads(&place.node.id, &node.id));
            if is_late {
                let reason = format!(
                    "sets `{name}` again, which a form or an error sets: give it another name"
                );
                refusals.push(policy.refuse(node, reason));
            }
            let parsed = Expression::parse(&source).ok();
            for (key, value) in parsed.iter().filter_map(Expression::members).flatten() {
                if let Some(text) = value.text() {
                    let place = (name.to_owned(), key.to_owned());
                    self.initial.insert(place, text.to_owned());
                }
            }
        }
    }

    /// Whether a form or an error sets the variable, and so no other step may.
    pub(crate) fn is_owned(&self, name: &str) -> bool {
        self.forms.contains_key(name) || self.errors.contains(name)
    }

    fn is_known(&self, name: &str) -> bool {
        self.is_owned(name) || self.others.contains(name)
    }

    /// Notes which fields of forms an expression reads.
    pub(crate) fn note_reads(&mut self, expression: &Expression) {
        for read in expression.reads() {
            if let Root::Variable(name) = &read.path.root
                && let (Some(fields), Some(field)) =
                    (self.forms.get_mut(name.as_str()), read.path.keys.first())
                && !fields.contains(field)
            {
                fields.push(field.clone());
            }
        }
    }

    /// The fields of a form's variable that some step reads.
    pub(crate) fn fields(&self, name: &str) -> impl Iterator<Item = &str> {
        self.forms.get(name).into_iter().flatten().map(String::as_str)
    }

    /// The expression as it is written here. What changed its meaning is noted.
    pub(crate) fn adapt(
        &self,
        expression: &Expression,
        used: Use,
        notes: &mut BTreeSet<String>,
    ) -> Expression {
        expression.rewritten(&mut |path| {
            let Root::Variable(name) = &path.root else { return None };
            if self.stub && !self.is_known(name) {
                notes.insert(format!("`{path}` is null: no step sets `{name}`"));
                return Some(Expression::null());
            }
            let first = path.keys.first()?;
            if used == Use::Output && self.errors.contains(name.as_str()) && first == "code" {
                notes.insert(format!(
                    "`{path}` would tell why a code was denied: the message for everybody instead"
                ));
                let keys = vec!["message".to_owned()];
                return Some(Expression::optional(&Path { root: path.root.clone(), keys }));
            }
            let read = Expression::optional(path);
            Some(match self.initial.get(&(name.clone(), first.clone())) {
                Some(text) if path.keys.len() == 1 => read.or_text(text),
                _ => read,
            })
        })
    }
}

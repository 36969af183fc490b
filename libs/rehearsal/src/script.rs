//! What an author chose so far.

use std::collections::BTreeMap;

use definitions::{FieldKind, Journey};
use serde::{Deserialize, Serialize};

/// The most inputs of a script: playing it again must stay quick.
pub const MAX_INPUTS: usize = 64;

/// Stands for each code: which one it is makes no difference, since no verifier sees it.
const CODE: &str = "code";

/// Parameters and inputs, in their order. A page can carry it as JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    params: BTreeMap<String, String>,
    inputs: Vec<Input>,
}

/// An input of a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// The user fills in the form, or presses the button.
    Submit(BTreeMap<String, String>),
    /// The user takes an escape of the form.
    Escape(String),
    /// The code was verified.
    Verified(Outcome),
    /// The journey was paired, or there are too many open numbers.
    Paired(bool),
}

/// The outcome of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The code is right.
    Accepted,
    /// The code is wrong.
    Wrong,
    /// The code has expired.
    Expired,
    /// The user is locked.
    Locked,
}

impl Outcome {
    /// All outcomes.
    pub const ALL: [Self; 4] = [Self::Accepted, Self::Wrong, Self::Expired, Self::Locked];

    /// The outcome's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Wrong => "wrong",
            Self::Expired => "expired",
            Self::Locked => "locked",
        }
    }
}

impl Script {
    /// A script that starts with these parameters, without codes.
    pub fn new(journey: &Journey, mut params: BTreeMap<String, String>) -> Self {
        let is_code = |name: &str| {
            journey.parameters().any(|it| it.name == name && it.kind == FieldKind::Code)
        };
        for (name, text) in &mut params {
            hide(is_code(name), text);
        }
        Self { params, inputs: Vec::new() }
    }

    /// Adds an input, without codes.
    pub fn push(&mut self, journey: &Journey, mut input: Input) {
        if let Input::Submit(fields) = &mut input {
            let is_code = |name: &str| {
                let mut fields = journey.forms().flat_map(|form| form.fields);
                fields.any(|it| it.name == name && it.kind == FieldKind::Code)
            };
            for (name, text) in fields {
                hide(is_code(name), text);
            }
        }
        self.inputs.push(input);
    }

    /// Takes the last input back.
    pub fn pop(&mut self) {
        self.inputs.pop();
    }

    /// The script after one more act of the person: an outcome's name, `submit`, `escape.` with its id, `paired`,
    /// `too_many` or `back`. Any other starts again with the fields as parameters.
    #[must_use]
    pub fn after(mut self, journey: &Journey, act: &str, fields: BTreeMap<String, String>) -> Self {
        let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == act);
        match (act, outcome, act.strip_prefix("escape.")) {
            (_, Some(outcome), _) => self.push(journey, Input::Verified(outcome)),
            (_, _, Some(escape)) => self.push(journey, Input::Escape(escape.to_owned())),
            ("submit", ..) => self.push(journey, Input::Submit(fields)),
            ("paired" | "too_many", ..) => self.push(journey, Input::Paired(act == "paired")),
            ("back", ..) => self.pop(),
            _ => return Self::new(journey, fields),
        }
        self
    }

    pub(crate) const fn params(&self) -> &BTreeMap<String, String> {
        &self.params
    }

    pub(crate) fn inputs(&self) -> &[Input] {
        &self.inputs
    }
}

fn hide(is_code: bool, text: &mut String) {
    if is_code && !text.is_empty() {
        CODE.clone_into(text);
    }
}

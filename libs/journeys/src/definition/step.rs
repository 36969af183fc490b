//! The steps that a journey is made of.
//!
//! A new step is one variant of [`Action`]; the compiler names every other place.

use std::collections::BTreeSet;

use codes::user::IdentifierType;
use expressions::{Expression, Function, Path};
use serde_json::Value as Json;

use super::template::Template;
use crate::verdict::Part;

/// A step's place in its journey.
pub(crate) type StepIndex = usize;

/// A step.
#[derive(Debug)]
pub(crate) struct Step {
    /// Its id.
    pub(crate) id: String,
    /// Where the file defines it.
    pub(crate) line: u64,
    /// What it does.
    pub(crate) action: Action,
}

/// What a step does, and which steps it leads to.
#[derive(Debug)]
pub(crate) enum Action {
    /// `temp_code_authentication`
    Authenticate(Authenticate),
    /// `collect_information`
    Collect(Collect),
    /// `information`
    Inform { title: Template, text: Template, button_text: Template, next: StepIndex },
    /// `condition`
    Decide {
        expression: Located,
        when_true: StepIndex,
        when_false: StepIndex,
        otherwise: Option<StepIndex>,
    },
    /// `set_variables`
    Assign { variables: Vec<(String, Located)>, next: StepIndex },
    /// `loop`
    Repeat {
        condition: Option<Located>,
        max_iterations: u32,
        body: StepIndex,
        done: StepIndex,
        exhausted: StepIndex,
    },
    /// `provide_json_data`
    Provide { data: Data, next: StepIndex },
    /// `complete`
    Complete { data: Data },
    /// `reject_access`
    Reject { data: Data },
}

/// An expression and the line on which it stands.
#[derive(Debug)]
pub(crate) struct Located {
    pub(crate) line: u64,
    pub(crate) expression: Expression,
}

/// Keys, and the expressions that give their values.
pub(crate) type Data = Vec<(String, Located)>;

/// Has a temporary code verified.
#[derive(Debug)]
pub(crate) struct Authenticate {
    pub(crate) identifier: Located,
    pub(crate) identifier_type: IdentifierType,
    pub(crate) code: Located,
    /// Where the code comes from.
    pub(crate) code_path: Path,
    pub(crate) error_output: Option<String>,
    pub(crate) success: StepIndex,
    pub(crate) failure: Option<StepIndex>,
    pub(crate) expired: Option<StepIndex>,
}

/// Shows a form and takes its fields.
#[derive(Debug)]
pub(crate) struct Collect {
    pub(crate) form_id: String,
    pub(crate) fields: BTreeSet<String>,
    pub(crate) app_data: Option<Template>,
    pub(crate) output: String,
    pub(crate) escapes: Vec<Exit>,
    pub(crate) submit: StepIndex,
}

/// A way out of a form.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) id: String,
    pub(crate) display_name: Template,
    pub(crate) schema: Option<Json>,
    pub(crate) target: StepIndex,
}

impl Authenticate {
    /// Where the identifier or the code comes from.
    pub(crate) fn sources(&self, part: Part) -> Vec<Path> {
        match part {
            Part::Identifier => {
                let reads = self.identifier.expression.reads().into_iter();
                reads.map(|read| read.path).collect()
            }
            Part::Code => vec![self.code_path.clone()],
        }
    }
}

impl Action {
    /// The names of all types, as YAML has them.
    pub(crate) const TYPES: [&'static str; 9] = [
        "temp_code_authentication",
        "collect_information",
        "information",
        "condition",
        "set_variables",
        "loop",
        "provide_json_data",
        "complete",
        "reject_access",
    ];

    /// The type's name.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self {
            Self::Authenticate(_) => Self::TYPES[0],
            Self::Collect(_) => Self::TYPES[1],
            Self::Inform { .. } => Self::TYPES[2],
            Self::Decide { .. } => Self::TYPES[3],
            Self::Assign { .. } => Self::TYPES[4],
            Self::Repeat { .. } => Self::TYPES[5],
            Self::Provide { .. } => Self::TYPES[6],
            Self::Complete { .. } => Self::TYPES[7],
            Self::Reject { .. } => Self::TYPES[8],
        }
    }

    /// The steps it leads to.
    pub(crate) fn targets(&self) -> Vec<StepIndex> {
        match self {
            Self::Authenticate(step) => {
                [Some(step.success), step.failure, step.expired].into_iter().flatten().collect()
            }
            Self::Collect(step) => {
                let exits = step.escapes.iter().map(|exit| exit.target);
                std::iter::once(step.submit).chain(exits).collect()
            }
            Self::Inform { next, .. } | Self::Assign { next, .. } | Self::Provide { next, .. } => {
                vec![*next]
            }
            Self::Decide { when_true, when_false, otherwise, .. } => {
                [Some(*when_true), Some(*when_false), *otherwise].into_iter().flatten().collect()
            }
            Self::Repeat { body, done, exhausted, .. } => vec![*body, *done, *exhausted],
            Self::Complete { .. } | Self::Reject { .. } => Vec::new(),
        }
    }

    /// Whether the journey stops here until the client answers.
    pub(crate) const fn is_waiting(&self) -> bool {
        match self {
            Self::Collect(_) | Self::Inform { .. } => true,
            Self::Authenticate(_)
            | Self::Decide { .. }
            | Self::Assign { .. }
            | Self::Repeat { .. }
            | Self::Provide { .. }
            | Self::Complete { .. }
            | Self::Reject { .. } => false,
        }
    }

    /// Whether the journey ends here.
    pub(crate) const fn is_terminal(&self) -> bool {
        matches!(self, Self::Complete { .. } | Self::Reject { .. })
    }

    /// The expressions whose values may get out, with their lines where they are known.
    pub(crate) fn outputs(&self) -> Vec<(Option<u64>, &Expression)> {
        let located = |expression: &'_ Located| Some(expression.line);
        match self {
            Self::Authenticate(step) => {
                vec![(located(&step.identifier), &step.identifier.expression)]
            }
            Self::Collect(step) => {
                let names = step.escapes.iter().map(|exit| &exit.display_name);
                templates(step.app_data.iter().chain(names))
            }
            Self::Inform { title, text, button_text, .. } => {
                templates([title, text, button_text].into_iter())
            }
            Self::Decide { .. } | Self::Repeat { .. } => Vec::new(),
            Self::Assign { variables: data, .. }
            | Self::Provide { data, .. }
            | Self::Complete { data }
            | Self::Reject { data } => {
                data.iter().map(|(_, value)| (located(value), &value.expression)).collect()
            }
        }
    }

    /// The expression that only decides which way to go.
    pub(crate) const fn decision(&self) -> Option<&Located> {
        match self {
            Self::Decide { expression, .. } => Some(expression),
            Self::Repeat { condition, .. } => condition.as_ref(),
            Self::Authenticate(_)
            | Self::Collect(_)
            | Self::Inform { .. }
            | Self::Assign { .. }
            | Self::Provide { .. }
            | Self::Complete { .. }
            | Self::Reject { .. } => None,
        }
    }

    /// Whether it reads the user's tokens.
    pub(crate) fn uses_user_tokens(&self) -> bool {
        let decision = self.decision().map(|decision| &decision.expression);
        let outputs = self.outputs().into_iter().map(|(_, expression)| expression);
        outputs.chain(decision).any(|expression| expression.calls(Function::UserTokens))
    }
}

fn templates<'t>(
    templates: impl Iterator<Item = &'t Template>,
) -> Vec<(Option<u64>, &'t Expression)> {
    templates.flat_map(Template::expressions).map(|expression| (None, expression)).collect()
}

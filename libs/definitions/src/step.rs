//! The steps that a journey is made of.
//!
//! A new step is one variant of [`Action`]; the compiler names every other place.

mod branches;
mod keys;

use expressions::{Expression, Function};

pub use self::keys::{Authenticate, Back, Call, Collect, End, Exit, Pair};
use crate::template::Template;

/// A step's place in its journey.
pub type StepIndex = usize;

/// A step.
#[derive(Debug)]
pub struct Step {
    /// Its id.
    pub id: String,
    /// Where the file defines it.
    pub line: u64,
    /// What it does.
    pub action: Action,
}

/// The action of a step, and its branches.
#[derive(Debug)]
pub enum Action {
    /// `temp_code_authentication`
    Authenticate(Authenticate),
    /// `pair_with_support`
    Pair(Pair),
    /// `collect_information`
    Collect(Collect),
    /// `information`
    Inform {
        /// The page's title.
        title: Template,
        /// Its text.
        text: Template,
        /// The label of its button.
        button_text: Template,
        /// The step after the button.
        next: StepIndex,
    },
    /// `condition`
    Decide {
        /// The condition.
        expression: Located,
        /// The step if it holds.
        when_true: StepIndex,
        /// The step if it does not.
        when_false: StepIndex,
        /// The step if it has no value; without it the journey aborts.
        otherwise: Option<StepIndex>,
    },
    /// `set_variables`
    Assign {
        /// Names and values, in the order of the file.
        variables: Data,
        /// The step after.
        next: StepIndex,
    },
    /// `loop`
    Repeat {
        /// Checked before each round; always true if absent.
        condition: Option<Located>,
        /// The most rounds.
        max_iterations: u32,
        /// The first step of a round.
        body: StepIndex,
        /// The step after the condition failed.
        done: StepIndex,
        /// The step after the last round.
        exhausted: StepIndex,
    },
    /// `provide_json_data`
    Provide {
        /// The data of the next answer.
        data: Data,
        /// The step after.
        next: StepIndex,
    },
    /// `sub_journey`
    Call(Call),
    /// `complete`
    Complete(End),
    /// `reject_access`
    Reject(End),
}

/// An expression and the line on which it stands.
#[derive(Clone, Debug)]
pub struct Located {
    /// The line.
    pub line: u64,
    /// The expression.
    pub expression: Expression,
}

/// Keys, and the expressions that give their values.
pub type Data = Vec<(String, Located)>;

impl Action {
    /// The names of all types, as YAML has them.
    pub const TYPES: [&'static str; 11] = [
        "temp_code_authentication",
        "pair_with_support",
        "collect_information",
        "information",
        "condition",
        "set_variables",
        "loop",
        "provide_json_data",
        "sub_journey",
        "complete",
        "reject_access",
    ];

    /// The type's name.
    pub const fn type_name(&self) -> &'static str {
        match self {
            Self::Authenticate(_) => Self::TYPES[0],
            Self::Pair(_) => Self::TYPES[1],
            Self::Collect(_) => Self::TYPES[2],
            Self::Inform { .. } => Self::TYPES[3],
            Self::Decide { .. } => Self::TYPES[4],
            Self::Assign { .. } => Self::TYPES[5],
            Self::Repeat { .. } => Self::TYPES[6],
            Self::Provide { .. } => Self::TYPES[7],
            Self::Call(_) => Self::TYPES[8],
            Self::Complete(_) => Self::TYPES[9],
            Self::Reject(_) => Self::TYPES[10],
        }
    }

    /// Whether the journey stops here until the client answers.
    pub const fn is_waiting(&self) -> bool {
        match self {
            Self::Collect(_) | Self::Inform { .. } => true,
            Self::Authenticate(_)
            | Self::Pair(_)
            | Self::Decide { .. }
            | Self::Assign { .. }
            | Self::Repeat { .. }
            | Self::Provide { .. }
            | Self::Call(_)
            | Self::Complete(_)
            | Self::Reject(_) => false,
        }
    }

    /// Whether the journey ends here.
    pub const fn is_terminal(&self) -> bool {
        matches!(self, Self::Complete(end) | Self::Reject(end) if end.back.is_none())
    }

    /// The expressions whose values may get out, with their lines where they are known.
    pub fn outputs(&self) -> Vec<(Option<u64>, &Expression)> {
        let located = |expression: &'_ Located| Some(expression.line);
        match self {
            Self::Authenticate(step) => {
                vec![(located(&step.identifier), &step.identifier.expression)]
            }
            Self::Pair(step) => vec![(located(&step.identifier), &step.identifier.expression)],
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
            | Self::Call(Call { params: data, .. })
            | Self::Complete(End { data, .. })
            | Self::Reject(End { data, .. }) => {
                data.iter().map(|(_, value)| (located(value), &value.expression)).collect()
            }
        }
    }

    /// The values that it keeps in variables.
    pub const fn kept(&self) -> Option<&Data> {
        match self {
            Self::Assign { variables: data, .. }
            | Self::Call(Call { params: data, .. })
            | Self::Complete(End { data, back: Some(_) })
            | Self::Reject(End { data, back: Some(_) }) => Some(data),
            Self::Authenticate(_)
            | Self::Pair(_)
            | Self::Collect(_)
            | Self::Inform { .. }
            | Self::Decide { .. }
            | Self::Repeat { .. }
            | Self::Provide { .. }
            | Self::Complete(_)
            | Self::Reject(_) => None,
        }
    }

    /// The expression that only decides which way to go.
    pub const fn decision(&self) -> Option<&Located> {
        match self {
            Self::Decide { expression, .. } => Some(expression),
            Self::Repeat { condition, .. } => condition.as_ref(),
            Self::Authenticate(_)
            | Self::Pair(_)
            | Self::Collect(_)
            | Self::Inform { .. }
            | Self::Assign { .. }
            | Self::Provide { .. }
            | Self::Call(_)
            | Self::Complete(_)
            | Self::Reject(_) => None,
        }
    }

    /// Whether it reads the user's tokens.
    pub fn uses_user_tokens(&self) -> bool {
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

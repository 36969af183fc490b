//! The keys of the steps that have many.

use codes::user::IdentifierType;
use expressions::{Expression, Path, Root};
use serde_json::Value as Json;

use super::{Data, Located, StepIndex};
use crate::field::Field;
use crate::id::JourneyId;
use crate::part::Part;
use crate::template::Template;

/// Has a temporary code verified.
#[derive(Debug)]
pub struct Authenticate {
    /// The identifier.
    pub identifier: Located,
    /// What kind of identifier it is.
    pub identifier_type: IdentifierType,
    /// The code.
    pub code: Located,
    /// Where the code comes from.
    pub code_path: Path,
    /// The variable that takes the error.
    pub error_output: Option<String>,
    /// The step after an accepted code.
    pub success: StepIndex,
    /// The step after a denial.
    pub failure: Option<StepIndex>,
    /// The step after a code that expired; `failure` without it.
    pub expired: Option<StepIndex>,
}

/// Gets a number that the user reads to support, so that the code works only in this journey.
#[derive(Debug)]
pub struct Pair {
    /// The identifier.
    pub identifier: Located,
    /// What kind of identifier it is.
    pub identifier_type: IdentifierType,
    /// The variable that takes the number and its end.
    pub output: String,
    /// The step after.
    pub next: StepIndex,
    /// The step if the user has too many numbers; without it the journey aborts.
    pub failure: Option<StepIndex>,
}

/// Shows a form and takes its fields.
#[derive(Debug)]
pub struct Collect {
    /// The form's id.
    pub form_id: String,
    /// Its fields, in the order of the file.
    pub fields: Vec<Field>,
    /// What the page is sent with the form.
    pub app_data: Option<Template>,
    /// The variable that takes the fields.
    pub output: String,
    /// The ways out.
    pub escapes: Vec<Exit>,
    /// The step after the fields were sent.
    pub submit: StepIndex,
}

/// A way out of a form.
#[derive(Debug)]
pub struct Exit {
    /// Its id.
    pub id: String,
    /// Its label.
    pub display_name: Template,
    /// What the author says of its data.
    pub schema: Option<Json>,
    /// The step to which it leads.
    pub target: StepIndex,
}

/// Runs another journey. Its steps are part of this one, under ids that begin with this step's id.
#[derive(Debug)]
pub struct Call {
    /// The journey.
    pub journey: JourneyId,
    /// The variables that hold its computed parameters. Parameters that are paths need none.
    pub params: Data,
    /// The variable that takes the data with which it ends.
    pub output: Option<String>,
    /// Its first step.
    pub entry: StepIndex,
    /// The step after it completed.
    pub success: StepIndex,
    /// The step after it rejected.
    pub failure: Option<StepIndex>,
}

/// The end of a journey: of the whole run, or of a sub-journey.
#[derive(Debug)]
pub struct End {
    /// What the last answer carries, or the output of the step that ran the sub-journey.
    pub data: Data,
    /// The way back from a sub-journey.
    pub back: Option<Back>,
}

/// The way back from a sub-journey.
#[derive(Clone, Debug)]
pub struct Back {
    /// The step that ran it: its steps and variables are named `STEP.NAME`.
    pub call: String,
    /// The variable that takes the data.
    pub output: Option<String>,
    /// The step after.
    pub target: StepIndex,
}

impl Collect {
    /// Whether the form has the field of that name.
    pub fn has_field(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }
}

impl Located {
    /// The paths that it reads.
    fn sources(&self) -> Vec<Path> {
        self.expression.reads().into_iter().map(|read| read.path).collect()
    }
}

impl Authenticate {
    /// Where the code comes from: straight from the client, since what is computed could not be kept
    /// secret. `None` if it comes from elsewhere.
    pub(crate) fn code_path(code: &Expression) -> Option<Path> {
        code.path().filter(|path| {
            let first = path.keys.first().map(String::as_str);
            match path.root {
                Root::Request => {
                    path.keys.len() >= 2 && matches!(first, Some("params" | "headers"))
                }
                Root::Variable(_) => path.keys.len() == 1,
            }
        })
    }

    /// Where the identifier or the code comes from.
    pub fn sources(&self, part: Part) -> Vec<Path> {
        match part {
            Part::Identifier => self.identifier.sources(),
            Part::Code => vec![self.code_path.clone()],
        }
    }
}

impl Pair {
    /// Where the identifier comes from.
    pub fn sources(&self) -> Vec<Path> {
        self.identifier.sources()
    }
}

//! The state of a running journey.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use clock::Timestamp;
use codes::authentication::Authentication;
use codes::ids::{ApplicationId, ClientId};
use codes::user::Identifier;
use definitions::Journey;
use definitions::step::StepIndex;
use expressions::{OversizeError, Path, Root, Scope, Value};
use serde_json::Value as Json;

use crate::input::{InputError, input_name};
use crate::request::Start;

/// The most bytes of input that a waiting journey may have from its client, at its start or in a
/// form, since it is stored.
pub(crate) const MAX_INPUT: usize = 2048;

/// The text of every denial. It is the same for all reasons, so it reveals none.
pub(crate) const DENIED: &str = "The user id or the code is not right, or the code cannot be used.";

/// The state of a journey. [`advance`](super::advance) consumes it and returns the next one.
pub struct State {
    pub(crate) application: ApplicationId,
    pub(crate) client: ClientId,
    pub(crate) step: StepIndex,
    pub(crate) variables: BTreeMap<String, Value>,
    /// The iterations of each running loop.
    pub(crate) loops: BTreeMap<StepIndex, u32>,
    /// What `@policy.request()` reads.
    pub(crate) request: Value,
    /// What `@policy.device()` reads.
    pub(crate) device: Value,
    pub(crate) authentication: Option<Authentication>,
    /// The verifications of this session that failed, for any reason.
    pub(crate) failures: u32,
    /// After this many of them, no form is shown any more.
    pub(crate) failures_allowed: u32,
    /// The data of one leg: valid until the next wait, and never stored.
    pub(crate) leg: Leg,
}

/// A leg: everything between two waits.
#[derive(Default)]
pub(crate) struct Leg {
    /// The step that was answered at the beginning of the leg; `None` at the start of the journey.
    pub(crate) answered: Option<StepIndex>,
    /// Whether a verification failed.
    pub(crate) has_failed: bool,
    /// The steps that have run.
    pub(crate) trail: Vec<StepIndex>,
    /// The data of `provide_json_data` for the next answer.
    pub(crate) data: BTreeMap<String, Value>,
    /// The user's tokens, once they have been minted.
    pub(crate) tokens: Option<Value>,
}

impl State {
    /// The state at a journey's first step.
    pub fn new(
        journey: &Journey,
        (application, client): (ApplicationId, ClientId),
        (request, device): (Value, Value),
        failures_allowed: u32,
    ) -> Self {
        Self {
            application,
            client,
            step: journey.start(),
            variables: BTreeMap::new(),
            loops: BTreeMap::new(),
            request,
            device,
            authentication: None,
            failures: 0,
            failures_allowed,
            leg: Leg::default(),
        }
    }

    /// The steps that have run since the journey started or was last answered.
    pub fn trail(&self) -> &[StepIndex] {
        &self.leg.trail
    }

    /// The values of all variables. Secret ones can only be told apart from null.
    pub const fn variables(&self) -> &BTreeMap<String, Value> {
        &self.variables
    }

    /// What `@policy.userContext()` reads.
    pub(super) fn user(&self) -> Value {
        self.authentication.as_ref().map_or(Value::Null, |authentication| {
            let id = Value::Text(authentication.user.as_str().to_owned());
            Value::Object(BTreeMap::from([("user_id".to_owned(), id)]))
        })
    }

    /// The values that expressions can read.
    pub(super) fn scope<'s>(&'s self, user: &'s Value, now: Timestamp) -> Scope<'s> {
        const NO_TOKENS: &Value = &Value::Null;
        Scope {
            variables: &self.variables,
            request: &self.request,
            device: &self.device,
            user,
            tokens: self.leg.tokens.as_ref().unwrap_or(NO_TOKENS),
            now,
        }
    }

    /// The error variables and their codes.
    pub(crate) fn errors(&self) -> BTreeMap<String, String> {
        let code = |value: &Value| match value {
            Value::Object(members) => match members.get("code") {
                Some(Value::Guarded(code)) => Some(code.clone()),
                _ => None,
            },
            _ => None,
        };
        let errors = self.variables.iter();
        errors.filter_map(|(name, value)| Some((name.clone(), code(value)?))).collect()
    }
}

/// The value of an error variable: a code that must not leak, and the text for users.
pub(crate) fn error_value(code: &str) -> Value {
    Value::Object(BTreeMap::from([
        ("code".to_owned(), Value::Guarded(code.to_owned())),
        ("message".to_owned(), Value::Text(DENIED.to_owned())),
    ]))
}

/// Moves the request and the device from a start into values for expressions. Drops what the
/// journey does not read, and marks the temporary code as secret.
///
/// # Errors
/// Each input that is too large.
pub fn surroundings(
    journey: &Journey,
    start: &mut Start,
) -> Result<(Value, Value), Vec<InputError>> {
    let inputs = journey.inputs();
    let (mut params, mut headers) = (take(&mut start.params), take(&mut start.headers));
    params.retain(|name, _| inputs.params.has(name));
    headers.retain(|name, _| inputs.headers.has(name));
    let device = if inputs.device { start.device.take() } else { Json::Null };
    let request = Json::Object(serde_json::Map::from_iter([
        ("params".to_owned(), Json::Object(params)),
        ("headers".to_owned(), Json::Object(headers)),
        ("locale".to_owned(), start.locale.take().map_or(Json::Null, Json::String)),
    ]));
    let wrong = oversized(journey.identifiers(), &Root::Request, &request);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let refused = |name: &str, error: OversizeError| vec![InputError::new(name, error.to_string())];
    let request = mark_secrets(request, &Root::Request, journey.secrets());
    let request = request.map_err(|error| refused("params", error))?;
    let device = Value::from_json(device).map_err(|error| refused("device", error))?;
    if journey.may_wait() && request.weight().saturating_add(device.weight()) > MAX_INPUT {
        return Err(refused("params", OversizeError));
    }
    Ok((request, device))
}

/// The identifiers below `root` that are too long.
pub(super) fn oversized(identifiers: &BTreeSet<Path>, root: &Root, json: &Json) -> Vec<InputError> {
    let is_long = |path: &&Path| {
        let found = path.keys.iter().try_fold(json, |at, key| at.get(key)).and_then(Json::as_str);
        path.root == *root && found.is_some_and(|text| text.len() > Identifier::MAX_BYTES)
    };
    let rule = format!("must be at most {} bytes long", Identifier::MAX_BYTES);
    let long = identifiers.iter().filter(is_long);
    long.map(|path| InputError::new(input_name(path), rule.clone())).collect()
}

/// Converts JSON to a value and marks the values at secret paths below `root`.
pub(super) fn mark_secrets(
    mut json: Json,
    root: &Root,
    secrets: &BTreeSet<Path>,
) -> Result<Value, OversizeError> {
    let secrets = secrets.iter().filter(|path| path.root == *root);
    let mut taken = Vec::new();
    for path in secrets {
        let slot = path.keys.iter().try_fold(&mut json, |at, key| at.get_mut(key));
        taken.extend(slot.map(|slot| (path, slot.take())));
    }
    let mut value = Value::from_json(json)?;
    for (path, secret) in taken {
        let slot = path.keys.iter().try_fold(&mut value, |at, key| match at {
            Value::Object(members) => members.get_mut(key),
            _ => None,
        });
        if let Some(slot) = slot {
            *slot = Value::secret(secret);
        }
    }
    Ok(value)
}

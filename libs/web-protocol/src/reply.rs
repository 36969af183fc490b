//! The answers to a page: the state of its journey, as the Web SDK reads it.

use codes::randomness::Randomness;
use encryption::CryptoSession;
use journeys::runner::{Answer, InputRequired, StepError};
use serde_json::{Map, Value, json};
use wire::runner::step_data;

/// An answer: always with headers, without which the SDK fails.
pub struct Reply {
    /// 0 if the call was fine in itself.
    pub error_code: u32,
    /// What went wrong, for people.
    pub error_message: String,
    /// The control data that the SDK keeps: IDs, keys.
    pub headers: Vec<Value>,
    /// Where the journey stands.
    pub data: Value,
}

/// Marks a rejection in an answer's `error_code`.
const REJECTED: u32 = 4001;

impl Reply {
    /// The answer of a journey.
    pub fn of(answer: Answer) -> Self {
        match answer {
            Answer::InputRequired(input) => Self::fine(pending(&input)),
            Answer::Completed(completed) => {
                let mut data = json!({
                    "state": "completed",
                    "assertions_complete": true,
                    "token": completed.token,
                });
                attach(&mut data, completed.data);
                Self::fine(data)
            }
            Answer::Rejected(rejected) => {
                let mut data = json!({ "state": "rejected" });
                attach(&mut data, rejected.data);
                Self::rejected(rejected.reason.as_str(), data)
            }
        }
    }

    /// An answer to a call that was fine in itself.
    pub const fn fine(data: Value) -> Self {
        Self { error_code: 0, error_message: String::new(), headers: Vec::new(), data }
    }

    /// A rejection, whose reason the page is shown.
    pub fn rejected(reason: &str, data: Value) -> Self {
        let error_message = reason.to_owned();
        Self { error_code: REJECTED, error_message, headers: Vec::new(), data }
    }

    /// The answer as JSON, its data encrypted in a crypto session; `None` if that fails.
    pub fn into_json(
        mut self,
        session: Option<&CryptoSession>,
        randomness: &Randomness,
    ) -> Option<Value> {
        if let Some(session) = session {
            let encrypted = session.encrypt(self.data.to_string().as_bytes(), randomness)?;
            self.headers.push(json!({ "type": "encryption", "iv": encrypted.iv }));
            self.data = Value::String(encrypted.text);
        }
        Some(json!({
            "error_code": self.error_code,
            "error_message": self.error_message,
            "headers": self.headers,
            "data": self.data,
        }))
    }
}

/// A step that waits: one entry of the control flow, and why it is shown again. The entry stands
/// there again too: without it the SDK loses the form's id.
fn pending(input: &InputRequired) -> Value {
    let escapes = input.escapes.iter().map(|escape| {
        let mut option = json!({ "id": escape.id, "display_name": escape.display_name });
        if let Some(schema) = &escape.schema {
            option["schema"] = schema.clone();
        }
        option
    });
    let mut entry = Map::from_iter([
        ("assertion_id".to_owned(), json!(input.assertion_id)),
        ("type".to_owned(), json!(input.kind.as_str())),
        ("escapes".to_owned(), escapes.collect()),
    ]);
    entry.extend(input.form_id.iter().map(|id| ("form_id".to_owned(), json!(id))));
    entry.extend(step_data(input));
    let mut data = json!({
        "state": "pending",
        "challenge": input.challenge,
        "control_flow": [entry],
    });
    if let Some(StepError { code, message, inputs: _ }) = &input.error {
        data["assertion_error_code"] = json!(error_number(code));
        data["assertion_error_message"] = json!(message);
    }
    attach(&mut data, input.json_data.clone());
    data
}

fn attach(data: &mut Value, json_data: Option<Value>) {
    if let Some(json_data) = json_data {
        data["data"] = json!({ "json_data": json_data });
    }
}

/// The number that the SDK turns back into this code.
fn error_number(code: &str) -> u32 {
    match code {
        "client_response_not_valid" => 28,
        _ => 29, // invalid_credentials
    }
}

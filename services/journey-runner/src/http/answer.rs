//! Where a journey stands, as the Web SDK reads it.

use journeys::runner::{Answer, InputRequired, StepError};
use serde_json::{Map, Value, json};
use wire::runner::step_data;

use super::envelope::Reply;

/// The answer of a journey.
pub(super) fn reply(answer: Answer) -> Reply {
    match answer {
        Answer::InputRequired(input) => Reply::fine(pending(&input)),
        Answer::Completed(completed) => {
            let mut data = json!({
                "state": "completed",
                "assertions_complete": true,
                "token": completed.token,
            });
            attach(&mut data, completed.data);
            Reply::fine(data)
        }
        Answer::Rejected(rejected) => {
            let mut data = json!({ "state": "rejected" });
            attach(&mut data, rejected.data);
            Reply::rejected(rejected.reason.as_str(), data)
        }
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

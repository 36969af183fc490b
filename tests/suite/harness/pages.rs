//! Journeys in a browser page: waiting and continuing.

use reqwest::Response;
use serde_json::{Value, json};

use super::Postern;
use super::http::ASSERT;

/// An answer to the step that `pending` shows, with the ids from the first answer.
pub(crate) fn submission(first: &Value, pending: &Value, assertion: &Value) -> Value {
    let step = &pending["data"]["control_flow"][0];
    let mut data = json!({
        "assertion_id": step["assertion_id"],
        "action": step["type"],
        "fch": pending["data"]["challenge"],
    });
    for (name, value) in assertion.as_object().expect("an object") {
        data[name] = value.clone();
    }
    json!({"headers": first["headers"], "data": data})
}

/// An id in an answer's headers.
pub(crate) fn id<'a>(answer: &'a Value, kind: &str) -> &'a str {
    let headers = answer["headers"].as_array().expect("an array of headers");
    let header = headers.iter().find(|header| header["type"] == kind).expect("the id");
    header[kind].as_str().expect("a text")
}

/// Sends a submission, with the ids in the query, where the SDK puts them.
pub(crate) async fn answer_step(
    postern: &Postern,
    first: &Value,
    body: &Value,
) -> anyhow::Result<Response> {
    let (session, device) = (id(first, "session_id"), id(first, "device_id"));
    let query =
        format!("aid=default_application&clientId=acme-web&locale=en&sid={session}&did={device}");
    Ok(postern.post(&format!("{ASSERT}?{query}")).json(body).send().await?)
}

/// Starts the journey with the form.
pub(crate) async fn form(postern: &Postern) -> anyhow::Result<Value> {
    Ok(postern.invoke("temp-code-form", json!({})).await?.error_for_status()?.json().await?)
}

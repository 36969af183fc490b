//! Fuzz targets: the records of waiting journeys, as a store returns them.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use definitions::Journey;
use serde_json::Value;

use crate::session::Session;

/// The journey of every record.
static JOURNEY: LazyLock<Journey> = LazyLock::new(|| {
    let yaml = "
id: recovery
start: ask
steps:
  ask: {type: collect_information, form_id: code, fields: [user, code], output: form, on: {submit: check}}
  check:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: form.code
    error_output: error
    on: {success: done, failure: ask}
  done: {type: complete}
";
    Journey::parse("recovery.yaml", yaml).expect("a valid journey")
});

/// Parses a record of this journey. A valid one can be written and parsed again, and its state
/// belongs to the journey.
///
/// # Panics
/// The property does not hold.
pub fn session(data: &[u8]) {
    let Ok(Value::Object(mut record)) = serde_json::from_slice(data) else { return };
    let digest = URL_SAFE_NO_PAD.encode(JOURNEY.digest());
    record.insert("digest".to_owned(), digest.into());
    let Some(session) = Session::parse(Value::Object(record).to_string().as_bytes()) else {
        return;
    };
    let again = Session::parse(&session.to_bytes()).expect("what was written is read");
    assert_eq!(again.step(), session.step());
    if let Some(state) = session.to_state(&JOURNEY) {
        assert_eq!(JOURNEY.step(state.step).id, session.step());
    }
}

//! JSON over HTTP: bodies parsed strictly, faults answered as `{error_code, message}`.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_json::json;
use wire::error::{Fault, HttpFault};
use wire::violations::FieldViolation;

/// A fault as the answer to an HTTP request.
pub struct FaultResponse(pub Fault);

impl From<Fault> for FaultResponse {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for FaultResponse {
    fn into_response(self) -> Response {
        let HttpFault { status, error_code, message, retry_after_seconds } = self.0.http();
        let body = Json(json!({ "error_code": error_code, "message": message }));
        let mut response = (status, [(CACHE_CONTROL, "no-store")], body).into_response();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6750, section 3.
            let challenge = HeaderValue::from_static("Bearer realm=\"postern\"");
            response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

/// How the parser begins to say what it found instead of what it expected.
const MISFITS: [&str; 5] =
    ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];

/// Reads a body of JSON. Only the sender learns what is wrong with it.
///
/// # Errors
/// [`Fault::InvalidArgument`]: another content type, no JSON object, or a member of the wrong name
/// or type.
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Fault> {
    if !is_json(headers) {
        return Err(invalid("content-type must be application/json"));
    }
    // A list of the right values in the right order would be read as well.
    if !matches!(body.trim_ascii_start().first(), Some(b'{')) {
        return Err(invalid("must be a JSON object"));
    }
    serde_json::from_slice(body).map_err(|error| invalid(&complaint(&error)))
}

/// What the parser expected, and where: never a value that was sent, nor a name that is not ours. A
/// code in the wrong field must not come back to be logged.
///
/// Holds for derived types; a message of a type's own is left out.
pub fn complaint(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match error.classify() {
        // About characters, of which these texts show none.
        Category::Io | Category::Syntax | Category::Eof => return text,
        Category::Data => {}
    }
    // These name a field of ours.
    if ["missing field `", "duplicate field `"].iter().any(|start| text.starts_with(start)) {
        return text;
    }
    let place = match error.line() {
        0 => String::new(),
        line => format!(" at line {line} column {}", error.column()),
    };
    // What was sent may look like what was expected, but it stands before it.
    let expected = text.rfind(", expected ").max(text.rfind(", there are no "));
    match (MISFITS.iter().find(|misfit| text.starts_with(**misfit)), expected) {
        // The text after the comma ends with the place.
        (Some(misfit), Some(at)) => {
            format!("{misfit}{}", text[at..].replace("expected i64", "expected a whole number"))
        }
        (Some(misfit), None) => format!("{misfit}{place}"),
        (None, _) => format!("not of the expected shape{place}"),
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

fn invalid(description: &str) -> Fault {
    Fault::InvalidArgument(vec![FieldViolation::new("body", description)])
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Value, from_str, from_value};

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what cannot be read into it matters")]
    struct Body {
        text: String,
        number: Option<u8>,
        kind: Option<Kind>,
        list: Option<Vec<Tagged>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Red,
        Green,
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "type", rename_all = "lowercase")]
    #[expect(dead_code, reason = "only what cannot be read into it matters")]
    enum Tagged {
        One { text: String },
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    #[derive(Debug, Deserialize)]
    #[serde(try_from = "String")]
    struct Talkative;

    impl TryFrom<String> for Talkative {
        type Error = String;

        fn try_from(text: String) -> Result<Self, String> {
            Err(format!("{text} is nothing"))
        }
    }

    #[test]
    fn a_complaint_says_what_is_expected_and_where() {
        for (body, told) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            (r#"{"text":"918273""#, "EOF while parsing an object at line 1 column 16"),
            (r#"{"text":918273918273e9999}"#, "number out of range at line 1 column 25"),
            ("918273", "invalid type, expected struct Body at line 1 column 6"),
            ("{}", "missing field `text` at line 1 column 2"),
            (r#"{"text":"","text":""}"#, "duplicate field `text` at line 1 column 17"),
            (r#"{"text":918273}"#, "invalid type, expected a string at line 1 column 14"),
            (r#"{"text":{"a":"918273"}}"#, "invalid type, expected a string at line 1 column 8"),
            (r#"{"number":"918273"}"#, "invalid type, expected u8 at line 1 column 18"),
            ("{\n\"number\":918273}", "invalid value, expected u8 at line 2 column 15"),
            (r#"{"number":"a, expected 918273"}"#, "invalid type, expected u8 at line 1 column 30"),
            (
                r#"{"kind":"918273"}"#,
                "unknown variant, expected `red` or `green` at line 1 column 16",
            ),
            (
                r#"{"`, expected `918273":1}"#,
                "unknown field, expected one of `text`, `number`, `kind`, `list` at line 1 column 22",
            ),
            (
                r#"{"missing field `918273`":1}"#,
                "unknown field, expected one of `text`, `number`, `kind`, `list` at line 1 column 25",
            ),
            (
                r#"{"list":[{"type":"918273"}]}"#,
                "unknown variant, expected `one` at line 1 column 25",
            ),
            (
                r#"{"list":[{"type":"one","text":918273}]}"#,
                "invalid type, expected a string at line 1 column 38",
            ),
        ] {
            let error = from_str::<Body>(body).expect_err(body);
            assert_eq!(complaint(&error), told, "{body}");
        }
    }

    #[test]
    fn a_complaint_about_a_part_has_no_place() {
        let part: Value = json!({ "text": 918_273 });
        let error = from_value::<Body>(part).expect_err("a number");
        assert_eq!(complaint(&error), "invalid type, expected a string");
    }

    #[test]
    fn what_we_did_not_write_is_not_passed_on() {
        let error = from_str::<Empty>(r#"{"`, expected 918273":1}"#).expect_err("a field");
        assert_eq!(complaint(&error), "unknown field, there are no fields at line 1 column 21");
        let error = from_str::<Talkative>(r#""918273""#).expect_err("words");
        assert!(complaint(&error).starts_with("not of the expected shape"), "{error}");
    }

    #[test]
    fn a_list_of_the_right_values_is_no_object() {
        let headers =
            HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        assert!(parse::<Body>(&headers, br#" {"text": "a"}"#).is_ok());
        for body in [r#"["a", 1, null, null]"#, "", "null", "\"a\""] {
            let Err(Fault::InvalidArgument(wrong)) = parse::<Body>(&headers, body.as_bytes())
            else {
                panic!("{body}");
            };
            assert_eq!(wrong[0].description, "must be a JSON object");
        }
    }
}

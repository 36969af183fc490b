//! JSON over HTTP: bodies parsed strictly, faults answered as `{error_code, message}`.

use axum::Json;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde_json::json;
use wire::error::{Fault, HttpFault};
use wire::violations::FieldViolation;

/// A fault as the answer to an HTTP request.
pub struct Refusal(pub Fault);

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self(fault)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let HttpFault { status, error_code, message, retry_after_seconds } = self.0.http();
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
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

/// The longest part of a parser's complaint that is passed on.
const MAX_COMPLAINT: usize = 200;

/// Reads a body of JSON. What is wrong with it is told to whoever sent it, and to nobody else.
pub fn parse<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Fault> {
    if !is_json(headers) {
        return Err(invalid("content-type must be application/json"));
    }
    serde_json::from_slice(body).map_err(|error| {
        invalid(&error.to_string().chars().take(MAX_COMPLAINT).collect::<String>())
    })
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

fn invalid(description: &str) -> Fault {
    Fault::InvalidArgument(vec![FieldViolation::new("body", description)])
}

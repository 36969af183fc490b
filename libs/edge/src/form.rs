//! Forms over HTTP, as OAuth sends its parameters.

use std::collections::HashMap;

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

/// The form's parameters. None may come twice, and one without a value is as good as omitted (RFC
/// 6749, section 3.2).
///
/// # Errors
/// Says what is wrong: another content type, or a parameter that comes twice.
pub fn parse(headers: &HeaderMap, body: &[u8]) -> Result<HashMap<String, String>, &'static str> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    if !essence.is_some_and(|it| it.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
        return Err("the body must be application/x-www-form-urlencoded");
    }
    let mut form = HashMap::new();
    for (name, value) in form_urlencoded::parse(body).into_owned() {
        if form.insert(name, value).is_some() {
            return Err("a parameter is given twice");
        }
    }
    form.retain(|_, value: &mut String| !value.is_empty());
    Ok(form)
}

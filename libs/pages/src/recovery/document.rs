//! The recovery page's HTML: a template, and the data for its scripts as JSON.

use definitions::Form;
use serde_json::{Value, json};

use super::{Host, Request};
use crate::language::Language;
use crate::template::{HEAD, brand, data, escaped, filled};

const TEMPLATE: &str = include_str!("../../page/index.html");

/// The page for an authorization request without a known client and redirect URI.
pub(super) fn bad_link(language: &Language) -> String {
    filled(include_str!("../../page/bad-link.html"), |name| match name {
        "head" => HEAD.to_owned(),
        "lang" => escaped(language.tag),
        text => escaped(language.text(text.trim_start_matches("texts."))),
    })
}

/// The page of a journey in a language.
pub(super) fn render(
    host: &Host<'_>,
    language: &Language,
    request: Option<&Request<'_>>,
) -> String {
    filled(TEMPLATE, |name| match name {
        "lang" => escaped(language.tag),
        "client_id" => escaped(host.client.id.as_str()),
        "journey_id" => escaped(host.journey.id().as_str()),
        "application_name" => escaped(&host.application.name),
        "head" => HEAD.to_owned(),
        "brand" => brand(&host.application.name),
        "interaction" => escaped(request.map_or("", |it| it.interaction)),
        "request" => escaped(request.map_or("", |it| it.fingerprint)),
        "page" => data(&told(host, language, request.and_then(|it| it.login_hint))),
        text => escaped(language.text(text.trim_start_matches("texts."))),
    })
}

/// The data for the scripts.
fn told(host: &Host<'_>, language: &Language, hint: Option<&str>) -> Value {
    let Host { application, journey, .. } = host;
    let shape = application.policy.shape();
    json!({
        "texts": language.texts,
        "hint": hint,
        "start": journey.start_fields(),
        "forms": journey.forms().collect::<Vec<Form<'_>>>(),
        "code": { "length": shape.length(), "alphabet": shape.alphabet().as_str() },
        "support": { "phone": application.support.phone, "hint": application.support.hint },
    })
}

//! One time passcodes: the policy of each application, the odds of a guess, and what is unwise.

use askama::Template;
use axum::Router;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use clock::duration::to_text;
use config::Application;

use super::Reader;
use crate::Console;
use crate::page::{self, Frame};

const PATH: &str = "/passcodes";

pub(crate) fn routes() -> Router<Console> {
    Router::new().route(PATH, get(list))
}

#[derive(Template)]
#[template(path = "admin/codes.html")]
struct CodesPage<'c> {
    frame: Frame,
    policies: Vec<PolicyCard<'c>>,
}

struct PolicyCard<'c> {
    application: &'c Application,
    /// What a code is like, and what the policy allows: the key in the file, and the value.
    rows: Vec<(&'static str, String)>,
    odds: String,
    has_safe_odds: bool,
    warnings: Vec<String>,
}

async fn list(reader: Reader) -> Response {
    let configuration = &reader.configuration;
    let card = |it| PolicyCard::of(it, configuration.warnings_of(it));
    let policies = configuration.applications().map(card).collect();
    page::html(StatusCode::OK, &CodesPage { frame: reader.frame(PATH), policies })
}

impl<'c> PolicyCard<'c> {
    fn of(application: &'c Application, warnings: Vec<String>) -> Self {
        let policy = &application.policy;
        let settings = policy.settings();
        Self {
            application,
            rows: vec![
                ("length", settings.length.to_string()),
                ("alphabet", settings.alphabet.as_str().to_owned()),
                ("expiration", to_text(settings.expiration)),
                ("max_expiration", to_text(settings.max_expiration)),
                ("failed_attempts", settings.failed_attempts.to_string()),
                ("lockout", to_text(settings.lockout)),
                ("pairing", settings.pairing.as_str().to_owned()),
                ("attempts_per_source", policy.attempts_per_source().to_string()),
                ("issues_per_hour", settings.issues_per_hour.to_string()),
                ("overrides_per_day", settings.overrides_per_day.to_string()),
            ],
            odds: format!("{} in {:.0}", settings.failed_attempts, policy.shape().count()),
            has_safe_odds: policy.has_safe_odds(),
            warnings,
        }
    }
}

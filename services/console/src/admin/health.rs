//! Whether the services answer, and which configuration the console reads.

use std::time::Duration;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use client::{CallError, DescribeCodeRequest, DescribeLockoutRequest, IdentifierType};

use super::Reader;
use crate::page::{self, Frame};
use crate::{Console, refusal};

const PATH: &str = "/health";

/// A user who is not there: only that a service answers counts.
const NOBODY: &str = "postern-console-health";

/// The bytes of the fingerprint that are shown: enough to compare two consoles by eye.
const SHOWN: usize = 6;

pub(crate) fn routes() -> Router<Console> {
    Router::new().route(PATH, get(shown))
}

#[derive(Template)]
#[template(path = "admin/health.html")]
struct HealthPage {
    frame: Frame,
    services: [Service; 2],
    fingerprint: String,
    applications: usize,
    journeys: usize,
    warnings: Vec<String>,
}

/// A service, and how long it took to answer, or why it did not.
struct Service {
    name: &'static str,
    answer: Result<Duration, String>,
}

async fn shown(State(console): State<Console>, reader: Reader) -> Response {
    let agent = &reader.agent;
    let user = client::user(IdentifierType::UserId, NOBODY);
    let asked_at = console.clock.now();
    let timed = |name, answer: Option<CallError>| Service {
        name,
        answer: match answer.filter(refusal::is_open) {
            None => Ok(console.clock.now().since(asked_at)),
            Some(error) => Err(error.to_string()),
        },
    };
    let (issuer, verifier) = tokio::join!(
        async {
            let request = DescribeCodeRequest { user: user.clone() };
            timed("code-issuer", agent.issuer().describe_code(request).await.err())
        },
        async {
            let request = DescribeLockoutRequest { user: user.clone() };
            timed("verifier", agent.verifier().describe_lockout(request).await.err())
        },
    );
    let configuration = &reader.configuration;
    let fingerprint = configuration.fingerprint().iter().take(SHOWN);
    let page = HealthPage {
        frame: reader.frame(PATH),
        services: [issuer, verifier],
        fingerprint: fingerprint.map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat(),
        applications: configuration.applications().count(),
        journeys: configuration.journeys().count(),
        warnings: configuration.warnings(),
    };
    page::html(StatusCode::OK, &page)
}

//! The token endpoint of the demo's provider: a code, or a refresh token, for an ID token.

use axum::Json;
use axum::extract::{Form, State};
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use clock::{Clock as _, SystemClock};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{CLIENT, Grant, ISSUER, PEOPLE, People};

/// How long a code is good, and how long an ID token lives, in seconds.
const CODE_LIFE: i64 = 60;
const TOKEN_LIFE: i64 = 300;

#[derive(Deserialize)]
pub(super) struct Asked {
    grant_type: String,
    #[serde(default)]
    code: String,
    #[serde(default)]
    redirect_uri: String,
    #[serde(default)]
    code_verifier: String,
    #[serde(default)]
    refresh_token: String,
}

pub(super) async fn exchange(
    State(people): State<People>,
    headers: HeaderMap,
    Form(asked): Form<Asked>,
) -> Response {
    let basic = format!("Basic {}", STANDARD.encode(format!("{}:{}", CLIENT.0, CLIENT.1)));
    if headers.get(AUTHORIZATION).is_none_or(|it| it.as_bytes() != basic.as_bytes()) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_client");
    }
    let now = SystemClock.now().unix_seconds();
    let (secret, is_code) = match asked.grant_type.as_str() {
        "authorization_code" => (&asked.code, true),
        "refresh_token" => (&asked.refresh_token, false),
        _ => return refused(StatusCode::BAD_REQUEST, "unsupported_grant_type"),
    };
    let grant = people.recall(secret).filter(|grant| match &grant.code {
        Some(code) => {
            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&asked.code_verifier));
            is_code
                && code.redirect_uri == asked.redirect_uri
                && code.challenge == challenge
                && now < grant.authenticated_at + CODE_LIFE
        }
        None => !is_code,
    });
    let Some(Grant { person, authenticated_at, code, .. }) = grant else {
        return refused(StatusCode::BAD_REQUEST, "invalid_grant");
    };
    let (name, subject, role, _) = PEOPLE[person];
    let id_token = people.signed(&json!({
        "iss": ISSUER, "aud": CLIENT.0, "sub": subject, "name": name,
        "iat": now, "exp": now + TOKEN_LIFE, "auth_time": authenticated_at,
        "nonce": code.map(|code| code.nonce), "roles": [role], "employee_id": subject,
    }));
    let refresh_token = people.remember(person, authenticated_at, None);
    Json(json!({
        "access_token": "none", "token_type": "Bearer", "expires_in": TOKEN_LIFE,
        "id_token": id_token, "refresh_token": refresh_token,
    }))
    .into_response()
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

impl People {
    fn signed(&self, claims: &serde_json::Value) -> String {
        let part = |json: &serde_json::Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = json!({ "alg": "EdDSA", "kid": "people", "typ": "JWT" });
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = self.key.sign(message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

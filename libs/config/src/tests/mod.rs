//! Tests of whole configurations: what is refused, what is served, and how one follows another.

mod agents;
mod all_mistakes;
mod desks;
mod mistakes;
mod openid;
mod receivers;
mod reload;
mod whole;

use std::collections::BTreeMap;

use crate::{Configuration, Source};

const JOURNEY: &str = "\
id: recover
start: denied
steps:
  denied: { type: reject_access }
";

const APPLICATION: &str = "\
id: acme
name: Acme
clients:
  - id: acme-support
    secret_file: acme-support.secret
    scopes: [codes:issue, codes:revoke, codes:read]
  - id: acme-backend
    secret_sha256: e2b3ae8de3724c4ef3af65101dcf502db3148058fa8b5e88d98110085cdd732a
    scopes: [journeys:run]
  - id: acme-web
    redirect_uris: [\"https://Acme.example:443/back\", \"http://localhost:8080\"]
    journeys: [recover]
temp_code:
  length: 8
  alphabet: base32
  expiration: 10m
  max_expiration: 1h
  lockout: 30m
  failed_attempts: 5
  issues_per_hour: 10
  overrides_per_day: 0
tokens: { scope: \"openid recovery\", lifetime: 20m }
users: { directory: file, file: acme.yaml }
";

const USERS: &str = "\
users:
  - user_id: ada
    email: Ada@Example.com
    phone_number: \"+49 30 123456\"
  - { user_id: bob, username: Bob }
";

/// A valid configuration.
fn files() -> BTreeMap<String, String> {
    [
        ("applications/acme.yaml", APPLICATION),
        ("applications/acme-support.secret", "acme-support-secret\n"),
        ("applications/README.md", "not looked at"),
        ("applications/.hidden.yaml", "not: looked at"),
        ("journeys/recover.yml", JOURNEY),
        ("users/acme.yaml", USERS),
    ]
    .map(|(path, text)| (path.to_owned(), text.to_owned()))
    .into()
}

/// The valid configuration with some files in place of, or beside, its own.
fn changed(changes: &[(&str, &str)]) -> Source {
    let mut files = files();
    files.extend(changes.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())));
    Source::Files(files)
}

/// What is wrong with a configuration, as it is printed.
fn problems(source: &Source) -> Vec<String> {
    let problems = Configuration::read(source).expect_err("refused");
    problems.iter().map(ToString::to_string).collect()
}

//! The shipped JSON Schemas and the readers of the files agree: on keys, types, defaults and bounds, on
//! every example in this repository, and on a table of mistakes.

mod examples;
mod keys;
mod mistakes;
mod values;

use std::collections::BTreeSet;

use config::{Configuration, Source, schema};
use definitions::Draft;
use jsonschema::Validator;
use serde_json::{Map, Number, Value};
use yaml::{Content, Limits, Node};

/// A valid application with a client of each kind and every object that an application may have.
const APPLICATION: &str = "\
id: acme
name: Acme
support_phone: +49 (0)30 123-456
support_hint: From 8 to 18. Have your badge at hand.
clients:
  - id: help-desk
    secret_sha256: 2a4fc7fdd96908197c9dbaae94af2127b3fe153bbe8561b421d8261594d99e62
    scopes: [codes:issue, codes:revoke]
  - id: acme-web
    redirect_uris: [\"https://acme.example/back\"]
    journeys: [recover]
temp_code: { length: 8 }
tokens: { scope: openid }
users: { directory: file, file: acme.yaml }
desk:
  agent: verified
  require: [reason, ticket_ref, verification_method]
  ticket: { pattern: \"INC[0-9]{7}\", once: true }
  verification_methods: [video, callback]
  limits: { agent_per_hour: 10, group_per_hour: 60, user_per_day: 3 }
  approval: { tiers: [privileged], above_limits: true, unpaired: true, expires: 10m }
  notify: { url: \"https://hooks.acme.example\", key_files: [notify.key], max_lag: 5m, private_addresses: true }
";

/// The key that signs its notices: test 2 of RFC 8032, section 7.1.
const NOTIFY_KEY: &str =
    "whsk_TM0Imyj/ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U+4pvs9QBfD6EOJWpK3CqdNG368nJgszy7ElozAzVXxKvRmDA==";

/// Valid users.
const USERS: &str = "\
users:
  - user_id: ada
    email: ada@example.com
    phone_number: \"+4930123456\"
    username: ada
    tier: privileged
";

/// A valid journey with a step of each type.
const JOURNEY: &str = "\
id: recover
start: ask
steps:
  ask:
    type: collect_information
    form_id: form
    fields: [{ name: user, label: User, kind: identifier, autocomplete: username }, note]
    output: form
    escapes: [{ id: help, display_name: Help }]
    on: { submit: pair, help: helped }
  pair:
    type: pair_with_support
    external_user_id: form.user
    output: pairing
    on: { next: show, failure: denied }
  show:
    type: collect_information
    form_id: pairing
    fields: [code]
    output: answer
    on: { submit: verify }
  verify:
    type: temp_code_authentication
    external_user_id: form.user
    temp_code: answer.code
    error_output: problem
    on: { success: rounds, failure: ask }
  helped:
    type: information
    title: Help
    text: Call us
    button_text: Back
    on: { next: ask }
  rounds:
    type: loop
    max_iterations: 3
    body: assign
    on: { done: provide, exhausted: decide }
  assign:
    type: set_variables
    variables: { round: \"1\" }
    on: { next: rounds }
  provide:
    type: provide_json_data
    data: { at: \"1\" }
    on: { next: greet }
  greet:
    type: sub_journey
    journey: greet
    params: { name: \"'Ada'\" }
    output: greeted
    on: { success: decide, failure: denied }
  decide:
    type: condition
    expression: \"true\"
    on: { \"true\": done, \"false\": denied }
  done: { type: complete, data: { at: \"1\" } }
  denied: { type: reject_access }
";

/// A journey for others to run.
const GREET: &str = "\
id: greet
start: done
steps:
  done: { type: complete, data: { name: \"@policy.request().params.name\" } }
";

/// A valid provider of agents with every object that one may have.
const AGENTS: &str = "\
issuer: https://login.acme.example
audience: postern-desk
clients: [help-desk]
max_age: 8h
require_amr: [mfa]
claim: roles
self: { user_id: employee_id }
roles:
  helpdesk: { applications: [acme], may: [issue, read], tiers: [standard], group: outsourced }
";

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum File {
    Application,
    Users,
    Journey,
    Agents,
}

impl File {
    const ALL: [Self; 4] = [Self::Application, Self::Users, Self::Journey, Self::Agents];

    fn schema(self) -> Value {
        let text = match self {
            Self::Application => schema::APPLICATION,
            Self::Users => schema::USERS,
            Self::Journey => schema::JOURNEY,
            Self::Agents => schema::AGENTS,
        };
        serde_json::from_str(text).expect("JSON")
    }

    fn validator(self) -> Validator {
        jsonschema::draft202012::new(&self.schema()).expect("a schema of draft 2020-12")
    }

    /// A valid file of this kind.
    const fn valid(self) -> &'static str {
        match self {
            Self::Application => APPLICATION,
            Self::Users => USERS,
            Self::Journey => JOURNEY,
            Self::Agents => AGENTS,
        }
    }

    /// What the reader reports about a file of this kind, beside valid ones of the other kinds.
    fn problems(self, text: &str) -> Vec<String> {
        let or = |file: Self| if file == self { text } else { file.valid() };
        if self == Self::Journey {
            let files = [("journeys/recover.yaml", text), ("journeys/greet.yaml", GREET)];
            let drafts = files.map(|(file, text)| Draft::parse(file, text)).into();
            let (_, problems) = definitions::link(drafts, &BTreeSet::new());
            return problems.iter().map(ToString::to_string).collect();
        }
        let texts = [Self::Application, Self::Users, Self::Agents].map(or);
        read(texts).err().unwrap_or_default()
    }
}

/// Reads a configuration.
fn read([application, users, agents]: [&str; 3]) -> Result<Configuration, Vec<String>> {
    let source = Source::from_files([
        ("applications/acme.yaml", application),
        ("applications/notify.key", NOTIFY_KEY),
        ("users/acme.yaml", users),
        ("journeys/recover.yaml", JOURNEY),
        ("journeys/greet.yaml", GREET),
        ("agents/acme.yaml", agents),
    ]);
    let read = Configuration::read(&source);
    read.map_err(|problems| problems.iter().map(ToString::to_string).collect())
}

/// A file as a validator sees it.
fn to_json(text: &str) -> Value {
    let limits = Limits { depth: 24, nodes: 10_000 };
    json_of(&Node::parse("a file", text, limits).expect("YAML"))
}

fn json_of(node: &Node) -> Value {
    match &node.content {
        Content::Null => Value::Null,
        Content::Bool(yes) => Value::Bool(*yes),
        Content::Integer(number) => Value::from(*number),
        Content::Number(number) => Number::from_f64(*number).map_or(Value::Null, Value::Number),
        Content::Text(text) => Value::String(text.clone()),
        Content::List(items) => items.iter().map(json_of).collect(),
        Content::Map(members) => {
            let members = members.iter().map(|(key, member)| (key.text.clone(), json_of(member)));
            Value::Object(members.collect::<Map<_, _>>())
        }
    }
}

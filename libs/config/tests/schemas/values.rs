//! Defaults, bounds and lists of values in the schema are those of the readers.

use codes::policy::{PairingRule, Policy};
use codes::user::IdentifierType;
use config::{AgentProvider, Application, ClientKind, Configuration, Rates, Right, TokenSettings};
use definitions::FieldKind;
use desk::policy::{AgentRule, Approval, DeskSettings, Requirement};
use notices::receiver::Receiver;
use serde_json::{Map, Value, json};
use tokens::scope::Scope;

use crate::{AGENTS, APPLICATION, File, USERS, read, to_json};

/// The defaults of an object of the application's schema, as an administrator would write them.
fn defaults(place: &str) -> Map<String, Value> {
    let schema = File::Application.schema();
    let properties = schema.pointer(place).and_then(|it| it["properties"].as_object());
    let properties = properties.into_iter().flatten();
    let written =
        properties.filter_map(|(key, it)| Some((key.clone(), it.get("default")?.clone())));
    written.collect()
}

/// Reads the valid application with a member replaced. JSON is YAML.
fn read_with(place: &str, value: Value) -> Result<Configuration, Vec<String>> {
    let mut application = to_json(APPLICATION);
    *application.pointer_mut(place).expect("a member of the application") = value;
    read([&application.to_string(), USERS, AGENTS])
}

fn only(configuration: &Configuration) -> &Application {
    configuration.applications().next().expect("an application")
}

#[test]
fn the_defaults_of_the_schema_are_those_of_the_reader() {
    let policy = defaults("/$defs/temp_code");
    assert_eq!(policy.len(), 9, "{policy:?}");
    let configuration = read_with("/temp_code", policy.into()).expect("the defaults are valid");
    assert_eq!(only(&configuration).policy, Policy::default());

    let tokens = defaults("/$defs/tokens");
    assert_eq!(tokens.len(), 2, "{tokens:?}");
    let configuration = read_with("/tokens", tokens.into()).expect("the defaults are valid");
    assert_eq!(only(&configuration).tokens, TokenSettings::default());

    let mut client = defaults("/$defs/confidential_client");
    assert_eq!(client.len(), 4, "{client:?}");
    for key in ["id", "secret_sha256", "scopes"] {
        client.insert(key.to_owned(), to_json(APPLICATION)["clients"][0][key].clone());
    }
    let configuration = read_with("/clients/0", client.into()).expect("the defaults are valid");
    let rates = only(&configuration).clients.values().find_map(|client| match &client.kind {
        ClientKind::Confidential { rates, .. } => Some(*rates),
        ClientKind::Public { .. } => None,
    });
    assert_eq!(rates, Some(Rates::default()));

    let desk = defaults("/$defs/desk");
    assert_eq!(desk.len(), 1, "{desk:?}");
    let configuration = read_with("/desk", desk.into()).expect("the defaults are valid");
    let desk = only(&configuration).desk.as_ref().expect("a desk");
    assert_eq!(*desk.policy.settings(), DeskSettings::default());
    let mut approval = defaults("/$defs/approval");
    assert_eq!(approval.len(), 3, "{approval:?}");
    approval.insert("tiers".to_owned(), json!(["privileged"]));
    let configuration = read_with("/desk/approval", approval.into()).expect("they are valid");
    let approval =
        only(&configuration).desk.as_ref().and_then(|it| it.policy.settings().approval.clone());
    let tiers = approval.iter().flat_map(|it| it.tiers.clone()).collect();
    assert_eq!(approval, Some(Approval { tiers, ..Approval::default() }));

    let mut notify = defaults("/$defs/notify");
    assert_eq!(notify.len(), 2, "{notify:?}");
    notify.insert("url".to_owned(), json!("https://hooks.acme.example"));
    notify.insert("key_files".to_owned(), json!(["notify.key"]));
    let configuration = read_with("/desk/notify", notify.into()).expect("they are valid");
    let receiver = only(&configuration).desk.as_ref().and_then(|it| it.notify.clone());
    let receiver = receiver.expect("a receiver");
    assert_eq!((receiver.max_lag, receiver.private_addresses), (Receiver::MAX_LAG, false));

    let users = File::Application.schema()["$defs"]["users"]["default"].clone();
    assert_eq!(users, json!({ "directory": "opaque" }));
    let mut application = to_json(&APPLICATION.replace("tiers: [privileged], ", ""));
    application["users"] = users;
    read([&application.to_string(), USERS, AGENTS]).expect("the default is valid");

    let max_age = &File::Agents.schema()["properties"]["max_age"]["default"];
    let written = format!("max_age: {}", max_age.as_str().expect("a duration"));
    let agents = AGENTS.replace("max_age: 8h", &written);
    let configuration = read([APPLICATION, USERS, &agents]).expect("the default is valid");
    let provider = configuration.providers().next().expect("a provider");
    assert_eq!(provider.max_age, AgentProvider::MAX_AGE);
}

/// The integers of a file: where the schema bounds them, and where a file has them.
const INTEGERS: &[(File, &str, &str)] = &[
    (File::Application, "/$defs/temp_code/properties/length", "/temp_code/length"),
    (
        File::Application,
        "/$defs/temp_code/properties/failed_attempts",
        "/temp_code/failed_attempts",
    ),
    (
        File::Application,
        "/$defs/temp_code/properties/issues_per_hour",
        "/temp_code/issues_per_hour",
    ),
    (
        File::Application,
        "/$defs/temp_code/properties/overrides_per_day",
        "/temp_code/overrides_per_day",
    ),
    (File::Application, "/$defs/rate", "/clients/0/issues_per_minute"),
    (File::Application, "/$defs/rate", "/clients/0/changes_per_minute"),
    (File::Application, "/$defs/rate", "/clients/0/verifications_per_minute"),
    (File::Application, "/$defs/rate", "/clients/0/reads_per_minute"),
    (File::Application, "/$defs/limit", "/desk/limits/agent_per_hour"),
    (File::Application, "/$defs/limit", "/desk/limits/group_per_hour"),
    (File::Application, "/$defs/limit", "/desk/limits/user_per_day"),
    (File::Journey, "/$defs/loop/properties/max_iterations", "/steps/rounds/max_iterations"),
];

#[test]
fn the_bounds_of_the_schema_are_those_of_the_reader() {
    for (file, bounds, place) in INTEGERS {
        let schema = file.schema();
        let bound = |name: &str| {
            let bound = schema.pointer(bounds).and_then(|it| it[name].as_i64());
            bound.unwrap_or_else(|| panic!("{bounds} {name}"))
        };
        let (minimum, maximum) = (bound("minimum"), bound("maximum"));
        let (object, key) = place.rsplit_once('/').expect("a member of an object");
        for (number, is_valid) in
            [(minimum - 1, false), (minimum, true), (maximum, true), (maximum + 1, false)]
        {
            let mut text = to_json(file.valid());
            text.pointer_mut(object).expect(object)[key] = number.into();
            let problems = file.problems(&text.to_string());
            assert_eq!(problems.is_empty(), is_valid, "{place}: {number}: {problems:?}");
            assert_eq!(file.validator().is_valid(&text), is_valid, "{place}: {number}");
        }
    }
}

#[test]
fn the_lists_of_values_are_those_of_the_types() {
    let application = File::Application.schema();
    assert_eq!(application["$defs"]["scope"]["enum"], json!(Scope::ALL.map(Scope::as_str)));
    let pairing = &application["$defs"]["temp_code"]["properties"]["pairing"]["enum"];
    assert_eq!(*pairing, json!(PairingRule::ALL.map(PairingRule::as_str)));
    let desk = &application["$defs"]["desk"]["properties"];
    assert_eq!(desk["agent"]["enum"], json!(AgentRule::ALL.map(AgentRule::as_str)));
    let require = &desk["require"]["items"]["enum"];
    assert_eq!(*require, json!(Requirement::ALL.map(Requirement::as_str)));
    let journey = File::Journey.schema();
    let identifiers = &journey["$defs"]["identifier_type"];
    let names: Value = IdentifierType::ALL.iter().map(|it| it.as_str()).collect();
    assert_eq!(identifiers["enum"], names);
    let kinds = &journey["$defs"]["field"]["properties"]["kind"]["enum"];
    assert_eq!(*kinds, json!(FieldKind::ALL.map(FieldKind::as_str)));
    let users = File::Users.schema();
    let user = users["properties"]["users"]["items"]["properties"].as_object().expect("a user");
    assert!(IdentifierType::ALL.iter().all(|it| user.contains_key(it.as_str())), "{user:?}");
    let agents = File::Agents.schema();
    let own = agents["$defs"]["self"]["properties"].as_object().expect("identifiers");
    assert!(IdentifierType::ALL.iter().all(|it| own.contains_key(it.as_str())), "{own:?}");
    let rights = &agents["$defs"]["role"]["properties"]["may"]["items"]["enum"];
    assert_eq!(*rights, json!(Right::ALL.map(Right::as_str)));
}

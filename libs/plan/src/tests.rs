//! Tests of plans: over generated configurations, and for each kind of change.

use std::collections::BTreeMap;

use config::{Configuration, Source};
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{Effect, Plan};

/// A key of the application, its path in a plan, and its values: the first is the weakest.
type Values = (&'static str, &'static str, [&'static str; 3]);

/// Keys whose values go from weak to strong.
const CONTROLS: [Values; 17] = [
    ("temp_code", "expiration", ["1h", "10m", "5m"]),
    ("temp_code", "max_expiration", ["24h", "12h", "2h"]),
    ("temp_code", "lockout", ["5m", "15m", "1h"]),
    ("temp_code", "attempts_per_source", ["3", "2", "1"]),
    ("temp_code", "pairing", ["off", "optional", "required"]),
    ("temp_code", "issues_per_hour", ["100", "50", "5"]),
    ("temp_code", "overrides_per_day", ["3", "2", "1"]),
    ("tokens", "lifetime", ["1h", "15m", "5m"]),
    ("desk.limits", "agent_per_hour", ["100", "20", "10"]),
    ("desk.limits", "group_per_hour", ["1000", "200", "100"]),
    ("desk.limits", "user_per_day", ["10", "5", "3"]),
    ("desk.approval", "expires", ["1h", "15m", "5m"]),
    ("desk.approval", "above_limits", ["true", "true", "false"]),
    ("desk.approval", "unpaired", ["false", "true", "true"]),
    ("desk.ticket", "once", ["false", "false", "true"]),
    (
        "desk",
        "require",
        ["[ticket_ref]", "[ticket_ref, reason]", "[ticket_ref, reason, pairing_confirmed]"],
    ),
    (
        "client",
        "scopes",
        ["[codes:issue, codes:read, codes:revoke]", "[codes:issue, codes:read]", "[codes:issue]"],
    ),
];

/// Keys that are no controls of their own.
const OTHERS: [Values; 5] = [
    ("", "name", ["Acme", "ACME", "Acme \"2\""]),
    ("", "support_hint", ["Call us", "Call", "Write"]),
    ("tokens", "scope", ["openid", "openid a", "openid b"]),
    ("desk.ticket", "pattern", ["'INC[0-9]{7}'", "'REQ[0-9]{7}'", "'.+'"]),
    ("client", "secret_sha256", ["'aa'", "'bb'", "'cc'"]),
];

fn keys() -> Vec<Values> {
    CONTROLS.into_iter().chain(OTHERS).collect()
}

/// The configuration with these values.
fn configuration(chosen: &[usize]) -> Configuration {
    let mut groups = BTreeMap::<&str, Vec<String>>::new();
    for ((group, key, values), at) in keys().into_iter().zip(chosen) {
        let value = if key == "secret_sha256" {
            values[*at].trim_matches('\'').repeat(32)
        } else {
            values[*at].to_owned()
        };
        groups.entry(group).or_default().push(format!("{key}: {value}"));
    }
    let group = |name: &str| groups.get(name).map(|it| it.join(", ")).unwrap_or_default();
    let application = format!(
        "{{id: acme, {}, temp_code: {{{}}}, tokens: {{{}}}, clients: [{{id: acme-desk, {}}}], \
         desk: {{agent: verified, {}, limits: {{{}}}, approval: {{tiers: [vip], {}}}, ticket: {{{}}}}}, \
         users: {{directory: file, file: acme.yaml}}}}",
        group(""),
        group("temp_code"),
        group("tokens"),
        group("client"),
        group("desk"),
        group("desk.limits"),
        group("desk.approval"),
        group("desk.ticket"),
    );
    read(&application, "{users: [{user_id: jane, tier: vip}]}", &[])
}

fn read(application: &str, users: &str, others: &[(&str, &str)]) -> Configuration {
    let files = [("applications/acme.yaml", application), ("users/acme.yaml", users)];
    let source = Source::from_files(files.into_iter().chain(others.iter().copied()));
    Configuration::read(&source).expect("a valid configuration")
}

fn path((group, key, _): &Values) -> String {
    match (*group, *key) {
        ("client", "secret_sha256") => "secret".to_owned(),
        ("" | "client", key) => key.to_owned(),
        (group, key) => format!("{group}.{key}"),
    }
}

fn choice() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..3_usize, keys().len())
}

const fn reversed(effect: Effect) -> Effect {
    match effect {
        Effect::Weakened => Effect::Strengthened,
        Effect::Strengthened => Effect::Weakened,
        Effect::Changed => Effect::Changed,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_plan_names_each_key_that_differs_and_no_other(old in choice(), new in choice()) {
        let plan = Plan::between(&configuration(&old), &configuration(&new));
        let mut told: Vec<_> = plan.changes.iter().map(|it| it.key.to_owned()).collect();
        let differs = |(values, (old, new)): &(Values, (&usize, &usize))| values.2[**old] != values.2[**new];
        let differing = keys().into_iter().zip(old.iter().zip(&new)).filter(differs);
        let mut expected: Vec<_> = differing.map(|(values, _)| path(&values)).collect();
        told.sort();
        expected.sort();
        prop_assert_eq!(told, expected);
    }

    #[test]
    fn the_way_back_does_the_opposite(old in choice(), new in choice()) {
        let (old, new) = (configuration(&old), configuration(&new));
        prop_assert_eq!(Plan::between(&old, &old), Plan::default());
        let back = Plan::between(&new, &old).changes;
        let there = Plan::between(&old, &new).changes;
        prop_assert_eq!(there.len(), back.len());
        for (one, other) in there.iter().zip(&back) {
            prop_assert_eq!((&one.place, one.key), (&other.place, other.key));
            prop_assert_eq!((&one.before, &one.after), (&other.after, &other.before));
            // What neither demands nor allows the same two things is weaker both ways.
            if one.key != "desk.require" && one.key != "scopes" {
                prop_assert_eq!(one.effect, reversed(other.effect), "{}", one);
            }
        }
    }

    #[test]
    fn a_control_is_weakened_towards_its_first_value(at in any::<Index>(), steps in select(vec![(1, 0), (2, 1), (2, 0)])) {
        let at = at.index(CONTROLS.len());
        let (mut old, mut new) = (vec![1; keys().len()], vec![1; keys().len()]);
        (old[at], new[at]) = steps;
        let values = CONTROLS[at].2;
        let is_weaker = values[steps.0] != values[steps.1];
        prop_assert_eq!(Plan::between(&configuration(&old), &configuration(&new)).is_weaker(), is_weaker);
        prop_assert!(!Plan::between(&configuration(&new), &configuration(&old)).is_weaker());
    }
}

const APPLICATION: &str = "{id: acme, name: Acme, clients: [{id: acme-web, redirect_uris: [https://acme.example], \
     journeys: [recover]}], users: {directory: file, file: acme.yaml}}";
const USERS: &str = "{users: [{user_id: jane, tier: vip}, {user_id: joe}]}";
const JOURNEY: (&str, &str) =
    ("journeys/recover.yaml", "{id: recover, start: a, steps: {a: {type: complete}}}");

fn lines(old: &Configuration, new: &Configuration) -> Vec<String> {
    Plan::between(old, new).changes.iter().map(ToString::to_string).collect()
}

#[test]
fn clients_origins_and_journeys_are_named_with_those_that_lose_them() {
    let old = read(
        APPLICATION,
        USERS,
        &[JOURNEY, ("journeys/other.yaml", "{id: other, start: a, steps: {a: {type: complete}}}")],
    );
    let backend = format!(
        "{{id: acme-desk, secret_sha256: {}, scopes: [codes:issue]}}, {{id: acme-web, redirect_uris: \
         [https://acme.example, https://other.example], journeys: [recover]}}",
        "ab".repeat(32)
    );
    let application =
        "{id: acme, name: Acme, users: {directory: file, file: acme.yaml}, clients: [CLIENTS]}";
    let new = read(&application.replace("CLIENTS", &backend), USERS, &[JOURNEY]);
    let told = [
        "weakened     client acme-desk: added (codes:issue)",
        "weakened     client acme-web: origins: https://acme.example -> https://acme.example, https://other.example",
        "weakened     client acme-web: redirect_uris: https://acme.example -> https://acme.example, https://other.example",
        "changed      journey other: removed (run by no client)",
    ];
    assert_eq!(lines(&old, &new), told);
}

#[test]
fn a_user_who_loses_a_tier_is_a_weaker_control_and_never_named() {
    let told =
        |users| lines(&read(APPLICATION, USERS, &[JOURNEY]), &read(APPLICATION, users, &[JOURNEY]));
    assert_eq!(told(USERS), [""; 0]);
    let lost = told("{users: [{user_id: jane}, {user_id: joe}]}");
    assert_eq!(lost, ["weakened     application acme: users.tier: 1 users -> 0 users"]);
    let another = told("{users: [{user_id: jane, tier: vip}, {user_id: jim}]}");
    assert_eq!(
        another,
        ["changed      application acme: users.file: other contents (2 identifiers)"]
    );
}

#[test]
fn a_secret_is_a_fingerprint() {
    let with = |hash: &str| {
        let client =
            format!("{{id: acme-desk, secret_sha256: {}, scopes: [codes:issue]}}", hash.repeat(32));
        read(&format!("{{id: acme, name: Acme, clients: [{client}]}}"), USERS, &[])
    };
    let plan = Plan::between(&with("ab"), &with("cd"));
    let told = plan.json().to_string();
    assert!(told.contains(r#""key":"secret""#) && told.contains(r#""weakened":false"#), "{told}");
    assert!(!told.contains("abab") && !told.contains("cdcd"), "{told}");
}

#[test]
fn a_new_application_weakens_nothing() {
    let old = read(APPLICATION, USERS, &[JOURNEY]);
    let client =
        format!("{{id: beta-desk, secret_sha256: {}, scopes: [codes:issue]}}", "ab".repeat(32));
    let beta =
        format!("{{id: beta, name: Beta, temp_code: {{pairing: off}}, clients: [{client}]}}");
    let new = read(APPLICATION, USERS, &[JOURNEY, ("applications/beta.yaml", &beta)]);
    let told = [
        "changed      application beta: added",
        "changed      client beta-desk: added (codes:issue)",
    ];
    assert_eq!(lines(&old, &new), told);
    assert!(!Plan::between(&new, &old).is_weaker());
}

/// A relying party, and the journeys that it may sign its users in by.
fn relying_party(keys: &str) -> Configuration {
    let application = format!(
        "{{id: acme, name: Acme, clients: [{{id: shop, {keys}}}], {}}}",
        "users: {directory: file, file: acme.yaml}"
    );
    let journey = |id: &str, first: &str| {
        let user = "external_user_id: \"@policy.request().params.user\"";
        let pair = format!(
            "pair: {{type: pair_with_support, {user}, output: pairing, on: {{next: ask}}}},"
        );
        // Every step must be reachable.
        let pair = if first == "pair" { &*pair } else { "" };
        format!(
            "{{id: {id}, start: {first}, steps: {{
                {pair}
                ask: {{type: collect_information, form_id: f, fields: [code], output: form, on: {{submit: verify}}}},
                verify: {{type: temp_code_authentication, {user}, temp_code: form.code, on: {{success: done, failure: no}}}},
                done: {{type: complete}}, no: {{type: reject_access}}}}}}"
        )
    };
    let plain = journey("plain", "ask");
    let other = journey("other", "ask");
    let paired = journey("paired", "pair");
    let journeys = [
        ("journeys/plain.yaml", plain.as_str()),
        ("journeys/other.yaml", &other),
        ("journeys/paired.yaml", &paired),
    ];
    read(&application, USERS, &journeys)
}

#[test]
fn a_sign_in_gets_weaker_with_a_new_address_and_with_a_journey_without_pairing() {
    let openid = |uris: &str, journey: &str| {
        relying_party(&format!("redirect_uris: [{uris}], openid: true, journey: {journey}"))
    };
    let (back, more) = ("https://a.example/back", "https://a.example/back, https://a.example/b");
    let none = relying_party("redirect_uris: [https://a.example/back], journeys: [plain]");
    let plain = |of: &Configuration| {
        let plan = Plan::between(of, &openid(back, "plain"));
        let change = plan.changes.iter().find(|it| it.key == "openid").expect("it differs");
        (change.effect, change.before.clone().expect("it was there"))
    };
    assert_eq!(plain(&none), (Effect::Weakened, "none".to_owned()));
    assert_eq!(plain(&openid(back, "paired")), (Effect::Weakened, "paired".to_owned()));
    assert_eq!(plain(&openid(back, "other")), (Effect::Changed, "other".to_owned()));
    let (paired, weaker) = (openid(back, "paired"), openid(back, "plain"));
    assert!(!Plan::between(&weaker, &paired).is_weaker());
    assert!(
        !Plan::between(&weaker, &none)
            .changes
            .iter()
            .any(|it| it.key == "openid" && it.effect == Effect::Weakened)
    );
    let (few, many) = (openid(back, "paired"), openid(more, "paired"));
    let told = lines(&few, &many);
    assert_eq!(
        told,
        [format!("weakened     client shop: redirect_uris: {back} -> https://a.example/b, {back}")]
    );
    assert!(!Plan::between(&many, &few).is_weaker());
}

//! Every key that a reader knows is in the schema, and the other way round. A reader names the keys
//! that it knows when it meets an unknown one.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::File;

/// A file, a text in it, and the same with an unknown key or value `zzz`; then the places of the schema
/// that together hold what the reader knows there.
const OBJECTS: &[(File, &str, &str, &[&str])] = &[
    (File::Application, "id: acme\n", "id: acme\nzzz: 1\n", &[""]),
    (
        File::Application,
        "  - id: help-desk",
        "  - zzz: 1\n    id: help-desk",
        &["/$defs/confidential_client", "/$defs/public_client"],
    ),
    (File::Application, "{ length: 8 }", "{ zzz: 1 }", &["/$defs/temp_code"]),
    (File::Application, "{ scope: openid }", "{ zzz: 1 }", &["/$defs/tokens"]),
    (File::Application, "{ directory: file,", "{ zzz: 1, directory: file,", &["/$defs/users"]),
    (File::Application, "  agent: verified", "  zzz: 1\n  agent: verified", &["/$defs/desk"]),
    (File::Application, "{ pattern:", "{ zzz: 1, pattern:", &["/$defs/ticket"]),
    (File::Application, "{ agent_per_hour:", "{ zzz: 1, agent_per_hour:", &["/$defs/limits"]),
    (File::Application, "{ tiers:", "{ zzz: 1, tiers:", &["/$defs/approval"]),
    (File::Application, "{ url:", "{ zzz: 1, url:", &["/$defs/notify"]),
    (File::Users, "users:", "zzz: 1\nusers:", &[""]),
    (File::Users, "  - user_id", "  - zzz: 1\n    user_id", &["/properties/users/items"]),
    (File::Agents, "issuer:", "zzz: 1\nissuer:", &[""]),
    (File::Agents, "{ user_id:", "{ zzz: 1, user_id:", &["/$defs/self"]),
    (File::Agents, "{ applications:", "{ zzz: 1, applications:", &["/$defs/role"]),
    (File::Journey, "start:", "zzz: 1\nstart:", &[""]),
    (File::Journey, "{ name: user,", "{ zzz: 1, name: user,", &["/$defs/field"]),
    (File::Journey, "{ id: help,", "{ zzz: 1, id: help,", &["/$defs/escape"]),
];

/// The types of steps, each with a text in it that its keys or branches can follow.
const STEPS: &[(&str, Option<&str>)] = &[
    ("collect_information", Some("help: helped }")),
    ("temp_code_authentication", Some("success: rounds, failure: ask }")),
    ("pair_with_support", Some("next: show, failure: denied }")),
    ("information", Some("next: ask }")),
    ("loop", Some("done: provide, exhausted: decide }")),
    ("set_variables", Some("next: rounds }")),
    ("provide_json_data", Some("next: greet }")),
    ("sub_journey", Some("success: decide, failure: denied }")),
    ("condition", Some("\"false\": denied }")),
    ("complete", None),
    ("reject_access", None),
];

/// The keys that the reader knows where `zzz` is.
fn known_to_reader(file: File, from: &str, to: &str) -> BTreeSet<String> {
    assert!(file.valid().contains(from), "{from}");
    let problems = file.problems(&file.valid().replacen(from, to, 1));
    let named = |problem: &String| {
        let (before, known) = problem.split_once(": must be one of ")?;
        before.ends_with("`zzz`").then(|| known.to_owned())
    };
    let known = problems.iter().find_map(named);
    let known = known.unwrap_or_else(|| panic!("{file:?}: {to:?}: {problems:#?}"));
    known.split(", ").map(|key| key.trim_matches('`').to_owned()).collect()
}

/// The properties of an object of the schema, which allows no others.
fn properties(schema: &Value, place: &str) -> BTreeSet<String> {
    let object = schema.pointer(place).unwrap_or_else(|| panic!("{place}"));
    let properties = object["properties"].as_object().unwrap_or_else(|| panic!("{place}"));
    properties.keys().cloned().collect()
}

/// The places of all objects that list their properties.
fn objects(schema: &Value, place: &str, found: &mut BTreeSet<String>) {
    if schema["additionalProperties"] == false {
        found.insert(place.to_owned());
    }
    let members: Vec<(String, &Value)> = match schema {
        Value::Object(members) => members.iter().map(|(key, it)| (key.clone(), it)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, it)| (at.to_string(), it)).collect()
        }
        _ => Vec::new(),
    };
    for (key, member) in members {
        objects(member, &format!("{place}/{key}"), found);
    }
}

#[test]
fn every_key_of_a_reader_is_in_its_schema_and_every_key_of_a_schema_is_read() {
    let mut seen = BTreeSet::new();
    for (file, from, to, places) in OBJECTS {
        let schema = file.schema();
        let described = places.iter().flat_map(|place| properties(&schema, place)).collect();
        assert_eq!(known_to_reader(*file, from, to), described, "{file:?} {places:?}");
        seen.extend(places.iter().map(|place| (format!("{file:?}"), (*place).to_owned())));
    }
    let journey = File::Journey.schema();
    for (name, branches) in STEPS {
        let place = format!("/$defs/{name}");
        let named = format!("type: {name}");
        // What ends a step has a flow style in the valid journey.
        let unknown = if branches.is_some() { "zzz: 1\n    " } else { "zzz: 1, " };
        let known = known_to_reader(File::Journey, &named, &format!("{unknown}{named}"));
        assert_eq!(known, properties(&journey, &place), "{place}");
        seen.insert(("Journey".to_owned(), place.clone()));
        let Some(branches) = branches else { continue };
        let unknown = branches.replace(" }", ", zzz: done }");
        let mut known = known_to_reader(File::Journey, branches, &unknown);
        let place = format!("{place}/properties/on");
        // The branch of an escape is named by the file.
        known.remove("help");
        assert_eq!(known, properties(&journey, &place), "{place}");
        seen.insert(("Journey".to_owned(), place));
    }
    for file in File::ALL {
        let mut all = BTreeSet::new();
        objects(&file.schema(), "", &mut all);
        for place in all {
            assert!(seen.contains(&(format!("{file:?}"), place.clone())), "{file:?} {place}");
        }
    }
}

#[test]
fn every_type_of_step_is_in_the_schema_and_every_one_of_the_schema_is_read() {
    let schema = File::Journey.schema();
    let types = &schema["$defs"]["step"]["properties"]["type"]["enum"];
    let types: BTreeSet<_> =
        types.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let known = known_to_reader(File::Journey, "type: complete", "type: zzz");
    assert!(known.iter().map(String::as_str).eq(types.iter().copied()), "{known:?} {types:?}");
    assert!(STEPS.iter().map(|(name, _)| *name).collect::<BTreeSet<_>>() == types, "{types:?}");
}

#[test]
fn every_key_is_described() {
    for file in File::ALL {
        let schema = file.schema();
        let mut places = BTreeSet::new();
        objects(&schema, "", &mut places);
        for place in places {
            let properties = schema.pointer(&place).and_then(|it| it["properties"].as_object());
            for (key, property) in properties.into_iter().flatten() {
                let referred = property["$ref"].as_str().and_then(|it| schema.pointer(&it[1..]));
                let texts = [Some(property), referred].into_iter().flatten();
                let is_described = texts.into_iter().any(|it| it["description"].is_string());
                // The constant type of a step is described where it is chosen.
                assert!(is_described || property["const"].is_string(), "{file:?} {place} {key}");
            }
        }
    }
}

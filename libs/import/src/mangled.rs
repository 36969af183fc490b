//! Exports with random changes: nothing panics, and what is imported passes every check.

use std::collections::BTreeSet;

use definitions::{Draft, link};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::import;

const LOOP: &str = include_str!("../examples/form-in-a-loop.json");

/// The places of every value below.
fn places(json: &Json, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match json {
        Json::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                places(item, &format!("{at}/{index}"), found);
            }
        }
        Json::Object(members) => {
            for (key, member) in members {
                places(member, &format!("{at}/{key}"), found);
            }
        }
        _ => {}
    }
}

fn any_json() -> impl Strategy<Value = Json> {
    prop_oneof![
        Just(Json::Null),
        Just(json!([])),
        Just(json!({})),
        Just(json!(7)),
        "\\PC{0,12}".prop_map(Json::String),
        "[a-z]{1,6}\n[`\"$#:{}@]{0,4}".prop_map(Json::String),
        Just(json!({"type": "expression", "value": "entry.code"})),
        Just(json!({"type": "expression", "value": "`${auth_error.code} ${tries}`"})),
        Just(json!("eb216e44-8dcc-41a4-b41e-970073c49354")),
        Just(json!("ce4318cf-0607-4d8f-807c-e51d88abf798")),
        Just(json!("block")),
        Just(json!("loop")),
    ]
}

proptest! {
    #[test]
    fn a_mangled_export_is_refused_or_passes_every_check(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any_json()), 1..4),
        stub: bool,
    ) {
        let mut export: Json = serde_json::from_str(LOOP).expect("JSON");
        for (index, value) in changes {
            let mut found = Vec::new();
            places(&export, "", &mut found);
            let place: &String = index.get(&found);
            if let Some(place) = export.pointer_mut(place) {
                *place = value;
            }
        }
        match import(&[("export.json".to_owned(), export.to_string())], stub) {
            Ok(imported) => {
                let drafts = imported.iter().map(|it| Draft::parse(it.id.as_str(), &it.yaml));
                let (journeys, problems) = link(drafts.collect(), &BTreeSet::new());
                prop_assert_eq!((journeys.len(), problems), (imported.len(), Vec::new()));
            }
            Err(refusals) => prop_assert!(!refusals.is_empty()),
        }
    }
}

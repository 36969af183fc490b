//! Exports become journeys that pass every check, or are refused with node and reason.

use serde_json::{Value as Json, json};

use crate::{ImportError, Imported, import};

const LOOP: &str = include_str!("../examples/form-in-a-loop.json");
const CALL: &str = include_str!("../examples/one-call.json");

const LOOP_NODE: &str = "ce4318cf-0607-4d8f-807c-e51d88abf798";
const SET: &str = "eb216e44-8dcc-41a4-b41e-970073c49354";
const FORM: &str = "15b87c70-c93d-4487-a93f-4160499ea0fb";
const CHECK: &str = "267e07b7-96bf-4a58-85b5-86e408d822bb";
const DECIDE: &str = "7fdee85b-d7d1-4f9a-8214-3cbc1741fc1f";
const DATA: &str = "518ac6e8-4a18-44a2-b821-292f0d9f39e3";
const INFORM: &str = "35624bad-7988-469b-9304-6a84194aba4c";
const PASS: &str = "8b82ebb6-6e28-4419-a5e2-35f3ad9de979";
const REJECT: &str = "dd031ba2-1460-4e68-a9ee-2f84e72bf2bd";

fn run(export: &str, stub: bool) -> Result<Vec<Imported>, Vec<ImportError>> {
    import(&[("export.json".to_owned(), export.to_owned())], stub)
}

/// The example with a loop, with what stands at `path` within a node replaced.
fn changed(node: &str, path: &str, value: Json) -> String {
    let mut export: Json = serde_json::from_str(LOOP).expect("JSON");
    let workflow = &mut export["exports"][0]["data"]["versions"][0]["workflow"];
    let base = match node {
        "" => String::new(),
        FORM => format!("/nodes/{LOOP_NODE}/loop_body"),
        node => format!("/nodes/{node}"),
    };
    let (parent, key) = path.rsplit_once('/').expect("a path");
    let parent = workflow.pointer_mut(&format!("{base}{parent}")).expect("a place");
    match parent {
        Json::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        parent => parent[key] = value,
    }
    export.to_string()
}

fn expression(source: &str) -> Json {
    json!({ "type": "expression", "value": source })
}

#[test]
fn the_examples_become_these_journeys() {
    for (export, yaml) in [
        (LOOP, include_str!("../examples/recover-with-a-code.yaml")),
        (CALL, include_str!("../examples/temp-code-authentication.yaml")),
    ] {
        let imported = run(export, false).expect("no refusals");
        let [journey] = imported.as_slice() else { panic!("{imported:?}") };
        assert_eq!(journey.yaml, yaml, "{}", journey.yaml);
    }
}

#[test]
fn a_changed_export_is_refused_with_node_and_reason() {
    let link =
        |name: &str, target: &str| json!([{ "name": name, "type": "branch", "target": target }]);
    for (node, path, value, reason) in [
        (INFORM, "/action/type", json!("email"), "has no counterpart: it sends mail"),
        (INFORM, "/action/type", json!("webauthn_authentication"), "it uses passkeys"),
        (PASS, "/action/type", json!("block"), "has no counterpart"),
        (INFORM, "/action/title", expression("1 +"), "its `title` cannot be read: column"),
        (INFORM, "/links", json!([]), "its link `child` leads nowhere"),
        (INFORM, "/links", link("other", REJECT), "its link `other` has no counterpart"),
        (LOOP_NODE, "/max_iterations", json!(1000), "`max_iterations` must be a whole number"),
        (LOOP_NODE, "/max_iterations", json!("3"), "it has no `max_iterations`"),
        (LOOP_NODE, "/condition", expression("@std.if(a, b)"), "unknown function `@std.if`"),
        (SET, "/action/variables", json!({}), "must be a list of names and expressions"),
        (
            SET,
            "/action/variables/1/value",
            expression("entry.code"),
            "`entry.code` holds the temporary code",
        ),
        (
            SET,
            "/action/variables/0/name",
            json!("not a name"),
            "must be at most 64 letters, digits or `_`",
        ),
        (FORM, "/action/var_name", json!(""), "no step reads a field of `x`"),
        (FORM, "/links/1/target", json!(""), "stands inside and outside of a loop"),
        (CHECK, "/user_identifier", Json::Null, "it has no `user_identifier`"),
        (CHECK, "/temp_code", expression("`${entry.code}`"), "`temp_code` must be a plain path"),
        (CHECK, "/error_variable", json!("entry"), "belongs to another kind of step"),
        (
            DECIDE,
            "/condition/operation",
            json!("matches"),
            "operation \"matches\" has no counterpart",
        ),
        (DECIDE, "/condition/field", expression("who"), "unknown variable `who`"),
        (
            DECIDE,
            "/condition/value",
            json!([true]),
            "its condition's `value` is a list or an object",
        ),
        (
            DECIDE,
            "/condition/value",
            json!({"a": 1}),
            "its condition's `value` is a list or an object",
        ),
        (LOOP_NODE, "/condition", json!({"field": "a"}), "its `condition` is no text"),
        (DECIDE, "/condition/negated", json!("true"), "its condition's `negated` is no boolean"),
        (DECIDE, "/condition/negated", Json::Null, "its condition's `negated` is no boolean"),
        (DECIDE, "/condition/operation", json!(7), "its condition's `operation` is no text"),
        (DECIDE, "/links/1/name", json!("maybe"), "its link `maybe` has no counterpart"),
        (DATA, "/action/json_data", expression("[1]"), "its `json_data` is no object in braces"),
        (REJECT, "/action/rejection_data", expression("{w: entry}"), "holds the temporary code"),
    ] {
        let mut export = changed(node, path, value);
        if reason.contains("of `x`") {
            export = export.replace(r#""output_var":"entry""#, r#""output_var":"x""#);
        }
        if reason.contains("inside and outside") {
            export = changed(CHECK, "/links/2/target", json!(DECIDE));
            export = export.replace(
                &format!(r#""name":"false","target":"{REJECT}""#),
                r#""name":"false","target":"""#,
            );
        }
        let refusals = run(&export, false).expect_err(reason);
        let at = if reason.contains("inside and outside") { DECIDE } else { node };
        let is_told = |it: &ImportError| {
            it.reason.contains(reason) && it.node.as_ref().is_some_and(|(id, _)| id == at)
        };
        assert!(refusals.iter().any(is_told), "{reason}: {refusals:#?}");
    }
}

#[test]
fn what_is_no_export_is_refused() {
    let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
    let long = " ".repeat(crate::MAX_EXPORT + 1);
    let obsolete = LOOP.replace("\"production\"", "\"obsolete\"");
    let nowhere = changed("", "/head", json!("gone"));
    for (export, reason) in [
        ("{", "is no JSON"),
        ("[]", "has no list `exports`"),
        (r#"{"exports": []}"#, "has no journey"),
        (&deep, "recursion limit"),
        (&long, "at most 4194304 bytes"),
        (&obsolete, "no version in the state `production`"),
        (&nowhere, "there is no node \"gone\""),
    ] {
        let refusals = run(export, true).expect_err(reason);
        assert!(refusals[0].to_string().contains(reason), "{refusals:?}");
        assert!(refusals[0].to_string().starts_with("export.json: "), "{refusals:?}");
    }
}

#[test]
fn all_refusals_come_at_once_and_stubs_stand_for_nodes_without_a_counterpart() {
    let mail = changed(INFORM, "/action/type", json!("email"));
    let both = mail.replace("\"auth_pass\"", "\"face_match\"");
    let refusals = run(&both, false).expect_err("two refusals");
    assert_eq!(refusals.len(), 2, "{refusals:?}");
    assert_eq!(
        refusals[0].to_string(),
        format!(
            "export.json: journey \"Recover with a code\": node {INFORM:?} (email): has no \
             counterpart: it sends mail"
        )
    );
    let imported = run(&mail, true).expect("a stub");
    assert!(imported[0].yaml.contains("# STUB: the node has no counterpart: it sends mail."));
    // What only a node without a counterpart would have set is null.
    let unset = changed(INFORM, "/action/text", expression("`Mail to ${mail.address}`"));
    assert!(run(&unset, false).is_err());
    let imported = run(&unset, true).expect("null");
    assert!(imported[0].notes.iter().any(|note| note.contains("no step sets `mail`")));
}

#[test]
fn a_journey_runs_another_of_the_same_import() {
    let mut outer: Json = serde_json::from_str(CALL).expect("JSON");
    let inner = outer["exports"][0].clone();
    let id = inner["data"]["policy_id"].clone();
    let data = &mut outer["exports"][0]["data"];
    data["policy_id"] = json!("outer");
    data["name"] = json!("Oúter\n# \"journey\"");
    data["versions"][0]["workflow"]["nodes"][CHECK] = json!({
        "id": CHECK, "type": "fragment_start", "procedure_id": id,
        "links": [
            { "name": "child", "type": "branch", "target": PASS },
            { "name": "failure", "type": "escape", "target": REJECT },
        ],
    });
    let alone = run(&outer.to_string(), false).expect_err("the other is missing");
    assert_eq!(alone[0].node, Some((CHECK.to_owned(), "fragment_start".to_owned())));
    let both = [("outer.json", outer.to_string()), ("inner.json", CALL.to_owned())];
    let both = both.map(|(file, text)| (file.to_owned(), text));
    let imported = import(&both, false).expect("both");
    assert_eq!(imported[0].id.as_str(), "outer-journey");
    assert!(imported[0].yaml.contains("journey: temp-code-authentication"));
    assert!(imported[0].yaml.contains("temp_code: \"@policy.request().params.temp_code\""));
}

#[test]
fn texts_and_conditions_read_as_the_export_means_them() {
    for (node, path, value, expected) in [
        (INFORM, "/action/text", expression("\"Hello ${entry.user}\""), "`Hello ${entry?.user ?? "),
        (INFORM, "/action/text", expression("\"`x\""), "text: \"`${\\\"`x\\\"}`\""),
        (INFORM, "/action/text", expression("1 + 1"), "text: \"`${1 + 1}`\""),
        (FORM, "/action/app_data", expression("{n: tries, t: \"x\"}"), "@json.stringify(tries)"),
        (DECIDE, "/condition/field", expression("`entry.user`"), "entry?.user ?? "),
        (DECIDE, "/condition/value", expression("false"), "\"!@policy.isUserAuthenticated()\""),
        (DECIDE, "/condition/value", Json::Null, "@policy.isUserAuthenticated() == null"),
        (DECIDE, "/condition/negated", json!(true), "\"!@policy.isUserAuthenticated()\""),
        (SET, "/action/variables/1/value", expression("@std.now()"), "\"@time.now()\""),
    ] {
        let imported = run(&changed(node, path, value), false).expect(expected);
        assert!(imported[0].yaml.contains(expected), "{}", imported[0].yaml);
    }
}

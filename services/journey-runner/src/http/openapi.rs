//! The part of the `OpenAPI` document that follows from the configuration: how each journey is started.

use std::collections::BTreeSet;

use codes::user::Identifier;
use config::{ClientKind, Configuration};
use definitions::{FieldKind, Journey, JourneyId, Parameter};
use serde_json::{Map, Value, json};

/// Describes the parameters of every journey that some page may run. What no page may run is not told
/// to anybody: its id is as unknown here as any other.
pub(super) fn starts(configuration: &Configuration) -> Value {
    let clients = configuration.applications().flat_map(|application| application.clients.values());
    let public = clients.filter_map(|client| match &client.kind {
        ClientKind::Public { journeys, .. } => Some(journeys),
        ClientKind::Confidential { .. } => None,
    });
    let ids: BTreeSet<&JourneyId> = public.flatten().collect();
    let journeys = ids.into_iter().filter_map(|id| configuration.journey(id));
    let (mut schemas, mut starts) = (Map::new(), Vec::new());
    for journey in journeys {
        let name = format!("Start.{}", journey.id());
        starts.push(json!({ "$ref": format!("#/components/schemas/{name}") }));
        schemas.insert(name, start(journey));
    }
    if !starts.is_empty() {
        schemas.insert("InvocationData".to_owned(), json!({ "anyOf": starts }));
    }
    json!({ "components": { "schemas": schemas } })
}

/// The data that starts a journey.
fn start(journey: &Journey) -> Value {
    let required: Vec<_> =
        journey.parameters().filter(|it| it.is_required).map(|it| it.name).collect();
    let parameters: Map<_, _> =
        journey.parameters().map(|it| (it.name.to_owned(), parameter(it))).collect();
    let mut fields = vec!["policy_request_id"];
    if !required.is_empty() {
        fields.push("params");
    }
    json!({
        "type": "object", "required": fields,
        "properties": {
            "policy_request_id": { "const": journey.id().as_str() },
            "params": { "type": "object", "required": required, "properties": parameters },
        },
    })
}

fn parameter(parameter: Parameter<'_>) -> Value {
    if parameter.kind == FieldKind::Text {
        return json!({ "description": "Read by the journey's expressions: any JSON." });
    }
    json!({
        "description": "A text. A whole number up to 2^53 - 1 is taken for its digits; zeros that led it are lost, so send a code as a string.",
        "type": ["string", "integer"], "maxLength": Identifier::MAX_BYTES, "minimum": 0,
    })
}

#[cfg(test)]
mod tests {
    use config::Source;

    use super::*;

    #[test]
    fn each_journey_of_a_page_is_described_and_no_other() {
        let web = "{ id: web, redirect_uris: [\"https://a.example\"], journeys: [open, mixed] }";
        let application = format!("id: a\nname: A\nclients: [{web}]\n");
        let verify = |id: &str| {
            format!(
                "id: {id}\nstart: a\nsteps:\n  a:\n    type: temp_code_authentication\n    \
                 external_user_id: \"@policy.request().params.user\"\n    \
                 temp_code: \"@policy.request().params.code\"\n    on: {{ success: b }}\n  \
                 b: {{ type: complete, data: {{ n: \"@policy.request().params.note\" }} }}\n"
            )
        };
        let mixed = "id: mixed\nstart: q\nsteps:\n  \
            q: { type: condition, expression: \"@policy.request().params.code == null\", on: { true: b, false: a } }\n"
            .to_owned()
            + verify("x").split_once("steps:\n").expect("steps").1;
        let configuration = Configuration::read(&Source::from_files([
            ("applications/a.yaml", application.as_str()),
            ("journeys/open.yaml", &verify("open")),
            ("journeys/mixed.yaml", &mixed),
            ("journeys/closed.yaml", &verify("closed")),
        ]))
        .expect("valid");
        let schemas = &starts(&configuration)["components"]["schemas"];
        let names: Vec<_> = schemas.as_object().expect("an object").keys().collect();
        assert_eq!(names, ["InvocationData", "Start.mixed", "Start.open"]);
        let params = |name: &str| schemas[name]["properties"]["params"].clone();
        assert_eq!(params("Start.open")["required"], json!(["code", "user"]));
        assert_eq!(
            params("Start.open")["properties"]["user"]["type"],
            json!(["string", "integer"])
        );
        assert_eq!(params("Start.open")["properties"]["note"].get("type"), None);
        assert_eq!(params("Start.mixed")["required"], json!([]), "it depends on the condition");
        assert_eq!(schemas["Start.open"]["properties"]["policy_request_id"]["const"], "open");
    }
}

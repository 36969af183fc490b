//! The playground: a journey is pasted, checked, drawn, and played step by step. Nothing is stored: the page
//! carries the journey and what was chosen so far.

use std::collections::BTreeMap;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use definitions::Journey;
use drawing::Diagram;
use rehearsal::view::{Stage, View};
use rehearsal::{Input, Outcome, Script, read, rehearse};

use super::Reader;
use crate::Console;
use crate::desk::Sent;
use crate::page::{self, Frame};

const PATH: &str = "/playground";

/// What stands in the form at first.
pub(super) const EXAMPLE: &str = include_str!("../../assets/example.yaml");

/// What begins the name of a form's field.
const FIELD: &str = "field.";

pub(crate) fn routes() -> Router<Console> {
    Router::new().route(PATH, get(empty).post(play))
}

#[derive(Template)]
#[template(path = "admin/playground.html")]
struct PlaygroundPage<'j> {
    frame: Frame,
    yaml: &'j str,
    /// What is wrong with the journey, each with its line.
    problems: Vec<(Option<u64>, String)>,
    diagram: Option<Diagram<'j>>,
    scene: Option<View<'j>>,
    /// The script as JSON.
    script: String,
}

async fn empty(reader: Reader) -> Response {
    shown(&reader, EXAMPLE, None, &Script::default(), None)
}

async fn play(
    State(console): State<Console>,
    reader: Reader,
    Sent(mut sent): Sent<BTreeMap<String, String>>,
) -> Response {
    let yaml = sent.remove("yaml").unwrap_or_default();
    let script = sent.remove("script").and_then(|it| serde_json::from_str::<Script>(&it).ok());
    let act = sent.remove("act").unwrap_or_default();
    let fields = sent.into_iter();
    let fields =
        fields.filter_map(|(name, text)| Some((name.strip_prefix(FIELD)?.to_owned(), text)));
    let fields: BTreeMap<_, _> = fields.collect();
    let journey = match read(&yaml) {
        Ok(journey) => journey,
        Err(problems) => {
            let problems = problems.into_iter().map(|it| (it.line, it.reason)).collect();
            return wrong(&reader, &yaml, problems);
        }
    };
    let script = changed(&journey, script.unwrap_or_default(), &act, fields);
    let scene = View::of(&journey, rehearse(&journey, &script, console.clock.now()));
    shown(&reader, &yaml, Some(&journey), &script, Some(scene))
}

/// The script with what the person chose last.
fn changed(
    journey: &Journey,
    mut script: Script,
    act: &str,
    fields: BTreeMap<String, String>,
) -> Script {
    let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == act);
    match (act, outcome, act.strip_prefix("escape.")) {
        (_, Some(outcome), _) => script.push(journey, Input::Verified(outcome)),
        (_, _, Some(escape)) => script.push(journey, Input::Escape(escape.to_owned())),
        ("submit", ..) => script.push(journey, Input::Submit(fields)),
        ("paired" | "too_many", ..) => script.push(journey, Input::Paired(act == "paired")),
        ("back", ..) => script.pop(),
        _ => return Script::new(journey, fields),
    }
    script
}

fn wrong(reader: &Reader, yaml: &str, problems: Vec<(Option<u64>, String)>) -> Response {
    let page = PlaygroundPage {
        frame: reader.frame(PATH),
        yaml,
        problems,
        diagram: None,
        scene: None,
        script: String::new(),
    };
    page::html(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

fn shown<'j>(
    reader: &Reader,
    yaml: &'j str,
    journey: Option<&'j Journey>,
    script: &Script,
    scene: Option<View<'j>>,
) -> Response {
    let page = PlaygroundPage {
        frame: reader.frame(PATH),
        yaml,
        problems: Vec::new(),
        diagram: journey.map(Diagram::of),
        scene,
        script: serde_json::to_string(script).unwrap_or_default(),
    };
    page::html(StatusCode::OK, &page)
}

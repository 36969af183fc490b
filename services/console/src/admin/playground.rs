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
use rehearsal::{Script, read, rehearse};

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
    page::html(StatusCode::OK, &drawn(&reader, EXAMPLE, None, &Script::default(), None))
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
            let mut page = drawn(&reader, &yaml, None, &Script::default(), None);
            page.problems = problems.into_iter().map(|it| (it.line, it.reason)).collect();
            return page::html(StatusCode::UNPROCESSABLE_ENTITY, &page);
        }
    };
    let script = script.unwrap_or_default().after(&journey, &act, fields);
    let scene = View::of(&journey, rehearse(&journey, &script, console.clock.now()));
    page::html(StatusCode::OK, &drawn(&reader, &yaml, Some(&journey), &script, Some(scene)))
}

fn drawn<'j>(
    reader: &Reader,
    yaml: &'j str,
    journey: Option<&'j Journey>,
    script: &Script,
    scene: Option<View<'j>>,
) -> PlaygroundPage<'j> {
    PlaygroundPage {
        frame: reader.frame(PATH),
        yaml,
        problems: Vec::new(),
        diagram: journey.map(Diagram::of),
        scene,
        script: serde_json::to_string(script).unwrap_or_default(),
    }
}

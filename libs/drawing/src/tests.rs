//! Tests of the drawings: of the demo's journeys, and of diagrams of any shape with hostile texts.

use std::fs;
use std::path::Path;

use definitions::{Draft, Journey};
use proptest::prelude::*;
use roxmltree::Document;

use crate::geometry::Area;
use crate::layout::Layout;
use crate::{Branch, Diagram, Role, Step};

const IDS: [&str; 12] = [
    "step-a", "step-b", "step-c", "step-d", "step-e", "step-f", "step-g", "step-h", "step-i",
    "step-j", "step-k", "step-l",
];
const NAMES: [&str; 4] = ["success", "failure", "a_rather_long_escape", "next"];
const ROLES: [Role; 6] =
    [Role::Page, Role::Check, Role::Logic, Role::Call, Role::Completed, Role::Rejected];

fn diagrams() -> impl Strategy<Value = Diagram<'static>> {
    let step = |count| (0..6_usize, ".{0,60}", prop::collection::vec(0..count, 0..=4));
    let steps =
        (1..=IDS.len()).prop_flat_map(move |count| prop::collection::vec(step(count), count));
    steps.prop_map(|steps| {
        let step = |(at, (role, detail, targets)): (usize, (usize, String, Vec<usize>))| {
            let branches = NAMES.into_iter().zip(targets);
            Step {
                id: IDS[at],
                kind: "information",
                detail,
                role: ROLES[role],
                branches: branches.map(|(name, target)| Branch { name, target }).collect(),
            }
        };
        Diagram { journey: "any", steps: steps.into_iter().enumerate().map(step).collect() }
    })
}

fn overlap(one: &Area, other: &Area) -> bool {
    (one.x - other.x).abs() < f64::midpoint(one.width, other.width) - 0.1
        && (one.y - other.y).abs() < f64::midpoint(one.height, other.height) - 0.1
}

/// The texts of the elements of that name and class.
fn texts(document: &Document<'_>, class: &str) -> Vec<String> {
    let groups = document.descendants().filter(|node| {
        node.attribute("class").is_some_and(|it| it.split(' ').any(|name| name == class))
    });
    let texts = groups.flat_map(|group| group.descendants().filter(|it| it.has_tag_name("text")));
    texts.filter_map(|text| text.text().map(str::to_owned)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nothing_lies_upon_anything_else(diagram in diagrams()) {
        let layout = Layout::of(&diagram);
        let labels = layout.arrows.iter().filter(|it| !it.names.is_empty()).map(|it| it.label);
        let areas: Vec<_> = layout.boxes.iter().copied().chain([layout.dot]).chain(labels).collect();
        for (at, one) in areas.iter().enumerate() {
            for other in &areas[at + 1..] {
                prop_assert!(!overlap(one, other), "{one:?} {other:?}");
            }
        }
        let frame = layout.frame();
        let (least, most) = (frame.corner(-1.0), frame.corner(1.0));
        let points = layout.arrows.iter().flat_map(|it| it.points.iter().copied());
        for it in points.chain(areas.iter().flat_map(|it| [it.corner(-1.0), it.corner(1.0)])) {
            prop_assert!((least.x..=most.x).contains(&it.x) && (least.y..=most.y).contains(&it.y));
        }
    }

    #[test]
    fn the_picture_is_xml_with_each_step_and_branch_once(diagram in diagrams()) {
        let svg = diagram.svg().map_err(|error| TestCaseError::fail(error.to_string()))?;
        prop_assert_eq!(&diagram.svg(), &Ok(svg.clone()), "the same bytes again");
        let document = Document::parse(&svg).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let known = ["svg", "title", "desc", "style", "path", "circle", "g", "rect", "text"];
        for node in document.descendants().filter(roxmltree::Node::is_element) {
            prop_assert!(known.contains(&node.tag_name().name()));
            prop_assert!(node.attributes().all(|it| !it.name().starts_with("on")));
        }
        let steps = texts(&document, "step");
        for step in &diagram.steps {
            prop_assert_eq!(steps.iter().filter(|text| *text == step.id).count(), 1);
        }
        let mut names = texts(&document, "name");
        let branches = diagram.steps.iter().flat_map(|step| &step.branches);
        let mut drawn: Vec<_> = branches.map(|it| it.name.to_owned()).collect();
        names.sort();
        drawn.sort();
        prop_assert_eq!(names, drawn);
    }

    #[test]
    fn hostile_texts_add_no_line_to_the_text_forms(diagram in diagrams()) {
        let branches: usize = diagram.steps.iter().map(|step| step.branches.len()).sum();
        prop_assert_eq!(diagram.table().lines().count(), 2 + diagram.steps.len());
        prop_assert_eq!(diagram.mermaid().lines().count(), 5 + diagram.steps.len() + branches);
        for line in diagram.mermaid().lines().skip(5).take(diagram.steps.len()) {
            prop_assert_eq!(line.matches('"').count(), 2, "{}", line);
        }
    }
}

/// The journeys of the demo, and one that runs another.
fn journeys() -> Vec<Journey> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services/postern/demo/journeys");
    let files = fs::read_dir(folder).expect("the demo").map(|file| file.expect("a file").path());
    let texts = files.map(|file| fs::read_to_string(file).expect("a text"));
    let with_login = r#"
id: with-login
start: login
steps:
  login:
    type: sub_journey
    journey: temp-code-authentication
    params: { external_user_id: "`jane`", temp_code: "@policy.request().params.code" }
    on: { success: done, failure: denied }
  done: { type: complete }
  denied: { type: reject_access }
"#;
    let texts = texts.chain([with_login.to_owned()]);
    let drafts = texts.map(|text| Draft::parse("a journey", &text)).collect();
    let (journeys, problems) = definitions::link(drafts, &std::collections::BTreeSet::new());
    assert_eq!(problems, []);
    journeys
}

#[test]
fn a_diagram_has_the_steps_of_the_file_with_the_branches_under_on() {
    let journeys = journeys();
    let diagram = |id| Diagram::of(journeys.iter().find(|it| it.id().as_str() == id).expect("it"));
    let recovery = diagram("account-recovery");
    let ids: Vec<_> = recovery.steps.iter().map(|step| step.id).collect();
    assert_eq!(ids, ["identify", "pair", "redeem", "authenticate", "ask", "busy", "done"]);
    let ways = recovery.steps[2].branches.iter();
    let ways: Vec<_> = ways.map(|way| (way.name, recovery.target(way))).collect();
    assert_eq!(ways, [("submit", "authenticate"), ("new_number", "pair"), ("new_code", "ask")]);
    // The steps of the other journey are not drawn again.
    let with_login = diagram("with-login");
    let ids: Vec<_> = with_login.steps.iter().map(|step| (step.id, step.detail.as_str())).collect();
    assert_eq!(ids, [("login", "temp-code-authentication"), ("done", ""), ("denied", "")]);
}

#[test]
fn the_text_forms_say_where_each_step_leads() {
    let journeys = journeys();
    let with_login = journeys.iter().find(|it| it.id().as_str() == "with-login").expect("it");
    let diagram = Diagram::of(with_login);
    assert_eq!(
        diagram.table(),
        "| step | type | works on | leads to |\n\
         | --- | --- | --- | --- |\n\
         | login | sub\\_journey | temp-code-authentication | success: done, failure: denied |\n\
         | done | complete |  |  |\n\
         | denied | reject\\_access |  |  |\n"
    );
    assert_eq!(
        diagram.mermaid(),
        "---\ntitle: Journey with-login\n---\nflowchart TD\n  start(( )) --> s0\n\
         \x20 s0[[\"login<br>sub#95;journey<br>temp-code-authentication\"]]\n\
         \x20 s1([\"done<br>complete\"])\n\
         \x20 s2([\"denied<br>reject#95;access\"])\n\
         \x20 s0 -->|\"success\"| s1\n  s0 -->|\"failure\"| s2\n"
    );
    let svg = diagram.svg().expect("it is small");
    let told = "It starts at login. login (sub_journey) leads by success to done, by failure to denied. \
                done (complete) ends the journey. denied (reject_access) ends the journey.";
    assert!(svg.contains(&format!("<desc>{told}</desc>")), "{svg}");
}

#[test]
fn a_journey_that_is_too_large_for_a_picture_is_refused_with_the_limit_and_a_way_on() {
    let step = |branches| Step {
        id: "a",
        kind: "condition",
        detail: String::new(),
        role: Role::Logic,
        branches: vec![Branch { name: "true", target: 0 }; branches],
    };
    let diagram = |steps: Vec<Step<'static>>| Diagram { journey: "any", steps };
    let largest = diagram((0..20).map(|_| step(3)).collect());
    assert!(largest.svg().is_ok() && largest.figure().is_ok());
    let larger = diagram((0..200).map(|_| step(3)).collect());
    let told = larger.svg().expect_err("800 of 80").to_string();
    assert!(told.starts_with("800 steps and branches are more than the 80"), "{told}");
    assert!(told.contains("sub_journey") && larger.figure().is_err(), "{told}");
    assert!(larger.table().lines().count() == 202 && larger.mermaid().len() > 800);
}

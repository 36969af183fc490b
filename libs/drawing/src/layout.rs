//! Where the boxes and arrows of a diagram go.

use dagre::graph::{Graph, GraphOptions};
use dagre::layout::types::LabelPos;
use dagre::{EdgeLabel, LayoutOptions, NodeLabel};

use crate::diagram::{Diagram, Step};
use crate::geometry::{Area, Arrow, Point};
use crate::ports;
use crate::text::{columns, shortened};

/// The width of a character of the drawing's font, and the height of a line.
pub(crate) const CHARACTER: f64 = 7.3;
pub(crate) const LINE: f64 = 17.0;

const MARGIN: f64 = 12.0;
const PADDING: f64 = 12.0;
const DOT: f64 = 12.0;

/// The node of the dot before the first step. Steps are called by their place.
const START: &str = "start";

/// A diagram with coordinates.
#[derive(Debug)]
pub(crate) struct Layout<'j> {
    /// The dot before the first step.
    pub(crate) dot: Area,
    /// The boxes of the steps.
    pub(crate) boxes: Vec<Area>,
    /// The way from the dot, then those between the steps.
    pub(crate) arrows: Vec<Arrow<'j>>,
}

/// The lines of text in a step's box.
pub(crate) fn lines(step: &Step<'_>) -> Vec<String> {
    let lines = [step.id, step.kind, step.detail.as_str()];
    lines.into_iter().filter(|line| !line.is_empty()).map(shortened).collect()
}

impl<'j> Layout<'j> {
    /// Lays a diagram out from top to bottom.
    pub(crate) fn of(diagram: &Diagram<'j>) -> Self {
        // Ways there and back between two steps are two edges, also once dagre has turned one around.
        let options = GraphOptions { directed: true, multigraph: true, compound: false };
        let mut graph = Graph::with_options(options);
        graph.set_node(START, Some(node(DOT, DOT)));
        for (place, step) in diagram.steps.iter().enumerate() {
            let (width, height) = size(&lines(step));
            graph.set_node(place.to_string(), Some(node(width + 2.0 * PADDING, height + PADDING)));
        }
        let mut arrows = arrows(diagram);
        for (at, arrow) in arrows.iter().enumerate() {
            let (width, height) = size(&arrow.names);
            let edge =
                EdgeLabel { width, height, labelpos: LabelPos::Center, ..EdgeLabel::default() };
            let (from, to) = arrow.ends();
            graph.set_edge(from, to, Some(edge), Some(&at.to_string()));
        }
        dagre::layout(&mut graph, Some(options_of_layout()));
        for (at, arrow) in arrows.iter_mut().enumerate() {
            let (from, to) = arrow.ends();
            if let Some(edge) = graph.edge(&from, &to, Some(&at.to_string())) {
                arrow.label = area((edge.x, edge.y), (edge.width, edge.height));
                arrow.points = edge.points.iter().map(|it| Point { x: it.x, y: it.y }).collect();
            }
        }
        let placed = |name: &str| {
            let node = graph.node(name);
            node.map(|it| area((it.x, it.y), (it.width, it.height))).unwrap_or_default()
        };
        let boxes = (0..diagram.steps.len()).map(|place| placed(&place.to_string()));
        let boxes: Vec<_> = boxes.collect();
        ports::spread(&boxes, &mut arrows);
        Self { dot: placed(START), boxes, arrows }
    }

    /// The rectangle that holds everything, with a margin.
    pub(crate) fn frame(&self) -> Area {
        let areas =
            self.boxes.iter().chain([&self.dot]).chain(self.arrows.iter().map(|it| &it.label));
        let corners = areas.flat_map(|area| [area.corner(-1.0), area.corner(1.0)]);
        let points = corners.chain(self.arrows.iter().flat_map(|it| it.points.iter().copied()));
        let start = self.dot.corner(0.0);
        let (least, most) = points.fold((start, start), |(least, most), it| {
            let least = Point { x: least.x.min(it.x), y: least.y.min(it.y) };
            (least, Point { x: most.x.max(it.x), y: most.y.max(it.y) })
        });
        Area {
            x: f64::midpoint(least.x, most.x),
            y: f64::midpoint(least.y, most.y),
            width: most.x - least.x + 2.0 * MARGIN,
            height: most.y - least.y + 2.0 * MARGIN,
        }
    }
}

impl Arrow<'_> {
    fn ends(&self) -> (String, String) {
        let from = self.from.map_or_else(|| START.to_owned(), |place| place.to_string());
        (from, self.to.to_string())
    }
}

/// The way from the dot, then one for each pair of steps.
fn arrows<'j>(diagram: &Diagram<'j>) -> Vec<Arrow<'j>> {
    let arrow = |from, to| Arrow {
        from,
        to,
        names: Vec::new(),
        label: Area::default(),
        points: Vec::new(),
    };
    let mut arrows = vec![arrow(None, 0)];
    for (from, step) in diagram.steps.iter().enumerate() {
        let first = arrows.len();
        for branch in &step.branches {
            let known = arrows[first..].iter().position(|it| it.to == branch.target);
            let at = known.map_or(arrows.len(), |at| first + at);
            if known.is_none() {
                arrows.push(arrow(Some(from), branch.target));
            }
            arrows[at].names.push(branch.name);
        }
    }
    arrows
}

fn options_of_layout() -> LayoutOptions {
    LayoutOptions { nodesep: 36.0, edgesep: 18.0, ranksep: 36.0, ..LayoutOptions::default() }
}

fn node(width: f64, height: f64) -> NodeLabel {
    NodeLabel { width, height, ..NodeLabel::default() }
}

fn area((x, y): (Option<f64>, Option<f64>), (width, height): (f64, f64)) -> Area {
    Area { x: x.unwrap_or_default(), y: y.unwrap_or_default(), width, height }
}

/// The size of lines of text.
#[expect(clippy::cast_precision_loss, reason = "a box has few lines and columns")]
fn size(lines: &[impl AsRef<str>]) -> (f64, f64) {
    let widest = lines.iter().map(|line| columns(line.as_ref())).max().unwrap_or_default();
    (widest as f64 * CHARACTER, lines.len() as f64 * LINE)
}

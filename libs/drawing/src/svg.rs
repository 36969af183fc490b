//! The drawing as SVG: without scripts, links or anything from outside.

use crate::diagram::{Diagram, Role, Step};
use crate::geometry::{Area, Arrow, Point};
use crate::layout::{LINE, Layout, lines};
use crate::text::{number, xml};

/// The style of drawings, for pages that embed them without it: light, dark, and light in print.
pub const STYLE: &str = include_str!("style.css");

/// How far before a corner an arrow begins to turn.
const TURN: f64 = 12.0;

/// The most steps and branches, together, that are laid out: it takes more than quadratic time.
const LARGEST: usize = 80;

/// The journey is too large for a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} steps and branches are more than the {LARGEST} that a picture can hold: move steps into a \
     sub_journey, or use the table or Mermaid"
)]
pub struct TooLarge(usize);

impl Diagram<'_> {
    /// The drawing as a file.
    ///
    /// # Errors
    /// [`TooLarge`]. The other forms have no limit.
    pub fn svg(&self) -> Result<String, TooLarge> {
        self.draw(&format!("<style>\n{STYLE}</style>\n"))
    }

    /// The drawing as an element of an HTML page that has [`STYLE`] in its own stylesheet.
    ///
    /// # Errors
    /// [`TooLarge`].
    pub fn figure(&self) -> Result<String, TooLarge> {
        self.draw("")
    }

    fn draw(&self, style: &str) -> Result<String, TooLarge> {
        if self.size() > LARGEST {
            return Err(TooLarge(self.size()));
        }
        let layout = Layout::of(self);
        let frame = layout.frame();
        let Point { x, y } = frame.corner(-1.0);
        let [x, y, width, height] = [x, y, frame.width, frame.height].map(number);
        let Area { x: dot_x, y: dot_y, width: dot, .. } = layout.dot;
        let [dot_x, dot_y, radius] = [dot_x, dot_y, dot / 2.0].map(number);
        let title = xml(&format!("Journey {}", self.journey));
        let told = xml(&self.told());
        let ways: String = layout.arrows.iter().map(way).collect();
        let steps: String =
            self.steps.iter().zip(&layout.boxes).map(|(step, area)| drawn(step, *area)).collect();
        // Above everything else: a line may cross a name, and no name may be hidden.
        let names: String = layout.arrows.iter().map(name).collect();
        Ok(format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"drawing\" role=\"img\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"{x} {y} {width} {height}\">\n\
             <title>{title}</title>\n<desc>{told}</desc>\n{style}{ways}\
             <circle class=\"dot\" cx=\"{dot_x}\" cy=\"{dot_y}\" r=\"{radius}\"/>\n{steps}{names}</svg>\n"
        ))
    }

    /// The drawing in words.
    fn told(&self) -> String {
        let step = |step: &Step<'_>| {
            let ways = step.branches.iter();
            let ways: Vec<_> =
                ways.map(|way| format!("by {} to {}", way.name, self.target(way))).collect();
            let Step { id, kind, .. } = step;
            if ways.is_empty() {
                format!(" {id} ({kind}) ends the journey.")
            } else {
                format!(" {id} ({kind}) leads {}.", ways.join(", "))
            }
        };
        let steps: Vec<_> = self.steps.iter().map(step).collect();
        format!("It starts at {}.{}", self.steps[0].id, steps.concat())
    }
}

fn drawn(step: &Step<'_>, area: Area) -> String {
    let inner = if step.role == Role::Call { rect(area, -4.0, 3.0) } else { String::new() };
    let radius =
        if step.role == Role::Completed || step.role == Role::Rejected { 16.0 } else { 5.0 };
    let texts = texts(&lines(step), area);
    format!(
        "<g class=\"step {}\">{}{inner}{texts}</g>\n",
        step.role.name(),
        rect(area, 0.0, radius)
    )
}

/// A rectangle, larger on all sides by `more`.
fn rect(area: Area, more: f64, radius: f64) -> String {
    let Point { x, y } = area.corner(-1.0);
    format!(
        "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        number(x - more),
        number(y - more),
        number(area.width + 2.0 * more),
        number(area.height + 2.0 * more),
        number(radius)
    )
}

/// Lines of text, centred in an area.
fn texts(lines: &[impl AsRef<str>], area: Area) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a box has few lines")]
    let top = area.y - (lines.len() as f64 - 1.0) * LINE / 2.0;
    let ys = std::iter::successors(Some(top), |y| Some(y + LINE));
    let mut texts = Vec::new();
    for (line, y) in lines.iter().zip(ys) {
        let (x, y, line) = (number(area.x), number(y), xml(line.as_ref()));
        texts.push(format!("<text x=\"{x}\" y=\"{y}\">{line}</text>"));
    }
    texts.concat()
}

/// The names of an arrow's branches.
fn name(arrow: &Arrow<'_>) -> String {
    if arrow.names.is_empty() {
        return String::new();
    }
    let names = texts(&arrow.names, arrow.label);
    format!("<g class=\"name\">{}{names}</g>\n", rect(arrow.label, 0.0, 3.0))
}

/// A line with rounded corners, and its head.
fn way(arrow: &Arrow<'_>) -> String {
    let [first, .., before, last] = arrow.points.as_slice() else { return String::new() };
    let turn = |corner: &[Point]| {
        let [before, at, after] = [corner[0], corner[1], corner[2]];
        format!("L{}Q{} {}", pair(towards(at, before)), pair(at), pair(towards(at, after)))
    };
    let turns: Vec<String> = arrow.points.windows(3).map(turn).collect();
    let class = if last.y < first.y { "way back" } else { "way" };
    format!(
        "<path class=\"{class}\" d=\"M{}{}L{}\"/><path class=\"head\" d=\"{}\"/>\n",
        pair(*first),
        turns.concat(),
        pair(*last),
        head(*before, *last)
    )
}

/// The point on the way from one to another where a turn ends: at most half way.
fn towards(from: Point, to: Point) -> Point {
    let length = (to.x - from.x).hypot(to.y - from.y);
    let share = if length > 2.0 * TURN { TURN / length } else { 0.5 };
    Point { x: from.x + (to.x - from.x) * share, y: from.y + (to.y - from.y) * share }
}

/// The triangle at the end of a line.
fn head(before: Point, tip: Point) -> String {
    let length = (tip.x - before.x).hypot(tip.y - before.y).max(f64::EPSILON);
    let (x, y) = ((tip.x - before.x) / length * 8.0, (tip.y - before.y) / length * 8.0);
    let wing = |side: f64| Point { x: tip.x - x + side * y * 0.5, y: tip.y - y - side * x * 0.5 };
    format!("M{}L{}L{}Z", pair(tip), pair(wing(1.0)), pair(wing(-1.0)))
}

fn pair(point: Point) -> String {
    format!("{},{}", number(point.x), number(point.y))
}

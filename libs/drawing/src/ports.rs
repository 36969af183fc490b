//! Where arrows meet boxes: spread over the upper and lower side, in the order in which they arrive.
//!
//! # Why
//! dagre ends an arrow where it would enter the box on its way to the centre. From far aside that way crosses
//! the neighbours of the box. Between a side and the row of names above or below it, nothing is in the way.

use crate::geometry::{Area, Arrow, Point};

/// An arrow leaves and meets a box at a right angle, for this long.
const STUB: f64 = 9.0;

/// One end of an arrow: the box, whether at its lower side, and the place of the arrow.
#[derive(Clone, Copy)]
struct End {
    step: usize,
    is_below: bool,
    arrow: usize,
    is_first: bool,
    /// Where the arrow comes from.
    x: f64,
}

/// Moves the ends of all arrows between different boxes to their sides.
pub(crate) fn spread(boxes: &[Area], arrows: &mut [Arrow<'_>]) {
    let mut ends: Vec<End> =
        arrows.iter().zip(0..).flat_map(|(it, at)| ends(boxes, it, at)).collect();
    ends.sort_by(|one, other| {
        let side = |it: &End| (it.step, it.is_below);
        side(one).cmp(&side(other)).then(one.x.total_cmp(&other.x))
    });
    for side in ends.chunk_by(|one, other| (one.step, one.is_below) == (other.step, other.is_below))
    {
        for (place, end) in side.iter().enumerate() {
            let area = boxes[end.step];
            #[expect(clippy::cast_precision_loss, reason = "a side has few arrows")]
            let share = (place as f64 + 1.0) / (side.len() as f64 + 1.0);
            let (half, stub) = (area.height / 2.0, area.height / 2.0 + STUB);
            let (half, stub) = if end.is_below { (half, stub) } else { (-half, -stub) };
            let x = area.x + (share - 0.5) * area.width;
            let meets = [Point { x, y: area.y + half }, Point { x, y: area.y + stub }];
            let points = &mut arrows[end.arrow].points;
            if end.is_first {
                points.splice(..1, meets);
            } else {
                points.pop();
                points.extend([meets[1], meets[0]]);
            }
        }
    }
}

/// The ends of an arrow at boxes.
fn ends(boxes: &[Area], arrow: &Arrow<'_>, at: usize) -> Vec<End> {
    let [_, second, ..] = arrow.points.as_slice() else { return Vec::new() };
    let [.., before, _] = arrow.points.as_slice() else { return Vec::new() };
    if arrow.from == Some(arrow.to) {
        return Vec::new();
    }
    let end = |step: usize, point: &Point, is_first| End {
        step,
        is_below: point.y > boxes[step].y,
        arrow: at,
        is_first,
        x: point.x,
    };
    let from = arrow.from.map(|step| end(step, second, true));
    from.into_iter().chain([end(arrow.to, before, false)]).collect()
}

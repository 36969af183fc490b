//! The shapes of a drawing.

/// A rectangle around its centre.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Area {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

/// All branches from one step to another.
#[derive(Debug)]
pub(crate) struct Arrow<'j> {
    /// The places of both; none for the dot.
    pub(crate) from: Option<usize>,
    pub(crate) to: usize,
    pub(crate) names: Vec<&'j str>,
    pub(crate) label: Area,
    pub(crate) points: Vec<Point>,
}

/// A point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

impl Area {
    /// The upper left corner for -1, the lower right one for 1.
    pub(crate) fn corner(&self, side: f64) -> Point {
        Point { x: self.x + side * self.width / 2.0, y: self.y + side * self.height / 2.0 }
    }
}

//! Draws a measured value for each of a few sizes as an SVG line chart with labels.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
/// The margin for labels.
const MARGIN: (f64, f64) = (70.0, 60.0);

/// A chart. Its `x` values are evenly spaced. Its `y` axis begins at zero, so that no difference
/// looks larger than it is.
pub(crate) struct Plot<'a> {
    pub(crate) title: &'a str,
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    pub(crate) points: &'a [(usize, f64)],
}

impl Plot<'_> {
    /// Writes it to `tests/load/results/<name>.svg`.
    pub(crate) fn save(&self, name: &str) -> anyhow::Result<()> {
        let folder = Path::new("tests/load/results");
        fs::create_dir_all(folder)?;
        Ok(fs::write(folder.join(name).with_extension("svg"), self.draw())?)
    }

    fn draw(&self) -> String {
        let (left, bottom) = (MARGIN.0, HEIGHT - MARGIN.1);
        let top = self.points.iter().map(|(_, y)| *y).fold(f64::MIN_POSITIVE, f64::max) * 1.15;
        let step = (WIDTH - 2.0 * left) / (self.points.len().max(2) - 1) as f64;
        let place = |index: usize, y: f64| {
            (left + step * index as f64, bottom - (bottom - MARGIN.1) * y / top)
        };
        let mut shapes = String::new();
        let mut line = String::new();
        for (index, &(at, value)) in self.points.iter().enumerate() {
            let (x, y) = place(index, value);
            let _ = write!(line, "{x:.1},{y:.1} ");
            let _ = writeln!(
                shapes,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\" fill=\"#1f5fa8\"/>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\">{}</text>\n\
                 <text x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
                y - 10.0,
                written(value),
                bottom + 18.0,
                written(at as f64),
            );
        }
        let (middle, right) = (WIDTH / 2.0, WIDTH - left);
        let (title, x, y) = (escape(self.title), escape(self.x), escape(self.y));
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{HEIGHT}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             font-family=\"sans-serif\" font-size=\"12\" text-anchor=\"middle\">\n\
             <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n\
             <text x=\"{middle}\" y=\"24\" font-size=\"15\">{title}</text>\n\
             <text x=\"{middle}\" y=\"44\">{y}</text>\n\
             <text x=\"{middle}\" y=\"{}\">{x}</text>\n\
             <path d=\"M{left} {bottom}H{right}\" stroke=\"#888\"/>\n\
             <polyline points=\"{}\" fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\"/>\n\
             {shapes}</svg>\n",
            HEIGHT - 16.0,
            line.trim_end(),
        )
    }
}

/// A number with the digits worth reading.
fn written(value: f64) -> String {
    let text = match value {
        0.0..10.0 if value.fract() > 0.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    };
    let digits = text.find('.').unwrap_or(text.len());
    let mut grouped = String::new();
    for (index, digit) in text.char_indices() {
        if index > 0 && index < digits && (digits - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

#[test]
fn higher_values_are_drawn_higher_and_every_value_is_written() {
    let points = [(1000, 1.25), (5_000_000, 31_415.9)];
    let svg = Plot { title: "t", x: "x", y: "y < z & more", points: &points }.draw();
    let heights: Vec<f64> = svg
        .split("cy=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next()?.parse().ok())
        .collect();
    assert!(heights.len() == 2 && heights[0] > heights[1], "{heights:?}");
    for text in [">1.25<", ">31,416<", ">1,000<", ">5,000,000<", "y &lt; z &amp; more"] {
        assert!(svg.contains(text), "{text} is missing");
    }
}

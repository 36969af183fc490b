//! The drawing as a table, in Markdown: for readers of text, for screen readers and for reviews.

use crate::diagram::{Diagram, Step};
use crate::text::escaped;

impl Diagram<'_> {
    /// The drawing as a table.
    pub fn table(&self) -> String {
        let row = |step: &Step<'_>| {
            let ways = step.branches.iter();
            let ways: Vec<_> =
                ways.map(|way| format!("{}: {}", way.name, self.target(way))).collect();
            let cells = [step.id, step.kind, &step.detail, &ways.join(", ")];
            let cells = cells.map(|text| escaped(text, cell));
            format!("| {} |\n", cells.join(" | "))
        };
        let rows: Vec<String> = self.steps.iter().map(row).collect();
        format!(
            "| step | type | works on | leads to |\n| --- | --- | --- | --- |\n{}",
            rows.concat()
        )
    }
}

/// Escapes what Markdown reads as markup in a cell.
fn cell(c: char) -> Option<&'static str> {
    match c {
        '|' => Some("\\|"),
        '\\' => Some("\\\\"),
        '`' => Some("\\`"),
        '*' => Some("\\*"),
        '_' => Some("\\_"),
        '[' => Some("\\["),
        '<' => Some("&lt;"),
        '&' => Some("&amp;"),
        _ => None,
    }
}

//! The drawing as a Mermaid flowchart, for Markdown pages that render it.

use crate::diagram::{Diagram, Role, Step};
use crate::layout::lines;
use crate::text::escaped;

impl Diagram<'_> {
    /// The drawing as Mermaid.
    pub fn mermaid(&self) -> String {
        let steps = self.steps.iter().zip(0..);
        let shapes = steps.clone().map(|(step, place)| format!("  s{place}{}\n", shape(step)));
        let ways = steps.flat_map(|(step, place)| {
            let ways = step.branches.iter();
            ways.map(move |way| {
                format!("  s{place} -->|\"{}\"| s{}\n", quoted(way.name), way.target)
            })
        });
        let lines: Vec<String> = shapes.chain(ways).collect();
        let head = format!("---\ntitle: Journey {}\n---\nflowchart TD\n", self.journey);
        format!("{head}  start(( )) --> s0\n{}", lines.concat())
    }
}

fn shape(step: &Step<'_>) -> String {
    let lines: Vec<_> = lines(step).iter().map(|line| quoted(line)).collect();
    let text = lines.join("<br>");
    match step.role {
        Role::Page => format!("[\"{text}\"]"),
        Role::Check => format!("[/\"{text}\"/]"),
        Role::Logic => format!("{{{{\"{text}\"}}}}"),
        Role::Call => format!("[[\"{text}\"]]"),
        Role::Completed | Role::Rejected => format!("([\"{text}\"])"),
    }
}

/// Escapes what Mermaid, or the Markdown and HTML in its labels, reads as markup.
fn quoted(text: &str) -> String {
    escaped(text, |c| match c {
        '"' => Some("#quot;"),
        '#' => Some("#35;"),
        '&' => Some("#amp;"),
        '<' => Some("#lt;"),
        '>' => Some("#gt;"),
        '`' => Some("#96;"),
        '*' => Some("#42;"),
        '_' => Some("#95;"),
        '\\' => Some("#92;"),
        ';' => Some("#59;"),
        _ => None,
    })
}

//! Draws a journey: as SVG for people, as Mermaid for pages that render it, and as a table for readers of
//! text.
//!
//! ```text
//! definitions::Journey -> Diagram --dagre--> Layout -> svg
//!                            |\_______________________ mermaid
//!                             \_______________________ table
//! ```
//!
//! A drawing shows the steps of the journey's own file. A sub-journey is one box, since it has a drawing of
//! its own. The same journey always gives the same bytes. Texts of the journey are hostile: each form escapes
//! them.

mod detail;
mod diagram;
mod geometry;
mod layout;
mod mermaid;
mod ports;
mod svg;
mod table;
mod text;

#[cfg(test)]
mod tests;

pub use diagram::{Branch, Diagram, Role, Step};
pub use svg::{STYLE, TooLarge};

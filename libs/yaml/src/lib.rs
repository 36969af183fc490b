//! YAML with line numbers. Every problem of a file is reported, not only the first.
//!
//! ```text
//! text --Node::parse, within Limits--> tree with lines --Notes, Fields--> values
//!                   \____________________________________________\______> problems, all at once
//! ```
//!
//! | subject | read |
//! | --- | --- |
//! | content of a file, and the limits on it | [`Node`], [`Content`], [`Limits`] |
//! | format of a problem | [`Problem`] |
//! | how values are read from the tree | [`Notes`], [`Fields`] |
//!
//! # Why
//! A derived struct stops at the first mistake; code that walks the tree reports all of them. This
//! crate opens no file and defines no key.

mod fields;
mod node;
mod notes;
mod problem;

pub use fields::Fields;
pub use node::{Content, Key, Limits, Node};
pub use notes::Notes;
pub use problem::Problem;

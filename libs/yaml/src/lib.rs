//! YAML with line numbers, read so that every problem of a file is noted, not only the first.
//!
//! ```text
//! text --Node::parse, within Limits--> tree with lines --Notes, Fields--> values
//!                   \____________________________________________\______> problems, all at once
//! ```
//!
//! | to learn | read |
//! | --- | --- |
//! | what a file may hold, and how much of it | [`Node`], [`Content`], [`Limits`] |
//! | how a problem is said | [`Problem`] |
//! | how values are taken off the tree | [`Notes`], [`Fields`] |
//!
//! # Why
//! A derived struct would stop at the first mistake; whoever walks the tree can report them all.
//! This crate opens no file, and knows no key of any.

mod fields;
mod node;
mod notes;
mod problem;

pub use fields::Fields;
pub use node::{Content, Key, Limits, Node};
pub use notes::Notes;
pub use problem::Problem;

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
//! `postern check` reports every mistake of every file at once. serde cannot: `Deserialize` returns one
//! error. Structs with `serde_saphyr::Spanned` fields, tried with serde-saphyr 2.1, fall short in four
//! ways:
//!
//! 1. A value of the wrong type, an unknown key and a key that appears twice each end the parse, so the
//!    mistakes after them stay unreported.
//! 2. `Spanned` needs the field to be there and of its type. A wrapper that keeps the error instead
//!    reports wrong types together, but not unknown keys: `deny_unknown_fields` still returns at once.
//! 3. Client kinds need an untagged enum. Its only error is "did not match any variant", on the line of
//!    the client.
//! 4. The messages are about Rust ("invalid u8") and do not say what to write instead.
//!
//! Code that walks the tree has none of these limits. JSON Schemas, which editors read, are files next
//! to the readers (`libs/config/schemas`, `libs/definitions/schemas`), and tests keep the two equal.
//!
//! This crate opens no file and defines no key.

mod fields;
mod node;
mod notes;
mod problem;

pub use fields::Fields;
pub use node::{Content, Key, Limits, Node};
pub use notes::Notes;
pub use problem::Problem;

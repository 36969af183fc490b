//! The outcome of reading files again.

/// The outcome of reading files again. `P` describes what is wrong with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reload<P> {
    /// The files are the same, byte for byte.
    Unchanged,
    /// The files have changed, and their new content is in use.
    Applied,
    /// The files have changed and are not valid: their old content stays in use.
    Refused(Vec<P>),
}

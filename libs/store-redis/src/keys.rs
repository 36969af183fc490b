//! Every key that Postern writes, and how long it lives.
//!
//! | key | type | holds | lives |
//! | --- | --- | --- | --- |
//! | `postern:code:{<subject>}` | hash | the record of one user of one application | until nothing in it matters any more |
//!
//! The hash tag is the subject: whatever must change together lies in one slot.

use codes::digest::Subject;

/// The record of one user of one application.
pub(crate) fn record(subject: &Subject) -> String {
    format!("postern:code:{{{subject}}}")
}

//! Every key that Postern writes, and how long it lives.
//!
//! | key | type | holds | lives |
//! | --- | --- | --- | --- |
//! | `postern:code:{<subject>}` | hash | the record of one user of one application | until nothing in it matters any more |
//! | `postern:journey:{<session key>}` | hash | one waiting journey | for the session's lifetime |
//!
//! The hash tags are whatever must change together: it lies in one slot.

use codes::digest::Subject;
use journeys::session::SessionKey;

/// The record of one user of one application.
pub(crate) fn record(subject: &Subject) -> String {
    format!("postern:code:{{{subject}}}")
}

/// One waiting journey.
pub(crate) fn session(key: &SessionKey) -> String {
    format!("postern:journey:{{{}}}", key.as_str())
}

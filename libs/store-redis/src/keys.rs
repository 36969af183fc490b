//! The names and lifetimes of all keys that Postern writes.
//!
//! | key | type | holds | lives |
//! | --- | --- | --- | --- |
//! | `pcode:{<subject>}` | string | the record of one user of one application, packed as in `scripts/record.lua` | until its last code, lock, count and stored outcome end |
//! | `pcode:{<subject>}:b:<binding>` | string | the number of the journey's open pairing, packed as in `scripts/pair.lua` | until the number expires |
//! | `pcode:{<subject>}:n:<number>` | string | the open pairing under that number: the journey, its end, encrypted facts | until the number expires |
//! | `pcode:{<subject>}:s:<source>` | string | the open pairings of one source, at most 5 | until the last of them expires |
//! | `pcode:c:<attempt>` | string | the request of one idempotency key at the code issuer or the verifier, see `scripts/claim.lua` | for 120 seconds |
//! | `pcode:g:<grant>` | string | the revocation of one grant, see `scripts/grant_revoke.lua` | for 25 hours: longer than every token of the grant |
//! | `postern:journey:c:<attempt>` | string | the request of one idempotency key at the journey runner | for 120 seconds |
//! | `postern:journey:a:{<code>}` | string | one authorization code, see `scripts/authorization_consume.lua` | for 60 seconds; 25 hours once consumed |
//! | `postern:journey:a:{<code>}:b` | string | the request and the user of the code, encrypted | for 60 seconds |
//! | `postern:desk:{<application>}:a:<attempt>` | string | one admission of a desk, packed as in `scripts/desk_admit.lua` | for 15 minutes |
//! | `postern:desk:{<application>}:u:<subject>`, `:c:<agent>`, `:g:<group>` | string | the issues for a user, by an agent, by a group | until their window ends |
//! | `postern:desk:{<application>}:t:<ticket>` | string | the user of one ticket | for 90 days |
//! | `postern:desk:{<application>}:stops` | string | brakes and frozen agents | until the last of them ends |
//! | `postern:desk:{<application>}:waiting` | string | the ids of the requests that wait for approval, at most 1000 | until the last of them ends |
//! | `postern:desk:{<application>}:r:<request>` | string | one request for approval, its body encrypted | until one hour after its end |
//! | `postern:desk:{<application>}:p:<approver> <requester>` | string | that the approver approved a request of the requester | for 30 days |
//! | `postern:journey:{<session key>}` | hash | one waiting journey, or the vectors of a browser's crypto session | for the session's lifetime |
//! | `postern:console:{<session key>}` | hash | one session at the console, sealed under its cookie | for 15 minutes after the last request |
//! | `postern:notices:{<application>}` | hash | the undelivered notices of one application, encrypted, and their lag, see `scripts/outbox.lua` | for 73 hours after the last notice was written |
//! | `postern:notices:{<application>}:due` | sorted set | the IDs of the same notices, by the time of the next attempt | for 73 hours after the last notice was written |
//! | `postern:notices:{rights}` | hash | nothing: the check of rights uses it | for one script |
//! | `pcode:{rights}`, `postern:desk:{rights}` | string | nothing: the check of rights uses it | for one script |
//! | `postern:journey:{rights}`, `postern:console:{rights}`, `pcode:g:{rights}` | hash, none | nothing: the check of rights uses it | for one script |
//!
//! A record keeps the outcome of a request for 120 seconds, so that a retry gets it again. An operation
//! that changes nothing writes no record. The request of an idempotency key has a Redis key of its own: the
//! same idempotency key must not serve two users, and their records are in different slots.
//!
//! A record's key has 30 characters, which Redis stores in 32 bytes; a longer key takes 48. A version that
//! changes the form of records must rename their keys. It then ignores the old records: their codes, counts
//! and locks no longer hold, and their keys expire.
//!
//! Under `pcode:` the journey runner reads the revoked grants alone.
//!
//! Keys that change together have the same hash tag, so that they are in one slot.

use std::fmt::Display;

use authorization::code::CodeKey;
use codes::digest::{AttemptId, Source, Subject};
use codes::ids::{ApplicationId, GrantId};
use codes::pairing::{Binding, PairingNumber};
use journeys::ids::SessionKey;

/// The notices of one application, and the times of their next attempts.
pub(crate) fn notices(application: &ApplicationId) -> [String; 2] {
    let notices = format!("postern:notices:{{{application}}}");
    let due = format!("{notices}:due");
    [notices, due]
}

/// The record of one user of one application.
pub(crate) fn record(subject: &Subject) -> String {
    format!("pcode:{{{subject}}}")
}

/// The open pairing of a journey.
pub(crate) fn binding(subject: &Subject, binding: &Binding) -> String {
    let binding = u128::from_be_bytes(*binding.as_bytes());
    format!("pcode:{{{subject}}}:b:{binding:032x}")
}

/// The open pairing under a number.
pub(crate) fn number(subject: &Subject, number: &PairingNumber) -> String {
    format!("pcode:{{{subject}}}:n:{}", number.expose())
}

/// The open pairings of a source.
pub(crate) fn source(subject: &Subject, source: &Source) -> String {
    format!("pcode:{{{subject}}}:s:{source}")
}

/// The request of an idempotency key at the code issuer or the verifier.
pub(crate) fn code_claim(attempt: &AttemptId) -> String {
    format!("pcode:c:{attempt}")
}

/// The revocation of a grant.
pub(crate) fn grant(grant: &GrantId) -> String {
    format!("pcode:g:{grant}")
}

/// The request of an idempotency key at the journey runner.
pub(crate) fn journey_claim(attempt: &AttemptId) -> String {
    format!("postern:journey:c:{attempt}")
}

/// An authorization code, and what it stands for.
pub(crate) fn authorization_code(key: &CodeKey) -> [String; 2] {
    let code = format!("postern:journey:a:{{{}}}", key.as_str());
    let body = format!("{code}:b");
    [code, body]
}

/// A key of one application's desk. All of them are in one slot.
pub(crate) fn desk(application: &ApplicationId, name: impl Display) -> String {
    format!("postern:desk:{{{application}}}:{name}")
}

/// One waiting journey.
pub(crate) fn session(key: &SessionKey) -> String {
    format!("postern:journey:{{{}}}", key.as_str())
}

/// One session at the console.
pub(crate) fn console(key: &SessionKey) -> String {
    format!("postern:console:{{{}}}", key.as_str())
}

//! Every key that Postern writes, and how long it lives.
//!
//! | key | type | holds | lives |
//! | --- | --- | --- | --- |
//! | `pcode:{<subject>}` | string | the record of one user of one application, packed as `scripts/record.lua` says | until nothing in it matters any more |
//! | `pcode:{<subject>}:b:<binding>` | string | the number of the journey's open pairing, packed as `scripts/pair.lua` says | until the number expires |
//! | `pcode:{<subject>}:n:<number>` | string | the open pairing under that number: the journey, its end, encrypted facts | until the number expires |
//! | `pcode:{<subject>}:s:<source>` | string | the open pairings of one source, at most 5 | until the last of them expires |
//! | `pcode:c:<attempt>` | string | what one idempotency key of the code issuer or the verifier stands for, see `scripts/claim.lua` | for 120 seconds |
//! | `pcode:g:<grant>` | string | that the grant is revoked, see `scripts/grant_revoke.lua` | for 25 hours: longer than any token of it |
//! | `postern:journey:c:<attempt>` | string | the same of the journey runner | for 120 seconds |
//! | `postern:journey:a:<code>` | string | one authorization code, see `scripts/authorization_consume.lua` | for 60 seconds; 25 hours once consumed |
//! | `postern:desk:{<application>}:a:<attempt>` | string | one admission of a desk, packed as `scripts/desk_admit.lua` says | for 15 minutes |
//! | `postern:desk:{<application>}:u:<subject>`, `:c:<agent>`, `:g:<group>` | string | the issues for a user, by an agent, by a group | until their window ends |
//! | `postern:desk:{<application>}:t:<ticket>` | string | the user whom a ticket belongs to | for 90 days |
//! | `postern:desk:{<application>}:stops` | string | brakes and frozen agents | until the last of them ends |
//! | `postern:desk:{<application>}:waiting` | string | the ids of the requests that wait for approval, at most 1000 | until the last of them ends |
//! | `postern:desk:{<application>}:r:<request>` | string | one request for approval, its body encrypted | until one hour after its end |
//! | `postern:desk:{<application>}:p:<approver> <requester>` | string | that the one approved for the other | for 30 days |
//! | `postern:journey:{<session key>}` | hash | one waiting journey, or the vectors of a browser's crypto session | for the session's lifetime |
//! | `postern:console:{<session key>}` | hash | one session at the console, sealed under its cookie | for 15 minutes after the last request |
//! | `postern:notices:{<application>}` | hash | the notices of one application that wait to be delivered, encrypted, and how late they are, see `scripts/outbox.lua` | for 73 hours after the last was written |
//! | `postern:notices:{<application>}:due` | sorted set | the IDs of the same notices, by when each is tried next | as long |
//! | `postern:notices:{rights}` | hash | nothing: rights are tried on it | for one script |
//! | `pcode:{rights}`, `postern:desk:{rights}` | string | nothing: rights are tried on it | for one script |
//! | `postern:journey:{rights}`, `postern:console:{rights}`, `pcode:g:{rights}` | hash, none | nothing: rights are tried on it | for one script |
//!
//! An outcome that a retry must see again matters for 120 seconds, like everything else in its record.
//! An operation that changed nothing leaves nothing in records. What an idempotency key stands for lies
//! in a key of its own, since one key must not stand for requests about two users, whose records are in
//! different slots.
//!
//! A record's key is 30 characters long: up to there Redis finds room for it in 32 bytes, beyond that in
//! 48. A version that keeps records in another form must give them another name, and so misreads none;
//! codes, counts and locks under the old name are then forgotten, and their keys end by themselves.
//!
//! The journey runner reads which grants are revoked, and no other key under `pcode:`.
//!
//! The hash tags are whatever must change together: it lies in one slot.

use std::fmt::Display;

use authorization::code::CodeKey;
use codes::digest::{AttemptId, Source, Subject};
use codes::ids::{ApplicationId, GrantId};
use codes::pairing::{Binding, PairingNumber};
use journeys::ids::SessionKey;

/// The notices of one application, and when each is due.
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

/// What an idempotency key for codes stands for.
pub(crate) fn code_claim(attempt: &AttemptId) -> String {
    format!("pcode:c:{attempt}")
}

/// The revocation of a grant.
pub(crate) fn grant(grant: &GrantId) -> String {
    format!("pcode:g:{grant}")
}

/// What an idempotency key for journeys stands for.
pub(crate) fn journey_claim(attempt: &AttemptId) -> String {
    format!("postern:journey:c:{attempt}")
}

/// An authorization code.
pub(crate) fn authorization_code(key: &CodeKey) -> String {
    format!("postern:journey:a:{}", key.as_str())
}

/// What one application's desk keeps under a name. All of it lies in one slot.
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

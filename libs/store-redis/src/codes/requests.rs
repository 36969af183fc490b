//! The keys and arguments of scripts on codes.

use std::iter;

use clock::Timestamp;
use codes::digest::Subject;
use codes::pairing::{ForJourney, Journey};
use codes::record::{Attempt, Issue, Limits};

use super::RedisCodeStore;
use crate::keys;
use redis_connection::Arguments;

impl RedisCodeStore {
    /// The arguments that open the call of an attempt.
    pub(super) fn attempt(
        &self,
        asked_at: Timestamp,
        attempt: &Attempt,
        limits: Limits,
    ) -> Arguments {
        let Attempt { id, fingerprint } = attempt;
        let opening =
            self.calls.opening(asked_at).bytes(id.as_bytes()).bytes(fingerprint.as_bytes());
        opening.number(limits.failed_attempts)
    }

    /// The keys and arguments of an issue.
    pub(super) fn issue_request(
        &self,
        subject: &Subject,
        asked_at: Timestamp,
        command: &Issue,
    ) -> (Vec<String>, Arguments) {
        let arguments = self
            .attempt(asked_at, &command.attempt, command.limits)
            .number(command.limits.issues_per_hour)
            .number(command.limits.overrides_per_day)
            .number(u8::from(command.override_lockout))
            .bytes(command.code_id.nonce())
            .number(command.digest.kid.as_u32())
            .bytes(command.digest.as_bytes())
            .number(command.life.as_millis())
            .bytes(command.issued_by.client.as_str())
            .bytes(command.issued_by.agent.as_deref().unwrap_or_default())
            .bytes(if command.reissue_only { "reissue" } else { "" });
        let arguments = match &command.pairing {
            Some(ForJourney::Known(Journey { binding, session_ends_at })) => {
                arguments.bytes(binding.as_bytes()).number(session_ends_at.unix_millis())
            }
            Some(ForJourney::Number(_)) | None => arguments.bytes("").bytes(""),
        };
        let number = command.pairing.as_ref().and_then(ForJourney::number);
        let pairing = number.map(|number| keys::number(subject, number));
        (iter::once(keys::record(subject)).chain(pairing).collect(), arguments)
    }
}

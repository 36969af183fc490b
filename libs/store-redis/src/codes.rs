//! The store of codes: each operation of the port as one call of its script.

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod replies;
mod requests;

use async_trait::async_trait;
use clock::Timestamp;
use codes::digest::Subject;
use codes::pairing::{Binding, Pairing, PairingNumber};
use codes::record::{
    Clear, ClearOutcome, Cleared, Description, Issue, IssueCheck, IssueOutcome, Pair, PairOutcome,
    Repudiate, Repudiated, Revoke, RevokeOutcome, Verify, VerifyOutcome,
};
use codes::store::{CodeStore, StoreError};

use crate::keys;
pub use crate::opening::Injected;
use crate::opening::OpenedCalls;
use crate::reply::Unreadable;
use crate::scripts;
use redis_connection::Connection;

/// Keeps records in Redis.
pub struct RedisCodeStore {
    calls: OpenedCalls,
}

impl RedisCodeStore {
    /// A store behind this connection, at the server's own time.
    pub fn new(connection: Connection) -> Self {
        Self { calls: OpenedCalls::new(connection) }
    }

    /// A store at an injected time, for tests.
    pub fn with_injected(connection: Connection, injected: Injected) -> Self {
        Self { calls: OpenedCalls::new(connection).at(injected) }
    }
}

#[async_trait]
impl CodeStore for RedisCodeStore {
    async fn issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueOutcome, StoreError> {
        let (keys, arguments) = self.issue_request(&subject, asked_at, &command);
        let (word, mut reply) = self.calls.run(&scripts::ISSUE, &keys, arguments).await?;
        Ok(replies::issued(&subject, &word, &mut reply)?)
    }

    async fn check_issue(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Issue,
    ) -> Result<IssueCheck, StoreError> {
        let (keys, arguments) = self.issue_request(&subject, asked_at, &command);
        let (word, mut reply) =
            self.calls.run(&scripts::ISSUE, &keys, arguments.bytes("check")).await?;
        if word == "clear" {
            return Ok(IssueCheck::Clear(replies::journey(&mut reply)?));
        }
        Ok(IssueCheck::Refused(replies::issued(&subject, &word, &mut reply)?))
    }

    async fn verify(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Verify,
    ) -> Result<VerifyOutcome, StoreError> {
        let arguments = self
            .attempt(asked_at, &command.attempt, command.limits)
            .number(command.limits.lockout.as_millis())
            .number(command.limits.attempts_per_source)
            .number(u8::from(command.limits.pairing_required));
        let arguments = match &command.binding {
            Some(binding) => arguments.bytes(binding.as_bytes()),
            None => arguments.bytes(""),
        };
        let arguments = arguments.bytes(command.source.as_bytes());
        let arguments = command.candidates.iter().fold(arguments, |arguments, guess| {
            arguments.number(guess.kid.as_u32()).bytes(guess.as_bytes())
        });
        let keys = [keys::record(&subject)];
        let (word, mut reply) = self.calls.run(&scripts::VERIFY, &keys, arguments).await?;
        match word.as_str() {
            "accepted" => Ok(VerifyOutcome::Accepted {
                code_id: replies::code_id(&subject, reply.bytes()?)?,
                at: reply.instant()?,
                replayed: reply.either("replayed", "fresh")?,
            }),
            "denied" => Ok(replies::denied(&subject, &mut reply)?),
            "conflict" => Ok(VerifyOutcome::Conflict),
            _ => Err(Unreadable.into()),
        }
    }

    async fn revoke(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Revoke,
    ) -> Result<RevokeOutcome, StoreError> {
        let arguments = self.attempt(asked_at, &command.attempt, command.limits);
        let arguments = match &command.only {
            Some(code) => arguments.bytes(code.nonce()),
            None => arguments.bytes(""),
        };
        let keys = [keys::record(&subject)];
        let (word, mut reply) = self.calls.run(&scripts::REVOKE, &keys, arguments).await?;
        match word.as_str() {
            "revoked" => Ok(RevokeOutcome::Revoked {
                code_id: replies::code_id(&subject, reply.bytes()?)?,
                replayed: reply.either("replayed", "fresh")?,
            }),
            "redeemed" => Ok(RevokeOutcome::Redeemed {
                code_id: replies::code_id(&subject, reply.bytes()?)?,
                replayed: reply.either("replayed", "fresh")?,
            }),
            "nothing_live" => Ok(RevokeOutcome::NothingLive),
            "conflict" => Ok(RevokeOutcome::Conflict),
            _ => Err(Unreadable.into()),
        }
    }

    async fn clear_lockout(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        Clear { attempt, limits }: Clear,
    ) -> Result<ClearOutcome, StoreError> {
        let arguments = self.attempt(asked_at, &attempt, limits);
        let keys = [keys::record(&subject)];
        let (word, mut reply) = self.calls.run(&scripts::CLEAR_LOCKOUT, &keys, arguments).await?;
        match word.as_str() {
            "cleared" => Ok(ClearOutcome::Cleared {
                cleared: Cleared {
                    lock: reply.either("locked", "unlocked")?,
                    failures: reply.number()?,
                    disabled: reply.either("disabled", "enabled")?,
                },
                replayed: reply.either("replayed", "fresh")?,
            }),
            "conflict" => Ok(ClearOutcome::Conflict),
            _ => Err(Unreadable.into()),
        }
    }

    async fn describe(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<Description, StoreError> {
        let keys = [keys::record(&subject)];
        let (_, mut reply) =
            self.calls.run(&scripts::DESCRIBE, &keys, self.calls.opening(asked_at)).await?;
        Ok(replies::description(&subject, &mut reply)?)
    }

    async fn repudiate(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        Repudiate { code_id, told_of }: Repudiate,
    ) -> Result<Repudiated, StoreError> {
        let opening = self.calls.acknowledged_opening(asked_at);
        let arguments = opening.bytes(code_id.nonce()).number(told_of.unix_millis());
        let keys = [keys::record(&subject)];
        let (_, mut reply) =
            self.calls.run_acknowledged(&scripts::REPUDIATE, &keys, arguments).await?;
        let blocked_until = reply.maybe_instant()?;
        let replayed = reply.either("replayed", "fresh")?;
        let also_ended = reply.bytes()?;
        let also_ended = (!also_ended.is_empty()).then(|| replies::code_id(&subject, also_ended));
        Ok(Repudiated { blocked_until, replayed, also_ended: also_ended.transpose()? })
    }

    async fn lift_repudiation(
        &self,
        subject: Subject,
        asked_at: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = [keys::record(&subject)];
        let opening = self.calls.acknowledged_opening(asked_at);
        let lifting = self.calls.run_acknowledged(&scripts::LIFT_REPUDIATION, &keys, opening);
        match lifting.await?.0.as_str() {
            "lifted" => Ok(true),
            "unblocked" => Ok(false),
            _ => Err(Unreadable.into()),
        }
    }

    async fn pair(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Pair,
    ) -> Result<PairOutcome, StoreError> {
        let keys =
            [keys::binding(&subject, &command.binding), keys::source(&subject, &command.source)];
        let numbers = command.numbers.iter().map(|number| keys::number(&subject, number));
        let keys: Vec<_> = keys.into_iter().chain(numbers).collect();
        let arguments = self
            .calls
            .opening(asked_at)
            .bytes(command.binding.as_bytes())
            .bytes(command.source.to_string())
            .number(command.life.as_millis())
            .number(command.session_ends_at.unix_millis())
            .bytes(&command.facts);
        let arguments = command
            .numbers
            .iter()
            .fold(arguments, |arguments, number| arguments.bytes(number.expose()));
        let (word, mut reply) = self.calls.run(&scripts::PAIR, &keys, arguments).await?;
        match word.as_str() {
            "paired" => Ok(PairOutcome::Paired {
                number: PairingNumber::parse(&reply.word()?).map_err(|_| Unreadable)?,
                expires_at: reply.instant()?,
            }),
            "too_many" => Ok(PairOutcome::TooMany { until: reply.instant()? }),
            _ => Err(Unreadable.into()),
        }
    }

    async fn withdraw(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        binding: Binding,
    ) -> Result<(), StoreError> {
        let keys = [keys::binding(&subject, &binding)];
        let (word, _) =
            self.calls.run(&scripts::WITHDRAW, &keys, self.calls.opening(asked_at)).await?;
        if word == "withdrawn" { Ok(()) } else { Err(Unreadable.into()) }
    }

    async fn pairing(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        number: PairingNumber,
    ) -> Result<Option<Pairing>, StoreError> {
        let keys = [keys::number(&subject, &number)];
        let (word, mut reply) =
            self.calls.run(&scripts::PAIRING, &keys, self.calls.opening(asked_at)).await?;
        match word.as_str() {
            "pairing" => Ok(Some(replies::pairing(&mut reply)?)),
            "none" => Ok(None),
            _ => Err(Unreadable.into()),
        }
    }
}

//! The store of codes: each operation of the port as one call of its script.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use clock::{Clock, Timestamp};
use codes::digest::Subject;
use codes::ids::{ClientId, CodeId};
use codes::record::{
    Attempt, Clear, ClearOutcome, Cleared, CodeDescription, CodeState, Denial, DenialReason,
    Description, Issue, IssueOutcome, IssuedBy, Limits, Lockout, Revoke, RevokeOutcome, Verify,
    VerifyOutcome,
};
use codes::store::{CodeStore, StoreError};

use crate::arguments::Arguments;
use crate::calls::Calls;
use crate::connection::Connection;
use crate::keys;
use crate::reply::{Reply, Unreadable};
use crate::scripts::{self, Script};

/// Keeps records in Redis.
pub struct RedisCodeStore {
    connection: Connection,
    calls: Calls,
    injected: Option<Injected>,
}

/// What a test puts in place of the server's own time and history.
pub struct Injected {
    /// The time to live by.
    pub clock: Arc<dyn Clock>,
    /// What to add to the fence, as hexadecimal digits: a change stands for a promotion.
    pub fence: Box<dyn Fn() -> String + Send + Sync>,
}

impl RedisCodeStore {
    /// A store behind this connection, at the server's own time.
    pub fn new(connection: Connection) -> Self {
        Self { connection, calls: Calls::default(), injected: None }
    }

    /// A store at an injected time, for tests.
    pub fn with_injected(connection: Connection, injected: Injected) -> Self {
        Self { connection, calls: Calls::default(), injected: Some(injected) }
    }

    /// The arguments that open every call.
    fn opening(&self, asked_at: Timestamp) -> Arguments {
        let opening = Arguments::default().number(asked_at.unix_millis());
        let opening = match &self.injected {
            Some(injected) => {
                opening.number(injected.clock.now().unix_millis()).bytes((injected.fence)())
            }
            None => opening.bytes("").bytes(""),
        };
        let confirmed = if self.connection.confirms() { "confirmed" } else { "" };
        opening.bytes(self.calls.next()).bytes(confirmed)
    }

    /// The arguments that open the call of an attempt.
    fn attempt(&self, asked_at: Timestamp, attempt: &Attempt, limits: Limits) -> Arguments {
        let Attempt { id, fingerprint } = attempt;
        let opening = self.opening(asked_at).bytes(id.as_bytes()).bytes(fingerprint.as_bytes());
        opening.number(limits.failed_attempts)
    }

    /// Runs a script and takes the first word of its reply.
    async fn run(
        &self,
        script: &Script,
        subject: &Subject,
        arguments: Arguments,
    ) -> Result<(String, Reply), StoreError> {
        let words = self.connection.run_confirmed(script, &keys::record(subject), &arguments).await;
        let mut reply =
            Reply::new(words.map_err(|fault| StoreError::Unavailable(fault.to_string()))?);
        let word = reply.word()?;
        if word == "skewed" {
            return Err(StoreError::Skewed(Duration::from_millis(reply.number()?)));
        }
        Ok((word, reply))
    }
}

/// The id that is kept as the part of it which tells it from others of its record.
fn code_id(subject: &Subject, nonce: Vec<u8>) -> Result<CodeId, Unreadable> {
    Ok(CodeId::new(subject, nonce.try_into().map_err(|_| Unreadable)?))
}

impl From<Unreadable> for StoreError {
    fn from(unreadable: Unreadable) -> Self {
        Self::Unavailable(unreadable.to_string())
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
        let agent = command.issued_by.agent.unwrap_or_default();
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
            .bytes(agent);
        let (word, mut reply) = self.run(&scripts::ISSUE, &subject, arguments).await?;
        match word.as_str() {
            "issued" => Ok(IssueOutcome::Issued {
                code_id: code_id(&subject, reply.bytes()?)?,
                expires_at: reply.instant()?,
                attempts_allowed: reply.number()?,
                lock_overridden: reply.either("overridden", "plain")?,
                replayed: reply.either("replayed", "fresh")?,
            }),
            "locked" => Ok(IssueOutcome::Locked(reply.instant()?)),
            "disabled" => Ok(IssueOutcome::Disabled),
            "quota_exceeded" => Ok(IssueOutcome::QuotaExceeded(reply.instant()?)),
            "override_quota_exceeded" => Ok(IssueOutcome::OverrideQuotaExceeded(reply.instant()?)),
            "conflict" => Ok(IssueOutcome::Conflict),
            _ => Err(Unreadable.into()),
        }
    }

    async fn verify(
        &self,
        subject: Subject,
        asked_at: Timestamp,
        command: Verify,
    ) -> Result<VerifyOutcome, StoreError> {
        let arguments = self
            .attempt(asked_at, &command.attempt, command.limits)
            .number(command.limits.lockout.as_millis());
        let arguments = command.candidates.iter().fold(arguments, |arguments, guess| {
            arguments.number(guess.kid.as_u32()).bytes(guess.as_bytes())
        });
        let (word, mut reply) = self.run(&scripts::VERIFY, &subject, arguments).await?;
        match word.as_str() {
            "accepted" => Ok(VerifyOutcome::Accepted {
                code_id: code_id(&subject, reply.bytes()?)?,
                at: reply.instant()?,
                replayed: reply.either("replayed", "fresh")?,
            }),
            "denied" => denied(&subject, &mut reply),
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
        let (word, mut reply) = self.run(&scripts::REVOKE, &subject, arguments).await?;
        match word.as_str() {
            "revoked" => Ok(RevokeOutcome::Revoked {
                code_id: code_id(&subject, reply.bytes()?)?,
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
        let (word, mut reply) = self.run(&scripts::CLEAR_LOCKOUT, &subject, arguments).await?;
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
        let (_, mut reply) = self.run(&scripts::DESCRIBE, &subject, self.opening(asked_at)).await?;
        let (failures, ends) = (reply.number()?, reply.instant()?);
        let lockout = Lockout {
            failures,
            window_ends_at: (failures > 0).then_some(ends),
            locked_until: reply.maybe_instant()?,
            consecutive_failures: reply.number()?,
            disabled: reply.either("disabled", "enabled")?,
        };
        let code = if reply.is_over() {
            None
        } else {
            Some(described(code_id(&subject, reply.bytes()?)?, &mut reply)?)
        };
        Ok(Description { code, lockout })
    }
}

fn denied(subject: &Subject, reply: &mut Reply) -> Result<VerifyOutcome, StoreError> {
    let word = reply.word()?;
    let reason = DenialReason::ALL.into_iter().find(|reason| reason.as_str() == word);
    let denial = Denial { reason: reason.ok_or(Unreadable)?, locked_until: reply.maybe_instant()? };
    let nonce = Some(reply.bytes()?).filter(|nonce| nonce != b"-");
    let code_id = nonce.map(|nonce| code_id(subject, nonce)).transpose()?;
    Ok(VerifyOutcome::Denied { denial, code_id, replayed: reply.either("replayed", "fresh")? })
}

fn described(id: CodeId, reply: &mut Reply) -> Result<CodeDescription, StoreError> {
    let state = match reply.word()?.as_str() {
        "active" => CodeState::Active,
        "consumed" => CodeState::Consumed,
        "burned" => CodeState::Burned,
        "revoked" => CodeState::Revoked,
        "expired" => CodeState::Expired,
        _ => return Err(Unreadable.into()),
    };
    let (issued_at, expires_at) = (reply.instant()?, reply.instant()?);
    let client = ClientId::parse(&reply.word()?).map_err(|_| Unreadable)?;
    let agent = Some(reply.word()?).filter(|agent| !agent.is_empty());
    Ok(CodeDescription { id, state, issued_at, expires_at, issued_by: IssuedBy { client, agent } })
}

//! The parts of replies that are more than one word.

use codes::digest::Subject;
use codes::ids::{ClientId, CodeId};
use codes::pairing::{Binding, Journey, Pairing};
use codes::record::{
    CodeDescription, CodeState, Denial, DenialReason, Description, IssueOutcome, IssuedBy, Lockout,
    VerifyOutcome,
};

use crate::reply::{Reply, Unreadable};

/// The code ID with that nonce in the subject's record. The record stores the nonce only.
pub(super) fn code_id(subject: &Subject, nonce: Vec<u8>) -> Result<CodeId, Unreadable> {
    Ok(CodeId::new(subject, nonce.try_into().map_err(|_| Unreadable)?))
}

/// The outcome of an issue that begins with that word.
pub(super) fn issued(
    subject: &Subject,
    word: &str,
    reply: &mut Reply,
) -> Result<IssueOutcome, Unreadable> {
    Ok(match word {
        "issued" => IssueOutcome::Issued {
            code_id: code_id(subject, reply.bytes()?)?,
            expires_at: reply.instant()?,
            attempts_allowed: reply.number()?,
            paired: reply.either("paired", "unpaired")?,
            lock_overridden: reply.either("overridden", "plain")?,
            replayed: reply.either("replayed", "fresh")?,
        },
        "pairing_not_found" => IssueOutcome::PairingNotFound,
        "outlives_session" => IssueOutcome::OutlivesSession(reply.instant()?),
        "locked" => IssueOutcome::Locked(reply.instant()?),
        "blocked" => IssueOutcome::Blocked(reply.instant()?),
        "disabled" => IssueOutcome::Disabled,
        "quota_exceeded" => IssueOutcome::QuotaExceeded(reply.instant()?),
        "override_quota_exceeded" => IssueOutcome::OverrideQuotaExceeded(reply.instant()?),
        "conflict" => IssueOutcome::Conflict,
        _ => return Err(Unreadable),
    })
}

/// The journey that the code would be for, if it is paired.
pub(super) fn journey(reply: &mut Reply) -> Result<Option<Journey>, Unreadable> {
    if reply.either("unpaired", "paired")? {
        return Ok(None);
    }
    Ok(Some(Journey {
        binding: Binding::from_bytes(reply.bytes()?.try_into().map_err(|_| Unreadable)?),
        session_ends_at: reply.instant()?,
    }))
}

pub(super) fn denied(subject: &Subject, reply: &mut Reply) -> Result<VerifyOutcome, Unreadable> {
    let word = reply.word()?;
    let reason = DenialReason::ALL.into_iter().find(|reason| reason.as_str() == word);
    let denial = Denial { reason: reason.ok_or(Unreadable)?, locked_until: reply.maybe_instant()? };
    let nonce = Some(reply.bytes()?).filter(|nonce| nonce != b"-");
    let code_id = nonce.map(|nonce| code_id(subject, nonce)).transpose()?;
    Ok(VerifyOutcome::Denied { denial, code_id, replayed: reply.either("replayed", "fresh")? })
}

fn described(id: CodeId, reply: &mut Reply) -> Result<CodeDescription, Unreadable> {
    let state = match reply.word()?.as_str() {
        "active" => CodeState::Active,
        "consumed" => CodeState::Consumed,
        "burned" => CodeState::Burned,
        "revoked" => CodeState::Revoked,
        "expired" => CodeState::Expired,
        _ => return Err(Unreadable),
    };
    let (issued_at, expires_at) = (reply.instant()?, reply.instant()?);
    let client = ClientId::parse(&reply.word()?).map_err(|_| Unreadable)?;
    let agent = Some(reply.word()?).filter(|agent| !agent.is_empty());
    Ok(CodeDescription {
        id,
        state,
        issued_at,
        expires_at,
        issued_by: IssuedBy { client, agent },
        paired: reply.either("paired", "unpaired")?,
        exhausted_sources: reply.number()?,
    })
}

pub(super) fn description(subject: &Subject, reply: &mut Reply) -> Result<Description, Unreadable> {
    let (lockout, paired_lockout) = (locked(reply)?, locked(reply)?);
    let blocked_until = reply.maybe_instant()?;
    let code = if reply.is_over() {
        None
    } else {
        Some(described(code_id(subject, reply.bytes()?)?, reply)?)
    };
    Ok(Description { code, lockout, paired_lockout, blocked_until })
}

fn locked(reply: &mut Reply) -> Result<Lockout, Unreadable> {
    let (failures, ends) = (reply.number()?, reply.instant()?);
    Ok(Lockout {
        failures,
        window_ends_at: (failures > 0).then_some(ends),
        locked_until: reply.maybe_instant()?,
        consecutive_failures: reply.number()?,
        disabled: reply.either("disabled", "enabled")?,
    })
}

pub(super) fn pairing(reply: &mut Reply) -> Result<Pairing, Unreadable> {
    Ok(Pairing {
        binding: Binding::from_bytes(reply.bytes()?.try_into().map_err(|_| Unreadable)?),
        expires_at: reply.instant()?,
        session_ends_at: reply.instant()?,
        facts: reply.bytes()?,
    })
}

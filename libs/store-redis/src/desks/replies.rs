//! The replies of the scripts on desks.

use codes::store::StoreError;
use desk::decide::{Case, Count, Facts};
use desk::messages::Pending;
use desk::names::{RequestId, Scope};
use desk::rule::{Cause, Rule};
use desk::store::{Admission, DecideOutcome, Request, Stops};

use super::names::{self, Stopped};
use crate::reply::{Reply, Unreadable};

/// The outcome of an admission. The case says which field or tier was wrong.
pub(super) fn admission(
    case: &Case,
    word: &str,
    reply: &mut Reply,
) -> Result<Admission, StoreError> {
    Ok(match word {
        "admitted" => Admission::Admitted { was_issued: reply.either("issued", "fresh")? },
        "pending" => Admission::Pending(Pending {
            request_id: request_id(reply.bytes()?)?,
            expires_at: reply.instant()?,
            cause: cause(&reply.word()?)?,
        }),
        "refused" => Admission::Refused(rule(case, reply)?),
        "froze" => Admission::Froze,
        "conflict" => Admission::Conflict,
        _ => return Err(Unreadable.into()),
    })
}

fn rule(case: &Case, reply: &mut Reply) -> Result<Rule, Unreadable> {
    Ok(match reply.word()?.as_str() {
        "brake" => Rule::Brake { scope: brake(&reply.word()?)?, until: reply.instant()? },
        "frozen_agent" => Rule::FrozenAgent,
        "fields" => case.fields.clone().ok_or(Unreadable)?,
        "ticket_taken" => Rule::TicketTaken,
        "user_limit" => Rule::UserLimit(reply.instant()?),
        "tier" => case.tier.clone().ok_or(Unreadable)?,
        "agent_limit" => Rule::AgentLimit(reply.instant()?),
        "group_limit" => Rule::GroupLimit(reply.instant()?),
        "too_many_requests" => Rule::TooManyRequests(reply.instant()?),
        "approval_not_found" => Rule::ApprovalNotFound,
        "approval_expired" => Rule::ApprovalExpired,
        "approval_denied" => Rule::ApprovalDenied,
        "approval_used" => Rule::ApprovalUsed,
        "approval_changed" => Rule::ApprovalChanged,
        _ => return Err(Unreadable),
    })
}

fn brake(name: &str) -> Result<Scope, Unreadable> {
    match names::parse(name)? {
        Stopped::Brake(scope) => Ok(scope),
        Stopped::Freeze(_) => Err(Unreadable),
    }
}

pub(super) fn facts(reply: &mut Reply) -> Result<Facts, Unreadable> {
    let (name, until) = (reply.word()?, reply.instant()?);
    let brake = if name == "-" { None } else { Some((brake(&name)?, until)) };
    let is_frozen = reply.either("frozen", "free")?;
    let ticket_is_taken = reply.either("taken", "free")?;
    let mut count = || Ok(Count { number: reply.number()?, until: reply.instant()? });
    Ok(Facts {
        brake,
        is_frozen,
        ticket_is_taken,
        user: count()?,
        agent: count()?,
        group: count()?,
    })
}

pub(super) fn stops(reply: &mut Reply) -> Result<Stops, Unreadable> {
    let mut stops = Stops::default();
    while !reply.is_over() {
        let (stopped, until) = (names::parse(&reply.word()?)?, reply.instant()?);
        match stopped {
            Stopped::Brake(scope) => stops.brakes.push((scope, until)),
            Stopped::Freeze(agent) => stops.frozen.push(agent),
        }
    }
    stops.brakes.sort();
    stops.frozen.sort();
    Ok(stops)
}

pub(super) fn request_ids(reply: &mut Reply) -> Result<Vec<RequestId>, Unreadable> {
    let mut ids = Vec::new();
    while !reply.is_over() {
        ids.push(request_id(reply.bytes()?)?);
    }
    Ok(ids)
}

pub(super) fn request(id: RequestId, reply: &mut Reply) -> Result<Request, Unreadable> {
    let cause = cause(&reply.word()?)?;
    Ok(Request { id, cause, expires_at: reply.instant()?, body: reply.bytes()? })
}

pub(super) fn decided(word: &str, reply: &mut Reply) -> Result<DecideOutcome, Unreadable> {
    Ok(match word {
        "done" => DecideOutcome::Done { is_mutual: reply.either("mutual", "single")? },
        "not_found" => DecideOutcome::NotFound,
        "expired" => DecideOutcome::Expired,
        "already_decided" => DecideOutcome::AlreadyDecided,
        "own_request" => DecideOutcome::OwnRequest,
        _ => return Err(Unreadable),
    })
}

fn request_id(bytes: Vec<u8>) -> Result<RequestId, Unreadable> {
    Ok(RequestId::from_bytes(bytes.try_into().map_err(|_| Unreadable)?))
}

fn cause(name: &str) -> Result<Cause, Unreadable> {
    Cause::parse(name).ok_or(Unreadable)
}

//! How agents and scopes are named in Redis.

use codes::ids::{Agent, AgentId, ProviderId};
use desk::names::{Group, Scope};

use crate::reply::Unreadable;

/// An agent: no provider's name has a slash.
pub(super) fn agent(Agent { provider, id }: &Agent) -> String {
    format!("{provider}/{id}")
}

/// A brake by its scope.
pub(super) fn scope(scope: &Scope) -> String {
    match scope {
        Scope::Application => "application".to_owned(),
        Scope::Group(group) => format!("group:{group}"),
        Scope::Agent(of) => format!("agent:{}", agent(of)),
    }
}

/// A frozen agent.
pub(super) fn frozen(of: &Agent) -> String {
    format!("frozen:{}", agent(of))
}

/// What stops issuing.
pub(super) enum Stopped {
    Brake(Scope),
    Freeze(Agent),
}

/// Reads what [`scope`] and [`frozen`] write.
pub(super) fn parse(name: &str) -> Result<Stopped, Unreadable> {
    if name == "application" {
        return Ok(Stopped::Brake(Scope::Application));
    }
    match name.split_once(':') {
        Some(("group", group)) => {
            let group = Group::parse(group).map_err(|_| Unreadable)?;
            Ok(Stopped::Brake(Scope::Group(group)))
        }
        Some(("agent", of)) => Ok(Stopped::Brake(Scope::Agent(parse_agent(of)?))),
        Some(("frozen", of)) => Ok(Stopped::Freeze(parse_agent(of)?)),
        Some(_) | None => Err(Unreadable),
    }
}

fn parse_agent(text: &str) -> Result<Agent, Unreadable> {
    let (provider, id) = text.split_once('/').ok_or(Unreadable)?;
    let provider = ProviderId::parse(provider).map_err(|_| Unreadable)?;
    let id = AgentId::parse(id).map_err(|_| Unreadable)?;
    Ok(Agent { provider, id })
}

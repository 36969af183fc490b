//! The keys and arguments of the scripts on desks.

use codes::ids::ApplicationId;
use codes::record::Attempt;
use desk::decide::Case;
use desk::names::RequestId;
use desk::policy::Limits;
use desk::store::About;

use super::names;
use crate::keys;
use redis_connection::Arguments;

/// The keys and arguments that say what an issue is about, after the first key: see `desk_about.lua`.
pub(super) fn about(
    application: &ApplicationId,
    first: String,
    about: &About,
    opening: Arguments,
) -> (Vec<String>, Arguments) {
    let agent = about.agent.as_ref().map(names::agent).unwrap_or_default();
    let group = about.group.as_ref().map(ToString::to_string).unwrap_or_default();
    let ticket = about.ticket.as_ref().map(ToString::to_string).unwrap_or_default();
    let key = |name: String| keys::desk(application, name);
    let keys = vec![
        first,
        stops(application),
        key(format!("u:{}", about.subject)),
        issues_by(application, &agent),
        key(format!("g:{group}")),
        key(format!("t:{ticket}")),
    ];
    let once = if ticket.is_empty() { "" } else { "once" };
    let arguments = opening.bytes(agent).bytes(group).bytes(about.subject.as_bytes()).bytes(once);
    (keys, arguments)
}

/// The issues by an agent in their window.
pub(super) fn issues_by(application: &ApplicationId, agent: &str) -> String {
    keys::desk(application, format_args!("c:{agent}"))
}

pub(super) fn stops(application: &ApplicationId) -> String {
    keys::desk(application, "stops")
}

pub(super) fn waiting(application: &ApplicationId) -> String {
    keys::desk(application, "waiting")
}

pub(super) fn request(application: &ApplicationId, id: RequestId) -> String {
    keys::desk(application, format_args!("r:{id}"))
}

pub(super) fn admission(application: &ApplicationId, attempt: &Attempt) -> String {
    keys::desk(application, format_args!("a:{}", attempt.id))
}

/// What is known of an issue without a store.
pub(super) fn case(arguments: Arguments, case: &Case) -> Arguments {
    let Limits { agent_per_hour, group_per_hour, user_per_day } = case.limits;
    let arguments = arguments
        .number(u8::from(case.fields.is_some()))
        .number(u8::from(case.tier.is_some()))
        .bytes(case.cause.map_or("", |cause| cause.as_str()));
    [user_per_day, agent_per_hour, group_per_hour]
        .into_iter()
        .fold(arguments, Arguments::maybe_number)
        .number(u8::from(case.above_limits))
}

/// That one agent approved for another.
pub(super) fn pair(application: &ApplicationId, by: &str, of: &str) -> String {
    keys::desk(application, format_args!("p:{by} {of}"))
}

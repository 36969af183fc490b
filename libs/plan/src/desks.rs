//! The facts of a desk. Without one, its controls have their weakest values.

use config::Desk;

use desk::policy::{AgentRule, Approval, DeskSettings, Limits, Requirement};
use desk::ticket::TicketRule;
use notices::receiver::Receiver;

use crate::fact::Fact;
use crate::facts::Facts;

/// Notes the desk of an application.
pub(crate) fn note(facts: &mut Facts, place: &str, desk: Option<&Desk>) {
    let none = DeskSettings::default();
    let settings = desk.map_or(&none, |desk| desk.policy.settings());
    let DeskSettings { agent, require, ticket, verification_methods, limits, approval } = settings;
    let Limits { agent_per_hour, group_per_hour, user_per_day } = *limits;
    let is_verified = *agent == AgentRule::Verified;
    facts.extend(
        place,
        [
            ("desk.agent", Fact::level(agent.as_str(), f64::from(u8::from(is_verified)))),
            ("desk.require", Fact::demanded(require.iter().map(|it: &Requirement| it.as_str()))),
            (
                "desk.ticket.pattern",
                match ticket {
                    Some(rule) => Fact::level(format_args!("{:?}", rule.pattern()), 1.0),
                    None => Fact::level("none", 0.0),
                },
            ),
            ("desk.ticket.once", Fact::demand(ticket.as_ref().is_some_and(TicketRule::once))),
            ("desk.verification_methods", {
                Fact::allowed_or_any(verification_methods.iter().map(|it| format!("{it:?}")))
            }),
            ("desk.limits.agent_per_hour", Fact::at_most(agent_per_hour)),
            ("desk.limits.group_per_hour", Fact::at_most(group_per_hour)),
            ("desk.limits.user_per_day", Fact::at_most(user_per_day)),
        ],
    );
    note_approval(facts, place, approval.as_ref());
    note_receiver(facts, place, desk.and_then(|desk| desk.notify.as_ref()));
}

fn note_approval(facts: &mut Facts, place: &str, approval: Option<&Approval>) {
    let none = Approval::default();
    let Approval { tiers, above_limits, unpaired, expires } = approval.unwrap_or(&none);
    facts.extend(
        place,
        [
            ("desk.approval.tiers", Fact::demanded(tiers)),
            // Without it, no issue passes a limit.
            ("desk.approval.above_limits", Fact::permission(*above_limits)),
            ("desk.approval.unpaired", Fact::demand(*unpaired)),
            ("desk.approval.expires", Fact::shorter(*expires)),
        ],
    );
}

fn note_receiver(facts: &mut Facts, place: &str, receiver: Option<&Receiver>) {
    let Some(Receiver { url, keys, max_lag, private_addresses }) = receiver else {
        facts.extend(place, [("desk.notify.url", Fact::level("no notices", 0.0))]);
        return;
    };
    let keys: Vec<_> = keys.iter().map(|key| key.public().to_string()).collect();
    facts.extend(
        place,
        [
            ("desk.notify.url", Fact::level(format_args!("{url:?}"), 1.0)),
            ("desk.notify.key_files", Fact::plain(format_args!("public keys {}", keys.join(", ")))),
            ("desk.notify.max_lag", Fact::shorter(*max_lag)),
            ("desk.notify.private_addresses", Fact::permission(*private_addresses)),
        ],
    );
}

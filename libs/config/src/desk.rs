//! The desk of an application: what stands under `desk`.

use std::collections::BTreeSet;

use desk::policy::{
    AgentRule, Approval, DeskPolicy, DeskPolicyError, DeskSettings, Limits, Requirement,
};
use desk::ticket::TicketRule;
use notices::receiver::Receiver;
use yaml::{Fields, Node, Notes};

use crate::client::each;
use crate::notify;
use crate::policy::duration;
use crate::reading::Reading;
use crate::tiers::tier_names;

/// The desk of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Desk {
    /// The rules under which codes are issued.
    pub policy: DeskPolicy,
    /// Who learns of codes, if anyone does.
    pub notify: Option<Receiver>,
}

/// Reads a desk. `None` if something is wrong with it, all of which is noted. `has_tiers` says whether
/// the application's directory can give users a tier.
pub(crate) fn read(
    reading: &mut Reading,
    notes: &mut Notes,
    node: &Node,
    has_tiers: bool,
) -> Option<Desk> {
    let mut fields = Fields::of(notes, node, "desk");
    let keys =
        ["agent", "require", "ticket", "verification_methods", "limits", "approval", "notify"];
    let nodes = keys.map(|key| fields.optional(key));
    fields.finish(notes);
    let [agent, require, ticket, methods, limits, approval, notify] = nodes;
    let (ticket_node, methods_node) = (ticket, methods);
    // Read all before one is missed, so that every mistake is told.
    let (agent, require, ticket) = (
        optional(agent, AgentRule::default(), |node| agent_rule(notes, node)),
        optional(require, BTreeSet::new(), |node| requirements(notes, node)),
        optional(ticket, None, |node| ticket_rule(notes, node).map(Some)),
    );
    let (methods, limits_read, approval_read) = (
        optional(methods, BTreeSet::new(), |node| {
            let what = "desk: verification_methods";
            let read = each(notes, node, what, |_, _, text| Some(text.to_owned()));
            read.map(BTreeSet::from_iter)
        }),
        optional(limits, Limits::default(), |node| limits_of(notes, node)),
        optional(approval, None, |node| approval_of(notes, node, has_tiers).map(Some)),
    );
    let notify = optional(notify, None, |node| notify::read(reading, notes, node).map(Some));
    let policy = DeskPolicy::new(DeskSettings {
        agent: agent?,
        require: require?,
        ticket: ticket?,
        verification_methods: methods?,
        limits: limits_read?,
        approval: approval_read?,
    });
    match policy {
        Ok(policy) => Some(Desk { policy, notify: notify? }),
        Err(errors) => {
            for error in errors {
                let place = match error {
                    DeskPolicyError::LimitsOfAssertedAgents | DeskPolicyError::Limit => limits,
                    DeskPolicyError::ApprovalByAssertedAgents
                    | DeskPolicyError::ApprovalExpires
                    | DeskPolicyError::ApprovalOfNothing
                    | DeskPolicyError::AboveNoLimits => approval,
                    DeskPolicyError::TicketNotRequired => ticket_node,
                    DeskPolicyError::MethodNotRequired => methods_node,
                };
                notes.add(place.unwrap_or(node).line, format!("desk: {error}"));
            }
            None
        }
    }
}

/// Reads what may be missing: then it is the default.
fn optional<T>(
    node: Option<&Node>,
    default: T,
    read: impl FnOnce(&Node) -> Option<T>,
) -> Option<T> {
    node.map_or(Some(default), read)
}

fn agent_rule(notes: &mut Notes, node: &Node) -> Option<AgentRule> {
    let name = notes.text(node, "desk: agent")?;
    let rule = AgentRule::ALL.into_iter().find(|rule| rule.as_str() == name);
    notes.check(node.line, "desk: agent", rule.ok_or("must be `asserted` or `verified`"))
}

fn requirements(notes: &mut Notes, node: &Node) -> Option<BTreeSet<Requirement>> {
    let read = each(notes, node, "desk: require", |notes, item, text| {
        let found = Requirement::ALL.into_iter().find(|it| it.as_str() == text);
        let rule = "must be `reason`, `ticket_ref`, `verification_method` or `pairing_confirmed`";
        notes.check(item.line, &format!("desk: require: `{text}`"), found.ok_or(rule))
    });
    read.map(BTreeSet::from_iter)
}

fn ticket_rule(notes: &mut Notes, node: &Node) -> Option<TicketRule> {
    let mut fields = Fields::of(notes, node, "desk: ticket");
    let pattern = fields.required(notes, "pattern");
    let once = fields.optional("once");
    fields.finish(notes);
    let once = optional(once, false, |node| notes.boolean(node, "desk: ticket: once"));
    let what = "desk: ticket: pattern";
    let (pattern, text) = (pattern?, notes.text(pattern?, what)?);
    notes.check(pattern.line, what, TicketRule::new(text, once?))
}

fn limits_of(notes: &mut Notes, node: &Node) -> Option<Limits> {
    let mut fields = Fields::of(notes, node, "desk: limits");
    let keys = ["agent_per_hour", "group_per_hour", "user_per_day"];
    let nodes = keys.map(|key| (key, fields.optional(key)));
    fields.finish(notes);
    let [agent_per_hour, group_per_hour, user_per_day] = nodes.map(|(key, node)| {
        let what = format!("desk: limits: {key}");
        optional(node, None, |node| notes.integer(node, &what).map(Some))
    });
    Some(Limits {
        agent_per_hour: agent_per_hour?,
        group_per_hour: group_per_hour?,
        user_per_day: user_per_day?,
    })
}

fn approval_of(notes: &mut Notes, node: &Node, has_tiers: bool) -> Option<Approval> {
    let mut fields = Fields::of(notes, node, "desk: approval");
    let keys = ["tiers", "above_limits", "unpaired", "expires"];
    let [tiers, above_limits, unpaired, expires] = keys.map(|key| fields.optional(key));
    fields.finish(notes);
    let default = Approval::default();
    let tiers = optional(tiers, BTreeSet::new(), |node| {
        if !has_tiers {
            let rule = "must not be set: an opaque directory gives users no tiers";
            notes.add(node.line, format!("desk: approval: tiers {rule}"));
            return None;
        }
        tier_names(notes, node, "desk: approval: tiers")
    });
    let above_limits = optional(above_limits, default.above_limits, |node| {
        notes.boolean(node, "desk: approval: above_limits")
    });
    let unpaired = optional(unpaired, default.unpaired, |node| {
        notes.boolean(node, "desk: approval: unpaired")
    });
    let expires =
        optional(expires, default.expires, |node| duration(notes, node, "desk: approval: expires"));
    Some(Approval {
        tiers: tiers?,
        above_limits: above_limits?,
        unpaired: unpaired?,
        expires: expires?,
    })
}

//! A role of agents: what it allows, and where.

use std::collections::{BTreeMap, BTreeSet};

use codes::ids::ApplicationId;
use desk::names::{Group, Tier};
use yaml::{Fields, Node, Notes};

use crate::client::each;
use crate::known::Known;
use crate::tiers::tier_names;

/// The rights of a role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// In which applications.
    pub applications: BTreeSet<ApplicationId>,
    /// The rights.
    pub may: BTreeSet<Right>,
    /// For which tiers of users.
    pub tiers: BTreeSet<Tier>,
    /// The group of agents that share limits.
    pub group: Option<Group>,
}

/// Something that a role may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Issue codes.
    Issue,
    /// Revoke codes.
    Revoke,
    /// Read how codes and lockouts stand.
    Read,
    /// Clear lockouts, and override them to issue a code.
    Clear,
    /// Approve what other agents request.
    Approve,
    /// Stop issuing.
    Brake,
}

impl Right {
    /// All rights.
    pub const ALL: [Self; 6] =
        [Self::Issue, Self::Revoke, Self::Read, Self::Clear, Self::Approve, Self::Brake];

    /// The right's name in YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "issue",
            Self::Revoke => "revoke",
            Self::Read => "read",
            Self::Clear => "clear",
            Self::Approve => "approve",
            Self::Brake => "brake",
        }
    }
}

/// Reads the roles. `None` if something is wrong with one of them, all of which is noted.
pub(super) fn read(
    notes: &mut Notes,
    known: &Known,
    node: &Node,
) -> Option<BTreeMap<String, Role>> {
    let members = notes.map(node, "roles");
    if members.is_empty() {
        notes.add(node.line, "roles must name a role");
        return None;
    }
    let mut roles = Vec::new();
    for (key, node) in members {
        let what = format!("role `{}`", key.text);
        roles.push(role(notes, known, node, key.line, &what).map(|role| (key.text.clone(), role)));
    }
    roles.into_iter().collect()
}

fn role(notes: &mut Notes, known: &Known, node: &Node, line: u64, what: &str) -> Option<Role> {
    let mut fields = Fields::of(notes, node, what).on_line(line);
    let applications = fields.required(notes, "applications").and_then(|node| {
        each(notes, node, &format!("{what}: applications"), |notes, item, text| {
            let what = format!("{what}: applications: `{text}`");
            let id = notes.check(item.line, &what, ApplicationId::parse(text))?;
            let is_known = known.applications.contains_key(&id).then_some(id);
            notes.check(item.line, &what, is_known.ok_or("no file defines this application"))
        })
    });
    let may = fields.required(notes, "may").and_then(|node| {
        each(notes, node, &format!("{what}: may"), |notes, item, text| {
            let right = Right::ALL.into_iter().find(|right| right.as_str() == text);
            let rule = "must be `issue`, `revoke`, `read`, `clear`, `approve` or `brake`";
            notes.check(item.line, &format!("{what}: may: `{text}`"), right.ok_or(rule))
        })
    });
    let tiers = match fields.optional("tiers") {
        Some(node) => tier_names(notes, node, &format!("{what}: tiers")),
        None => Some(BTreeSet::new()),
    };
    let group = match fields.optional("group") {
        Some(node) => {
            let what = format!("{what}: group");
            let text = notes.text(node, &what);
            text.and_then(|text| notes.check(node.line, &what, Group::parse(text))).map(Some)
        }
        None => Some(None),
    };
    fields.finish(notes);
    Some(Role {
        applications: applications?.into_iter().collect(),
        may: may?.into_iter().collect(),
        tiers: tiers?,
        group: group?,
    })
}

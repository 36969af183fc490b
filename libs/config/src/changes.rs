//! The differences between two configurations, for the audit trail: names, never values.

use std::collections::BTreeMap;

use crate::agents::AgentProvider;
use crate::application::Application;
use crate::client::{Client, ClientKind};
use crate::configuration::Configuration;

impl Configuration {
    /// What has changed since `before`, a text for each change.
    pub fn changes_since(&self, before: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        let applications = |it: &Self| -> BTreeMap<String, Application> {
            it.applications().map(|it| (it.id.to_string(), it.clone())).collect()
        };
        compare("application", &applications(before), &applications(self), &mut changes, |a, b| {
            let mut changes = Vec::new();
            let named = format!("application {}:", b.id);
            for (what, is_same) in [
                ("name", a.name == b.name),
                ("support", a.support == b.support),
                ("temp_code", a.policy == b.policy),
                ("tokens", a.tokens == b.tokens),
                ("desk", a.desk == b.desk),
            ] {
                changes.extend((!is_same).then(|| format!("{named} {what}")));
            }
            let clients = |it: &Application| -> BTreeMap<String, Client> {
                it.clients.values().map(|it| (it.id.to_string(), it.clone())).collect()
            };
            compare("client", &clients(a), &clients(b), &mut changes, client);
            changes
        });
        let journeys = |it: &Self| -> BTreeMap<String, Vec<u8>> {
            it.journeys().map(|it| (it.id().to_string(), it.digest().to_vec())).collect()
        };
        compare("journey", &journeys(before), &journeys(self), &mut changes, |a, b| {
            if a == b { Vec::new() } else { vec!["journey: steps".to_owned()] }
        });
        let providers = |it: &Self| -> BTreeMap<String, AgentProvider> {
            it.providers().map(|it| (it.id.to_string(), it.clone())).collect()
        };
        compare("provider", &providers(before), &providers(self), &mut changes, provider);
        if changes.is_empty() {
            changes.push("users, or the form of the files".to_owned());
        }
        changes
    }
}

/// Notes what is only before, only after, and what `differ` says of what is in both.
fn compare<T>(
    kind: &str,
    before: &BTreeMap<String, T>,
    after: &BTreeMap<String, T>,
    changes: &mut Vec<String>,
    differ: impl Fn(&T, &T) -> Vec<String>,
) {
    for id in before.keys().filter(|id| !after.contains_key(*id)) {
        changes.push(format!("{kind} {id} removed"));
    }
    for (id, new) in after {
        match before.get(id) {
            None => changes.push(format!("{kind} {id} added")),
            Some(old) => changes.extend(differ(old, new)),
        }
    }
}

fn provider(before: &AgentProvider, after: &AgentProvider) -> Vec<String> {
    let differences = [
        ("issuer", before.issuer != after.issuer),
        ("audience", before.audience != after.audience),
        ("clients", before.clients != after.clients),
        ("keys", format!("{:?}", before.keys) != format!("{:?}", after.keys)),
        ("max_age", before.max_age != after.max_age),
        ("require_amr", before.require_amr != after.require_amr),
        ("claim", before.claim != after.claim),
        ("self", before.own != after.own),
        ("roles", before.roles != after.roles),
    ];
    let changed = differences.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(what, _)| format!("provider {}: {what}", after.id)).collect()
}

fn client(before: &Client, after: &Client) -> Vec<String> {
    let id = &after.id;
    let mut differences: Vec<(&str, bool)> = match (&before.kind, &after.kind) {
        (
            ClientKind::Confidential { secret: old_secret, scopes: old_scopes, rates: old_rates },
            ClientKind::Confidential { secret, scopes, rates },
        ) => vec![
            ("secret", old_secret.generation() != secret.generation()),
            ("scopes", old_scopes != scopes),
            ("rates", old_rates != rates),
        ],
        (
            ClientKind::Public { journeys: old_journeys, .. },
            ClientKind::Public { journeys, .. },
        ) => vec![("journeys", old_journeys != journeys)],
        _ => vec![("kind", true)],
    };
    differences.push(("redirect_uris", before.redirect_uris != after.redirect_uris));
    differences.push(("openid", before.openid != after.openid));
    let changed = differences.into_iter().filter(|(_, differs)| *differs);
    changed.map(|(what, _)| format!("client {id}: {what}")).collect()
}

//! Gathers the facts of a whole configuration.

use std::collections::BTreeSet;

use config::Configuration;
use definitions::Journey;

use crate::fact::Fact;
use crate::facts::Facts;
use crate::{applications, clients, providers};

/// The facts of a configuration. `other` is the one that it is compared with.
pub(crate) fn facts(configuration: &Configuration, other: &Configuration) -> Facts {
    let mut facts = Facts::default();
    for application in configuration.applications() {
        applications::note(&mut facts, application);
        // A new application has no controls yet that could get weaker.
        let is_known = other.application(&application.id).is_some();
        for client in application.clients.values() {
            clients::note(&mut facts, configuration, (&application.id, client), is_known);
        }
    }
    for provider in configuration.providers() {
        providers::note(&mut facts, provider);
    }
    for journey in configuration.journeys() {
        note(&mut facts, configuration, journey);
    }
    facts
}

fn note(facts: &mut Facts, configuration: &Configuration, journey: &Journey) {
    let place = format!("journey {}", journey.id());
    let clients = configuration.applications().flat_map(|it| it.clients.values());
    let clients = clients.filter(|client| client.leads_to(journey.id()));
    let clients: BTreeSet<_> = clients.map(|client| client.id.to_string()).collect();
    let clients: Vec<_> = clients.into_iter().collect();
    let whose = if clients.is_empty() { "no client".to_owned() } else { clients.join(", ") };
    facts.place(&place, Fact::plain(format_args!("run by {whose}")));
    let steps = Fact::plain(format_args!("{} steps", journey.indexes().len()));
    let unpaired = match journey.unpaired_step() {
        Some(step) => Fact::level(format_args!("at step `{step}`"), 0.0),
        None => Fact::level("never", 1.0),
    };
    let parameters = journey.parameters().map(|it| it.name);
    facts.extend(
        &place,
        [
            ("steps", steps.identified(format_args!("{:?}", journey.digest()))),
            ("codes without pairing", unpaired),
            ("parameters", Fact::demanded(parameters).neutral()),
        ],
    );
}

//! The facts of a whole configuration.

use std::collections::{BTreeMap, BTreeSet};

use config::Configuration;
use definitions::Journey;

use crate::fact::Fact;
use crate::{applications, clients, providers};

/// A place of the configuration, and a key of it. The empty key is the place itself.
pub(crate) type Key = (String, &'static str);

/// The facts of a configuration.
#[derive(Default)]
pub(crate) struct Facts(BTreeMap<Key, Fact>);

impl Facts {
    /// The facts of a configuration. `other` is the one that it is compared with.
    pub(crate) fn of(configuration: &Configuration, other: &Configuration) -> Self {
        let mut facts = Self::default();
        for application in configuration.applications() {
            applications::note(&mut facts, application);
            // Nobody relied on the controls of an application that is new.
            let is_known = other.application(&application.id).is_some();
            for client in application.clients.values() {
                clients::note(&mut facts, client, &application.id, is_known);
            }
        }
        for provider in configuration.providers() {
            providers::note(&mut facts, provider);
        }
        for journey in configuration.journeys() {
            facts.note_journey(configuration, journey);
        }
        facts
    }

    /// Notes that a place exists, with what is said of it when it is added or removed.
    pub(crate) fn place(&mut self, place: &str, fact: Fact) {
        self.0.insert((place.to_owned(), ""), fact);
    }

    /// Notes the keys of a place.
    pub(crate) fn extend<const N: usize>(&mut self, place: &str, facts: [(&'static str, Fact); N]) {
        self.0.extend(facts.into_iter().map(|(key, fact)| ((place.to_owned(), key), fact)));
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }

    pub(crate) fn get(&self, place: &str, key: &'static str) -> Option<&Fact> {
        self.0.get(&(place.to_owned(), key))
    }

    pub(crate) fn has(&self, place: &str) -> bool {
        self.get(place, "").is_some()
    }

    fn note_journey(&mut self, configuration: &Configuration, journey: &Journey) {
        let place = format!("journey {}", journey.id());
        let clients = configuration.applications().flat_map(|it| it.clients.values());
        let clients = clients.filter(|client| client.may_run(journey.id()));
        let clients: BTreeSet<_> = clients.map(|client| client.id.to_string()).collect();
        let clients: Vec<_> = clients.into_iter().collect();
        let whose = if clients.is_empty() { "no client".to_owned() } else { clients.join(", ") };
        self.place(&place, Fact::plain(format_args!("run by {whose}")));
        let steps = Fact::plain(format_args!("{} steps", journey.indexes().len()));
        let unpaired = match journey.unpaired_step() {
            Some(step) => Fact::level(format_args!("at step `{step}`"), 0.0),
            None => Fact::level("never", 1.0),
        };
        let parameters = journey.parameters().map(|it| it.name);
        self.extend(
            &place,
            [
                ("steps", steps.identified(format_args!("{:?}", journey.digest()))),
                ("codes without pairing", unpaired),
                ("parameters", Fact::demanded(parameters).neutral()),
            ],
        );
    }
}

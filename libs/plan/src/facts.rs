//! The facts of a configuration, by place and key.

use std::collections::BTreeMap;

use crate::fact::Fact;

/// A place of the configuration, and a key of it. The empty key is the place itself.
pub(crate) type Key = (String, &'static str);

/// The facts of a configuration.
#[derive(Default)]
pub(crate) struct Facts(BTreeMap<Key, Fact>);

impl Facts {
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
}

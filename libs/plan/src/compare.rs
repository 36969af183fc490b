//! Compares the facts of two configurations.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

use config::Configuration;
use serde::Serialize;

use crate::fact::{Fact, Strength};
use crate::gather::facts;

/// The effect of a change on the controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Less is demanded, or more is allowed.
    Weakened,
    /// More is demanded, or less is allowed.
    Strengthened,
    /// Neither, or it cannot be said.
    Changed,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Weakened => "weakened",
            Self::Strengthened => "strengthened",
            Self::Changed => "changed",
        })
    }
}

/// A key that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Where it stands, such as `application acme` or `client acme-web`.
    pub place: String,
    /// The key; empty where the whole place was added or removed.
    pub key: &'static str,
    /// The value before; `None` if there was none.
    pub before: Option<String>,
    /// The value after; `None` if there is none.
    pub after: Option<String>,
    /// What it does.
    pub effect: Effect,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<12} {}", self.effect, self.place)?;
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        match (&self.before, &self.after) {
            (None, after) => write!(f, ": added{}", note(after.as_deref())),
            (before, None) => write!(f, ": removed{}", note(before.as_deref())),
            (Some(before), Some(after)) if before == after => {
                write!(f, ": other contents ({after})")
            }
            (Some(before), Some(after)) => write!(f, ": {before} -> {after}"),
        }
    }
}

fn note(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).map(|text| format!(" ({text})")).unwrap_or_default()
}

/// The effect of a change of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The keys that differ, by place and key.
    pub changes: Vec<Change>,
}

impl Plan {
    /// The differences in `new`.
    pub fn between(old: &Configuration, new: &Configuration) -> Self {
        let (before, after) = (facts(old, new), facts(new, old));
        let keys: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        let changes = keys.into_iter().filter_map(|(place, key)| {
            let (old, new) = (before.get(place, key), after.get(place, key));
            // What stands in a place that is new, or gone, is told with the place.
            let is_kept = before.has(place) && after.has(place);
            (key.is_empty() != is_kept && old != new).then(|| Change {
                place: place.clone(),
                key,
                before: old.map(|it| it.text.clone()),
                after: new.map(|it| it.text.clone()),
                effect: effect(old, new),
            })
        });
        Self { changes: changes.collect() }
    }

    /// Whether a control gets weaker.
    pub fn is_weaker(&self) -> bool {
        self.changes.iter().any(|change| change.effect == Effect::Weakened)
    }

    /// The plan as JSON: `changes`, and whether a control is `weakened`.
    pub fn json(&self) -> serde_json::Value {
        serde_json::json!({ "changes": self.changes, "weakened": self.is_weaker() })
    }
}

/// What a change of a fact does. A missing fact neither demands nor allows anything.
fn effect(before: Option<&Fact>, after: Option<&Fact>) -> Effect {
    use Strength::{Allowed, Demanded, Level};
    let none = Items::new();
    let order = match (before.map(|it| &it.strength), after.map(|it| &it.strength)) {
        (Some(Level(before)), Some(Level(after))) => after.partial_cmp(before),
        (Some(Allowed(before)), Some(Allowed(after))) => allowed(before.as_ref(), after.as_ref()),
        (None, Some(Allowed(after))) => allowed(Some(&none), after.as_ref()),
        (Some(Allowed(before)), None) => allowed(before.as_ref(), Some(&none)),
        (Some(Demanded(before)), Some(Demanded(after))) => demanded(before, after),
        (None, Some(Demanded(after))) => demanded(&none, after),
        (Some(Demanded(before)), None) => demanded(before, &none),
        _ => None,
    };
    match order {
        Some(Ordering::Less) => Effect::Weakened,
        Some(Ordering::Greater) => Effect::Strengthened,
        Some(Ordering::Equal) | None => Effect::Changed,
    }
}

type Items = BTreeSet<String>;

/// Weaker if anything is allowed that was not.
fn allowed(before: Option<&Items>, after: Option<&Items>) -> Option<Ordering> {
    match (before, after) {
        (None, None) => None,
        (None, Some(_)) => Some(Ordering::Greater),
        (Some(_), None) => Some(Ordering::Less),
        (Some(before), Some(after)) => demanded(after, before),
    }
}

/// Weaker if anything is no longer demanded.
fn demanded(before: &Items, after: &Items) -> Option<Ordering> {
    if !before.is_subset(after) {
        Some(Ordering::Less)
    } else if before == after {
        None
    } else {
        Some(Ordering::Greater)
    }
}

//! One key of a configuration, as people read it and as it compares.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::time::Duration;

use clock::duration;

/// A key with its effective value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fact {
    /// The value for people. Never a secret.
    pub(crate) text: String,
    /// A digest or a fingerprint, which differs for values with the same text.
    pub(crate) identity: String,
    /// How strong a control it is.
    pub(crate) strength: Strength,
}

/// How strong a control is, compared with another value of the same key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Strength {
    /// It is no control.
    None,
    /// The higher, the stronger.
    Level(f64),
    /// The rights that are allowed: fewer are stronger. `None` allows everything.
    Allowed(Option<BTreeSet<String>>),
    /// The controls that are demanded: more are stronger.
    Demanded(BTreeSet<String>),
}

impl Fact {
    /// A value that is no control.
    pub(crate) fn plain(text: impl Display) -> Self {
        Self { text: text.to_string(), identity: String::new(), strength: Strength::None }
    }

    /// A free text of the file, quoted: it may hold control characters.
    pub(crate) fn quoted(text: &str) -> Self {
        Self::plain(format_args!("{text:?}"))
    }

    /// A free text that may be missing.
    pub(crate) fn optional(text: Option<&str>) -> Self {
        text.map_or_else(|| Self::plain("none"), Self::quoted)
    }

    /// A value with a level: the higher, the stronger.
    pub(crate) fn level(text: impl Display, level: f64) -> Self {
        Self { strength: Strength::Level(level), ..Self::plain(text) }
    }

    /// A number of which less is stronger; `None` is no limit.
    pub(crate) fn at_most(number: Option<u32>) -> Self {
        match number {
            Some(number) => Self::level(number, -f64::from(number)),
            None => Self::level("no limit", f64::NEG_INFINITY),
        }
    }

    /// A duration of which less is stronger.
    pub(crate) fn shorter(value: Duration) -> Self {
        Self::level(duration::to_text(value), -value.as_secs_f64())
    }

    /// A duration of which more is stronger.
    pub(crate) fn longer(value: Duration) -> Self {
        Self::level(duration::to_text(value), value.as_secs_f64())
    }

    /// A rule that is stronger if it holds.
    pub(crate) fn demand(holds: bool) -> Self {
        Self::level(holds, f64::from(u8::from(holds)))
    }

    /// A permission, which is stronger if it is not given.
    pub(crate) fn permission(given: bool) -> Self {
        Self::level(given, f64::from(u8::from(!given)))
    }

    /// A list of what is allowed.
    pub(crate) fn allowed(items: impl IntoIterator<Item = impl Display>) -> Self {
        let items = set(items);
        Self { strength: Strength::Allowed(Some(items.clone())), ..Self::plain(listed(&items)) }
    }

    /// A list of what is allowed; an empty one allows everything.
    pub(crate) fn allowed_or_any(items: impl IntoIterator<Item = impl Display>) -> Self {
        let items = set(items);
        if items.is_empty() {
            return Self { strength: Strength::Allowed(None), ..Self::plain("any") };
        }
        Self::allowed(items)
    }

    /// A list of what is demanded.
    pub(crate) fn demanded(items: impl IntoIterator<Item = impl Display>) -> Self {
        let items = set(items);
        Self { strength: Strength::Demanded(items.clone()), ..Self::plain(listed(&items)) }
    }

    /// The same value, told apart by more than its text.
    pub(crate) fn identified(self, identity: impl Display) -> Self {
        Self { identity: identity.to_string(), ..self }
    }

    /// The same value as one that is no control.
    pub(crate) fn neutral(self) -> Self {
        Self { strength: Strength::None, ..self }
    }
}

fn set(items: impl IntoIterator<Item = impl Display>) -> BTreeSet<String> {
    items.into_iter().map(|item| item.to_string()).collect()
}

fn listed(items: &BTreeSet<String>) -> String {
    if items.is_empty() {
        return "none".to_owned();
    }
    let items: Vec<_> = items.iter().map(String::as_str).collect();
    items.join(", ")
}

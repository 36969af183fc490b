//! The values of expressions: JSON, and two kinds that must not get out.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use serde_json::Value as Json;

/// The weight that a value may have: one for each node, and the bytes of its texts and keys.
pub const MAX_WEIGHT: usize = 64 * 1024;

/// How deep a value may nest.
pub(crate) const MAX_DEPTH: usize = 32;

/// A value. Its `Debug` shows the kind alone: values hold what identifies users.
#[derive(Clone)]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(String),
    /// An array.
    List(Vec<Value>),
    /// An object.
    Object(BTreeMap<String, Value>),
    /// A secret: can be compared with null, nothing else.
    Secret(Secret),
    /// A text that only the author may learn from: can be compared in a decision, nothing else.
    Guarded(String),
}

/// A secret as the client sent it. Wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(Option<SecretString>);

impl Secret {
    /// The text; `None` if the client did not send a text.
    pub const fn expose(&self) -> Option<&SecretString> {
        self.0.as_ref()
    }
}

/// A value that is too heavy or nests too deep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a value is too large or nested too deep")]
pub struct OversizeError;

/// What walking through a value finds.
#[derive(Clone, Copy, Default)]
pub struct Measure {
    /// The value's weight.
    pub weight: usize,
    /// Whether a part of it must not get out.
    pub is_tainted: bool,
}

impl Value {
    /// Marks `json` as secret, whatever it is. A number becomes a text if [`whole_text`] knows it.
    pub fn secret(json: Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::String(text) => Self::Secret(Secret(Some(text.into()))),
            Json::Number(number) => {
                let text = number.as_f64().and_then(whole_text);
                Self::Secret(Secret(text.map(SecretString::from)))
            }
            Json::Bool(_) | Json::Array(_) | Json::Object(_) => Self::Secret(Secret(None)),
        }
    }

    /// Takes a value from JSON.
    ///
    /// # Errors
    /// As [`Self::measure`].
    pub fn from_json(json: Json) -> Result<Self, OversizeError> {
        let value = Self::convert(json, MAX_DEPTH).ok_or(OversizeError)?;
        value.measure().map(|_| value)
    }

    fn convert(json: Json, depth: usize) -> Option<Self> {
        let below = depth.checked_sub(1)?;
        Some(match json {
            Json::Null => Self::Null,
            Json::Bool(yes) => Self::Bool(yes),
            Json::Number(number) => Self::Number(number.as_f64()?),
            Json::String(text) => Self::Text(text),
            Json::Array(items) => Self::List(
                items.into_iter().map(|item| Self::convert(item, below)).collect::<Option<_>>()?,
            ),
            Json::Object(members) => Self::Object(
                members
                    .into_iter()
                    .map(|(key, member)| Some((key, Self::convert(member, below)?)))
                    .collect::<Option<_>>()?,
            ),
        })
    }

    /// The value as JSON. What must not get out is `null` there.
    pub fn to_json(&self) -> Json {
        match self {
            Self::Null | Self::Secret(_) | Self::Guarded(_) => Json::Null,
            Self::Bool(yes) => Json::Bool(*yes),
            Self::Number(number) => number_to_json(*number),
            Self::Text(text) => Json::String(text.clone()),
            Self::List(items) => Json::Array(items.iter().map(Self::to_json).collect()),
            Self::Object(members) => Json::Object(
                members.iter().map(|(key, member)| (key.clone(), member.to_json())).collect(),
            ),
        }
    }

    /// The value's weight; more than any value may have if it is too large.
    pub fn weight(&self) -> usize {
        self.measure().map_or(usize::MAX, |measure| measure.weight)
    }

    /// The value, if it weighs at most that much.
    ///
    /// # Errors
    /// The value is heavier.
    pub fn within(self, most: usize) -> Result<Self, OversizeError> {
        if self.weight() <= most { Ok(self) } else { Err(OversizeError) }
    }

    /// Walks through the value, and stops where it is too large.
    ///
    /// # Errors
    /// The value is heavier than [`MAX_WEIGHT`] or nests too deep.
    pub fn measure(&self) -> Result<Measure, OversizeError> {
        let mut measure = Measure::default();
        self.add_to(&mut measure, MAX_DEPTH)?;
        Ok(measure)
    }

    fn add_to(&self, measure: &mut Measure, depth: usize) -> Result<(), OversizeError> {
        let below = depth.checked_sub(1).ok_or(OversizeError)?;
        let bytes = match self {
            Self::Text(text) => text.len(),
            Self::Secret(_) | Self::Guarded(_) => {
                measure.is_tainted = true;
                0
            }
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::List(_) | Self::Object(_) => 0,
        };
        measure.weight += 1 + bytes;
        match self {
            Self::List(items) => {
                items.iter().try_for_each(|item| item.add_to(measure, below))?;
            }
            Self::Object(members) => members.iter().try_for_each(|(key, member)| {
                measure.weight += key.len();
                member.add_to(measure, below)
            })?,
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::Secret(_)
            | Self::Guarded(_) => {}
        }
        if measure.weight > MAX_WEIGHT { Err(OversizeError) } else { Ok(()) }
    }

    /// The secret that the value is.
    pub const fn as_secret(&self) -> Option<&Secret> {
        match self {
            Self::Secret(secret) => Some(secret),
            Self::Null
            | Self::Bool(_)
            | Self::Number(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Object(_)
            | Self::Guarded(_) => None,
        }
    }

    /// The name of the value's type.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::Text(_) => "a string",
            Self::List(_) => "an array",
            Self::Object(_) => "an object",
            Self::Secret(_) => "a secret",
            Self::Guarded(_) => "a guarded value",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Value({}, [redacted])", self.kind())
    }
}

/// A whole number without a fraction, as people write it.
#[expect(clippy::cast_possible_truncation, reason = "the guard keeps it within 53 bits")]
fn number_to_json(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        Json::from(number as i64)
    } else {
        Json::from(number)
    }
}

/// A whole number as text, where JSON carries it exactly: up to 2^53 - 1 (RFC 8259, section 6), and
/// without a sign. Zeros that led it are lost before it gets here: codes are better sent as texts.
pub fn whole_text(number: f64) -> Option<String> {
    const MAX_EXACT: f64 = 9_007_199_254_740_991.0;
    let is_exact = number.is_sign_positive() && number.fract() == 0.0 && number <= MAX_EXACT;
    is_exact.then(|| format!("{number:.0}"))
}

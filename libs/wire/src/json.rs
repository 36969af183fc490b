//! JSON in protobuf: converts `google.protobuf.Struct` to `serde_json` and back.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as Wire};
use serde_json::{Map, Number, Value};

/// The deepest accepted nesting.
pub const MAX_DEPTH: usize = 16;

/// The most values in one `Struct`, at all depths together.
pub const MAX_VALUES: usize = 1024;

/// The largest double up to which every integer has a double of its own.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// Why a `Struct` is not accepted. Contains none of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// Nested beyond [`MAX_DEPTH`].
    TooDeep,
    /// More than [`MAX_VALUES`] values.
    TooMany,
    /// Infinite, or not a number.
    NotFinite,
    /// A value without a kind.
    NoKind,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::TooDeep => write!(f, "must be nested at most {MAX_DEPTH} deep"),
            Self::TooMany => write!(f, "must hold at most {MAX_VALUES} values"),
            Self::NotFinite => f.write_str("must hold finite numbers only"),
            Self::NoKind => f.write_str("must hold no value without a kind"),
        }
    }
}

impl std::error::Error for JsonError {}

/// Parses an object. Whole numbers become integers, as they were before protobuf made them doubles.
///
/// # Errors
/// One variant for each limit.
pub fn parse_struct(wire: Struct) -> Result<Map<String, Value>, JsonError> {
    Budget { values: MAX_VALUES }.object(wire, MAX_DEPTH)
}

/// How much may still be read.
struct Budget {
    values: usize,
}

impl Budget {
    fn object(&mut self, wire: Struct, depth: usize) -> Result<Map<String, Value>, JsonError> {
        let depth = depth.checked_sub(1).ok_or(JsonError::TooDeep)?;
        let fields = wire.fields.into_iter();
        fields.map(|(key, value)| Ok((key, self.value(value, depth)?))).collect()
    }

    fn value(&mut self, wire: Wire, depth: usize) -> Result<Value, JsonError> {
        self.values = self.values.checked_sub(1).ok_or(JsonError::TooMany)?;
        Ok(match wire.kind.ok_or(JsonError::NoKind)? {
            Kind::NullValue(_) => Value::Null,
            Kind::BoolValue(value) => Value::Bool(value),
            Kind::NumberValue(value) => Value::Number(number(value)?),
            Kind::StringValue(value) => Value::String(value),
            Kind::StructValue(value) => Value::Object(self.object(value, depth)?),
            Kind::ListValue(list) => {
                let depth = depth.checked_sub(1).ok_or(JsonError::TooDeep)?;
                let values = list.values.into_iter();
                Value::Array(
                    values.map(|value| self.value(value, depth)).collect::<Result<_, _>>()?,
                )
            }
        })
    }
}

fn number(value: f64) -> Result<Number, JsonError> {
    if value.fract() == 0.0 && value.abs() <= MAX_EXACT {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2^53")]
        return Ok(Number::from(value as i64));
    }
    Number::from_f64(value).ok_or(JsonError::NotFinite)
}

/// Writes an object. It is our own data, which has been bounded where it was made.
pub fn from_object(object: Map<String, Value>) -> Struct {
    let fields = object.into_iter().map(|(key, value)| (key, from_value(value))).collect();
    Struct { fields }
}

fn from_value(value: Value) -> Wire {
    let kind = match value {
        Value::Null => Kind::NullValue(prost_types::NullValue::NullValue.into()),
        Value::Bool(value) => Kind::BoolValue(value),
        // serde_json only holds finite numbers, and each has a nearest double.
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        Value::String(value) => Kind::StringValue(value),
        Value::Array(values) => {
            Kind::ListValue(ListValue { values: values.into_iter().map(from_value).collect() })
        }
        Value::Object(object) => Kind::StructValue(from_object(object)),
    };
    Wire { kind: Some(kind) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(object) = value else { panic!("not an object") };
        object
    }

    fn wire(kind: Option<Kind>) -> Struct {
        Struct { fields: [("a".to_owned(), Wire { kind })].into() }
    }

    #[test]
    fn json_crosses_and_comes_back() {
        let json = object(json!({
            "text": "ä", "whole": 123_456, "negative": -1, "broken": 0.5, "big": 1e300,
            "nothing": null, "yes": true, "list": [1, [], {}], "object": { "a": { "b": [null] } },
        }));
        assert_eq!(parse_struct(from_object(json.clone())), Ok(json));
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for (kind, error) in [
            (None, JsonError::NoKind),
            (Some(Kind::NumberValue(f64::NAN)), JsonError::NotFinite),
            (Some(Kind::NumberValue(f64::INFINITY)), JsonError::NotFinite),
        ] {
            assert_eq!(parse_struct(wire(kind)), Err(error));
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let nested =
            |levels| (1..levels).fold(Map::new(), |inner, _| object(json!({ "a": inner })));
        assert!(parse_struct(from_object(nested(MAX_DEPTH))).is_ok());
        assert_eq!(parse_struct(from_object(nested(MAX_DEPTH + 1))), Err(JsonError::TooDeep));
        let wide = |values| object(json!({ "a": vec![0; values - 1] }));
        assert!(parse_struct(from_object(wide(MAX_VALUES))).is_ok());
        assert_eq!(parse_struct(from_object(wide(MAX_VALUES + 1))), Err(JsonError::TooMany));
    }
}

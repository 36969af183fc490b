//! `google.protobuf.Struct`, to and from JSON.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct};
use serde_json::{Map, Value};

/// The fields of a JSON object.
pub(crate) fn structure(value: Value) -> Struct {
    let Value::Object(fields) = value else { panic!("no object: {value}") };
    Struct { fields: fields.into_iter().map(|(name, value)| (name, to_proto(value))).collect() }
}

/// The JSON of a `Struct`.
pub(crate) fn json(structure: Option<Struct>) -> Value {
    let fields = structure.unwrap_or_default().fields;
    Value::Object(
        fields.into_iter().map(|(name, value)| (name, to_json(value))).collect::<Map<_, _>>(),
    )
}

fn to_proto(value: Value) -> prost_types::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        Value::String(value) => Kind::StringValue(value),
        Value::Array(values) => {
            Kind::ListValue(ListValue { values: values.into_iter().map(to_proto).collect() })
        }
        value @ Value::Object(_) => Kind::StructValue(structure(value)),
    };
    prost_types::Value { kind: Some(kind) }
}

fn to_json(value: prost_types::Value) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::BoolValue(value)) => value.into(),
        Some(Kind::NumberValue(value)) => value.into(),
        Some(Kind::StringValue(value)) => value.into(),
        Some(Kind::ListValue(list)) => list.values.into_iter().map(to_json).collect(),
        Some(Kind::StructValue(value)) => json(Some(value)),
    }
}

//! Steps down into objects and arrays.

use std::borrow::Cow;

use crate::error::EvaluateError;
use crate::value::Value;

/// A member of `base`; null where an object or an array has no such member.
pub(crate) fn member<'v>(
    base: Cow<'v, Value>,
    is_optional: bool,
    key: &Value,
) -> Result<Cow<'v, Value>, EvaluateError> {
    let position = match (base.as_ref(), key) {
        (Value::Null, _) if is_optional => return Ok(Cow::Owned(Value::Null)),
        (Value::Null, _) => return Err(EvaluateError::MemberOfNull),
        (Value::Secret(_) | Value::Guarded(_), _) => return Err(EvaluateError::Tainted),
        (Value::Object(_), Value::Text(_)) => None,
        (Value::List(items), Value::Number(number)) => {
            Some((0..items.len()).find(|&at| u32::try_from(at).map(f64::from) == Ok(*number)))
        }
        (Value::Object(_) | Value::List(_), _) => return Err(EvaluateError::Index),
        (Value::Bool(_) | Value::Number(_) | Value::Text(_), _) => {
            return Err(EvaluateError::NoMembers);
        }
    };
    let found = match (base, key, position) {
        (Cow::Borrowed(Value::Object(members)), Value::Text(key), _) => {
            members.get(key).map(Cow::Borrowed)
        }
        (Cow::Owned(Value::Object(mut members)), Value::Text(key), _) => {
            members.remove(key).map(Cow::Owned)
        }
        (Cow::Borrowed(Value::List(items)), _, Some(Some(at))) => items.get(at).map(Cow::Borrowed),
        (Cow::Owned(Value::List(mut items)), _, Some(Some(at))) => {
            Some(Cow::Owned(items.swap_remove(at)))
        }
        _ => None,
    };
    Ok(found.unwrap_or(Cow::Owned(Value::Null)))
}

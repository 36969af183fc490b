//! The implementations of the functions.

use std::borrow::Cow;

use crate::error::EvaluateError;
use crate::function::Function;
use crate::operators::equal;
use crate::value::{MAX_WEIGHT, Value};

/// Calls a function that depends on its arguments alone.
///
/// No work here exceeds the weight of the arguments by more than a constant factor, or
/// [`MAX_WEIGHT`]: `replace` and `join` measure their result before they build it.
pub(crate) fn call(
    function: Function,
    arguments: &[Cow<'_, Value>],
) -> Result<Value, EvaluateError> {
    let text = |index: usize| match arguments[index].as_ref() {
        Value::Text(text) => Ok(text.as_str()),
        _ => Err(EvaluateError::Argument { function, wanted: "a string" }),
    };
    Ok(match function {
        Function::Request
        | Function::UserTokens
        | Function::UserContext
        | Function::IsUserAuthenticated
        | Function::Device
        | Function::Now => Value::Null,
        Function::Len => Value::Number(count(match arguments[0].as_ref() {
            Value::Text(text) => text.chars().count(),
            Value::List(items) => items.len(),
            Value::Object(members) => members.len(),
            _ => {
                let wanted = "a string, an array or an object";
                return Err(EvaluateError::Argument { function, wanted });
            }
        })),
        Function::Keys => match arguments[0].as_ref() {
            Value::Object(members) => {
                Value::List(members.keys().cloned().map(Value::Text).collect())
            }
            _ => return Err(EvaluateError::Argument { function, wanted: "an object" }),
        },
        Function::Contains => Value::Bool(match arguments[0].as_ref() {
            Value::Text(whole) => whole.contains(text(1)?),
            Value::Object(members) => members.contains_key(text(1)?),
            Value::List(items) => items.iter().any(|item| equal(item, &arguments[1])),
            _ => {
                let wanted = "a string, an array or an object";
                return Err(EvaluateError::Argument { function, wanted });
            }
        }),
        Function::Upper => Value::Text(text(0)?.to_uppercase()),
        Function::Lower => Value::Text(text(0)?.to_lowercase()),
        Function::Trim => Value::Text(text(0)?.trim().to_owned()),
        Function::StartsWith => Value::Bool(text(0)?.starts_with(text(1)?)),
        Function::EndsWith => Value::Bool(text(0)?.ends_with(text(1)?)),
        Function::Replace => replace(text(0)?, text(1)?, text(2)?)?,
        Function::Split => match text(1)? {
            "" => return Err(EvaluateError::Argument { function, wanted: "a separator" }),
            separator => Value::List(
                text(0)?.split(separator).map(|piece| Value::Text(piece.to_owned())).collect(),
            ),
        },
        Function::Join => join(&arguments[0], text(1)?)?,
        Function::Concat => {
            let pieces: Result<String, _> = (0..arguments.len()).map(text).collect();
            Value::Text(pieces?)
        }
        Function::ParseJson => {
            let json = serde_json::from_str(text(0)?).map_err(|_| EvaluateError::NotJson)?;
            Value::from_json(json)?
        }
        Function::Stringify => Value::Text(arguments[0].to_json().to_string()),
    })
}

/// A count as a number: no value has so many parts that it would not be exact.
fn count(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn replace(text: &str, from: &str, to: &str) -> Result<Value, EvaluateError> {
    if from.is_empty() {
        let function = Function::Replace;
        return Err(EvaluateError::Argument { function, wanted: "a string to look for" });
    }
    let added = text.matches(from).count().saturating_mul(to.len());
    if text.len().saturating_add(added) > 2 * MAX_WEIGHT {
        return Err(EvaluateError::TooLarge);
    }
    Ok(Value::Text(text.replace(from, to)))
}

fn join(list: &Value, separator: &str) -> Result<Value, EvaluateError> {
    let wanted =
        EvaluateError::Argument { function: Function::Join, wanted: "an array of strings" };
    let Value::List(items) = list else { return Err(wanted) };
    if items.len().saturating_mul(separator.len()) > MAX_WEIGHT {
        return Err(EvaluateError::TooLarge);
    }
    let pieces: Option<Vec<&str>> = items
        .iter()
        .map(|item| match item {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    Ok(Value::Text(pieces.ok_or(wanted)?.join(separator)))
}

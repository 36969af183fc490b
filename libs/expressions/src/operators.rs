//! The operators on plain values. Nothing is coerced.

use std::cmp::Ordering;

use crate::ast::Binary;
use crate::error::EvaluateError;
use crate::value::Value;

/// Whether two values are the same. Values of two kinds never are; what must not get out is equal
/// to nothing.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Number(left), Value::Number(right)) => {
            left.partial_cmp(right) == Some(Ordering::Equal)
        }
        (Value::Text(left), Value::Text(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(l, r)| equal(l, r))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(l, r)| l.0 == r.0 && equal(l.1, r.1))
        }
        _ => false,
    }
}

/// Compares or computes. The operators that do not always look at both sides are the evaluator's.
pub(crate) fn apply(operator: Binary, left: &Value, right: &Value) -> Result<Value, EvaluateError> {
    let numbers = match (left, right) {
        (Value::Number(left), Value::Number(right)) => Some((*left, *right)),
        _ => None,
    };
    let compute = |compute: fn(f64, f64) -> f64| {
        let (left, right) = numbers.ok_or(EvaluateError::Operands("numbers"))?;
        finite(compute(left, right))
    };
    let compare = |is_true: fn(Ordering) -> bool| {
        let ordering = match (left, right) {
            (Value::Number(left), Value::Number(right)) => left.partial_cmp(right),
            (Value::Text(left), Value::Text(right)) => Some(left.cmp(right)),
            _ => None,
        };
        let ordering = ordering.ok_or(EvaluateError::Operands("two numbers or two strings"))?;
        Ok(Value::Bool(is_true(ordering)))
    };
    match operator {
        Binary::Equal => Ok(Value::Bool(equal(left, right))),
        Binary::NotEqual => Ok(Value::Bool(!equal(left, right))),
        Binary::Less => compare(Ordering::is_lt),
        Binary::LessOrEqual => compare(Ordering::is_le),
        Binary::Greater => compare(Ordering::is_gt),
        Binary::GreaterOrEqual => compare(Ordering::is_ge),
        Binary::Add => match (left, right) {
            (Value::Text(left), Value::Text(right)) => Ok(Value::Text(format!("{left}{right}"))),
            _ => compute(|left, right| left + right)
                .map_err(|_| EvaluateError::Operands("two numbers or two strings")),
        },
        Binary::Subtract => compute(|left, right| left - right),
        Binary::Multiply => compute(|left, right| left * right),
        Binary::Divide => compute(|left, right| left / right),
        Binary::Remainder => compute(|left, right| left % right),
        Binary::Coalesce | Binary::Or | Binary::And => Err(EvaluateError::Operands("plain values")),
    }
}

/// A number, unless it left the range: infinities and `NaN` are no JSON.
pub(crate) fn finite(number: f64) -> Result<Value, EvaluateError> {
    if number.is_finite() { Ok(Value::Number(number)) } else { Err(EvaluateError::NotFinite) }
}

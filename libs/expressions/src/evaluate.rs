//! Computes the value of a tree, within a budget.
//!
//! # The gate
//! [`Evaluator::raw`] may give a value that must not get out, or holds one; [`Evaluator::value`] is
//! the gate behind it that refuses such a value, and one that is too large. Every computation and
//! every output goes through the gate. Only three places read `raw`: a member access (to walk on), a
//! comparison with a literal, and [`crate::Expression::secret`].

use std::borrow::Cow;
use std::collections::BTreeMap;

use clock::Timestamp;

use crate::ast::{Binary, Node, Part};
use crate::error::EvaluateError;
use crate::function::Function;
use crate::functions::call;
use crate::member::member;
use crate::operators::{apply, finite};
use crate::value::Value;

/// The steps that one evaluation may take: one for each node, and one for each 64 units of weight
/// of every value on the way.
pub(crate) const FUEL: usize = 10_000;

const WEIGHT_PER_STEP: usize = 64;

/// The values that an expression can read.
pub struct Scope<'s> {
    /// The journey's variables.
    pub variables: &'s BTreeMap<String, Value>,
    /// `@policy.request()`.
    pub request: &'s Value,
    /// `@policy.device()`.
    pub device: &'s Value,
    /// `@policy.userContext()`: null before authentication.
    pub user: &'s Value,
    /// `@policy.userTokens()`: null before authentication.
    pub tokens: &'s Value,
    /// `@time.now()`.
    pub now: Timestamp,
}

/// The purpose of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It may reach the client.
    Output,
    /// It only decides which way the journey goes: guarded values may be compared.
    Decision,
}

/// One evaluation.
pub(crate) struct Evaluator<'s> {
    scope: &'s Scope<'s>,
    purpose: Purpose,
    fuel: usize,
}

type Evaluated<'s> = Result<Cow<'s, Value>, EvaluateError>;

impl<'s> Evaluator<'s> {
    pub(crate) const fn new(scope: &'s Scope<'s>, purpose: Purpose) -> Self {
        Self { scope, purpose, fuel: FUEL }
    }

    fn burn(&mut self, steps: usize) -> Result<(), EvaluateError> {
        self.fuel = self.fuel.checked_sub(steps).ok_or(EvaluateError::OutOfFuel)?;
        Ok(())
    }

    /// The value of `node`, through the gate.
    pub(crate) fn value(&mut self, node: &Node) -> Evaluated<'s> {
        let value = self.raw(node)?;
        let measure = value.measure()?;
        self.burn(measure.weight / WEIGHT_PER_STEP)?;
        if measure.is_tainted { Err(EvaluateError::Tainted) } else { Ok(value) }
    }

    fn boolean(&mut self, node: &Node) -> Result<bool, EvaluateError> {
        match self.value(node)?.as_ref() {
            Value::Bool(yes) => Ok(*yes),
            _ => Err(EvaluateError::Operands("true or false")),
        }
    }

    /// The value of `node`, which may be one that must not get out, or hold one.
    pub(crate) fn raw(&mut self, node: &Node) -> Evaluated<'s> {
        self.burn(1)?;
        let value = match node {
            Node::Null => Value::Null,
            Node::Bool(yes) => Value::Bool(*yes),
            Node::Number(number) => Value::Number(*number),
            Node::Text(text) => Value::Text(text.clone()),
            Node::Template(parts) => self.template(parts)?,
            Node::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.value(item).map(Cow::into_owned))
                    .collect::<Result<_, _>>()?,
            ),
            Node::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, member)| Ok((key.clone(), self.value(member)?.into_owned())))
                    .collect::<Result<_, EvaluateError>>()?,
            ),
            Node::Variable(name) => {
                return Ok(self
                    .scope
                    .variables
                    .get(name)
                    .map_or(Cow::Owned(Value::Null), Cow::Borrowed));
            }
            Node::Member { base, key, is_optional } => {
                let base = self.raw(base)?;
                return member(base, *is_optional, &Value::Text(key.clone()));
            }
            Node::Index { base, index, is_optional } => {
                let base = self.raw(base)?;
                let index = self.value(index)?;
                return member(base, *is_optional, &index);
            }
            Node::Not(operand) => Value::Bool(!self.boolean(operand)?),
            Node::Negate(operand) => match self.value(operand)?.as_ref() {
                Value::Number(number) => finite(-number)?,
                _ => return Err(EvaluateError::Operands("a number")),
            },
            Node::Binary { operator, left, right } => return self.binary(*operator, left, right),
            Node::Choice { condition, yes, no } => {
                let branch = if self.boolean(condition)? { yes } else { no };
                return self.value(branch);
            }
            Node::Call { function, arguments } => return self.call(*function, arguments),
        };
        Ok(Cow::Owned(value))
    }

    fn binary(&mut self, operator: Binary, left: &Node, right: &Node) -> Evaluated<'s> {
        let value = match operator {
            Binary::And => Value::Bool(self.boolean(left)? && self.boolean(right)?),
            Binary::Or => Value::Bool(self.boolean(left)? || self.boolean(right)?),
            Binary::Coalesce => match self.value(left)? {
                value if matches!(value.as_ref(), Value::Null) => return self.value(right),
                value => return Ok(value),
            },
            Binary::Equal => Value::Bool(self.is_equal(left, right)?),
            Binary::NotEqual => Value::Bool(!self.is_equal(left, right)?),
            Binary::Less
            | Binary::LessOrEqual
            | Binary::Greater
            | Binary::GreaterOrEqual
            | Binary::Add
            | Binary::Subtract
            | Binary::Multiply
            | Binary::Divide
            | Binary::Remainder => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                apply(operator, &left, &right)?
            }
        };
        Ok(Cow::Owned(value))
    }

    /// Compares. Any value may be compared with a literal null; a guarded one, in a decision, with
    /// a quoted string.
    fn is_equal(&mut self, left: &Node, right: &Node) -> Result<bool, EvaluateError> {
        let (node, literal) = match (left, right) {
            (node, literal @ (Node::Null | Node::Text(_)))
            | (literal @ (Node::Null | Node::Text(_)), node) => (node, literal),
            (left, right) => {
                let left = self.value(left)?;
                let right = self.value(right)?;
                return Ok(crate::operators::equal(&left, &right));
            }
        };
        let value = self.raw(node)?;
        match (value.as_ref(), literal, self.purpose) {
            (value, Node::Null, _) => Ok(matches!(value, Value::Null)),
            (Value::Guarded(reason), Node::Text(text), Purpose::Decision) => Ok(reason == text),
            (Value::Guarded(_) | Value::Secret(_), _, _) => Err(EvaluateError::Tainted),
            (Value::Text(value), Node::Text(text), _) => Ok(value == text),
            _ => Ok(false),
        }
    }

    fn template(&mut self, parts: &[Part]) -> Result<Value, EvaluateError> {
        let mut whole = String::new();
        for part in parts {
            match part {
                Part::Text(text) => whole.push_str(text),
                Part::Node(node) => match self.value(node)?.as_ref() {
                    Value::Text(text) => whole.push_str(text),
                    value @ (Value::Null | Value::Bool(_) | Value::Number(_)) => {
                        whole.push_str(&value.to_json().to_string());
                    }
                    _ => return Err(EvaluateError::Operands("no array or object in a string")),
                },
            }
        }
        Ok(Value::Text(whole))
    }

    fn call(&mut self, function: Function, arguments: &[Node]) -> Evaluated<'s> {
        let scope = self.scope;
        Ok(match function {
            Function::Request => Cow::Borrowed(scope.request),
            Function::UserTokens => Cow::Borrowed(scope.tokens),
            Function::UserContext => Cow::Borrowed(scope.user),
            Function::Device => Cow::Borrowed(scope.device),
            Function::IsUserAuthenticated => {
                Cow::Owned(Value::Bool(!matches!(scope.user, Value::Null)))
            }
            Function::Now => Cow::Owned(milliseconds(scope.now)?),
            function => {
                let arguments: Result<Vec<_>, _> =
                    arguments.iter().map(|argument| self.value(argument)).collect();
                Cow::Owned(call(function, &arguments?)?)
            }
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact until the year 287396")]
fn milliseconds(now: Timestamp) -> Result<Value, EvaluateError> {
    finite(now.unix_millis() as f64)
}

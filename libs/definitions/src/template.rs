//! Texts and JSON that a page is sent: plain, unless a text begins with `@` or a backtick, which
//! makes it an expression.

use std::collections::BTreeMap;
use std::fmt;

use expressions::{EvaluateError, Expression, Purpose, Scope, Value};

/// JSON in which texts may be expressions.
#[derive(Debug)]
pub enum Template {
    /// Always the same.
    Plain(Value),
    /// An expression.
    Expression(Expression),
    /// An array of such.
    List(Vec<Template>),
    /// An object of such.
    Object(BTreeMap<String, Template>),
}

impl Template {
    /// Whether `text` is an expression.
    pub fn is_expression(text: &str) -> bool {
        text.starts_with(['@', '`'])
    }

    /// Fills in the expressions.
    ///
    /// # Errors
    /// As [`Expression::evaluate`].
    pub fn render(&self, scope: &Scope<'_>) -> Result<Value, EvaluateError> {
        match self {
            Self::Plain(value) => Ok(value.clone()),
            Self::Expression(expression) => expression.evaluate(scope, Purpose::Output),
            Self::List(items) => items
                .iter()
                .map(|item| item.render(scope))
                .collect::<Result<_, _>>()
                .map(Value::List),
            Self::Object(members) => members
                .iter()
                .map(|(key, member)| Ok((key.clone(), member.render(scope)?)))
                .collect::<Result<_, _>>()
                .map(Value::Object),
        }
    }

    /// Fills in the expressions of what is one text.
    ///
    /// # Errors
    /// As [`Expression::evaluate`], and [`EvaluateError::NotA`] if the value is no text, number or
    /// boolean.
    pub fn render_text(&self, scope: &Scope<'_>) -> Result<String, EvaluateError> {
        match self.render(scope)? {
            Value::Text(text) => Ok(text),
            value @ (Value::Bool(_) | Value::Number(_)) => Ok(value.to_json().to_string()),
            Value::Null
            | Value::List(_)
            | Value::Object(_)
            | Value::Secret(_)
            | Value::Guarded(_) => Err(EvaluateError::NotA("a string")),
        }
    }

    /// The same with other expressions.
    pub(crate) fn map(&self, change: &impl Fn(&Expression) -> Expression) -> Self {
        match self {
            Self::Plain(value) => Self::Plain(value.clone()),
            Self::Expression(expression) => Self::Expression(change(expression)),
            Self::List(items) => Self::List(items.iter().map(|item| item.map(change)).collect()),
            Self::Object(members) => Self::Object(
                members.iter().map(|(key, member)| (key.clone(), member.map(change))).collect(),
            ),
        }
    }

    /// The expressions inside.
    pub fn expressions(&self) -> Vec<&Expression> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Expression(expression) => vec![expression],
            Self::List(items) => items.iter().flat_map(Self::expressions).collect(),
            Self::Object(members) => members.values().flat_map(Self::expressions).collect(),
        }
    }
}

/// As the file has it, on one line.
impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(Value::Text(text)) => f.write_str(text),
            Self::Plain(value) => value.to_json().fmt(f),
            Self::Expression(expression) => expression.fmt(f),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Object(members) => {
                let members = members.iter().map(|(key, member)| format!("{key}: {member}"));
                write!(f, "{{{}}}", members.collect::<Vec<_>>().join(", "))
            }
        }
    }
}

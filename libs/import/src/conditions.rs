//! The conditions of an export: a field, an operation and a value.

use expressions::Expression;
use serde_json::Value as Json;

use crate::export::{Node, expression};

/// The expression that a condition is.
pub(crate) fn expression_of(node: &Node) -> Result<Expression, String> {
    let condition = node.members.get("condition").and_then(Json::as_object);
    let condition = condition.ok_or("it has no `condition`")?;
    let field = condition.get("field").and_then(expression);
    let field = path(&field.ok_or("its condition has no `field`")?)?;
    // Defaults are for absent keys alone: another shape would change what the condition decides.
    let operation = match condition.get("operation") {
        None => "==",
        Some(json) => json.as_str().ok_or("its condition's `operation` is no text")?,
    };
    let value = condition.get("value").map_or(Ok("true".to_owned()), operand)?;
    let value = parse("value", &value)?.to_string();
    let negated = match condition.get("negated") {
        None => false,
        Some(json) => json.as_bool().ok_or("its condition's `negated` is no boolean")?,
    };
    let source = match (operation, value.as_str()) {
        ("==", "true") => field,
        ("==", "false") => format!("!({field})"),
        ("==" | "!=" | "<" | "<=" | ">" | ">=", value) => {
            format!("({field}) {operation} ({value})")
        }
        ("contains", value) => format!("@std.contains({field}, {value})"),
        ("starts_with" | "ends_with", value) => format!("@strings.{operation}({field}, {value})"),
        (other, _) => return Err(format!("its operation {other:?} has no counterpart")),
    };
    parse("condition", &if negated { format!("!({source})") } else { source })
}

/// The source of what a field is compared with.
fn operand(value: &Json) -> Result<String, &'static str> {
    if value.is_null() {
        return Ok("null".to_owned());
    }
    expression(value).ok_or("its condition's `value` is a list or an object")
}

/// The field: bare, or in backticks, where it is a path all the same.
fn path(source: &str) -> Result<String, String> {
    let inner = source.trim().strip_prefix('`').and_then(|rest| rest.strip_suffix('`'));
    let inner = inner.filter(|inner| !inner.contains(['`', '$', '\\']));
    Ok(parse("field", inner.unwrap_or(source))?.to_string())
}

/// Parses an expression; an error names the key.
pub(crate) fn parse(key: &str, source: &str) -> Result<Expression, String> {
    Expression::parse(source.trim()).map_err(|error| format!("its `{key}` cannot be read: {error}"))
}

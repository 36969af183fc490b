//! The functions that expressions can call: `@namespace.name(arguments)`.
//!
//! A new function is one variant of [`Function`], one line of [`TABLE`] and one arm in `functions`.

use std::ops::RangeInclusive;

/// A function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Function {
    /// `@policy.request()`
    Request,
    /// `@policy.userTokens()`
    UserTokens,
    /// `@policy.userContext()`
    UserContext,
    /// `@policy.isUserAuthenticated()`
    IsUserAuthenticated,
    /// `@policy.device()`
    Device,
    /// `@time.now()`
    Now,
    /// `@std.len()`
    Len,
    /// `@std.keys()`
    Keys,
    /// `@std.contains()`
    Contains,
    /// `@strings.upper()`
    Upper,
    /// `@strings.lower()`
    Lower,
    /// `@strings.trim()`
    Trim,
    /// `@strings.starts_with()`
    StartsWith,
    /// `@strings.ends_with()`
    EndsWith,
    /// `@strings.replace()`
    Replace,
    /// `@strings.split()`
    Split,
    /// `@strings.join()`
    Join,
    /// `@strings.concat()`
    Concat,
    /// `@json.parse()`
    ParseJson,
    /// `@json.stringify()`
    Stringify,
}

/// Namespace, name, how many arguments at least and at most. The first name of a function is its own,
/// others are those that imported journeys use.
const TABLE: [(&str, &str, usize, usize, Function); 22] = [
    ("policy", "request", 0, 0, Function::Request),
    ("policy", "userTokens", 0, 0, Function::UserTokens),
    ("policy", "userContext", 0, 0, Function::UserContext),
    ("policy", "isUserAuthenticated", 0, 0, Function::IsUserAuthenticated),
    ("policy", "device", 0, 0, Function::Device),
    ("time", "now", 0, 0, Function::Now),
    ("std", "len", 1, 1, Function::Len),
    ("std", "keys", 1, 1, Function::Keys),
    ("std", "contains", 2, 2, Function::Contains),
    ("strings", "upper", 1, 1, Function::Upper),
    ("strings", "lower", 1, 1, Function::Lower),
    ("strings", "trim", 1, 1, Function::Trim),
    ("strings", "starts_with", 2, 2, Function::StartsWith),
    ("strings", "ends_with", 2, 2, Function::EndsWith),
    ("strings", "replace", 3, 3, Function::Replace),
    ("strings", "split", 2, 2, Function::Split),
    ("strings", "join", 2, 2, Function::Join),
    ("strings", "concat", 1, 16, Function::Concat),
    ("std", "now", 0, 0, Function::Now),
    ("std", "concat", 1, 16, Function::Concat),
    ("json", "parse", 1, 1, Function::ParseJson),
    ("json", "stringify", 1, 1, Function::Stringify),
];

impl Function {
    /// Whether any function has this namespace.
    pub(crate) fn has_namespace(namespace: &str) -> bool {
        TABLE.iter().any(|row| row.0 == namespace)
    }

    /// The function of that name.
    pub(crate) fn parse(namespace: &str, name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.0 == namespace && row.1 == name).map(|row| row.4)
    }

    /// Its namespace and name.
    pub(crate) fn name(self) -> (&'static str, &'static str) {
        TABLE.iter().find(|row| row.4 == self).map_or(("", ""), |row| (row.0, row.1))
    }

    /// What is wrong with a read of that member of what it returns, if it never has one: a misspelt
    /// name would be null in every run.
    pub(crate) fn unknown_member(self, key: &str) -> Option<String> {
        let members = self.members().filter(|members| !members.contains(&key))?;
        let row = TABLE.iter().find(|row| row.4 == self)?;
        let (namespace, name, members) = (row.0, row.1, members.join("`, `"));
        Some(format!("`@{namespace}.{name}()` has no member `{key}`: it has `{members}`"))
    }

    /// The members of the object that it returns, where they are always the same.
    const fn members(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Request => Some(&["params", "headers", "locale"]),
            Self::UserTokens => Some(&["access_token", "id_token"]),
            Self::UserContext => Some(&["user_id"]),
            Self::IsUserAuthenticated
            | Self::Device
            | Self::Now
            | Self::Len
            | Self::Keys
            | Self::Contains
            | Self::Upper
            | Self::Lower
            | Self::Trim
            | Self::StartsWith
            | Self::EndsWith
            | Self::Replace
            | Self::Split
            | Self::Join
            | Self::Concat
            | Self::ParseJson
            | Self::Stringify => None,
        }
    }

    /// How many arguments it takes.
    pub(crate) fn arity(self) -> RangeInclusive<usize> {
        TABLE.iter().find(|row| row.4 == self).map_or(0..=0, |row| row.2..=row.3)
    }
}

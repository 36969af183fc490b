//! The parameters of a query. One without a value is as good as omitted (RFC 6749, section 3.1).

use std::collections::HashMap;

/// The parameters of a query, by name.
pub(super) struct Parameters(HashMap<String, Vec<String>>);

impl Parameters {
    pub(super) fn parse(query: &str) -> Self {
        let mut parameters = HashMap::<_, Vec<_>>::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
            parameters.entry(name).or_default().push(value);
        }
        Self(parameters)
    }

    /// The value of a parameter; `None` if it is empty, or not given exactly once.
    pub(super) fn once(&self, name: &str) -> Option<&str> {
        match self.0.get(name)?.as_slice() {
            [value] if !value.is_empty() => Some(value),
            _ => None,
        }
    }

    /// The words of a parameter that is a list.
    pub(super) fn words(&self, name: &str) -> impl Iterator<Item = &str> {
        self.once(name).into_iter().flat_map(|list| list.split(' ')).filter(|it| !it.is_empty())
    }

    pub(super) fn has_repeated(&self) -> bool {
        self.0.values().any(|values| values.len() > 1)
    }
}

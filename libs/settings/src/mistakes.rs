//! Everything that is wrong with how a process was configured, so that an operator reads all of it at
//! once.

use std::fmt;

/// Everything that is wrong with how a process was configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mistakes(pub Vec<String>);

impl Mistakes {
    /// Notes a mistake.
    pub fn note(&mut self, mistake: impl fmt::Display) {
        self.0.push(mistake.to_string());
    }

    /// Takes the value, or notes under the setting's name what is wrong with it.
    pub fn check<T, E: fmt::Display>(&mut self, setting: &str, value: Result<T, E>) -> Option<T> {
        value.map_err(|error| self.note(format_args!("{setting}: {error}"))).ok()
    }

    /// Takes the value, or notes everything that is wrong with it.
    pub fn check_all<T, E: fmt::Display>(&mut self, value: Result<T, Vec<E>>) -> Option<T> {
        value.map_err(|wrong| wrong.into_iter().for_each(|error| self.note(error))).ok()
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl std::error::Error for Mistakes {}

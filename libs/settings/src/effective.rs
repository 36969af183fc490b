//! The settings in effect, for the log: all that were given and all defaults, each with where it comes
//! from. Secrets come as files, so that only a URL can hold one, and there it is left out.

use std::fmt;

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

/// The settings in effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective(Vec<String>);

impl Effective {
    /// What was given to this command.
    pub fn of(command: &Command, matches: &ArgMatches) -> Self {
        let mut settings: Vec<_> = command
            .get_arguments()
            .filter_map(|argument| {
                let id = argument.get_id().as_str();
                let name = argument.get_long()?;
                let origin = match matches.value_source(id)? {
                    ValueSource::DefaultValue => " (default)",
                    ValueSource::EnvVariable => " (environment)",
                    _ => "",
                };
                let values =
                    matches.get_raw(id)?.map(|value| without_secrets(&value.to_string_lossy()));
                Some(format!("--{name}={}{origin}", values.collect::<Vec<_>>().join(",")))
            })
            .collect();
        settings.sort();
        Self(settings)
    }
}

impl fmt::Display for Effective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// A value without the user and password of a URL.
fn without_secrets(value: &str) -> String {
    let Some((scheme, rest)) = value.split_once("://") else { return value.to_owned() };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://[redacted]@{place}"),
        None => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::{Arg, Command};

    use super::*;

    #[test]
    fn every_setting_is_told_with_where_it_comes_from_and_no_password() {
        let command = Command::new("service")
            .arg(Arg::new("store").long("store"))
            .arg(Arg::new("log").long("log").default_value("info"))
            .arg(Arg::new("config").long("config"));
        let url = "--store=redis+sentinel://me:hunter2@a:1,b:2/main";
        let matches = command.clone().get_matches_from(["service", url]);
        let told = Effective::of(&command, &matches).to_string();
        assert_eq!(told, "--log=info (default) --store=redis+sentinel://[redacted]@a:1,b:2/main");
    }

    #[test]
    fn what_is_no_url_with_a_password_stays_as_it_is() {
        for value in ["127.0.0.1:1", "redis://host:1/0", "me@example", "/run/secrets/a@b"] {
            assert_eq!(without_secrets(value), value);
        }
        assert_eq!(without_secrets("redis://:p@ss@host"), "redis://[redacted]@host");
    }
}

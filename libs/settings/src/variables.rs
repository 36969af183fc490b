//! Variables of the environment that look like settings and are none: a misspelt one would leave its
//! setting at the default, without a warning.

use std::ffi::OsString;

use clap::Command;

use crate::mistakes::Mistakes;

/// What the variables of all settings begin with.
const PREFIX: &str = "POSTERN_";

/// How much alike two names must be for one to be a misspelling of the other, from 0 to 1.
const ALIKE: f64 = 0.8;

/// Notes every variable of the prefix that is no setting: neither of this command nor `shared` with it.
pub fn check(
    command: &Command,
    shared: &[&str],
    variables: impl IntoIterator<Item = (OsString, OsString)>,
    mistakes: &mut Mistakes,
) {
    let known = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    let known: Vec<_> = known.chain(shared.iter().copied()).collect();
    let mut unknown: Vec<_> = variables
        .into_iter()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
        .filter(|(name, value)| {
            name.starts_with(PREFIX)
                && !known.contains(&name.as_str())
                && !is_of_a_service(name, value)
        })
        .map(|(name, _)| name)
        .collect();
    unknown.sort();
    for name in unknown {
        let service = command.get_name();
        let advice = match closest(&name, &known) {
            Some(meant) => format!("did you mean {meant}?"),
            None => format!("`{service} --help` lists all, or unset it"),
        };
        mistakes.note(format_args!("{name}: is no setting: {advice}"));
    }
}

fn closest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    let likeness = |known: &str| {
        let rest = |name: &str| name.strip_prefix(PREFIX).unwrap_or_default().to_owned();
        strsim::normalized_damerau_levenshtein(&rest(name), &rest(known))
    };
    let rated = known.iter().map(|known| (likeness(known), *known));
    let best = rated.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(likeness, _)| *likeness >= ALIKE).map(|(_, known)| known)
}

/// Whether Kubernetes sets it, for a Service that is called `postern` or begins so: it tells every pod
/// of the namespace where the Services are (`enableServiceLinks`).
fn is_of_a_service(name: &str, value: &OsString) -> bool {
    if name.ends_with("_SERVICE_HOST") || name.contains("_SERVICE_PORT") {
        return true;
    }
    let is_address =
        |value: &str| ["tcp://", "udp://", "sctp://"].iter().any(|it| value.starts_with(it));
    if name.ends_with("_PORT") && value.to_str().is_some_and(is_address) {
        return true;
    }
    // POSTERN_REDIS_PORT_6379_TCP, and with _PROTO, _PORT and _ADDR after it.
    name.match_indices("_PORT_").any(|(at, found)| is_port(&name[at + found.len()..]))
}

/// Whether a text is a port with a protocol, such as `6379_TCP_ADDR`.
fn is_port(text: &str) -> bool {
    let (port, rest) = text.split_once('_').unwrap_or((text, ""));
    let protocol = rest.split('_').next().unwrap_or_default();
    port.parse::<u16>().is_ok() && ["TCP", "UDP", "SCTP"].contains(&protocol)
}

#[cfg(test)]
mod tests {
    use clap::Arg;

    use super::*;

    fn mistakes(variables: &[(&str, &str)]) -> Vec<String> {
        let argument = |id, env| Arg::new(id).long(id).env(env);
        let command = Command::new("verifier")
            .arg(argument("store", "POSTERN_STORE"))
            .arg(argument("store-password-file", "POSTERN_STORE_PASSWORD_FILE"));
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into()));
        let mut mistakes = Mistakes::default();
        check(&command, &["POSTERN_ISSUER"], variables, &mut mistakes);
        mistakes.0
    }

    #[test]
    fn a_misspelt_setting_is_a_mistake_and_its_value_is_not_told() {
        for (name, told) in [
            ("POSTERN_STROE", "did you mean POSTERN_STORE?"),
            ("POSTERN_ISUER", "did you mean POSTERN_ISSUER?"),
            ("POSTERN_STORE_PASSWORD_FILES", "did you mean POSTERN_STORE_PASSWORD_FILE?"),
            ("POSTERN_PEPPERS", "`verifier --help` lists all, or unset it"),
            ("POSTERN_", "`verifier --help` lists all, or unset it"),
        ] {
            let expected = format!("{name}: is no setting: {told}");
            assert_eq!(mistakes(&[(name, "hunter2")]), [expected]);
        }
    }

    #[test]
    fn settings_and_what_others_set_are_none() {
        for (name, value) in [
            ("POSTERN_STORE", "memory"),
            ("POSTERN_ISSUER", "https://recovery.example"),
            ("PATH", "/usr/bin"),
            ("MY_POSTERN_STROE", "memory"),
            ("POSTERN_SERVICE_HOST", "10.0.0.1"),
            ("POSTERN_SERVICE_PORT", "50051"),
            ("POSTERN_SERVICE_PORT_GRPC", "50051"),
            ("POSTERN_PORT", "tcp://10.0.0.1:50051"),
            ("POSTERN_PORT_50051_TCP", "tcp://10.0.0.1:50051"),
            ("POSTERN_PORT_50051_TCP_PROTO", "tcp"),
            ("POSTERN_PORT_50051_TCP_PORT", "50051"),
            ("POSTERN_PORT_50051_TCP_ADDR", "10.0.0.1"),
            ("POSTERN_REDIS_PORT_6379_TCP_PORT", "6379"),
        ] {
            assert_eq!(mistakes(&[(name, value)]), [""; 0], "{name}");
        }
        assert_eq!(mistakes(&[("POSTERN_STORE_PORT", "6379")]).len(), 1);
    }
}

//! The requirements for a production Redis, checked before use. Each failed check says what to
//! change.

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use crate::confirmation::Confirmation;
use crate::link::Link;
use crate::rights;

/// The oldest supported version: from it on, scripts with flags behave alike whether memory is full
/// or not.
const OLDEST: (u32, u32) = (7, 0);

/// The oldest version that can confirm a sync to disk (`WAITAOF`).
const OLDEST_TO_SYNC: (u32, u32) = (7, 2);

/// The complaint about a server that is a replica.
pub(crate) const REPLICA: &str = "it is a replica: name the primary, or its sentinels";

/// The checks that run before a server is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Nothing.
    Off,
    /// All checks, with the access rights that this service needs.
    On(Use),
}

/// The data that a service keeps in Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Codes, and notices about them.
    Codes,
    /// The same, and desks.
    CodesAndDesks,
    /// Journeys.
    Journeys,
    /// Journeys; and which grants are revoked, to read.
    JourneysAndGrants,
    /// Sessions at the console.
    Console,
    /// All of it but sessions at the console: `postern` serves a console from memory alone.
    All,
}

/// Tries rights.
struct Trial {
    /// The name of the data in `scripts/rights.lua`.
    data: &'static str,
    key: &'static str,
    command: &'static str,
    script: &'static str,
}

const fn writing(data: &'static str, key: &'static str) -> Trial {
    Trial { data, key, command: "EVAL", script: rights::WRITE }
}

const CODES: Trial = writing("codes", rights::CODES);
const NOTICES: Trial = writing("notices", rights::NOTICES);
const DESKS: Trial = writing("desks", rights::DESKS);
const JOURNEYS: Trial = writing("journeys", rights::JOURNEYS);
/// Sessions are kept by the scripts of journeys.
const CONSOLE: Trial = writing("journeys", rights::CONSOLE);
const GRANTS: Trial =
    Trial { data: "grants", key: rights::GRANTS, command: "EVAL_RO", script: rights::READ };

impl Use {
    /// The trials of the rights that it needs.
    const fn trials(self) -> &'static [Trial] {
        match self {
            Self::Codes => &[CODES, NOTICES],
            Self::CodesAndDesks => &[CODES, NOTICES, DESKS],
            Self::Journeys => &[JOURNEYS],
            Self::JourneysAndGrants => &[JOURNEYS, GRANTS],
            Self::Console => &[CONSOLE],
            Self::All => &[CODES, NOTICES, DESKS, JOURNEYS, GRANTS],
        }
    }
}

/// The requirements for a link.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Demands {
    pub(crate) checks: Checks,
    /// A server that cannot give it is refused, even with the checks off.
    pub(crate) confirmation: Option<Confirmation>,
}

/// The complaints about the servers behind a link; each says what to change.
pub(crate) async fn inspect(link: &mut Link, demands: Demands) -> RedisResult<Vec<String>> {
    let Demands { checks, confirmation } = demands;
    let mut complaints = vec![];
    if checks != Checks::Off || confirmation == Some(Confirmation::Disk) {
        match link.describe().await {
            Ok(servers) => servers.iter().for_each(|info| complaints.extend(read(info, demands))),
            Err(error) => complaints.push(may_not("INFO", error)?),
        }
    }
    // A server too old for `WAITAOF` already has a complaint about its version.
    let is_known = |asked: &Confirmation| *asked != Confirmation::Disk || complaints.is_empty();
    if let Some(confirmation) = confirmation.filter(is_known)
        && let Err(error) = link.query::<Value>(&confirmation.probe()).await
    {
        complaints.push(may_not(confirmation.command(), error)?);
    }
    let used = match checks {
        Checks::Off => &[],
        Checks::On(used) => used.trials(),
    };
    for Trial { data, key, command, script } in used {
        let mut probe = redis::cmd(command);
        probe.arg(script).arg(1).arg(key).arg(data);
        match link.query::<Vec<String>>(&probe).await {
            Ok(refused) if refused.is_empty() => {}
            Ok(refused) => complaints.push(rights(&refused.join(", "), data)),
            Err(error) => complaints.push(may_not(&format!("{command} for {data}"), error)?),
        }
    }
    complaints.sort();
    complaints.dedup();
    Ok(complaints)
}

/// Turns an error for missing access rights into a complaint and passes any other error on.
fn may_not(what: &str, error: RedisError) -> RedisResult<String> {
    if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) {
        return Ok(rights(what, "this service"));
    }
    Err(error)
}

fn rights(what: &str, whose: &str) -> String {
    // `users.acl` as delivered must also load on servers without WAITAOF.
    let beyond = if what == "WAITAOF" { ", and +waitaof" } else { "" };
    format!(
        "the user may not run {what}: give it the rights of {whose} in deploy/redis/users.acl{beyond}"
    )
}

/// The complaints about one server, from its `INFO` reply.
fn read(info: &str, Demands { checks, confirmation }: Demands) -> Vec<String> {
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).unwrap_or_default()
    };
    let mut complaints = vec![];
    let version = field("redis_version");
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    let number = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    let must_sync = confirmation == Some(Confirmation::Disk);
    if must_sync && number < OLDEST_TO_SYNC {
        complaints.push(format!(
            "it is version {version}, which cannot say what it has on its disk: run 7.2 or later, or \
             set appendfsync always there and the durability fenced here, so that it replies when \
             it has"
        ));
    }
    if field("aof_enabled") != "1" && (must_sync || checks != Checks::Off) {
        complaints.push(
            "it keeps no append-only file, so that a restart forgets lockouts: set appendonly yes"
                .to_owned(),
        );
    }
    if checks == Checks::Off {
        return complaints;
    }
    if number < OLDEST {
        complaints.push(format!("it is version {version}: run 7.0 or later"));
    }
    let policy = field("maxmemory_policy");
    if policy != "noeviction" {
        complaints.push(format!(
            "its maxmemory-policy is {policy}, under which a flood removes lockouts: set it to \
             noeviction"
        ));
    }
    if field("role") != "master" {
        complaints.push(REPLICA.to_owned());
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIT: &str = "# Server\r\nredis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n\
        aof_enabled:1\r\nrole:master\r\n";

    const ALL: Demands = Demands { checks: Checks::On(Use::All), confirmation: None };

    #[test]
    fn a_fit_server_passes() {
        assert_eq!(read(FIT, ALL), Vec::<String>::new());
        assert_eq!(read(&FIT.replace("7.0.15", "8.2.0"), ALL), Vec::<String>::new());
    }

    #[test]
    fn each_complaint_says_what_to_change() {
        for (fit, unfit, advice) in [
            ("7.0.15", "6.2.7", "run 7.0 or later"),
            ("noeviction", "allkeys-lru", "set it to noeviction"),
            ("aof_enabled:1", "aof_enabled:0", "set appendonly yes"),
            ("role:master", "role:slave", "name the primary"),
        ] {
            let complaints = read(&FIT.replace(fit, unfit), ALL);
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].contains(advice), "{complaints:?}");
        }
        assert_eq!(read("", ALL).len(), 4);
    }

    #[test]
    fn a_server_that_cannot_sync_is_refused_even_with_the_checks_off() {
        for checks in [Checks::Off, Checks::On(Use::Codes)] {
            let demands = Demands { checks, confirmation: Some(Confirmation::Disk) };
            let complaints = read(FIT, demands);
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].contains("run 7.2") && complaints[0].contains("always"));
            let newer = FIT.replace("7.0.15", "7.2.0");
            assert_eq!(read(&newer, demands), Vec::<String>::new());
            let forgetful = newer.replace("aof_enabled:1", "aof_enabled:0");
            assert_eq!(read(&forgetful, demands).len(), 1);
        }
        let off = Demands { checks: Checks::Off, confirmation: None };
        assert_eq!(read("", off), Vec::<String>::new());
    }
}

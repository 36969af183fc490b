//! What a Redis must be before a production service puts codes into it, and what to change where it
//! is not.

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind, Value};

use super::confirmation::Confirmation;
use super::link::Link;
use crate::scripts;

/// The oldest version that will do: it answers by scripts with flags alike, full or not.
const OLDEST: (u32, u32) = (7, 0);

/// The oldest version that can say what it has on its disk.
const OLDEST_TO_SYNC: (u32, u32) = (7, 2);

/// The complaint about a server that is not the primary.
pub(super) const REPLICA: &str = "it is a replica: name the primary, or its sentinels";

/// What is looked at before a server is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Nothing.
    Off,
    /// All but the rights to what this service does not use.
    On(Use),
}

/// What a service keeps in Redis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    /// Codes.
    Codes,
    /// Journeys.
    Journeys,
    /// Both.
    All,
}

impl Use {
    /// What [`crate::keys`] and `scripts/rights.lua` call it.
    const fn names(self) -> &'static [(&'static str, &'static str)] {
        const CODES: (&str, &str) = ("codes", crate::keys::RIGHTS_CODES);
        const JOURNEYS: (&str, &str) = ("journeys", crate::keys::RIGHTS_JOURNEYS);
        match self {
            Self::Codes => &[CODES],
            Self::Journeys => &[JOURNEYS],
            Self::All => &[CODES, JOURNEYS],
        }
    }
}

/// What a link must lead to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Demands {
    pub(super) checks: Checks,
    /// A server that cannot give it is of no use, whatever else is looked at.
    pub(super) confirmation: Option<Confirmation>,
}

/// What is wrong with the servers behind a link; each complaint says what to change.
pub(super) async fn inspect(link: &mut Link, demands: Demands) -> RedisResult<Vec<String>> {
    let Demands { checks, confirmation } = demands;
    let mut complaints = vec![];
    if checks != Checks::Off || confirmation == Some(Confirmation::Disk) {
        match link.describe().await {
            Ok(servers) => servers.iter().for_each(|info| complaints.extend(read(info, demands))),
            Err(error) => complaints.push(may_not("INFO", error)?),
        }
    }
    // A server that is too old to sync knows no such command; that it is too old has been said.
    let is_known = |asked: &Confirmation| *asked != Confirmation::Disk || complaints.is_empty();
    if let Some(confirmation) = confirmation.filter(is_known)
        && let Err(error) = link.query::<Value>(&confirmation.probe()).await
    {
        complaints.push(may_not(confirmation.command(), error)?);
    }
    let used = match checks {
        Checks::Off => &[],
        Checks::On(used) => used.names(),
    };
    for (whose, key) in used {
        let mut probe = redis::cmd("EVAL");
        probe.arg(scripts::RIGHTS).arg(1).arg(key).arg(whose);
        match link.query::<Vec<String>>(&probe).await {
            Ok(refused) if refused.is_empty() => {}
            Ok(refused) => complaints.push(rights(&refused.join(", "), whose)),
            Err(error) => complaints.push(may_not(&format!("EVAL for {whose}"), error)?),
        }
    }
    complaints.sort();
    complaints.dedup();
    Ok(complaints)
}

/// A refusal for want of rights is a complaint; any other error is none.
fn may_not(what: &str, error: RedisError) -> RedisResult<String> {
    if error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm) {
        return Ok(rights(what, "this service"));
    }
    Err(error)
}

fn rights(what: &str, whose: &str) -> String {
    // The file that is delivered must load on servers that know no WAITAOF.
    let beyond = if what == "WAITAOF" { ", and +waitaof" } else { "" };
    format!(
        "the user may not run {what}: give it the rights of {whose} in deploy/redis/users.acl{beyond}"
    )
}

/// What a server's `INFO` gives cause to complain about.
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
    fn a_fit_server_gives_no_cause_to_complain() {
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
    fn a_server_that_cannot_sync_is_refused_whatever_else_is_looked_at() {
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

//! What a Redis must be before a production service puts codes into it, and what to change where it
//! is not.

use redis::{ErrorKind, RedisError, RedisResult, ServerErrorKind};

use super::link::Link;
use crate::scripts;

/// The oldest version that will do: it answers by scripts with flags alike, full or not.
const OLDEST: (u32, u32) = (7, 0);

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

/// What is wrong with the servers behind a link; each complaint says what to change.
pub(super) async fn inspect(link: &mut Link, checks: Checks) -> RedisResult<Vec<String>> {
    let Checks::On(used) = checks else { return Ok(vec![]) };
    let mut complaints = vec![];
    match link.describe().await {
        Ok(servers) => servers.iter().for_each(|info| complaints.extend(read(info))),
        Err(error) => complaints.push(may_not("INFO", error)?),
    }
    for (whose, key) in used.names() {
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
    format!("the user may not run {what}: give it the rights of {whose} in deploy/redis/users.acl")
}

/// What a server's `INFO` gives cause to complain about.
fn read(info: &str) -> Vec<String> {
    let field = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.map(str::trim).unwrap_or_default()
    };
    let mut complaints = vec![];
    let version = field("redis_version");
    let mut numbers = version.split('.').map_while(|number| number.parse::<u32>().ok());
    if (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) < OLDEST {
        complaints.push(format!("it is version {version}: run 7.0 or later"));
    }
    let policy = field("maxmemory_policy");
    if policy != "noeviction" {
        complaints.push(format!(
            "its maxmemory-policy is {policy}, under which a flood removes lockouts: set it to \
             noeviction"
        ));
    }
    if field("aof_enabled") != "1" {
        complaints.push(
            "it keeps no append-only file, so that a restart forgets lockouts: set appendonly yes"
                .to_owned(),
        );
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

    #[test]
    fn a_fit_server_gives_no_cause_to_complain() {
        assert_eq!(read(FIT), Vec::<String>::new());
        assert_eq!(read(&FIT.replace("7.0.15", "8.2.0")), Vec::<String>::new());
    }

    #[test]
    fn each_complaint_says_what_to_change() {
        for (fit, unfit, advice) in [
            ("7.0.15", "6.2.7", "run 7.0 or later"),
            ("noeviction", "allkeys-lru", "set it to noeviction"),
            ("aof_enabled:1", "aof_enabled:0", "set appendonly yes"),
            ("role:master", "role:slave", "name the primary"),
        ] {
            let complaints = read(&FIT.replace(fit, unfit));
            assert_eq!(complaints.len(), 1, "{complaints:?}");
            assert!(complaints[0].contains(advice), "{complaints:?}");
        }
        assert_eq!(read("").len(), 4);
    }
}

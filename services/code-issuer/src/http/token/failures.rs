//! How a source that presents wrong secrets or invalid tokens is slowed down.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::ClientId;
use edge::throttle::SourceThrottle;
use server::http::Source;

/// The window in which failures are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// How many failures are answered within a minute.
#[derive(Clone, Copy)]
pub(in crate::http) struct Limits {
    /// Of one client and one source; a /48 of IPv6 may have ten times as many, here and below.
    of_client: u32,
    /// Of one source. Several backends can share an address: a few that are misconfigured leave the
    /// others alone.
    of_source: u32,
}

/// Wrong secrets.
pub(in crate::http) const SECRETS: Limits = Limits { of_client: 10, of_source: 100 };

/// Authorization codes that are not redeemed. A code holds 256 bits: this bounds work, not guesses.
pub(in crate::http) const CODES: Limits = Limits { of_client: 100, of_source: 1000 };

/// ID tokens that are not exchanged. The backend of all agents presents them from one address: a few
/// that have expired leave the other agents alone.
pub(in crate::http) const ID_TOKENS: Limits = Limits { of_client: 100, of_source: 1000 };

/// Slows down a source that fails.
///
/// A source beyond its limit is refused before what it presents is looked at: else it could go on
/// guessing, and only its wrong guesses would be slowed. No limit is of a client alone: failures from
/// one address must not lock the client out at another.
pub(in crate::http) struct Failures {
    limits: Limits,
    /// Clients that do not exist count as one: making them up costs no memory here.
    of_client: SourceThrottle<Option<ClientId>>,
    of_source: SourceThrottle<()>,
}

impl Failures {
    pub(in crate::http) fn new(limits: Limits) -> Self {
        Self {
            limits,
            of_client: SourceThrottle::new(MINUTE),
            of_source: SourceThrottle::new(MINUTE),
        }
    }

    /// Refuses a source that is beyond a limit.
    pub(in crate::http) fn check(
        &self,
        from: Source,
        client: Option<&ClientId>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let checked = self.of_client.check(from, client.cloned(), self.limits.of_client, now);
        let checked =
            checked.and_then(|()| self.of_source.check(from, (), self.limits.of_source, now));
        checked.map_err(|(_, wait)| wait)
    }

    /// Counts a failure.
    pub(in crate::http) fn count(
        &self,
        from: Source,
        client: Option<&ClientId>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let of_client = self.of_client.count(from, client.cloned(), self.limits.of_client, now);
        let counted = of_client.and(self.of_source.count(from, (), self.limits.of_source, now));
        counted.map_err(|(_, wait)| wait)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(last: u8) -> Source {
        Source::of(std::net::Ipv4Addr::new(192, 0, 2, last).into())
    }

    fn client(id: &str) -> ClientId {
        ClientId::parse(id).expect("valid")
    }

    /// Presents wrong secrets until it is slowed down: how many were compared.
    fn compared(wrong: &Failures, from: Source, client: Option<&ClientId>) -> u32 {
        let now = Timestamp::default();
        let compare = |_: &u32| {
            wrong.check(from, client, now).is_ok() && wrong.count(from, client, now).is_ok()
        };
        (0..1000).take_while(compare).count().try_into().expect("few")
    }

    #[test]
    fn a_source_is_slowed_down_for_one_client_and_other_sources_are_not() {
        let (wrong, desk, login) = (Failures::new(SECRETS), client("desk"), client("login"));
        assert_eq!(compared(&wrong, source(1), Some(&desk)), SECRETS.of_client);
        let now = Timestamp::default();
        assert_eq!(wrong.check(source(1), Some(&desk), now), Err(MINUTE));
        assert_eq!(wrong.check(source(1), Some(&login), now), Ok(()));
        assert_eq!(wrong.check(source(2), Some(&desk), now), Ok(()));
        assert_eq!(wrong.check(source(1), Some(&desk), now + MINUTE), Ok(()));
    }

    #[test]
    fn a_source_that_tries_many_clients_is_slowed_down_for_all() {
        let wrong = Failures::new(SECRETS);
        let ids: Vec<_> = (0..20).map(|number| client(&format!("client-{number}"))).collect();
        let all: u32 = ids.iter().map(|id| compared(&wrong, source(1), Some(id))).sum();
        assert_eq!(all, SECRETS.of_source);
        let (now, new) = (Timestamp::default(), client("new"));
        assert_eq!(wrong.check(source(1), Some(&new), now), Err(MINUTE));
        assert_eq!(wrong.check(source(2), Some(&new), now), Ok(()));
    }

    #[test]
    fn clients_that_do_not_exist_count_as_one() {
        assert_eq!(compared(&Failures::new(SECRETS), source(1), None), SECRETS.of_client);
    }
}

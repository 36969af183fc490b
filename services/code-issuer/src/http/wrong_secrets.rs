//! How a source that presents wrong client secrets is slowed down.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::ClientId;
use edge::throttle::SourceThrottle;
use server::http::Source;

/// The window in which wrong secrets are counted.
const MINUTE: Duration = Duration::from_secs(60);

/// Wrong secrets of one client that one source may present within a minute; a /48 of IPv6 may ten
/// times as many, here and below.
const OF_A_CLIENT: u32 = 10;

/// Wrong secrets of all clients that one source may present within a minute. Several backends can
/// share an address: a few that are misconfigured leave the others alone.
const OF_A_SOURCE: u32 = 100;

/// Slows down a source that presents wrong secrets.
///
/// A source beyond its limit is refused before its secret is compared: else it could go on guessing,
/// and only its wrong guesses would be slowed. No limit is of a client alone: wrong secrets from
/// one address must not lock the client out at another.
pub(super) struct WrongSecrets {
    /// Clients that do not exist count as one: making them up costs no memory here.
    of_client: SourceThrottle<Option<ClientId>>,
    of_source: SourceThrottle<()>,
}

impl WrongSecrets {
    pub(super) fn new() -> Self {
        Self { of_client: SourceThrottle::new(MINUTE), of_source: SourceThrottle::new(MINUTE) }
    }

    /// Refuses a source that is beyond a limit.
    pub(super) fn check(
        &self,
        from: Source,
        client: Option<&ClientId>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let checked = self.of_client.check(from, client.cloned(), OF_A_CLIENT, now);
        let checked = checked.and_then(|()| self.of_source.check(from, (), OF_A_SOURCE, now));
        checked.map_err(|(_, wait)| wait)
    }

    /// Counts a wrong secret.
    pub(super) fn count(
        &self,
        from: Source,
        client: Option<&ClientId>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let of_client = self.of_client.count(from, client.cloned(), OF_A_CLIENT, now);
        let counted = of_client.and(self.of_source.count(from, (), OF_A_SOURCE, now));
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
    fn compared(wrong: &WrongSecrets, from: Source, client: Option<&ClientId>) -> u32 {
        let now = Timestamp::default();
        let compare = |_: &u32| {
            wrong.check(from, client, now).is_ok() && wrong.count(from, client, now).is_ok()
        };
        (0..1000).take_while(compare).count().try_into().expect("few")
    }

    #[test]
    fn a_source_is_slowed_down_for_one_client_and_other_sources_are_not() {
        let (wrong, desk, login) = (WrongSecrets::new(), client("desk"), client("login"));
        assert_eq!(compared(&wrong, source(1), Some(&desk)), OF_A_CLIENT);
        let now = Timestamp::default();
        assert_eq!(wrong.check(source(1), Some(&desk), now), Err(MINUTE));
        assert_eq!(wrong.check(source(1), Some(&login), now), Ok(()));
        assert_eq!(wrong.check(source(2), Some(&desk), now), Ok(()));
        assert_eq!(wrong.check(source(1), Some(&desk), now + MINUTE), Ok(()));
    }

    #[test]
    fn a_source_that_tries_many_clients_is_slowed_down_for_all() {
        let wrong = WrongSecrets::new();
        let ids: Vec<_> = (0..20).map(|number| client(&format!("client-{number}"))).collect();
        let all: u32 = ids.iter().map(|id| compared(&wrong, source(1), Some(id))).sum();
        assert_eq!(all, OF_A_SOURCE);
        let (now, new) = (Timestamp::default(), client("new"));
        assert_eq!(wrong.check(source(1), Some(&new), now), Err(MINUTE));
        assert_eq!(wrong.check(source(2), Some(&new), now), Ok(()));
    }

    #[test]
    fn clients_that_do_not_exist_count_as_one() {
        assert_eq!(compared(&WrongSecrets::new(), source(1), None), OF_A_CLIENT);
    }
}

//! How fast anonymous callers may go over HTTP: each call of a journey, a start or an answer, counts for
//! its source, its site and its application, in this replica.
//!
//! # Why an application has a limit
//! Somebody with many addresses can guess from each. The total bounds what all of them can try in a
//! minute. It is counted last, so that one source, or one site, cannot use it up.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::ApplicationId;
use edge::throttle::{Scope, SourceThrottle, Throttle};
use journeys::runner::Capacity;
use server::http::Source;
use telemetry::Counter;

const WINDOW: Duration = Duration::from_secs(60);
const LABEL: &str = "postern.limit";

/// How much anonymous callers may do.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls of one source within a minute; a site has ten times as many.
    pub source: u32,
    /// Calls of all sources within a minute, for one application.
    pub application: u32,
    /// Journeys that wait.
    pub waiting: Capacity,
}

/// Counts calls.
pub(crate) struct Pace {
    limits: Limits,
    sources: SourceThrottle<()>,
    applications: Throttle<ApplicationId>,
    refused: Counter,
}

impl Pace {
    /// Nothing is counted yet.
    pub(crate) fn new(limits: Limits) -> Self {
        let refused = Counter::new(
            "postern.journey.refusals",
            "Calls of journeys over HTTP that were refused, by the limit they are beyond.",
        );
        for limit in ["source", "site", "application"] {
            refused.begin(&[(LABEL, limit)]);
        }
        let sources = SourceThrottle::new(WINDOW);
        Self { limits, sources, applications: Throttle::new(WINDOW), refused }
    }

    /// Counts one call. A call beyond a limit is refused, with the time to wait.
    pub(crate) fn count(
        &self,
        source: Source,
        application: Option<&ApplicationId>,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let Limits { source: of_source, application: of_application, .. } = self.limits;
        let counted = self.sources.count(source, (), of_source, now);
        let counted = counted.map_err(|(scope, wait)| match scope {
            Scope::Source => ("source", wait),
            Scope::Site => ("site", wait),
        });
        let counted = counted.and_then(|()| match application {
            None => Ok(()),
            Some(application) => {
                let counted = self.applications.count(application.clone(), of_application, now);
                counted.map_err(|wait| ("application", wait))
            }
        });
        counted.map_err(|(limit, wait)| {
            self.refused.count(&[(LABEL, limit)]);
            wait
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    const WAITING: Capacity = Capacity { of_source: 1, in_all: 1 };
    const START: Timestamp = Timestamp::from_unix_millis(0);

    fn source(last: u8) -> Source {
        Source::of(IpAddr::from([192, 0, 2, last]))
    }

    fn application(id: &str) -> ApplicationId {
        ApplicationId::parse(id).expect("an id")
    }

    #[test]
    fn an_application_has_a_total_that_one_source_cannot_use_up() {
        let pace = Pace::new(Limits { source: 5, application: 8, waiting: WAITING });
        let acme = application("acme");
        for _ in 0..5 {
            assert_eq!(pace.count(source(1), Some(&acme), START), Ok(()));
        }
        for _ in 0..100 {
            assert_eq!(pace.count(source(1), Some(&acme), START), Err(WINDOW));
        }
        for last in 2..5 {
            assert_eq!(pace.count(source(last), Some(&acme), START), Ok(()), "{last}");
        }
        assert_eq!(pace.count(source(5), Some(&acme), START), Err(WINDOW));
        assert_eq!(pace.count(source(5), Some(&application("other")), START), Ok(()));
        assert_eq!(pace.count(source(5), Some(&acme), START + WINDOW), Ok(()));
    }

    #[test]
    fn a_client_that_does_not_exist_has_no_total() {
        let pace = Pace::new(Limits { source: 1, application: 1, waiting: WAITING });
        for last in 0..9 {
            assert_eq!(pace.count(source(last), None, START), Ok(()));
        }
        assert_eq!(pace.count(source(0), None, START), Err(WINDOW));
    }
}

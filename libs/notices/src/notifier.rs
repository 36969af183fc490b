//! The use case: write a notice before the answer leaves.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clock::{Clock, Timestamp};
use codes::ids::ApplicationId;
use codes::peppers::Peppers;

use crate::notice::{Notice, NoticeId};
use crate::outbox::{Backlog, Outbox, OutboxError};

/// How long a known backlog is used. The dispatcher renews it more often, so that an issue rarely asks.
const FRESH: Duration = Duration::from_secs(2);

/// Writes notices to an outbox. Clones share the known backlogs.
#[derive(Clone)]
pub struct Notifier {
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) peppers: Arc<Peppers>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) told: Arc<Mutex<HashMap<ApplicationId, (Timestamp, Backlog)>>>,
}

impl Notifier {
    /// A notifier over that outbox.
    pub fn new(outbox: Arc<dyn Outbox>, peppers: Arc<Peppers>, clock: Arc<dyn Clock>) -> Self {
        Self { outbox, peppers, clock, told: Arc::default() }
    }

    /// Writes a notice. A repeated one has the same name, and waits once.
    ///
    /// # Errors
    /// [`OutboxError`] if it is not known whether the notice waits: its operation must not be answered.
    pub async fn write(
        &self,
        application: &ApplicationId,
        notice: &Notice,
    ) -> Result<(), OutboxError> {
        let id = notice.id();
        let sealed = self.peppers.notices().seal(&owner(application, &id), notice.to_json());
        self.outbox.write(application, &id, sealed).await
    }

    /// Describes the application's notices.
    ///
    /// # Errors
    /// [`OutboxError`] if the outbox does not answer.
    pub async fn backlog(&self, application: &ApplicationId) -> Result<Backlog, OutboxError> {
        let backlog = self.outbox.backlog(application).await?;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(application.clone(), (self.clock.now(), backlog));
        Ok(backlog)
    }

    /// Whether notices are too late for another code to be issued, by a backlog of the last two seconds.
    ///
    /// # Errors
    /// [`OutboxError`] if no such backlog is known and the outbox does not answer.
    pub async fn is_delayed(
        &self,
        application: &ApplicationId,
        max_lag: Duration,
    ) -> Result<bool, OutboxError> {
        let backlog = match self.recent(application) {
            Some(backlog) => backlog,
            None => self.backlog(application).await?,
        };
        Ok(backlog.is_delayed(max_lag))
    }

    /// A clock that steps makes the known backlogs old.
    fn recent(&self, application: &ApplicationId) -> Option<Backlog> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let (at, backlog) = told.get(application)?;
        (at.distance(self.clock.now()) < FRESH).then_some(*backlog)
    }

    /// Suspends the lag's effect on issuing for that time; zero ends the suspension.
    ///
    /// # Errors
    /// [`OutboxError`] if it is not known whether the rule is suspended.
    pub async fn suspend(
        &self,
        application: &ApplicationId,
        duration: Duration,
    ) -> Result<(), OutboxError> {
        self.outbox.suspend(application, duration).await
    }

    /// Opens a notice; `None` if it is of another application, name or key.
    pub(crate) fn open(
        &self,
        application: &ApplicationId,
        id: &NoticeId,
        sealed: &[u8],
    ) -> Option<Notice> {
        let json = self.peppers.notices().open(&owner(application, id), sealed)?;
        Notice::from_json(&json)
    }
}

fn owner(application: &ApplicationId, id: &NoticeId) -> Vec<u8> {
    [application.as_str(), id.as_str()].join("\0").into_bytes()
}

#[cfg(test)]
mod tests {
    use clock::FakeClock;

    use super::*;
    use crate::memory::MemoryOutbox;
    use crate::notice::EventType;

    #[tokio::test]
    async fn a_lag_counts_for_two_seconds_after_the_outbox_told_it() {
        let (clock, key) = (Arc::new(FakeClock::default()), |byte| vec![byte; 32].into());
        let peppers = Peppers::new(key(1), key(2), None).expect("valid");
        let outbox = Arc::new(MemoryOutbox::new(clock.clone()));
        let notifier = Notifier::new(outbox.clone(), Arc::new(peppers), clock.clone());
        let acme = ApplicationId::parse("acme").expect("valid");
        let is_delayed = async || {
            let max_lag = Duration::from_secs(60);
            notifier.is_delayed(&acme, max_lag).await.expect("memory serves")
        };
        assert!(!is_delayed().await);
        let id = NoticeId::of(EventType::Issued, "a code");
        outbox.write(&acme, &id, Vec::new()).await.expect("memory serves");
        clock.advance(Duration::from_secs(61));
        assert!(is_delayed().await, "what was told a minute ago is old");
        outbox.suspend(&acme, Duration::from_secs(3600)).await.expect("memory serves");
        assert!(is_delayed().await, "the outbox is not asked for each issue");
        clock.advance(FRESH);
        assert!(!is_delayed().await);
        outbox.suspend(&acme, Duration::ZERO).await.expect("memory serves");
        notifier.backlog(&acme).await.expect("memory serves");
        assert!(is_delayed().await, "the dispatcher asked");
        clock.set(Timestamp::default());
        outbox.suspend(&acme, Duration::from_secs(3600)).await.expect("memory serves");
        assert!(!is_delayed().await, "the clock stepped back");
    }
}

//! Notices to the users of applications that have a receiver: written before the answer leaves.

use std::time::Duration;

use clock::Timestamp;
use codes::ids::ApplicationId;
use config::Application;
use notices::notice::Notice;
use notices::notifier::Notifier;
use notices::outbox::OutboxError;
use notices::receiver::Receiver;
use wire::error::Fault;
use wire::violations::FieldViolation;

use crate::principal::Principal;

/// Tells users what is done with their codes.
#[derive(Clone)]
pub struct Notices(Notifier);

impl Notices {
    /// Tells them through this notifier.
    pub const fn new(notifier: Notifier) -> Self {
        Self(notifier)
    }

    /// Refuses to issue while users cannot be told. The lag may be two seconds old.
    ///
    /// # Errors
    /// [`Fault::NoticesDelayed`] above the receiver's `max_lag`; [`Fault::Unavailable`] if the outbox does
    /// not answer.
    pub async fn refuse_delayed(&self, principal: &Principal) -> Result<(), Fault> {
        let Some(receiver) = receiver(principal.application()) else { return Ok(()) };
        let delayed = self.0.is_delayed(&principal.caller().application, receiver.max_lag).await;
        if delayed.map_err(unwritten)? { Err(Fault::NoticesDelayed) } else { Ok(()) }
    }

    /// Until when the rule of [`refuse_delayed`](Self::refuse_delayed) is suspended.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if the outbox does not answer.
    pub async fn suspended_until(&self, principal: &Principal) -> Result<Option<Timestamp>, Fault> {
        if receiver(principal.application()).is_none() {
            return Ok(None);
        }
        let backlog = self.0.backlog(&principal.caller().application).await.map_err(unwritten)?;
        Ok(backlog.suspended_until)
    }

    /// Suspends that rule for this time; zero ends the suspension.
    ///
    /// # Errors
    /// [`Fault::InvalidArgument`] if the application has no receiver; [`Fault::Unavailable`] if the outbox
    /// does not answer.
    pub async fn suspend_lag_rule(
        &self,
        principal: &Principal,
        duration: Duration,
    ) -> Result<(), Fault> {
        if receiver(principal.application()).is_none() {
            let rule =
                "needs `desk.notify` in the application's file: without it no notice is late";
            return Err(Fault::InvalidArgument(vec![FieldViolation::new("expires_in", rule)]));
        }
        let application = &principal.caller().application;
        self.0.suspend(application, duration).await.map_err(unwritten)
    }

    /// Writes the notice that `notice` makes for the application, if it has a receiver. The operation must
    /// not be answered before: a retry under the same key goes on here.
    ///
    /// # Errors
    /// [`Fault::Unavailable`] if it is not known whether the notice is written.
    pub async fn write(
        &self,
        principal: &Principal,
        notice: impl FnOnce(&ApplicationId) -> Notice + Send,
    ) -> Result<(), Fault> {
        if receiver(principal.application()).is_none() {
            return Ok(());
        }
        let application = &principal.caller().application;
        self.0.write(application, &notice(application)).await.map_err(unwritten)
    }
}

/// Who receives the application's notices.
pub fn receiver(application: &Application) -> Option<&Receiver> {
    application.desk.as_ref()?.notify.as_ref()
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unwritten(error: OutboxError) -> Fault {
    tracing::error!(%error, "the outbox of notices failed");
    Fault::Unavailable { retry_after: wire::error::RETRY_AFTER }
}

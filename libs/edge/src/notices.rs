//! Notices to the users of applications that have a receiver: written before the answer leaves.

use codes::ids::ApplicationId;
use config::Application;
use notices::notice::Notice;
use notices::notifier::Notifier;
use notices::outbox::OutboxError;
use notices::receiver::Receiver;
use wire::error::Fault;

use crate::principal::Principal;

/// Tells users what is done with their codes.
#[derive(Clone)]
pub struct Notices(Notifier);

impl Notices {
    /// Tells them through this notifier.
    pub const fn new(notifier: Notifier) -> Self {
        Self(notifier)
    }

    /// Refuses to issue while users cannot be told.
    ///
    /// # Errors
    /// [`Fault::NoticesDelayed`] above the receiver's `max_lag`; [`Fault::Unavailable`] if the outbox does
    /// not answer.
    pub async fn refuse_delayed(&self, principal: &Principal) -> Result<(), Fault> {
        let Some(receiver) = receiver(principal.application()) else { return Ok(()) };
        let backlog = self.0.backlog(&principal.caller().application).await.map_err(unwritten)?;
        if backlog.is_delayed(receiver.max_lag) { Err(Fault::NoticesDelayed) } else { Ok(()) }
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
    tracing::error!(%error, "a notice failed");
    Fault::Unavailable { retry_after: wire::error::RETRY_AFTER }
}

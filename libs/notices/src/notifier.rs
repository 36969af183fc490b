//! The use case: write a notice before the answer leaves.

use std::sync::Arc;

use codes::ids::ApplicationId;
use codes::peppers::Peppers;

use crate::notice::{Notice, NoticeId};
use crate::outbox::{Backlog, Outbox, OutboxError};

/// Writes notices to an outbox.
#[derive(Clone)]
pub struct Notifier {
    pub(crate) outbox: Arc<dyn Outbox>,
    pub(crate) peppers: Arc<Peppers>,
}

impl Notifier {
    /// A notifier over that outbox.
    pub fn new(outbox: Arc<dyn Outbox>, peppers: Arc<Peppers>) -> Self {
        Self { outbox, peppers }
    }

    /// Writes a notice. A repeated one has the same name, and waits once.
    ///
    /// # Errors
    /// [`OutboxError`] if it is not known whether the notice waits: the operation that it is about must not
    /// be answered.
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
        self.outbox.backlog(application).await
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

//! The use case: deliver each waiting notice, or make it a dead letter.

use std::sync::Arc;

use async_trait::async_trait;
use clock::Timestamp;
use codes::ids::{ApplicationId, CodeId};
use codes::randomness::Randomness;

use crate::backoff;
use crate::notifier::Notifier;
use crate::outbox::{Entry, OutboxError, RETENTION, Settlement};
use crate::receiver::Receiver;
use crate::signature::Headers;

/// A request without an answer: its cause, without the notice's contents.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct PostError(pub String);

/// The port that posts webhooks.
#[async_trait]
pub trait Post: Send + Sync {
    /// Posts a body to the receiver and returns the status code of the answer, within a few seconds. Follows
    /// no redirect, and connects to no private address unless the receiver may have one.
    async fn post(
        &self,
        receiver: &Receiver,
        headers: Headers,
        body: Vec<u8>,
    ) -> Result<u16, PostError>;
}

/// The port to the links by which users disown codes.
pub trait Links: Send + Sync {
    /// The link for the code of a notice that was written then; `None` if the deployment has no links.
    fn not_me(
        &self,
        application: &ApplicationId,
        code_id: &CodeId,
        written_at: Timestamp,
    ) -> Option<String>;
}

/// Why a notice became a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeadLetter {
    /// The receiver answered that it will never take it.
    Refused,
    /// It waited for longer than notices are retried.
    Expired,
    /// It was sealed under another key.
    Unreadable,
}

impl DeadLetter {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Refused, Self::Expired, Self::Unreadable];

    /// The reason's name in metrics and logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The outcome of one attempt, with the reason for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has the notice.
    Delivered,
    /// It is tried again.
    Failed(String),
    /// It is not tried again.
    Dead(DeadLetter, String),
}

/// Delivers notices.
#[derive(Clone)]
pub struct Dispatcher {
    notifier: Notifier,
    post: Arc<dyn Post>,
    links: Option<Arc<dyn Links>>,
    randomness: Randomness,
}

impl Dispatcher {
    /// A dispatcher of that notifier's notices.
    pub fn new(notifier: Notifier, post: Arc<dyn Post>, randomness: Randomness) -> Self {
        Self { notifier, post, links: None, randomness }
    }

    /// Puts links by which users disown codes into notices.
    #[must_use]
    pub fn with_links(self, links: Arc<dyn Links>) -> Self {
        Self { links: Some(links), ..self }
    }

    /// Takes at most `limit` notices that are due.
    ///
    /// # Errors
    /// [`OutboxError`] if the outbox does not answer.
    pub async fn take(
        &self,
        application: &ApplicationId,
        limit: usize,
    ) -> Result<Vec<Entry>, OutboxError> {
        self.notifier.outbox.take(application, limit).await
    }

    /// Tries once to deliver a notice that was taken.
    ///
    /// # Errors
    /// [`OutboxError`] if the outbox was not told: the notice is tried again.
    pub async fn deliver(
        &self,
        application: &ApplicationId,
        receiver: &Receiver,
        entry: &Entry,
    ) -> Result<Outcome, OutboxError> {
        let outcome = self.attempt(application, receiver, entry).await;
        let settlement = match &outcome {
            Outcome::Delivered => Settlement::Delivered,
            Outcome::Failed(_) => {
                Settlement::Failed(backoff::pause(entry.attempts, &mut *(self.randomness)()))
            }
            Outcome::Dead(..) => Settlement::Dead,
        };
        let attempt = (&entry.id, entry.attempts);
        self.notifier.outbox.settle(application, attempt, settlement).await?;
        Ok(outcome)
    }

    async fn attempt(
        &self,
        application: &ApplicationId,
        receiver: &Receiver,
        entry: &Entry,
    ) -> Outcome {
        let Some(notice) = self.notifier.open(application, &entry.id, &entry.sealed) else {
            let reason = "it was sealed under another locator key";
            return Outcome::Dead(DeadLetter::Unreadable, reason.to_owned());
        };
        let link = self.links.as_ref().zip(notice.disownable());
        let link =
            link.and_then(|(links, code)| links.not_me(application, &code, entry.written_at));
        let body = notice.with_link(link).to_json();
        let headers = Headers::sign(&entry.id, self.notifier.clock.now(), &body, &receiver.keys);
        let reason = match self.post.post(receiver, headers, body).await {
            Ok(200..=299) => return Outcome::Delivered,
            Ok(status @ 400..=499) if !is_temporary(status) => {
                let reason = format!("the receiver answered {status}");
                return Outcome::Dead(DeadLetter::Refused, reason);
            }
            Ok(status) => format!("the receiver answered {status}"),
            Err(error) => error.to_string(),
        };
        if entry.age < RETENTION {
            Outcome::Failed(reason)
        } else {
            Outcome::Dead(DeadLetter::Expired, reason)
        }
    }
}

/// Whether a client error says that the same request can succeed later: Request Timeout, Too Early (RFC
/// 8470), Too Many Requests.
const fn is_temporary(status: u16) -> bool {
    matches!(status, 408 | 425 | 429)
}

#[cfg(test)]
mod tests;

//! What a notice says: the body of a webhook, JSON as `schemas/notice.json` describes it.

use clock::Timestamp;
use codes::digest::Subject;
use codes::facts::Facts;
use codes::ids::{ApplicationId, ClientId, CodeId};
use codes::user::Identifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The name of one notice, the `webhook-id` of each of its deliveries. It derives from what the notice is
/// about: a retried call gives the same name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NoticeId(String);

impl NoticeId {
    const PREFIX: &str = "msg_";

    pub(crate) fn of(event: EventType, about: &str) -> Self {
        let hash = Sha256::new()
            .chain_update("postern notice\0")
            .chain_update(event.as_str())
            .chain_update("\0")
            .chain_update(about)
            .finalize();
        let short = hash.first_chunk().copied().expect("a digest of 32 bytes has 16");
        Self(format!("{}{}", Self::PREFIX, Subject::from_bytes(short)))
    }

    /// Parses what [`as_str`](Self::as_str) gives.
    pub fn parse(text: &str) -> Option<Self> {
        Subject::parse(text.strip_prefix(Self::PREFIX)?)?;
        Some(Self(text.to_owned()))
    }

    /// The ID as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The kind of event that a notice is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EventType {
    /// A code was issued.
    #[serde(rename = "code.issued")]
    Issued,
    /// A code was redeemed.
    #[serde(rename = "code.redeemed")]
    Redeemed,
    /// A code was asked for, and waits for another agent's approval.
    #[serde(rename = "approval.requested")]
    ApprovalRequested,
    /// The user said that a code was not theirs.
    #[serde(rename = "code.repudiated")]
    Repudiated,
}

impl EventType {
    /// The event's name in notices.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "code.issued",
            Self::Redeemed => "code.redeemed",
            Self::ApprovalRequested => "approval.requested",
            Self::Repudiated => "code.repudiated",
        }
    }
}

/// Who asked for a code, and how the caller was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The client that called.
    pub client: String,
    /// The agent, as the client or the agent's token names them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<String>,
    /// The ticket of the help desk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_ref: Option<String>,
    /// How the agent verified the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_method: Option<String>,
}

impl Origin {
    /// What a call says of itself.
    pub fn new(client: &ClientId, context: &codes::audit::Context) -> Self {
        Self {
            client: client.as_str().to_owned(),
            agent_id: context.agent_id.clone(),
            ticket_ref: context.ticket_ref.clone(),
            verification_method: context.verification_method.clone(),
        }
    }
}

/// The journey in which alone a paired code works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Journey {
    opened_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_address: Option<String>,
    browser: String,
}

/// A notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    #[serde(rename = "type")]
    event: EventType,
    timestamp: String,
    data: Data,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Data {
    application: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    origin: Option<Origin>,
    #[serde(skip_serializing_if = "Option::is_none")]
    journey: Option<Journey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_me_url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct User {
    #[serde(rename = "type")]
    kind: String,
    value: String,
}

impl Notice {
    /// A code was issued, for the journey with these facts if it is paired.
    pub fn issued(
        (application, user): (&ApplicationId, &Identifier),
        at: Timestamp,
        code_id: &CodeId,
        expires_at: Timestamp,
        origin: Origin,
        journey: Option<&Facts>,
    ) -> Self {
        let mut notice = Self::new(EventType::Issued, application, Some(user), at);
        notice.data.code_id = Some(code_id.as_str().to_owned());
        notice.data.expires_at = Some(expires_at.to_string());
        notice.data.origin = Some(origin);
        notice.data.journey = journey.map(|facts| Journey {
            opened_at: facts.opened_at.to_string(),
            source_address: facts.source.map(|address| address.to_string()),
            browser: facts.browser.as_str().to_owned(),
        });
        notice
    }

    /// A code was redeemed.
    pub fn redeemed(
        (application, user): (&ApplicationId, &Identifier),
        at: Timestamp,
        code_id: &CodeId,
    ) -> Self {
        let mut notice = Self::new(EventType::Redeemed, application, Some(user), at);
        notice.data.code_id = Some(code_id.as_str().to_owned());
        notice
    }

    /// A code was asked for; no code exists until another agent approves.
    pub fn approval_requested(
        (application, user): (&ApplicationId, &Identifier),
        at: Timestamp,
        request_id: &str,
        expires_at: Timestamp,
        origin: Origin,
    ) -> Self {
        let mut notice = Self::new(EventType::ApprovalRequested, application, Some(user), at);
        notice.data.request_id = Some(request_id.to_owned());
        notice.data.expires_at = Some(expires_at.to_string());
        notice.data.origin = Some(origin);
        notice
    }

    /// The user said that a code was not theirs. Whose code it was, the notice of its issue says.
    pub fn repudiated(application: &ApplicationId, at: Timestamp, code_id: &CodeId) -> Self {
        let mut notice = Self::new(EventType::Repudiated, application, None, at);
        notice.data.code_id = Some(code_id.as_str().to_owned());
        notice
    }

    fn new(
        event: EventType,
        application: &ApplicationId,
        user: Option<&Identifier>,
        at: Timestamp,
    ) -> Self {
        let user = user.map(|user| User {
            kind: user.kind().as_str().to_owned(),
            value: user.value().to_owned(),
        });
        Self {
            event,
            timestamp: at.to_string(),
            data: Data {
                application: application.as_str().to_owned(),
                user,
                code_id: None,
                request_id: None,
                expires_at: None,
                origin: None,
                journey: None,
                not_me_url: None,
            },
        }
    }

    /// The notice's name.
    pub fn id(&self) -> NoticeId {
        let Data { code_id, request_id, .. } = &self.data;
        let about = code_id.as_deref().or(request_id.as_deref()).unwrap_or_default();
        NoticeId::of(self.event, about)
    }

    /// The code that the user can still disown.
    pub(crate) fn disownable(&self) -> Option<CodeId> {
        match self.event {
            EventType::Issued | EventType::Redeemed => {
                CodeId::parse(self.data.code_id.as_deref()?).ok()
            }
            EventType::ApprovalRequested | EventType::Repudiated => None,
        }
    }

    /// The notice with the link by which its user disowns the code.
    #[must_use]
    pub(crate) fn with_link(mut self, link: Option<String>) -> Self {
        self.data.not_me_url = link;
        self
    }

    /// The notice as JSON.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a notice is text under names")
    }

    /// Reads what [`to_json`](Self::to_json) writes.
    pub(crate) fn from_json(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }
}

#[cfg(test)]
mod tests;

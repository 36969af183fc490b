//! What the forms of the desk send.

use axum::extract::{Form, FromRequest, Request};
use axum::http::StatusCode;
use axum::response::Response;
use client::{IdentifierType, IssueCodeRequest, IssueContext, UserIdentifier, user};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::{Console, page};

/// A form as a browser sends it.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Console> for Sent<T> {
    type Rejection = Response;

    async fn from_request(request: Request, console: &Console) -> Result<Self, Response> {
        let form = Form::<T>::from_request(request, console).await;
        let text = "The form was incomplete. Go back to the console and fill it in again.";
        form.map(|Form(form)| Self(form))
            .map_err(|_| page::message(StatusCode::BAD_REQUEST, "Not understood", text))
    }
}

/// The first form: who calls.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct LookUp {
    #[serde(default)]
    pub(super) identifier_type: String,
    pub(super) user: String,
    #[serde(default)]
    pub(super) pairing_number: String,
}

/// The types of identifiers, as forms and people name them.
pub(super) const TYPES: [(&str, &str, IdentifierType); 4] = [
    ("user_id", "User ID", IdentifierType::UserId),
    ("email", "E-mail address", IdentifierType::Email),
    ("phone_number", "Phone number", IdentifierType::PhoneNumber),
    ("username", "User name", IdentifierType::Username),
];

impl LookUp {
    pub(super) fn user(&self) -> Option<UserIdentifier> {
        let kind = TYPES.iter().find(|(name, ..)| *name == self.identifier_type);
        user(kind.map_or(IdentifierType::UserId, |(.., kind)| *kind), self.user.trim())
    }

    /// Whether the user is named by this type of identifier.
    pub(super) fn is_of(&self, kind: &str) -> bool {
        self.identifier_type == kind
    }

    pub(super) fn number(&self) -> &str {
        self.pairing_number.trim()
    }
}

/// The second form: why, and how the caller was checked.
#[derive(Clone, Default, Deserialize, Serialize)]
pub(super) struct Issue {
    #[serde(flatten)]
    pub(super) look_up: LookUp,
    /// The token of the form. It is the idempotency key too.
    pub(super) form: String,
    #[serde(default)]
    pub(super) verification_method: String,
    #[serde(default)]
    pub(super) ticket_ref: String,
    #[serde(default)]
    pub(super) reason: String,
    #[serde(default)]
    pub(super) pairing_confirmed: String,
    #[serde(default)]
    pub(super) override_lockout: String,
    /// The request that waits for approval, or was approved.
    #[serde(default)]
    pub(super) request_id: String,
}

impl Issue {
    /// Whether the caller was checked by this method.
    pub(super) fn is_by(&self, method: &str) -> bool {
        self.verification_method == method
    }

    pub(super) fn is_confirmed(&self) -> bool {
        !self.pairing_confirmed.is_empty()
    }

    pub(super) fn overrides(&self) -> bool {
        !self.override_lockout.is_empty()
    }

    pub(super) fn request(&self) -> IssueCodeRequest {
        let context = IssueContext {
            reason: self.reason.trim().to_owned(),
            ticket_ref: self.ticket_ref.trim().to_owned(),
            verification_method: self.verification_method.trim().to_owned(),
            pairing_confirmed: self.is_confirmed(),
            ..Default::default()
        };
        IssueCodeRequest {
            user: self.look_up.user(),
            context: Some(context),
            idempotency_key: self.form.clone(),
            override_lockout: self.overrides(),
            pairing_number: self.look_up.number().to_owned(),
            request_id: self.request_id.clone(),
            ..Default::default()
        }
    }
}

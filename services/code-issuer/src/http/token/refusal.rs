//! Why an ID token is not exchanged: for the caller, who may know all but the token, and for the trail.

use std::time::Duration;

use clock::Timestamp;
use config::AgentProvider;
use edge::audit::AgentRefused;
use server::http::Source;
use tokens::client::ClientToken;
use tokens::error::TokenError as Disbelief;

use super::error::TokenError;
use crate::http::Edge;

/// Why an ID token is not exchanged. Holds no part of it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    /// It is not believed.
    #[error(transparent)]
    Token(Disbelief),
    /// Another provider issued it, or this client may not exchange that provider's.
    #[error("the client exchanges no tokens of this issuer: compare `iss` with agents/*.yaml")]
    UnknownIssuer,
    /// It gives the agent no role.
    #[error("the claim `{0}` names no role for the client's application: see agents/*.yaml")]
    NoRole(String),
    /// It does not say which account is the agent's own.
    #[error("the claim `{0}` that `self` names is missing or no such identifier")]
    OwnAccount(String),
}

impl Refusal {
    /// The refusal's name in the trail and in metrics.
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Token(error) => match error {
                Disbelief::TooLong
                | Disbelief::Malformed
                | Disbelief::CriticalExtension
                | Disbelief::WrongType
                | Disbelief::Claim(_) => "malformed",
                Disbelief::UnknownKey | Disbelief::WrongAlgorithm | Disbelief::BadSignature => {
                    "wrong_signature"
                }
                Disbelief::WrongIssuer => "unknown_issuer",
                Disbelief::WrongAudience => "wrong_audience",
                Disbelief::Expired | Disbelief::NotYetValid | Disbelief::IssuedInFuture => {
                    "untimely"
                }
                Disbelief::SignedInTooLongAgo => "signed_in_too_long_ago",
                Disbelief::MissingMethod => "missing_method",
            },
            Self::UnknownIssuer => "unknown_issuer",
            Self::NoRole(_) => "no_role",
            Self::OwnAccount(_) => "no_own_account",
        }
    }
}

/// Refuses a client whose tokens are refused too often.
pub(super) fn slow_down(wait: Duration) -> TokenError {
    TokenError::SlowDown(wait, "too many tokens were refused: try again later")
}

/// Counts a refusal and writes it to the trail, before it is told.
pub(super) async fn refuse(
    edge: &Edge,
    from: Source,
    client: &ClientToken,
    provider: Option<&AgentProvider>,
    refusal: &Refusal,
    now: Timestamp,
) -> TokenError {
    let counted = edge.refused_tokens.count(from, Some(&client.client), now);
    let event = AgentRefused {
        at: now,
        client: (&client.application, &client.client),
        provider: provider.map(|provider| &provider.id),
        refusal: refusal.as_str(),
        source: &edge.service.issuer.source(from.network()),
    };
    match (event.record().await, counted) {
        (Err(_), _) => TokenError::Unavailable,
        (Ok(()), Err(wait)) => slow_down(wait),
        (Ok(()), Ok(())) => TokenError::InvalidRequest(format!("subject_token: {refusal}").into()),
    }
}

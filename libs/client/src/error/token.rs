//! Why no access token could be had.

use std::fmt::Display;
use std::time::Duration;

/// Why no access token could be had.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The client's secret cannot be read.
    #[error("the client's secret cannot be read: {0}")]
    Secret(String),
    /// The token endpoint refuses the client, such as with `invalid_client`.
    #[error("the token endpoint refuses the client: {error}: {description}")]
    Refused {
        /// The error of RFC 6749, section 5.2, or the HTTP status.
        error: String,
        /// The text for people.
        description: String,
    },
    /// Too many requests, or too many wrong secrets.
    #[error("the token endpoint refuses for now: too many requests or wrong secrets")]
    RateLimited {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The token endpoint does not answer.
    #[error("the token endpoint is unavailable: {reason}")]
    Unavailable {
        /// What the last attempt met.
        reason: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The answer is not that of a token endpoint.
    #[error("the token endpoint's answer holds no token: check its URL")]
    Malformed,
}

impl TokenError {
    pub(crate) fn secret(error: impl Display) -> Self {
        Self::Secret(error.to_string())
    }

    pub(crate) fn unavailable(error: impl Display) -> Self {
        Self::Unavailable { reason: error.to_string(), retry_after: None }
    }

    pub(super) const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after } | Self::Unavailable { retry_after, .. } => {
                *retry_after
            }
            Self::Secret(_) | Self::Refused { .. } | Self::Malformed => None,
        }
    }
}

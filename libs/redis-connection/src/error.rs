//! Why a call to Redis gave no reply.

use std::sync::Arc;

use redis::RedisError;

use crate::DEADLINE;
use crate::link::Fault;
use crate::outage::Outage;

/// Why a call to Redis gave no reply. The script may have run, unless Redis said that it refused
/// it.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There was no reply before the deadline.
    #[error("no reply within {} ms", DEADLINE.as_millis())]
    Deadline,
    /// Redis is unavailable.
    #[error("{0}")]
    Down(Arc<Outage>),
    /// Redis refused the call, or the link broke.
    #[error("{0}")]
    Redis(#[from] RedisError),
    /// The script ran, but its outcome must not be returned.
    #[error("the outcome was not confirmed in time")]
    Unconfirmed,
}

impl CallError {
    /// The kind of error, in one word.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Deadline => "timeout",
            Self::Down(_) => "down",
            Self::Redis(_) => "redis",
            Self::Unconfirmed => "unconfirmed",
        }
    }

    /// What the error means for the link.
    pub(crate) fn fault(&self) -> Fault {
        match self {
            Self::Deadline => Fault::Slow,
            Self::Down(_) => Fault::Lost,
            Self::Redis(error) => Fault::of(error),
            Self::Unconfirmed => Fault::Refused,
        }
    }
}

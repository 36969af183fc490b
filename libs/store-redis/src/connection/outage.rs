//! Why Redis cannot be asked, as callers and the log read it.

use redis::RedisError;

/// Why Redis cannot be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Outage {
    /// It cannot be reached, or does not serve.
    #[error("redis is down: {0}")]
    Unreachable(String),
    /// It can be reached, and is not to be used.
    #[error("redis is not fit: {}", .0.join("; "))]
    Unfit(Vec<String>),
}

impl From<RedisError> for Outage {
    fn from(error: RedisError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

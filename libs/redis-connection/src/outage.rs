//! Why Redis is unavailable, as callers and the log read it.

use redis::RedisError;

/// Why Redis is unavailable.
#[derive(Debug, thiserror::Error)]
pub enum Outage {
    /// It cannot be reached, or does not serve.
    #[error("redis is down: {0}")]
    Unreachable(String),
    /// It can be reached, but fails the checks.
    #[error("redis is not fit: {}", .0.join("; "))]
    Unfit(Vec<String>),
}

impl From<RedisError> for Outage {
    fn from(error: RedisError) -> Self {
        Self::Unreachable(error.to_string())
    }
}

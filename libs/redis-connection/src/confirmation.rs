//! Durability confirmations: a call waits until its write is on replicas or on disk before it
//! returns the outcome. The fence already guarantees that data known only to a lost primary is
//! never trusted again. A confirmation also preserves the outcome itself.
//!
//! # Why every path of a script writes
//! A server confirms writes. A call without a write of its own waits for nothing: even a replica
//! that stopped long ago confirms it, as long as no other client writes. During such an outage,
//! users with a code would get "unavailable" and users without one would be denied, so callers
//! could tell them apart. With a confirmation, `opening.lua` therefore begins with a write that
//! leaves no key. Descriptions are confirmed too: they reveal the outcome of a guess.
//!
//! Waiting journeys are not confirmed: a lost one is started again.

use std::time::Duration;

use redis::{Cmd, FromRedisValue as _, RedisResult, Value};

/// The durability that a write must reach before its outcome is returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// This many replicas have the write.
    Replicas {
        /// The number of replicas, at least one.
        number: u32,
        /// The wait after which the call fails, from one millisecond to [`Confirmation::LONGEST`].
        within: Duration,
    },
    /// The primary has the write on disk, within [`Confirmation::LONGEST`].
    Disk,
}

impl Confirmation {
    /// The longest wait. The rest of a call's deadline is for the round trip.
    pub const LONGEST: Duration = Duration::from_millis(200);

    /// The name of the command that waits.
    pub(crate) const fn command(self) -> &'static str {
        match self {
            Self::Replicas { .. } => "WAIT",
            Self::Disk => "WAITAOF",
        }
    }

    /// The command that waits for the last write of its connection. It blocks the connection.
    pub(crate) fn wait(self) -> Cmd {
        let milliseconds = |within: Duration| u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let mut wait = redis::cmd(self.command());
        match self {
            Self::Replicas { number, within } => wait.arg(number).arg(milliseconds(within)),
            Self::Disk => wait.arg(1).arg(0).arg(milliseconds(Self::LONGEST)),
        };
        wait
    }

    /// A command that returns at once and is refused wherever [`Self::wait`] would be.
    pub(crate) fn probe(self) -> Cmd {
        let mut probe = redis::cmd(self.command());
        match self {
            Self::Replicas { .. } => probe.arg(0).arg(1),
            Self::Disk => probe.arg(0).arg(0).arg(1),
        };
        probe
    }

    /// Whether the reply to [`Self::wait`] confirms the write.
    pub(crate) fn is_in(self, answer: Value) -> RedisResult<bool> {
        Ok(match self {
            Self::Replicas { number, .. } => u32::from_redis_value(answer)? >= number,
            Self::Disk => {
                let (disk, _replicas) = <(u32, u32)>::from_redis_value(answer)?;
                disk >= 1
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_in(confirmation: Confirmation, answer: Value) -> bool {
        confirmation.is_in(answer).expect("an answer")
    }

    #[test]
    fn too_few_replicas_confirm_nothing() {
        let two = Confirmation::Replicas { number: 2, within: Duration::from_millis(100) };
        let answers = [0, 1, 2, 3].map(|acknowledged| is_in(two, Value::Int(acknowledged)));
        assert_eq!(answers, [false, false, true, true]);
    }

    #[test]
    fn the_disk_of_a_replica_does_not_confirm() {
        let synced = |own, replicas| Value::Array(vec![Value::Int(own), Value::Int(replicas)]);
        assert!(is_in(Confirmation::Disk, synced(1, 0)));
        assert!(!is_in(Confirmation::Disk, synced(0, 2)));
    }

    #[test]
    fn an_unexpected_reply_is_an_error() {
        assert!(Confirmation::Disk.is_in(Value::Int(1)).is_err());
        let one = Confirmation::Replicas { number: 1, within: Duration::from_millis(100) };
        assert!(one.is_in(Value::Array(vec![])).is_err());
    }
}

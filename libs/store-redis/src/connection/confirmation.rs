//! What is waited for before an outcome is told. The fence holds without: what a lost primary alone
//! knew is never trusted again. A confirmation keeps the outcome itself.
//!
//! # Why every path of a script writes
//! A server confirms writes. A script that wrote nothing is confirmed by a replica that stopped long
//! ago, as long as nobody else writes: then users with a code would find the service unavailable and
//! those without would be denied, which tells them apart. So under a confirmation `record.lua` begins
//! with a write that leaves nothing. Descriptions are confirmed as well: they tell what a guess did.
//!
//! Waiting journeys are not: one that is lost is begun again.

use std::time::Duration;

use redis::{Cmd, FromRedisValue as _, RedisResult, Value};

/// What is waited for before an outcome is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// So many replicas have it.
    Replicas {
        /// How many; at least one.
        number: u32,
        /// Within which time, or else the call fails: at least a millisecond, at most
        /// [`Confirmation::LONGEST`].
        within: Duration,
    },
    /// The primary has it on its disk, within [`Confirmation::LONGEST`].
    Disk,
}

impl Confirmation {
    /// How long it may be waited for. The rest of a call's deadline is for the way there and back.
    pub const LONGEST: Duration = Duration::from_millis(200);

    /// The command that waits, by its name.
    pub(super) const fn command(self) -> &'static str {
        match self {
            Self::Replicas { .. } => "WAIT",
            Self::Disk => "WAITAOF",
        }
    }

    /// The command that waits for the last write of its connection. It blocks the connection.
    pub(super) fn wait(self) -> Cmd {
        let milliseconds = |within: Duration| u64::try_from(within.as_millis()).unwrap_or(u64::MAX);
        let mut wait = redis::cmd(self.command());
        match self {
            Self::Replicas { number, within } => wait.arg(number).arg(milliseconds(within)),
            Self::Disk => wait.arg(1).arg(0).arg(milliseconds(Self::LONGEST)),
        };
        wait
    }

    /// A command that waits for nothing, and is refused where [`Self::wait`] would be.
    pub(super) fn probe(self) -> Cmd {
        let mut probe = redis::cmd(self.command());
        match self {
            Self::Replicas { .. } => probe.arg(0).arg(1),
            Self::Disk => probe.arg(0).arg(0).arg(1),
        };
        probe
    }

    /// Whether the answer to [`Self::wait`] says that it came.
    pub(super) fn is_in(self, answer: Value) -> RedisResult<bool> {
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
    fn replicas_disks_are_not_the_primarys() {
        let synced = |own, replicas| Value::Array(vec![Value::Int(own), Value::Int(replicas)]);
        assert!(is_in(Confirmation::Disk, synced(1, 0)));
        assert!(!is_in(Confirmation::Disk, synced(0, 2)));
    }

    #[test]
    fn another_answer_is_a_fault() {
        assert!(Confirmation::Disk.is_in(Value::Int(1)).is_err());
        let one = Confirmation::Replicas { number: 1, within: Duration::from_millis(100) };
        assert!(one.is_in(Value::Array(vec![])).is_err());
    }
}

//! A primary and a replica that can be stopped in the middle of whatever it does.

use std::process::Command;
use std::sync::LazyLock;

use super::{Server, eventually};

/// The one that no test stops.
pub(crate) static PAIR: LazyLock<Pair> = LazyLock::new(Pair::start);

pub(crate) struct Pair {
    pub(crate) primary: Server,
    pub(crate) replica: Server,
}

impl Pair {
    pub(crate) fn start() -> Self {
        // A primary's own pings are writes to its replicas: none comes between a test's.
        let quiet = "repl-ping-replica-period 3600\nrepl-diskless-sync-delay 0";
        let primary = Server::start(quiet);
        let replica = Server::start(&format!("replicaof 127.0.0.1 {}", primary.port));
        let pair = Self { primary, replica };
        eventually("the replica follows", || {
            pair.replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
        });
        pair
    }

    /// Waits until the replica has acknowledged all that the primary wrote.
    pub(crate) fn in_step(&self) {
        eventually("the replica is in step", || {
            let said = self.primary.cli(&["INFO", "replication"]);
            let written = said.lines().find_map(|line| line.strip_prefix("master_repl_offset:"));
            let written = written.expect("an offset").trim();
            said.contains(&format!(",state=online,offset={written},"))
        });
    }
}

impl Server {
    /// Stops it in the middle of whatever it does, until what is returned is dropped.
    pub(crate) fn stopped(&self) -> Stopped {
        let said = self.cli(&["INFO", "server"]);
        let id = said.lines().find_map(|line| line.strip_prefix("process_id:"));
        let stopped = Stopped(id.expect("a process id").trim().to_owned());
        signal("-STOP", &stopped.0);
        stopped
    }
}

/// A server that is stopped.
pub(crate) struct Stopped(String);

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("-CONT", &self.0);
    }
}

fn signal(signal: &str, process: &str) {
    let sent = Command::new("kill").args([signal, process]).status().expect("kill");
    assert!(sent.success(), "kill {signal}");
}

//! A primary, and a replica that can be stopped at any moment.

use std::process::Command;
use std::sync::LazyLock;

use super::{Server, eventually};

/// The pair for tests that do not stop the replica.
pub(crate) static PAIR: LazyLock<Pair> = LazyLock::new(Pair::start);

pub(crate) struct Pair {
    pub(crate) primary: Server,
    pub(crate) replica: Server,
}

impl Pair {
    pub(crate) fn start() -> Self {
        // Pings of the primary count as writes to its replicas. None may come between a test's
        // writes.
        let quiet = "repl-ping-replica-period 3600\nrepl-diskless-sync-delay 0";
        let primary = Server::start(quiet);
        let replica = Server::start(&format!("replicaof 127.0.0.1 {}", primary.port));
        let pair = Self { primary, replica };
        eventually("the replica follows", || {
            pair.replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
        });
        pair
    }

    /// Waits until the replica has acknowledged all writes.
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
    /// Stops the replica (SIGSTOP) until the returned value is dropped.
    pub(crate) fn stopped(&self) -> Stopped {
        let said = self.cli(&["INFO", "server"]);
        let id = said.lines().find_map(|line| line.strip_prefix("process_id:"));
        let stopped = Stopped(id.expect("a process id").trim().to_owned());
        signal("-STOP", &stopped.0);
        stopped
    }
}

/// A stopped server.
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

//! A primary, its replica, and three sentinels that watch them.

use std::sync::LazyLock;

use super::{Guarded, Server, cli, eventually, free_port};

/// The one that no test makes fail over.
pub(crate) static SENTINEL: LazyLock<Watched> = LazyLock::new(Watched::start);

pub(crate) struct Watched {
    pub(crate) servers: [Server; 2],
    sentinels: Vec<(u16, Guarded)>,
}

impl Watched {
    pub(crate) fn start() -> Self {
        let primary = Server::start("");
        let replica = Server::start(&format!("replicaof 127.0.0.1 {}", primary.port));
        eventually("the replica follows", || {
            replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
        });
        let sentinels: Vec<_> = (0..3).map(|_| sentinel(primary.port)).collect();
        for (port, _) in &sentinels {
            eventually("the sentinels know each other and the replica", || {
                let said = cli(*port, &["INFO", "sentinel"]);
                said.contains("status=ok") && said.contains("slaves=1,sentinels=3")
            });
        }
        Self { servers: [primary, replica], sentinels }
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> =
            self.sentinels.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/main", hosts.join(","))
    }

    /// The port of the primary that the first sentinel names.
    pub(crate) fn primary(&self) -> u16 {
        let said = cli(self.sentinels[0].0, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"]);
        said.lines().nth(1).and_then(|port| port.parse().ok()).expect("a port")
    }
}

fn sentinel(primary: u16) -> (u16, Guarded) {
    let port = free_port();
    let configuration = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n"
    );
    (port, Guarded::start(&configuration, &["--sentinel"]))
}

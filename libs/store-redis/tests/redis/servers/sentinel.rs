//! A primary, its replicas, and three sentinels that watch them.

use std::sync::LazyLock;
use std::time::Instant;

use super::{Guarded, Server, cli, eventually, free_port, is_primary};

/// The servers for tests without a failover.
pub(crate) static SENTINEL: LazyLock<Watched> = LazyLock::new(Watched::start);

pub(crate) struct Watched {
    pub(crate) servers: Vec<Server>,
    sentinels: Vec<(u16, Guarded)>,
}

impl Watched {
    /// Starts them with one replica.
    pub(crate) fn start() -> Self {
        Self::start_with(1)
    }

    /// Starts them with that many replicas.
    pub(crate) fn start_with(replicas: usize) -> Self {
        let primary = Server::start("");
        let sentinels = (0..3).map(|_| sentinel(primary.port)).collect();
        let follow = format!("replicaof 127.0.0.1 {}", primary.port);
        let mut servers = vec![primary];
        servers.extend((0..replicas).map(|_| Server::start(&follow)));
        let watched = Self { servers, sentinels };
        watched.is_settled();
        watched
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> =
            self.sentinels.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/main", hosts.join(","))
    }

    /// The port of the primary that the first sentinel reports.
    pub(crate) fn primary(&self) -> u16 {
        named_by(self.sentinels[0].0)
    }

    /// Fails the primary over, killed or by command, and returns when another was promoted.
    pub(crate) fn fail_over(&mut self, killed: bool) -> Instant {
        let old = self.primary();
        if killed {
            let server = self.servers.iter_mut().find(|server| server.port == old);
            server.expect("it is one of them").kill();
        } else {
            let sentinel = self.sentinels[1].0;
            eventually("a sentinel begins a failover", || {
                cli(sentinel, &["SENTINEL", "FAILOVER", "main"]).contains("OK")
            });
        }
        let others = self.servers.iter().map(|server| server.port).filter(|port| *port != old);
        eventually("another server is promoted", || others.clone().any(is_primary));
        Instant::now()
    }

    /// Waits for one primary, restarts the killed server as its replica, and waits until all
    /// servers are in step.
    pub(crate) fn mend(&mut self) {
        let sentinels = self.sentinels.iter().map(|(port, _)| *port);
        let servers = self.servers.iter().map(|server| server.port);
        let mut primary = None;
        eventually("the sentinels agree on the only primary", || {
            let primaries: Vec<_> = servers.clone().filter(|port| is_primary(*port)).collect();
            primary = primaries.first().copied();
            primaries.len() == 1 && sentinels.clone().all(|port| named_by(port) == primaries[0])
        });
        let follow = format!("replicaof 127.0.0.1 {}", primary.expect("it was found"));
        self.servers.iter_mut().filter(|server| !server.is_running()).for_each(|server| {
            server.restart_with(&follow);
        });
        self.is_settled();
    }

    fn is_settled(&self) {
        eventually("all others follow the reported primary", || {
            let primary = self.primary();
            self.servers.iter().filter(|server| server.port != primary).all(|server| {
                let said = server.cli(&["INFO", "replication"]);
                said.contains("master_link_status:up")
                    && said.contains(&format!("master_port:{primary}"))
            })
        });
        let replicas = self.servers.len() - 1;
        for (port, _) in &self.sentinels {
            eventually("the sentinels know each other and the replicas", || {
                let said = cli(*port, &["INFO", "sentinel"]);
                said.contains("status=ok")
                    && said.contains(&format!("slaves={replicas},sentinels=3"))
            });
            eventually("the sentinels see all servers in order", || {
                let said = cli(*port, &["SENTINEL", "REPLICAS", "main"]);
                said.matches("flags\nslave\n").count() == replicas
            });
        }
    }
}

/// The port of the primary that a sentinel reports.
fn named_by(sentinel: u16) -> u16 {
    let said = cli(sentinel, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"]);
    said.lines().nth(1).and_then(|port| port.parse().ok()).expect("a port")
}

fn sentinel(primary: u16) -> (u16, Guarded) {
    let port = free_port();
    let configuration = format!(
        "port {port}\nbind 127.0.0.1\nsentinel monitor main 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 2000\n"
    );
    let process = Guarded::start(&configuration, &["--sentinel"]);
    eventually("the sentinel answers", || cli(port, &["PING"]).contains("PONG"));
    (port, process)
}

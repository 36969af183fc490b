//! A cluster of three primaries with a replica each.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{Server, cli, eventually, free_port};

/// The cluster for tests without a failover.
pub(crate) static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

/// How long a planned failover takes at most, by Redis' own limit.
const ASK_EVERY: Duration = Duration::from_secs(6);

const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Server>,
    _folder: TempDir,
}

/// A primary, as the cluster reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Primary {
    pub(crate) port: u16,
    pub(crate) id: String,
    slots: Vec<(u16, u16)>,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let buses: Vec<_> = (0..6).map(|_| free_port()).collect();
        let node = |(place, bus): (usize, &u16)| {
            // The folder survives the node, so that a killed node can be restarted.
            let kept = folder.path().join(place.to_string());
            std::fs::create_dir(&kept).expect("a folder");
            Server::start(&format!(
                "cluster-enabled yes\ncluster-port {bus}\ncluster-node-timeout 2000\n\
                 cluster-allow-replica-migration no\ncluster-config-file nodes.conf\ndir {}",
                kept.display()
            ))
        };
        let nodes: Vec<_> = buses.iter().enumerate().map(node).collect();
        for (place, node) in nodes.iter().enumerate() {
            node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(place + 1).to_string()]);
            if let Some((first, last)) = SLOTS.get(place) {
                node.cli(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
            }
            let (port, bus) = (nodes[0].port.to_string(), buses[0].to_string());
            node.cli(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        let cluster = Self { nodes, _folder: folder };
        cluster.all("the nodes know each other", "cluster_known_nodes:6");
        for (primary, replica) in cluster.nodes.iter().zip(&cluster.nodes[3..]) {
            let id = primary.cli(&["CLUSTER", "MYID"]);
            eventually("the replica follows", || {
                replica.cli(&["CLUSTER", "REPLICATE", id.trim()]).contains("OK")
            });
        }
        cluster.is_settled();
        cluster
    }

    pub(crate) fn replicas(&self) -> &[Server] {
        &self.nodes[SLOTS.len()..]
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    fn all(&self, what: &str, sign: &str) {
        for node in &self.nodes {
            eventually(what, || cli(node.port, &["CLUSTER", "INFO"]).contains(sign));
        }
    }

    /// Restarts the killed nodes and waits until there are three primaries again, each with a
    /// replica in step.
    pub(crate) fn mend(&mut self) {
        for node in self.nodes.iter_mut().filter(|node| !node.is_running()) {
            node.restart();
        }
        self.is_settled();
    }

    fn is_settled(&self) {
        self.all("the cluster serves", "cluster_state:ok");
        eventually("three replicas are in step", || {
            let in_step = |node: &&Server| {
                node.cli(&["INFO", "replication"]).contains("master_link_status:up")
            };
            self.nodes.iter().filter(in_step).count() == 3
        });
        eventually("every node knows the same primaries", || {
            let first = Self::primaries_by(self.nodes[0].port);
            first.len() == 3 && self.nodes.iter().all(|node| Self::primaries_by(node.port) == first)
        });
        for primary in self.primaries() {
            eventually("the primary knows its replica", || {
                let said = cli(primary.port, &["CLUSTER", "REPLICAS", &primary.id]);
                said.contains("connected") && !said.contains("fail")
            });
        }
    }

    /// The ports of the primaries that own slots.
    pub(crate) fn primaries(&self) -> Vec<Primary> {
        let node = self.nodes.iter().find(|node| node.is_running()).expect("somebody runs");
        Self::primaries_by(node.port)
    }

    fn primaries_by(port: u16) -> Vec<Primary> {
        let said = cli(port, &["CLUSTER", "NODES"]);
        let mut primaries: Vec<_> = said.lines().filter_map(primary).collect();
        primaries.sort_by_key(|primary| primary.port);
        primaries
    }

    /// Fails a primary over, killed or by command, and returns when its replica was promoted.
    pub(crate) fn fail_over(&mut self, old: &Primary, killed: bool) -> Instant {
        let said = cli(old.port, &["CLUSTER", "REPLICAS", &old.id]);
        let replica = said.split(['@', ':']).nth(1).and_then(|port| port.parse().ok());
        let replica: u16 = replica.unwrap_or_else(|| panic!("no replica in {said}"));
        if killed {
            let node = self.nodes.iter_mut().find(|node| node.port == old.port);
            node.expect("it is one of them").kill();
        }
        let mut asked = None;
        eventually("the replica is promoted", || {
            // On a busy machine a planned failover can time out. Then it is requested again.
            if !killed && asked.is_none_or(|at: Instant| at.elapsed() > ASK_EVERY) {
                assert!(cli(replica, &["CLUSTER", "FAILOVER"]).contains("OK"));
                asked = Some(Instant::now());
            }
            super::is_primary(replica)
        });
        Instant::now()
    }
}

impl Primary {
    /// Whether the primary owns that slot.
    pub(crate) fn has(&self, slot: u16) -> bool {
        self.slots.iter().any(|(first, last)| (*first..=*last).contains(&slot))
    }
}

/// Reads a line of `CLUSTER NODES`: `<id> <host>:<port>@<bus> <flags> - .. <state> <slots>`.
fn primary(line: &str) -> Option<Primary> {
    let words: Vec<_> = line.split(' ').collect();
    let port = words.get(1)?.split([':', '@']).nth(1)?.parse().ok()?;
    if !words.get(2)?.split(',').any(|flag| flag == "master") || words[2].contains("fail") {
        return None;
    }
    let slots = words.get(8..)?.iter().filter(|slots| !slots.starts_with('['));
    let slots: Vec<_> = slots
        .filter_map(|slots| {
            let (first, last) = slots.split_once('-').unwrap_or((slots, slots));
            Some((first.parse().ok()?, last.parse().ok()?))
        })
        .collect();
    let id = words[0].to_owned();
    (!slots.is_empty()).then_some(Primary { port, id, slots })
}

//! A cluster of three primaries with a replica each.

use std::sync::LazyLock;

use super::{Server, cli, eventually, free_port};

/// The one that no test makes fail over.
pub(crate) static CLUSTER: LazyLock<Cluster> = LazyLock::new(Cluster::start);

const SLOTS: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

pub(crate) struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let buses: Vec<_> = (0..6).map(|_| free_port()).collect();
        let node = |bus: &u16| {
            Server::start(&format!(
                "cluster-enabled yes\ncluster-port {bus}\ncluster-node-timeout 2000\n\
                 cluster-config-file nodes.conf"
            ))
        };
        let nodes: Vec<_> = buses.iter().map(node).collect();
        for (place, node) in nodes.iter().enumerate() {
            node.cli(&["CLUSTER", "SET-CONFIG-EPOCH", &(place + 1).to_string()]);
            if let Some((first, last)) = SLOTS.get(place) {
                node.cli(&["CLUSTER", "ADDSLOTSRANGE", first, last]);
            }
            let (port, bus) = (nodes[0].port.to_string(), buses[0].to_string());
            node.cli(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]);
        }
        let all = |what: &str, sign: &str| {
            for node in &nodes {
                eventually(what, || cli(node.port, &["CLUSTER", "INFO"]).contains(sign));
            }
        };
        all("the nodes know each other", "cluster_known_nodes:6");
        for (primary, replica) in nodes.iter().zip(&nodes[3..]) {
            let id = primary.cli(&["CLUSTER", "MYID"]);
            eventually("the replica follows", || {
                replica.cli(&["CLUSTER", "REPLICATE", id.trim()]).contains("OK")
            });
        }
        all("the cluster serves", "cluster_state:ok");
        for replica in &nodes[3..] {
            eventually("the replica is in step", || {
                replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
            });
        }
        Self { nodes }
    }

    pub(crate) fn url(&self) -> String {
        let hosts: Vec<_> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port)).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }
}

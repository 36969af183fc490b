//! Redis topologies: a cluster of primaries, and a primary with a replica and sentinels.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use crate::process::{Process, free};
use crate::redis_server::{PASSWORD, Redis};

/// The limit until the servers have found each other.
const LIMIT: Duration = Duration::from_secs(30);

/// The number of slots in a cluster.
const SLOTS: usize = 16_384;

/// Primaries that share the keys.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Redis>,
}

impl Cluster {
    /// Starts that many primaries.
    pub(crate) fn start(files: &Path, primaries: usize) -> anyhow::Result<Self> {
        let mut nodes = Vec::new();
        let mut first = None;
        for place in 0..primaries {
            let [bus] = free()?;
            let more = format!("cluster-enabled yes\ncluster-port {}", bus.port());
            let node = Redis::start(files, &more)?;
            let mut connection = node.connect()?;
            let (from, to) = (SLOTS * place / primaries, SLOTS * (place + 1) / primaries - 1);
            let slots = ["ADDSLOTSRANGE".to_owned(), from.to_string(), to.to_string()];
            let () = redis::cmd("CLUSTER").arg(&slots).query(&mut connection)?;
            let epoch = ["SET-CONFIG-EPOCH".to_owned(), (place + 1).to_string()];
            let () = redis::cmd("CLUSTER").arg(&epoch).query(&mut connection)?;
            let (port, bus) = *first.get_or_insert((node.at.port(), bus.port()));
            let meet =
                ["MEET".to_owned(), "127.0.0.1".to_owned(), port.to_string(), bus.to_string()];
            let () = redis::cmd("CLUSTER").arg(&meet).query(&mut connection)?;
            nodes.push(node);
        }
        for node in &nodes {
            wait("the cluster serves", || {
                let info: String = redis::cmd("CLUSTER").arg("INFO").query(&mut node.connect()?)?;
                let known = format!("cluster_known_nodes:{primaries}\r");
                Ok(info.contains("cluster_state:ok") && info.contains(&known))
            })?;
        }
        Ok(Self { nodes })
    }

    /// The value of `--store`.
    pub(crate) fn store(&self) -> String {
        format!("redis+cluster://{}", list(self.nodes.iter().map(|node| node.at)))
    }
}

/// A primary, its replica, and the sentinels that watch them.
pub(crate) struct Pair {
    _servers: [Redis; 2],
    sentinels: Vec<(SocketAddr, Process)>,
}

impl Pair {
    pub(crate) fn start(files: &Path) -> anyhow::Result<Self> {
        let primary = Redis::start(files, "")?;
        let replica = Redis::start(files, &format!("replicaof 127.0.0.1 {}", primary.at.port()))?;
        wait("the replica follows", || {
            let info: String =
                redis::cmd("INFO").arg("replication").query(&mut replica.connect()?)?;
            Ok(info.contains("master_link_status:up"))
        })?;
        let sentinel = |_| sentinel(files, primary.at);
        let sentinels = (0..3).map(sentinel).collect::<anyhow::Result<Vec<_>>>()?;
        for (at, _) in &sentinels {
            wait("the sentinels know each other", || {
                let info: String = ask(*at, &["INFO", "sentinel"])?;
                Ok(info.contains("status=ok") && info.contains("slaves=1,sentinels=3"))
            })?;
        }
        Ok(Self { _servers: [primary, replica], sentinels })
    }

    /// The value of `--store`.
    pub(crate) fn store(&self) -> String {
        format!("redis+sentinel://{}/main", list(self.sentinels.iter().map(|(at, _)| *at)))
    }

    /// Makes the replica take over, even if the primary is healthy.
    pub(crate) fn fail_over(&self) -> anyhow::Result<()> {
        let ask_for_it = || ask::<String>(self.sentinels[0].0, &["SENTINEL", "FAILOVER", "main"]);
        // Refused until the sentinels see the former primary as a replica in step.
        wait("the sentinels agree to fail over", || Ok(ask_for_it().is_ok()))
    }
}

fn sentinel(files: &Path, primary: SocketAddr) -> anyhow::Result<(SocketAddr, Process)> {
    let [at] = free()?;
    let folder = files.join(format!("sentinel-{}", at.port()));
    fs::create_dir(&folder)?;
    let file = folder.join("sentinel.conf");
    let configuration = format!(
        "port {}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {} 2\n\
         sentinel auth-user main load\nsentinel auth-pass main {PASSWORD}\n\
         sentinel down-after-milliseconds main 2000\nsentinel failover-timeout main 5000\n",
        at.port(),
        folder.display(),
        primary.port(),
    );
    fs::write(&file, configuration)?;
    let mut command = Command::new("redis-server");
    command.arg(&file).arg("--sentinel");
    Ok((at, Process::start("sentinel", command, &folder, &[at])?))
}

fn ask<T: redis::FromRedisValue>(at: SocketAddr, words: &[&str]) -> anyhow::Result<T> {
    let mut connection = redis::Client::open(format!("redis://{at}"))?.get_connection()?;
    let (name, arguments) = words.split_first().context("nothing is asked")?;
    Ok(redis::cmd(name).arg(arguments).query(&mut connection)?)
}

fn list(addresses: impl Iterator<Item = SocketAddr>) -> String {
    addresses.map(|at| at.to_string()).collect::<Vec<_>>().join(",")
}

fn wait(what: &str, mut is_so: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let begun = Instant::now();
    while !is_so()? {
        if begun.elapsed() > LIMIT {
            bail!("waited in vain: {what}");
        }
        sleep(Duration::from_millis(50));
    }
    Ok(())
}

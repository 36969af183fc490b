//! Servers that accept only TLS clients with a certificate of their own CA: standalone, behind
//! sentinels, in a cluster.

use std::sync::LazyLock;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use store_redis::connection::address::Access;
use tempfile::TempDir;

use super::{Guarded, eventually, free_port};

pub(crate) static TLS: LazyLock<Tls> = LazyLock::new(Tls::start);

/// The password of the sentinels.
pub(crate) const SENTINELS_PASSWORD: &str = "secret-of-the-sentinels";

/// Servers with one CA.
pub(crate) struct Tls {
    /// Credentials for all of them.
    pub(crate) access: Access,
    folder: TempDir,
    alone: (u16, Guarded),
    watched: Vec<(u16, Guarded)>,
    sentinels: Vec<(u16, Guarded)>,
    cluster: Vec<(u16, Guarded)>,
}

impl Tls {
    fn start() -> Self {
        let (folder, access) = certificates();
        let mut tls = Self {
            access,
            alone: server(&folder, ""),
            watched: vec![server(&folder, "")],
            sentinels: vec![],
            cluster: vec![],
            folder,
        };
        tls.watch();
        tls.form_a_cluster();
        tls
    }

    /// Adds a replica, and three sentinels with a password.
    fn watch(&mut self) {
        let primary = self.watched[0].0;
        let follow = format!("replicaof 127.0.0.1 {primary}\ntls-replication yes");
        self.watched.push(server(&self.folder, &follow));
        for _ in 0..3 {
            let port = free_port();
            let configuration = format!(
                "{}\nbind 127.0.0.1\nport 0\ntls-port {port}\ntls-replication yes\n\
                 requirepass {SENTINELS_PASSWORD}\nsentinel sentinel-pass {SENTINELS_PASSWORD}\n\
                 sentinel monitor main 127.0.0.1 {primary} 2\n",
                files(&self.folder),
            );
            self.sentinels.push((port, Guarded::start(&configuration, &["--sentinel"])));
        }
        for (port, _) in &self.sentinels {
            eventually("the sentinels know the primary and its replica", || {
                let login = ["-a", SENTINELS_PASSWORD, "--no-auth-warning"];
                let said = self.cli(*port, &[&login, ["INFO", "sentinel"].as_slice()].concat());
                said.contains("status=ok") && said.contains("slaves=1,sentinels=3")
            });
        }
    }

    /// Forms a cluster of three primaries.
    fn form_a_cluster(&mut self) {
        for (first, last) in [("0", "5460"), ("5461", "10922"), ("10923", "16383")] {
            let bus = free_port();
            let (port, process) = server(
                &self.folder,
                &format!(
                    "cluster-enabled yes\ncluster-port {bus}\ntls-cluster yes\n\
                     cluster-config-file nodes.conf"
                ),
            );
            let place = (self.cluster.len() + 1).to_string();
            self.cli(port, &["CLUSTER", "SET-CONFIG-EPOCH", &place]);
            self.cli(port, &["CLUSTER", "ADDSLOTSRANGE", first, last]);
            if let Some((first, _)) = self.cluster.first() {
                self.cli(
                    *first,
                    &["CLUSTER", "MEET", "127.0.0.1", &port.to_string(), &bus.to_string()],
                );
            }
            self.cluster.push((port, process));
        }
        for (port, _) in &self.cluster {
            eventually("the cluster serves", || {
                let said = self.cli(*port, &["CLUSTER", "INFO"]);
                said.contains("cluster_state:ok") && said.contains("cluster_known_nodes:3")
            });
        }
    }

    /// The output of `redis-cli` for a server.
    fn cli(&self, port: u16, arguments: &[&str]) -> String {
        let file = |name| self.folder.path().join(name).display().to_string();
        let (authority, certificate, key) =
            (file("ca.pem"), file("server.pem"), file("server.key"));
        let tls = ["--tls", "--cacert", &authority, "--cert", &certificate, "--key", &key];
        super::cli(port, &[&tls, arguments].concat())
    }

    pub(crate) fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.alone.0)
    }

    pub(crate) fn url_of_sentinels(&self) -> String {
        format!("rediss+sentinel://{}/main", hosts(&self.sentinels))
    }

    pub(crate) fn url_of_cluster(&self) -> String {
        format!("rediss+cluster://{}", hosts(&self.cluster))
    }
}

fn hosts(servers: &[(u16, Guarded)]) -> String {
    let hosts: Vec<_> = servers.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
    hosts.join(",")
}

fn server(folder: &TempDir, settings: &str) -> (u16, Guarded) {
    let port = free_port();
    let configuration = format!(
        "include {}\naclfile \"\"\nbind 127.0.0.1\nport 0\ntls-port {port}\n\
         repl-diskless-sync-delay 0\n{}\n{settings}\n",
        super::CONFIGURATION,
        files(folder),
    );
    let process = Guarded::start(&configuration, &[]);
    eventually("the server listens", || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    (port, process)
}

/// The settings with the paths of a server's certificates.
fn files(folder: &TempDir) -> String {
    let file = |name: &str| folder.path().join(name).display().to_string();
    format!(
        "tls-ca-cert-file {}\ntls-cert-file {}\ntls-key-file {}",
        file("ca.pem"),
        file("server.pem"),
        file("server.key"),
    )
}

/// A CA, a server certificate in files, and a client certificate.
fn certificates() -> (TempDir, Access) {
    let mut authority = CertificateParams::new(vec![]).expect("no names");
    // The CA needs a name of its own: a certificate with equal issuer and subject counts as
    // self-signed.
    authority.distinguished_name.push(DnType::CommonName, "authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, key()).expect("an authority");
    let signed = || {
        let key = key();
        let leaf = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
        let certificate = leaf.signed_by(&key, &authority).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    };
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    let (certificate, key) = signed();
    write("ca.pem", &authority.pem());
    write("server.pem", &certificate);
    write("server.key", &key);
    let (certificate, key) = signed();
    let access = Access {
        authority: Some(authority.pem().into_bytes()),
        identity: Some((certificate.into_bytes(), key.into_bytes().into())),
        ..Access::default()
    };
    (folder, access)
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

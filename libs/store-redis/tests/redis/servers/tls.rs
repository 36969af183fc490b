//! A server that speaks nothing but TLS, to clients with a certificate of its own authority.

use std::path::Path;
use std::sync::LazyLock;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use store_redis::connection::address::Access;
use tempfile::TempDir;

use super::{Guarded, eventually, free_port};

pub(crate) static TLS: LazyLock<Tls> = LazyLock::new(Tls::start);

pub(crate) struct Tls {
    port: u16,
    /// What opens the door.
    pub(crate) access: Access,
    _folder: TempDir,
    _process: Guarded,
}

impl Tls {
    fn start() -> Self {
        let mut authority = CertificateParams::new(vec![]).expect("no names");
        // It needs a name of its own: what is signed by its own name counts as signed by itself.
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
            let file = folder.path().join(name);
            std::fs::write(&file, text).expect("a file");
            file
        };
        let (certificate, key) = signed();
        let port = free_port();
        let path = |file: &Path| file.display().to_string();
        let configuration = format!(
            "include {}\naclfile \"\"\nbind 127.0.0.1\nport 0\ntls-port {port}\n\
             tls-ca-cert-file {}\ntls-cert-file {}\ntls-key-file {}\n",
            super::CONFIGURATION,
            path(&write("ca.pem", &authority.pem())),
            path(&write("server.pem", &certificate)),
            path(&write("server.key", &key)),
        );
        let process = Guarded::start(&configuration, &[]);
        eventually("the server listens", || {
            std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let (certificate, key) = signed();
        let access = Access {
            authority: Some(authority.pem().into_bytes()),
            identity: Some((certificate.into_bytes(), key.into_bytes().into())),
            ..Access::default()
        };
        Self { port, access, _folder: folder, _process: process }
    }

    pub(crate) fn url(&self) -> String {
        format!("rediss://127.0.0.1:{}", self.port)
    }
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

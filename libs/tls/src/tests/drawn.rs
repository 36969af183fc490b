//! Authorities, certificates and the files that they are in, drawn for each test.

use std::fs;
use std::path::PathBuf;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use settings::Mistakes;
use tempfile::TempDir;

use crate::server::{ServerTls, open};

/// Who signs certificates.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(vec![]).expect("no names");
        // It needs a name of its own: what is signed by its own name counts as signed by itself.
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, key()).expect("an authority"))
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate for these hosts, and its key.
    pub(super) fn sign(&self, hosts: &[&str]) -> (String, String) {
        self.sign_as(&params(hosts))
    }

    pub(super) fn sign_as(&self, params: &CertificateParams) -> (String, String) {
        let key = key();
        let certificate = params.signed_by(&key, &self.0).expect("a certificate");
        (certificate.pem(), key.serialize_pem())
    }
}

pub(super) fn params(hosts: &[&str]) -> CertificateParams {
    let hosts: Vec<_> = hosts.iter().map(|host| (*host).to_owned()).collect();
    CertificateParams::new(hosts).expect("names")
}

fn key() -> KeyPair {
    KeyPair::generate().expect("a key")
}

/// A certificate, its key and an authority, in files.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn empty() -> Self {
        Self(TempDir::new().expect("a folder"))
    }

    pub(super) fn write((certificate, key): &(String, String), authority: &str) -> Self {
        let files = Self::empty();
        files.change((certificate, key));
        fs::write(files.at("authority"), authority).expect("written");
        files
    }

    pub(super) fn change(&self, (certificate, key): (&str, &str)) {
        fs::write(self.at("certificate"), certificate).expect("written");
        fs::write(self.at("key"), key).expect("written");
    }

    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(super) fn open(&self, names: [Option<&str>; 3]) -> Result<ServerTls, Mistakes> {
        let paths = names.map(|name| name.map(|name| self.at(name)));
        let paths = paths.each_ref().map(Option::as_ref);
        let mut mistakes = Mistakes::default();
        let settings = ["--certificate", "--key", "--authority"];
        let opened = open(b"h2", settings, paths, &mut mistakes);
        assert_eq!(opened.is_some(), mistakes.is_empty(), "{mistakes}");
        opened.ok_or(mistakes)
    }
}

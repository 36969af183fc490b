//! TLS towards another service: the authority it trusts, and the certificate it shows.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::sign::CertifiedKey;
use settings::Mistakes;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::files::{Contents, File, FromFiles, part, read};
use super::{authorities, certificates, private_key, provider};

/// The files of a client: each a setting's name, and where it is.
#[derive(Clone, Debug)]
pub struct ClientTlsFiles {
    /// The authority of the other service's certificate; the system's authorities without it.
    pub authority: (&'static str, Option<PathBuf>),
    /// This service's certificate.
    pub certificate: (&'static str, Option<PathBuf>),
    /// The key of that certificate.
    pub key: (&'static str, Option<PathBuf>),
}

/// The TLS of a client, as its files are now.
#[derive(Clone)]
pub struct ClientTls(Arc<FromFiles<ClientTlsConfig>>);

impl ClientTls {
    /// The present configuration.
    pub fn current(&self) -> Arc<ClientTlsConfig> {
        self.0.current()
    }

    /// Exchanges the certificates when their files change, for as long as it is polled.
    pub async fn look_after(self) {
        self.0.follow("certificates", |_| {}).await;
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls(..)")
    }
}

impl ClientTlsFiles {
    /// Whether any file is given.
    pub const fn is_any_given(&self) -> bool {
        self.authority.1.is_some() || self.has_identity()
    }

    /// Whether a certificate or a key is given.
    pub const fn has_identity(&self) -> bool {
        self.certificate.1.is_some() || self.key.1.is_some()
    }

    /// Reads the files, or notes every mistake in them.
    pub fn open(self, mistakes: &mut Mistakes) -> Option<ClientTls> {
        let is_half = self.certificate.1.is_some() != self.key.1.is_some();
        let (certificate, key) = (self.certificate.0, self.key.0);
        let has_authority = self.authority.1.is_some();
        let files = [(self.authority, false), (self.certificate, false), (self.key, true)];
        let files = files
            .into_iter()
            .filter_map(|((setting, path), is_key)| Some(File { setting, path: path?, is_key }));
        let files: Vec<_> = files.collect();
        let opened = if is_half {
            mistakes.note(format_args!("{certificate}, {key}: must be given together"));
            read(&files).err().map_or_else(|| Err(Vec::new()), Err)
        } else {
            FromFiles::open(files, move |files, contents| make(has_authority, files, contents))
        };
        mistakes.check_all(opened).map(|opened| ClientTls(Arc::new(opened)))
    }
}

/// Builds the configuration from an optional authority and an optional certificate with its key.
fn make(
    has_authority: bool,
    files: &[File],
    contents: &Contents,
) -> Result<ClientTlsConfig, Vec<String>> {
    let mut mistakes = Vec::new();
    let mut config = ClientTlsConfig::new();
    let identity = usize::from(has_authority);
    if has_authority {
        part(&files[0], authorities(&contents[0]), &mut mistakes);
        config = config.ca_certificate(Certificate::from_pem(&*contents[0]));
    } else {
        config = config.with_native_roots();
    }
    if let [certificate_file, key_file] = &files[identity..] {
        let (certificate, key) = (&contents[identity], &contents[identity + 1]);
        let chain = part(certificate_file, certificates(certificate), &mut mistakes);
        let secret = part(key_file, private_key(key), &mut mistakes);
        if let (Some(chain), Some(secret)) = (chain, secret) {
            let pair = CertifiedKey::from_der(chain, secret, &provider());
            let wrong = format!("is not the key of {}", certificate_file.path.display());
            part(key_file, pair.map_err(|_| wrong), &mut mistakes);
        }
        config = config.identity(Identity::from_pem(&**certificate, &**key));
    }
    if mistakes.is_empty() { Ok(config) } else { Err(mistakes) }
}

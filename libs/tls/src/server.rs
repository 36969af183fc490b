//! The TLS of a listener: its certificate, and which clients it admits.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use clock::SystemClock;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};
use settings::Mistakes;
use tokio_rustls::TlsAcceptor;

use super::files::{Contents, File, FromFiles, part, read};
use super::{authorities, certificates, private_key, provider, untimely};

/// The TLS of the gRPC listener.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct GrpcTls {
    /// The certificate chain of the gRPC listener, PEM; gRPC is served over TLS with it
    #[arg(
        id = "grpc_tls_certificate",
        long = "grpc-tls-certificate",
        env = "POSTERN_GRPC_TLS_CERTIFICATE",
        value_name = "FILE"
    )]
    certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(
        id = "grpc_tls_key",
        long = "grpc-tls-key",
        env = "POSTERN_GRPC_TLS_KEY",
        value_name = "FILE"
    )]
    key: Option<PathBuf>,
    /// The authorities of gRPC client certificates, PEM; with it, each client must show a
    /// certificate
    #[arg(
        id = "grpc_tls_client_authority",
        long = "grpc-tls-client-authority",
        env = "POSTERN_GRPC_TLS_CLIENT_AUTHORITY",
        value_name = "FILE"
    )]
    client_authority: Option<PathBuf>,
}

/// The TLS of the HTTP listener.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct HttpTls {
    /// The certificate chain of the HTTP listener, PEM; HTTP is served over TLS with it
    #[arg(
        id = "http_tls_certificate",
        long = "http-tls-certificate",
        env = "POSTERN_HTTP_TLS_CERTIFICATE",
        value_name = "FILE"
    )]
    certificate: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(
        id = "http_tls_key",
        long = "http-tls-key",
        env = "POSTERN_HTTP_TLS_KEY",
        value_name = "FILE"
    )]
    key: Option<PathBuf>,
}

impl GrpcTls {
    /// Reads the files. Without files the listener has no TLS.
    pub fn open(&self, mistakes: &mut Mistakes) -> Option<ServerTls> {
        let settings = [
            "--grpc-tls-certificate (POSTERN_GRPC_TLS_CERTIFICATE)",
            "--grpc-tls-key (POSTERN_GRPC_TLS_KEY)",
            "--grpc-tls-client-authority (POSTERN_GRPC_TLS_CLIENT_AUTHORITY)",
        ];
        let paths = [&self.certificate, &self.key, &self.client_authority];
        open(b"h2", settings, paths.map(Option::as_ref), mistakes)
    }

    /// Notes a setting that names a client's certificate, unless clients show certificates.
    pub fn needs_certificates(&self, setting: &str, mistakes: &mut Mistakes) {
        if self.client_authority.is_none() {
            mistakes.note(format_args!(
                "{setting}: needs --grpc-tls-client-authority: without it no client shows a certificate"
            ));
        }
    }
}

impl HttpTls {
    /// Reads the files. Without files the listener has no TLS.
    pub fn open(&self, mistakes: &mut Mistakes) -> Option<ServerTls> {
        let settings = [
            "--http-tls-certificate (POSTERN_HTTP_TLS_CERTIFICATE)",
            "--http-tls-key (POSTERN_HTTP_TLS_KEY)",
            "",
        ];
        let paths = [self.certificate.as_ref(), self.key.as_ref(), None];
        open(b"http/1.1", settings, paths, mistakes)
    }
}

/// The TLS of a listener, as its files are now; or none.
#[derive(Clone, Default)]
pub struct ServerTls(Option<Arc<FromFiles<Made>>>);

struct Made {
    config: Arc<ServerConfig>,
    certificate: CertificateDer<'static>,
}

impl ServerTls {
    /// Whether the listener has TLS.
    pub const fn is_spoken(&self) -> bool {
        self.0.is_some()
    }

    /// The TLS of the next connection.
    pub fn acceptor(&self) -> Option<TlsAcceptor> {
        let made = self.0.as_ref()?.current();
        Some(TlsAcceptor::from(Arc::clone(&made.config)))
    }

    /// Reads the files once.
    #[cfg(test)]
    pub(super) fn look(&self) -> ::files::Reload<String> {
        self.0.as_ref().expect("TLS is spoken").look()
    }

    /// Exchanges the certificates when their files change, and warns of one that is expired or not
    /// yet valid.
    pub async fn look_after(self) {
        let in_use = |made: &Made| {
            let now = UnixTime::since_unix_epoch(SystemClock::since_epoch());
            if let Some(wrong) = untimely(&made.certificate, now) {
                tracing::warn!("the certificate that is shown to clients {wrong}");
            }
        };
        if let Some(files) = self.0 {
            files.follow("certificates", in_use).await;
        }
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").field("is_spoken", &self.is_spoken()).finish_non_exhaustive()
    }
}

/// Reads the certificate, its key and the clients' authority, and notes every mistake at once.
pub(super) fn open(
    protocol: &'static [u8],
    settings: [&'static str; 3],
    paths: [Option<&PathBuf>; 3],
    mistakes: &mut Mistakes,
) -> Option<ServerTls> {
    if paths.iter().all(Option::is_none) {
        return Some(ServerTls::default());
    }
    let files: Vec<_> = settings.iter().zip(paths).collect();
    let given = files.iter().enumerate().filter_map(|(at, (setting, path))| {
        path.map(|path| File { setting, path: path.clone(), is_key: at == 1 })
    });
    let given: Vec<_> = given.collect();
    let missing = files.iter().take(2).filter(|(_, path)| path.is_none());
    let missing: Vec<_> = missing.map(|(setting, _)| *setting).collect();
    for setting in &missing {
        mistakes.note(format_args!("{setting}: must be given for TLS to be spoken"));
    }
    let opened = if missing.is_empty() {
        FromFiles::open(given, move |files, contents| make(protocol, files, contents))
    } else {
        // Report which of the other files cannot be read.
        read(&given).err().map_or_else(|| Err(Vec::new()), Err)
    };
    mistakes.check_all(opened).map(|opened| ServerTls(Some(Arc::new(opened))))
}

/// Builds the configuration from certificate, key and an optional authority.
fn make(protocol: &[u8], files: &[File], contents: &Contents) -> Result<Made, Vec<String>> {
    let mut mistakes = Vec::new();
    let chain = part(&files[0], certificates(&contents[0]), &mut mistakes);
    let key = part(&files[1], private_key(&contents[1]), &mut mistakes);
    let clients = match (files.get(2), contents.get(2)) {
        (Some(file), Some(pem)) => part(file, authorities(pem), &mut mistakes).map(Some),
        _ => Some(None),
    };
    let (Some(chain), Some(key), Some(clients)) = (chain, key, clients) else {
        return Err(mistakes);
    };
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(|error| vec![files[0].says(error)])?;
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(roots) => {
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
            let verifier = verifier.map_err(|error| vec![files[2].says(error)])?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let certificate = chain[0].clone();
    let mut config = builder.with_single_cert(chain, key).map_err(|error| match error {
        Error::InconsistentKeys(_) => {
            vec![files[1].says(format_args!("is not the key of {}", files[0].path.display()))]
        }
        other => vec![files[0].says(other)],
    })?;
    config.alpn_protocols = vec![protocol.to_vec()];
    Ok(Made { config: Arc::new(config), certificate })
}

//! Certificates that a test generates, and TLS clients.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};

/// A CA, and the folder of its certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

/// The files of a certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(vec![])?;
        // The CA needs a name of its own: a certificate with equal issuer and subject counts as
        // self-signed.
        params.distinguished_name.push(DnType::CommonName, super::unique("authority"));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let folder = TempDir::new()?;
        fs::write(folder.path().join("authority.pem"), issuer.pem())?;
        Ok(Self { issuer, folder })
    }

    /// The file of the CA's own certificate.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// Issues a certificate for that host and `localhost`. A second one replaces the first.
    pub(crate) fn sign(&self, host: &str) -> anyhow::Result<Pair> {
        let at = |end: &str| self.folder.path().join(format!("{host}.{end}"));
        let pair = Pair { certificate: at("pem"), key: at("key") };
        self.sign_into(host, &pair)?;
        Ok(pair)
    }

    /// Issues a new certificate for that host and `localhost`, into the files of another.
    pub(crate) fn sign_into(&self, host: &str, pair: &Pair) -> anyhow::Result<()> {
        let params = CertificateParams::new(vec![host.to_owned(), "localhost".to_owned()])?;
        let key = KeyPair::generate()?;
        fs::write(&pair.certificate, params.signed_by(&key, &self.issuer)?.pem())?;
        fs::write(&pair.key, key.serialize_pem())?;
        Ok(())
    }

    /// A channel that trusts this CA and may present a client certificate.
    pub(crate) fn channel(&self, at: SocketAddr, shows: Option<&Pair>) -> anyhow::Result<Channel> {
        let mut tls = ClientTlsConfig::new()
            .domain_name("localhost")
            .ca_certificate(Certificate::from_pem(self.pem()));
        if let Some(Pair { certificate, key }) = shows {
            tls = tls.identity(Identity::from_pem(fs::read(certificate)?, fs::read(key)?));
        }
        Ok(Endpoint::from_shared(format!("https://{at}"))?.tls_config(tls)?.connect_lazy())
    }

    /// A connection that trusts this CA.
    pub(crate) async fn connect(&self, at: SocketAddr) -> anyhow::Result<TlsStream<TcpStream>> {
        self.connect_with(at, None).await
    }

    /// Like `connect`, with a client certificate.
    pub(crate) async fn connect_with(
        &self,
        at: SocketAddr,
        shows: Option<&Pair>,
    ) -> anyhow::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.pem().as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match shows {
            None => config.with_no_client_auth(),
            Some(Pair { certificate, key }) => {
                let chain = vec![CertificateDer::from_pem_file(certificate)?];
                config.with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(key)?)?
            }
        };
        let stream = TcpStream::connect(at).await?;
        let connector = TlsConnector::from(Arc::new(config));
        Ok(connector.connect(ServerName::try_from("localhost")?, stream).await?)
    }

    /// Gets a page. Also returns the certificate that the server presented.
    pub(crate) async fn get(
        &self,
        at: SocketAddr,
        path: &str,
    ) -> anyhow::Result<(String, Vec<u8>)> {
        let mut stream = self.connect(at).await?;
        let shown = stream.get_ref().1.peer_certificates().map_or(Vec::new(), |it| it[0].to_vec());
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok((answer, shown))
    }
}

/// A TLS `ClientHello` that offers only this version and this cipher suite.
pub(crate) fn client_hello(version: u16, suite: u16) -> Vec<u8> {
    let mut body = version.to_be_bytes().to_vec();
    body.extend([7; 32]); // random
    body.push(0); // no session
    body.extend([0, 2]);
    body.extend(suite.to_be_bytes());
    body.extend([1, 0]); // no compression
    let mut extensions = Vec::new();
    for (kind, content) in [
        (10_u16, &[0, 4, 0, 23, 0, 24][..]), // the groups P-256 and P-384
        (11, &[1, 0]),                       // points uncompressed
        (13, &[0, 6, 4, 3, 4, 1, 8, 4]),     // signatures with ECDSA and RSA
        (23, &[]),                           // extended master secret
    ] {
        extensions.extend(kind.to_be_bytes());
        extensions.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
        extensions.extend(content);
    }
    body.extend(u16::try_from(extensions.len()).expect("short").to_be_bytes());
    body.extend(extensions);
    let length = u32::try_from(body.len()).expect("short").to_be_bytes();
    let mut handshake = vec![1, length[1], length[2], length[3]];
    handshake.extend(body);
    let mut record = vec![22, 3, 1];
    record.extend(u16::try_from(handshake.len()).expect("short").to_be_bytes());
    record.extend(handshake);
    record
}

/// A path as text.
pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}

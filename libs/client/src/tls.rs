//! TLS: which authorities are trusted, and which certificate is presented.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::client::WantsClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};

use crate::setup::SetupError;

/// The certificates of a client. Clones share them.
#[derive(Clone)]
pub struct Tls(Arc<RwLock<Certificates>>);

/// What new connections use.
#[derive(Clone)]
struct Certificates {
    roots: Arc<RootCertStore>,
    config: ClientConfig,
}

impl Tls {
    /// Trusts the authorities of the operating system.
    ///
    /// # Errors
    /// [`SetupError::Tls`] where the operating system's certificates cannot be read.
    pub fn system() -> Result<Self, SetupError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        match found.errors.first() {
            Some(error) if added == 0 => {
                Err(SetupError::Tls(format!("the system's authorities: {error}")))
            }
            Some(_) | None => Self::trusting(roots),
        }
    }

    /// Trusts these authorities alone: one or more certificates in PEM.
    ///
    /// # Errors
    /// [`SetupError::Tls`] where the text holds no authority's certificate in PEM.
    pub fn authority(pem: impl AsRef<[u8]>) -> Result<Self, SetupError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates("the authority", pem.as_ref())? {
            let unfit = |error| SetupError::Tls(format!("the authority: {error}"));
            roots.add(certificate).map_err(unfit)?;
        }
        Self::trusting(roots)
    }

    /// Presents this certificate, with its chain and its key, both in PEM.
    ///
    /// # Errors
    /// [`SetupError::Tls`] where one of them is no PEM, or the key is not the certificate's.
    pub fn with_identity(
        self,
        certificate: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, SetupError> {
        let chain = certificates("the client certificate", certificate.as_ref())?;
        let key = PrivateKeyDer::from_pem_slice(key.as_ref())
            .map_err(|_| SetupError::Tls("the key: holds no private key in PEM".to_owned()))?;
        let roots = self.current().roots;
        let config = builder(&roots)?
            .with_client_auth_cert(chain, key)
            .map_err(|error| SetupError::Tls(format!("certificate and key: {error}")))?;
        Ok(Self::of(Certificates { roots, config }))
    }

    /// Uses the certificates of `other` from now on, for all clones: also in typed clients that were made
    /// with them. Connections that exist go on.
    pub fn renew(&self, other: &Self) {
        let renewed = other.current();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = renewed;
    }

    fn of(certificates: Certificates) -> Self {
        Self(Arc::new(RwLock::new(certificates)))
    }

    fn current(&self) -> Certificates {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn trusting(roots: RootCertStore) -> Result<Self, SetupError> {
        let roots = Arc::new(roots);
        let config = builder(&roots)?.with_no_client_auth();
        Ok(Self::of(Certificates { roots, config }))
    }

    /// The configuration of a connection that speaks this protocol.
    pub(crate) fn speaking(&self, alpn: &[u8]) -> ClientConfig {
        let mut config = self.current().config;
        config.alpn_protocols = vec![alpn.to_vec()];
        config
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("authorities", &self.current().roots.len())
            .finish_non_exhaustive()
    }
}

fn builder(
    roots: &Arc<RootCertStore>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, SetupError> {
    // Named, so that the process needs no default provider.
    Ok(ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| SetupError::Tls(error.to_string()))?
        .with_root_certificates(Arc::clone(roots)))
}

fn certificates(what: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, SetupError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| SetupError::Tls(format!("{what}: holds no certificate in PEM")))
}

//! TLS of listeners and clients: certificates, authorities, and their exchange without a restart.
//!
//! | to learn | read |
//! | --- | --- |
//! | which flags a listener has, and what it speaks | [`server`] |
//! | how another service is reached | [`client`] |
//! | who a client with a certificate is | [`peer`] |
//! | how certificates are exchanged without a restart | [`files`] |
//!
//! # Protocols
//! TLS 1.3 and 1.2 with the suites that `rustls` has, all of them with forward secrecy and an AEAD.
//! There is no setting to weaken that.

pub mod client;
pub mod files;
pub mod peer;
pub mod server;

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

pub use client::{ClientTls, ClientTlsFiles};
pub use peer::Peer;
pub use server::{GrpcTls, HttpTls, ServerTls};

/// Named at each use, so that no other crate chooses the provider of the process.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// The certificates in a PEM file, at least one.
fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, &'static str> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or("holds no certificate in PEM")
}

/// The private key in a PEM file.
fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, &'static str> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|_| "holds no private key in PEM")
}

/// The authorities in a PEM file, at least one.
fn authorities(pem: &[u8]) -> Result<RootCertStore, &'static str> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(pem)? {
        store.add(certificate).map_err(|_| "holds a certificate that cannot be an authority's")?;
    }
    Ok(store)
}

/// Why the certificate is not valid now, if it is not.
fn untimely(certificate: &CertificateDer<'_>, now: UnixTime) -> Option<&'static str> {
    let certificate = EndEntityCert::try_from(certificate).ok()?;
    // Without an authority it is never valid; but its times are checked first.
    let usage = KeyUsage::server_auth();
    match certificate.verify_for_usage(&[], &[], &[], now, usage, None, None) {
        Err(webpki::Error::CertExpired { .. }) => Some("has expired"),
        Err(webpki::Error::CertNotValidYet { .. }) => Some("is not valid yet"),
        Ok(_) | Err(_) => None,
    }
}

#[cfg(test)]
mod tests;

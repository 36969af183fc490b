//! Who a client is that has shown a certificate which the listener's authority has signed.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// A client that is known by its certificate. It is among the extensions of each of its requests.
#[derive(Clone, Debug)]
pub struct Peer {
    names: Arc<Names>,
}

#[derive(Debug, Default)]
struct Names {
    hosts: Vec<String>,
    uris: Vec<String>,
}

impl Peer {
    /// The names of a certificate that was found valid: those among its alternative names that are
    /// hosts or URIs. What else it says is not looked at.
    pub fn of(certificate: &CertificateDer<'_>) -> Self {
        let names = EndEntityCert::try_from(certificate).map_or_else(
            |_| Names::default(),
            |certificate| Names {
                hosts: certificate.valid_dns_names().map(str::to_owned).collect(),
                uris: certificate.valid_uri_names().map(str::to_owned).collect(),
            },
        );
        Self { names: Arc::new(names) }
    }

    /// Whether the certificate was issued for just that host or URI. One for many hosts (`*.mesh`)
    /// is nobody's.
    pub fn is(&self, name: &str) -> bool {
        let Names { hosts, uris } = &*self.names;
        uris.iter().any(|uri| uri == name)
            || hosts.iter().any(|host| !host.contains('*') && host.eq_ignore_ascii_case(name))
    }
}

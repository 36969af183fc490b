//! The identity of a client whose certificate the listener's authority has signed.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;

/// A client known by its certificate. It is in the extensions of each of its requests.
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
    /// The alternative names of a valid certificate that are hosts or URIs. Its other fields are
    /// ignored.
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

    /// Whether the certificate was issued for exactly this host or URI. A wildcard (`*.mesh`)
    /// identifies no client.
    pub fn is(&self, name: &str) -> bool {
        let Names { hosts, uris } = &*self.names;
        uris.iter().any(|uri| uri == name)
            || hosts.iter().any(|host| !host.contains('*') && host.eq_ignore_ascii_case(name))
    }
}

//! A service known by the name in its certificate: the journey runner instead of its token, where a mesh
//! issues certificates, and the code issuer beside its token.

use std::sync::Arc;

use codes::ids::ApplicationId;
use config::Configuration;
use http::HeaderMap;
use tls::Peer;
use tokens::service::Service;

use crate::principal::Principal;

/// The header in which the journey runner names the application whose journey it runs.
pub const APPLICATION: &str = "postern-application";

/// The name in a service's certificate: a host, or a URI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerName(String);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one host such as runner.example, or a URI such as spiffe://mesh.example/runner")]
pub struct PeerNameError;

impl PeerName {
    /// Parses a name, which is one host's or one URI's.
    ///
    /// # Errors
    /// An empty text, or one with a blank, a wildcard or a character outside ASCII.
    pub fn parse(text: &str) -> Result<Self, PeerNameError> {
        let is_name = |c: char| c.is_ascii_graphic() && c != '*';
        let valid = !text.is_empty() && text.chars().all(is_name);
        valid.then(|| Self(text.to_owned())).ok_or(PeerNameError)
    }

    /// Whether the certificate of a connection has the name.
    pub(crate) fn is_of(&self, peer: Option<&Peer>) -> bool {
        peer.is_some_and(|peer| peer.is(&self.0))
    }

    /// The journey runner, with the rights that its token gives it, if the certificate is its own
    /// and it names one application that there is.
    pub(crate) fn principal(
        &self,
        peer: &Peer,
        headers: &HeaderMap,
        configuration: &Arc<Configuration>,
    ) -> Option<Principal> {
        if !self.is_of(Some(peer)) {
            return None;
        }
        let mut named = headers.get_all(APPLICATION).iter();
        let (Some(named), None) = (named.next(), named.next()) else { return None };
        let named = ApplicationId::parse(named.to_str().ok()?).ok()?;
        let application = configuration.application(&named)?.id.clone();
        Principal::service(Arc::clone(configuration), Service::JourneyRunner, application)
    }
}

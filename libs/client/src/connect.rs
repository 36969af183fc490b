//! Connections, over TCP or TLS: to the services and to the token endpoint.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};
use tower::Service;

use crate::setup::SetupError;
use crate::tls::Tls;

/// How long a connection may take to be made.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// How often an HTTP/2 connection is checked, and how long the answer may take. A host that is gone
/// without a word costs calls until then.
const PING: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(2));
const USER_AGENT: &str = concat!("postern-client/", env!("CARGO_PKG_VERSION"));

/// A connection, encrypted or not.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// Connects to the host of one URL.
#[derive(Clone)]
pub(crate) struct Connector {
    origin: Uri,
    host: String,
    port: u16,
    /// With the name that the server's certificate must contain.
    tls: Option<(Tls, ServerName<'static>)>,
    /// The protocol of ALPN.
    alpn: &'static [u8],
}

impl Connector {
    /// Reads a URL. A connection over TLS speaks this protocol of ALPN.
    pub(crate) fn new(
        url: &str,
        tls: Option<&Tls>,
        alpn: &'static [u8],
    ) -> Result<Self, SetupError> {
        let wrong = || SetupError::Url(url.to_owned());
        let origin: Uri = url.parse().map_err(|_| wrong())?;
        let host = origin.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err(wrong());
        }
        let (port, tls) = match (origin.scheme_str(), tls) {
            (Some("http"), None) => (80, None),
            (Some("http"), Some(_)) => return Err(SetupError::NotSecure(url.to_owned())),
            (Some("https"), tls) => {
                let tls = tls.map_or_else(Tls::system, |tls| Ok(tls.clone()))?;
                let name = ServerName::try_from(host.clone()).map_err(|_| wrong())?;
                (443, Some((tls, name)))
            }
            (Some(_) | None, _) => return Err(wrong()),
        };
        let port = origin.port_u16().unwrap_or(port);
        Ok(Self { origin, host, port, tls, alpn })
    }

    pub(crate) const fn url(&self) -> &Uri {
        &self.origin
    }

    /// Connects.
    pub(crate) async fn connect(&self) -> io::Result<Box<dyn Stream>> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        // Calls are small: waiting for more to send would only delay them.
        stream.set_nodelay(true)?;
        Ok(match &self.tls {
            None => Box::new(stream),
            Some((tls, name)) => {
                let connector = TlsConnector::from(Arc::new(tls.speaking(self.alpn)));
                Box::new(connector.connect(name.clone(), stream).await?)
            }
        })
    }

    /// The channel of a gRPC service, which connects at its first call.
    pub(crate) fn channel(self) -> Result<Channel, SetupError> {
        let wrong = || SetupError::Url(self.origin.to_string());
        if self.origin.path() != "/" {
            return Err(SetupError::Path(self.origin.to_string()));
        }
        // The connector encrypts, so tonic is told of a plain endpoint; the origin is what it sends.
        let authority = self.origin.authority().ok_or_else(wrong)?;
        let endpoint = Endpoint::from_shared(format!("http://{authority}"))
            .and_then(|endpoint| endpoint.user_agent(USER_AGENT))
            .map_err(|_| wrong())?
            .origin(self.origin.clone())
            .connect_timeout(CONNECT_LIMIT)
            .http2_keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1);
        Ok(endpoint.connect_with_connector_lazy(self))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { Ok(TokioIo::new(connector.connect().await?)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str, tls: Option<&Tls>) -> Result<(String, u16), SetupError> {
        let connector = Connector::new(url, tls, b"h2")?;
        let at = (connector.host.clone(), connector.port);
        connector.channel().map(|_| at)
    }

    #[tokio::test]
    async fn a_url_names_the_host_of_a_service() {
        for (url, host, port) in [
            ("http://verifier:50052", "verifier", 50052),
            ("http://verifier/", "verifier", 80),
            ("http://[::1]:1", "::1", 1),
            ("https://verifier", "verifier", 443),
        ] {
            assert_eq!(parsed(url, None), Ok((host.to_owned(), port)), "{url}");
        }
        for url in ["", "verifier:50052", "ftp://verifier", "http://:1", "https://a b"] {
            assert_eq!(parsed(url, None), Err(SetupError::Url(url.to_owned())), "{url}");
        }
        let url = "http://verifier/api".to_owned();
        assert_eq!(parsed(&url, None), Err(SetupError::Path(url)));
    }

    #[tokio::test]
    async fn certificates_are_never_ignored_by_a_url_without_encryption() {
        let tls = Tls::system().expect("the system has authorities, perhaps none");
        let url = "http://verifier".to_owned();
        assert_eq!(parsed(&url, Some(&tls)), Err(SetupError::NotSecure(url)));
        assert!(parsed("https://verifier", Some(&tls)).is_ok());
    }
}

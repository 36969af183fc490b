//! Where a service is: its URL, its addresses, its TLS.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::Uri;
use settings::Mistakes;
use tls::{ClientTls, ClientTlsFiles};
use tonic::transport::{ClientTlsConfig, Endpoint, Error};

/// The longest time to make a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// How often a connection is pinged, and how long the answer may take. Calls to a host that
/// vanished fail after that.
const PING: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(2));

/// Resolves a host.
pub type Lookup = Arc<dyn Fn(&str, u16) -> Looking + Send + Sync>;
type Looking = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Why a URL, or the certificates given with it, were refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RemoteError {
    /// It has no host, or speaks neither `http` nor `https`.
    #[error("must be a URL such as http://host:1234 or https://host:1234")]
    Url,
    /// Certificates are given for a URL without TLS.
    #[error("must begin with https, since certificates are given")]
    NotSecure,
    /// The URL needs TLS, and no authority is known.
    #[error("begins with https and needs an authority")]
    NoTls,
}

/// A service of another process.
#[derive(Clone)]
pub struct Remote {
    origin: Uri,
    port: u16,
    tls: Option<ClientTls>,
    lookup: Lookup,
}

impl Remote {
    /// A service by its URL. Every address of its host is a replica. With `https` the certificate
    /// must name the URL's host.
    ///
    /// # Errors
    /// [`RemoteError::Url`] without a host or with another scheme; [`RemoteError::NotSecure`] and
    /// [`RemoteError::NoTls`] if scheme and certificates disagree.
    pub fn parse(url: &str, tls: Option<ClientTls>) -> Result<Self, RemoteError> {
        let origin: Uri = url.parse().map_err(|_| RemoteError::Url)?;
        let is_bare = matches!(origin.path_and_query().map_or("/", |path| path.as_str()), "/");
        let port = match origin.scheme_str() {
            Some("http") if tls.is_some() => return Err(RemoteError::NotSecure),
            Some("https") if tls.is_none() => return Err(RemoteError::NoTls),
            Some("https") => 443,
            Some("http") => 80,
            Some(_) | None => return Err(RemoteError::Url),
        };
        let has_host = origin.host().is_some_and(|host| !host.is_empty());
        if !is_bare || !has_host {
            return Err(RemoteError::Url);
        }
        let port = origin.port_u16().unwrap_or(port);
        Ok(Self { origin, port, tls, lookup: Arc::new(system) })
    }

    /// Checks the settings of a required service: its URL and its files.
    pub fn check(
        setting: &str,
        url: Option<&str>,
        files: ClientTlsFiles,
        mistakes: &mut Mistakes,
    ) -> Option<Self> {
        let is_secure = url.is_some_and(|url| url.starts_with("https://"));
        let tls = if is_secure || files.is_any_given() {
            files.open(mistakes).map(Some)
        } else {
            Some(None)
        };
        let Some(url) = url else {
            mistakes
                .note(format_args!("{setting}: must be given, as a URL such as http://host:1234"));
            return None;
        };
        mistakes.check(setting, Self::parse(url, tls?))
    }

    /// Whether others can read what is sent: it goes to another host without TLS.
    pub fn is_exposed(&self) -> bool {
        let host = self.host();
        let is_here = host == "localhost"
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        self.tls.is_none() && !is_here
    }

    /// Resolves addresses in another way than the system does.
    #[must_use]
    pub fn found_by(mut self, lookup: Lookup) -> Self {
        self.lookup = lookup;
        self
    }

    pub(super) fn host(&self) -> &str {
        self.origin.host().unwrap_or_default().trim_matches(['[', ']'])
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    pub(super) async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        (self.lookup)(self.host(), self.port).await
    }

    pub(super) const fn tls(&self) -> Option<&ClientTls> {
        self.tls.as_ref()
    }

    /// The endpoint of one replica, with these certificates.
    pub(super) fn endpoint(
        &self,
        address: SocketAddr,
        tls: Option<&ClientTlsConfig>,
    ) -> Result<Endpoint, Error> {
        let scheme = self.origin.scheme_str().unwrap_or("http");
        let endpoint = Endpoint::from_shared(format!("{scheme}://{address}"))?
            .origin(self.origin.clone())
            .connect_timeout(CONNECT_LIMIT)
            .http2_keep_alive_interval(PING.0)
            .keep_alive_timeout(PING.1)
            .keep_alive_while_idle(true);
        match tls {
            None => Ok(endpoint),
            Some(tls) => endpoint.tls_config(tls.clone().domain_name(self.host())),
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("origin", &self.origin).finish_non_exhaustive()
    }
}

fn system(host: &str, port: u16) -> Looking {
    let host = host.to_owned();
    Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_a_host_and_nothing_behind_it() {
        for (url, host, port) in [
            ("http://verifier:50052", "verifier", 50052),
            ("http://verifier", "verifier", 80),
            ("http://verifier/", "verifier", 80),
            ("http://[::1]:1", "::1", 1),
        ] {
            let remote = Remote::parse(url, None).expect(url);
            assert_eq!((remote.host(), remote.port()), (host, port), "{url}");
        }
        for url in ["", "verifier:50052", "ftp://verifier", "http://verifier/api", "http://:1"] {
            assert_eq!(Remote::parse(url, None).err(), Some(RemoteError::Url), "{url}");
        }
        for (url, is_exposed) in
            [("http://verifier", true), ("http://localhost:1", false), ("http://[::1]:1", false)]
        {
            let remote = Remote::parse(url, None).expect(url);
            assert_eq!(remote.is_exposed(), is_exposed, "{url}");
        }
        let insecure = Remote::parse("https://verifier", None);
        assert_eq!(insecure.err(), Some(RemoteError::NoTls));
    }
}

//! The origin at which browsers reach a service: its URL, its cookies, and whether a request comes from its own
//! pages.

mod cookie;

use std::net::IpAddr;

use http::header::ORIGIN;
use http::{HeaderMap, Uri};

pub use self::cookie::Cookie;

/// The URL at which browsers reach a service: an origin without a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    origin: String,
    /// The port, where the browser speaks http with this machine.
    plain: Option<u16>,
}

/// The text is no such URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a URL such as https://console.example, without a path; http on loopback only")]
pub struct PublicUrlError;

impl PublicUrl {
    /// Parses a URL.
    ///
    /// # Errors
    /// [`PublicUrlError`] for any other text, and for http on another host than this one.
    pub fn parse(text: &str) -> Result<Self, PublicUrlError> {
        let uri: Uri = text.parse().map_err(|_| PublicUrlError)?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_here = host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
        let plain = match uri.scheme_str() {
            Some("https") if !host.is_empty() => None,
            Some("http") if is_here => Some(uri.port_u16().unwrap_or(80)),
            _ => return Err(PublicUrlError),
        };
        let authority = uri.authority().ok_or(PublicUrlError)?;
        if uri.path() != "/" || uri.query().is_some() || authority.as_str().contains('@') {
            return Err(PublicUrlError);
        }
        let scheme = if plain.is_some() { "http" } else { "https" };
        Ok(Self { origin: format!("{scheme}://{authority}"), plain })
    }

    /// The URL of a path.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether a request with these headers comes from one of the service's own pages. Browsers say from which
    /// site a request comes: `Sec-Fetch-Site`, or `Origin` where they are older.
    pub fn is_from_here(&self, headers: &HeaderMap) -> bool {
        let header = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
        match header("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => header(ORIGIN.as_str()).is_some_and(|origin| self.origin == origin),
        }
    }

    /// The port, where the browser speaks http with this machine.
    const fn plain_port(&self) -> Option<u16> {
        self.plain
    }
}

#[cfg(test)]
mod tests;

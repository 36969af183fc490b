//! Where browsers reach the console, and the paths on it that links may lead to.

use std::net::IpAddr;

use axum::http::Uri;

/// The URL at which browsers reach the console: an origin without a path.
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

    /// Whether a request with that `Origin` comes from the console's own pages.
    pub(crate) fn is_origin(&self, origin: &str) -> bool {
        self.origin == origin
    }

    /// The port, where the browser speaks http with this machine.
    pub(crate) const fn plain_port(&self) -> Option<u16> {
        self.plain
    }
}

/// The path that begins a sign-in and leads back to a page. If `again`, the agent must authenticate anew.
pub(crate) fn sign_in(to: &str, again: bool) -> String {
    let again = if again { "&again=1" } else { "" };
    format!("/sign-in?to={}{again}", local(to))
}

/// A page of the console: a path of plain segments. Everything else leads to the first page, so that no
/// link can lead to another site after the sign-in.
pub(crate) fn local(path: &str) -> &str {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_".contains(&byte);
    let is_local = path.starts_with('/') && !path.starts_with("//") && path.bytes().all(is_plain);
    if is_local { path } else { "/" }
}

#[cfg(test)]
mod tests;

//! Redirect URIs, and the web origins (RFC 6454) that they stand for.
//!
//! # Why not the `url` crate
//! It parses as browsers do, and repairs what it reads: it drops tabs and line breaks, takes `\` for `/`, and
//! adds missing slashes. A configuration is refused instead, so that what was written is what serves.

use std::net::{Ipv4Addr, Ipv6Addr};

use http::Uri;

/// Why a text is no redirect URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum OriginError {
    #[error(
        "must be an absolute http or https URL with a host and without user, fragment or wildcard"
    )]
    NotAUrl,
    #[error("must be https, unless its host is loopback")]
    NotSecure,
}

/// The origin of a redirect URI, as browsers write it: in lower case, without a default port.
pub(crate) fn of(redirect_uri: &str) -> Result<String, OriginError> {
    let has_fragment = redirect_uri.contains('#');
    let uri = redirect_uri.parse::<Uri>().ok().filter(|_| !has_fragment);
    let uri = uri.ok_or(OriginError::NotAUrl)?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(OriginError::NotAUrl);
    };
    let default_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err(OriginError::NotAUrl),
    };
    let (host, is_loopback) = host(authority.host()).ok_or(OriginError::NotAUrl)?;
    let port = match authority.as_str().strip_prefix(authority.host()) {
        Some("") => default_port,
        // Nothing but a port may follow the host; a user name before it leaves no such prefix.
        Some(_) => authority.port_u16().filter(|port| *port > 0).ok_or(OriginError::NotAUrl)?,
        None => return Err(OriginError::NotAUrl),
    };
    if scheme == "http" && !is_loopback {
        return Err(OriginError::NotSecure);
    }
    let port = if port == default_port { String::new() } else { format!(":{port}") };
    Ok(format!("{scheme}://{host}{port}"))
}

/// A host as browsers write it, and whether it is this machine.
fn host(text: &str) -> Option<(String, bool)> {
    if let Some(bracketed) = text.strip_prefix('[') {
        let address: Ipv6Addr = bracketed.strip_suffix(']')?.parse().ok()?;
        return Some((format!("[{address}]"), address.is_loopback()));
    }
    let name = text.to_ascii_lowercase();
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let is_loopback = name == "localhost"
        || name.ends_with(".localhost")
        || name.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback());
    is_name.then_some((name, is_loopback))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for (uri, origin) in [
            ("https://acme.example", "https://acme.example"),
            ("HTTPS://Acme.Example:443/back?x=1", "https://acme.example"),
            ("https://acme.example:8443/", "https://acme.example:8443"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost:80", "http://localhost"),
            ("http://app.localhost", "http://app.localhost"),
            ("http://[0:0:0:0:0:0:0:1]:3000/x", "http://[::1]:3000"),
        ] {
            assert_eq!(of(uri).as_deref(), Ok(origin), "{uri}");
        }
    }

    #[test]
    fn what_is_no_safe_redirect_uri_is_refused() {
        for uri in [
            "",
            "/back",
            "acme.example",
            "//acme.example",
            "https://",
            "https:///x",
            "https://*",
            "https://*.acme.example",
            "https://acme.example/#x",
            "https://acme.example#",
            "https://user@acme.example",
            "https://a@b@c",
            "https://acme.example:0",
            "https://acme.example:99999",
            "https://acme.example:",
            "https://acme.example:x",
            "https://äcme.example",
            "javascript:alert(1)",
            "ftp://acme.example",
            "https://[::1",
            "https://[::g]",
            "https://acme.example /x",
            "null",
            "*",
        ] {
            assert_eq!(of(uri), Err(OriginError::NotAUrl), "{uri}");
        }
        for uri in ["http://acme.example", "http://localhost.acme.example", "http://128.0.0.1"] {
            assert_eq!(of(uri), Err(OriginError::NotSecure), "{uri}");
        }
    }
}

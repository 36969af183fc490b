//! How proxies name their clients: the entries of `X-Forwarded-For` and of `Forwarded`.
//!
//! | entry | who writes it |
//! | --- | --- |
//! | `192.0.2.1`, `2001:db8::1` | most proxies |
//! | `192.0.2.1:5000`, `[2001:db8::1]:443`, `[2001:db8::1]` | Azure, IIS and others |
//! | `fe80::1%eth0` | proxies on a link-local network |
//! | `"[2001:db8::1]:443"`, `unknown`, `_hidden`, `_hidden:_port` | RFC 7239, section 6 |

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName};

/// The header in which each proxy notes its peer, the last one at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// `X-Forwarded-For`.
    #[default]
    XForwardedFor,
    /// RFC 7239's `Forwarded`, with the client in `for=`.
    Forwarded,
}

/// Why an entry gives no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The proxy hides its client: `unknown`, or an obfuscated name.
    Hidden,
    /// The entry has none of the forms above.
    Unreadable,
}

impl Unusable {
    /// The reason in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hidden => "hidden",
            Self::Unreadable => "unreadable",
        }
    }
}

impl Header {
    /// The header of that name, in lower case.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::XForwardedFor, Self::Forwarded].into_iter().find(|header| header.name() == name)
    }

    /// The header's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }

    /// The entries, the latest first. Each is decoded alone: bytes that a client sends do not make the
    /// proxy's own entry unreadable.
    pub fn entries(self, headers: &HeaderMap) -> impl Iterator<Item = &str> {
        let lines = headers.get_all(HeaderName::from_static(self.name())).iter().rev();
        let entries = lines.flat_map(|line| from_the_right(line.as_bytes(), b','));
        entries.map(|entry| str::from_utf8(entry).unwrap_or("?").trim())
    }

    /// The address in an entry.
    ///
    /// # Errors
    /// [`Unusable`]: the proxy hides its client, or the entry has none of the forms above.
    pub fn parse_entry(self, entry: &str) -> Result<IpAddr, Unusable> {
        match self {
            Self::XForwardedFor => parse_node(entry),
            Self::Forwarded => parse_node(for_parameter(entry).ok_or(Unusable::Unreadable)?),
        }
    }
}

/// The parts between separators that no quotes enclose, the last one first.
///
/// # Why from the right
/// A proxy appends its entry, and may quote the client's `Host` in it. Quotes that are counted from the
/// end of the line are the proxy's; a quote that the client opened before them cannot swallow the entry.
fn from_the_right(line: &[u8], separator: u8) -> Vec<&[u8]> {
    let (mut parts, mut end, mut is_quoted) = (Vec::new(), line.len(), false);
    for (at, &byte) in line.iter().enumerate().rev() {
        if byte == b'"' && !is_escaped(&line[..at]) {
            is_quoted = !is_quoted;
        } else if byte == separator && !is_quoted {
            parts.push(&line[at + 1..end]);
            end = at;
        }
    }
    parts.push(&line[..end]);
    parts
}

/// Whether a quote after these bytes is a part of the quoted text: an odd number of backslashes precedes it.
fn is_escaped(before: &[u8]) -> bool {
    before.iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// The value of `for=`, which an element has once.
fn for_parameter(element: &str) -> Option<&str> {
    let pairs = from_the_right(element.as_bytes(), b';').into_iter();
    let mut nodes = pairs.filter_map(|pair| {
        let (name, value) = str::from_utf8(pair).ok()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then_some(value)
    });
    nodes.next().filter(|_| nodes.next().is_none())
}

/// An address in any of the forms above. A port, a zone and quotes do not matter.
fn parse_node(text: &str) -> Result<IpAddr, Unusable> {
    let text = text.trim();
    let unquoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let text = unquoted.unwrap_or(text);
    if let Some((address, port)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        let has_port = port.strip_prefix(':').is_some_and(is_port);
        return if port.is_empty() || has_port { v6(address) } else { Err(Unusable::Unreadable) };
    }
    match text.split_once(':') {
        None => v4_or_name(text),
        Some((name, port)) if !port.contains(':') && is_port(port) => v4_or_name(name),
        Some(_) => v6(text),
    }
}

fn v4_or_name(text: &str) -> Result<IpAddr, Unusable> {
    if text.eq_ignore_ascii_case("unknown") || is_obfuscated(text) {
        return Err(Unusable::Hidden);
    }
    text.parse::<Ipv4Addr>().map(IpAddr::V4).map_err(|_| Unusable::Unreadable)
}

fn v6(text: &str) -> Result<IpAddr, Unusable> {
    let address = match text.split_once('%') {
        Some((_, "")) => return Err(Unusable::Unreadable),
        Some((address, _zone)) => address,
        None => text,
    };
    address.parse::<Ipv6Addr>().map(IpAddr::V6).map_err(|_| Unusable::Unreadable)
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok() || is_obfuscated(text)
}

fn is_obfuscated(text: &str) -> bool {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    text.strip_prefix('_').is_some_and(|name| !name.is_empty() && name.bytes().all(is_allowed))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HIDDEN: Result<&str, Unusable> = Err(Unusable::Hidden);
    const UNREADABLE: Result<&str, Unusable> = Err(Unusable::Unreadable);

    #[test]
    fn every_form_that_proxies_write_is_read() {
        for (entry, expected) in [
            ("203.0.113.3", Ok("203.0.113.3")),
            ("203.0.113.3:5000", Ok("203.0.113.3")),
            ("203.0.113.3:_port", Ok("203.0.113.3")),
            ("\"203.0.113.3:5000\"", Ok("203.0.113.3")),
            ("2001:db8::1", Ok("2001:db8::1")),
            ("[2001:db8::1]", Ok("2001:db8::1")),
            ("[2001:db8::1]:443", Ok("2001:db8::1")),
            ("\"[2001:db8::1]:443\"", Ok("2001:db8::1")),
            ("fe80::1%eth0", Ok("fe80::1")),
            ("[fe80::1%25eth0]:443", Ok("fe80::1")),
            ("::ffff:203.0.113.3", Ok("::ffff:203.0.113.3")),
            ("unknown", HIDDEN),
            ("Unknown:443", HIDDEN),
            ("_gazonk", HIDDEN),
            ("_gazonk:_47", HIDDEN),
            ("", UNREADABLE),
            ("_", UNREADABLE),
            ("203.0.113", UNREADABLE),
            ("203.0.113.3:", UNREADABLE),
            ("203.0.113.3:99999", UNREADABLE),
            ("203.0.113.03", UNREADABLE),
            ("[203.0.113.3", UNREADABLE),
            ("[2001:db8::1]443", UNREADABLE),
            ("2001:db8::1%", UNREADABLE),
            ("proxy.example", UNREADABLE),
            ("for=203.0.113.3", UNREADABLE),
        ] {
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(Header::XForwardedFor.parse_entry(entry), expected, "{entry}");
        }
    }

    #[test]
    fn an_element_of_forwarded_names_its_client_once() {
        for (entry, expected) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", Ok("192.0.2.60")),
            ("proto=https; For=\"[2001:db8:cafe::17]:4711\"", Ok("2001:db8:cafe::17")),
            ("for=\"_gazonk\"", HIDDEN),
            ("by=203.0.113.43", UNREADABLE),
            ("for=192.0.2.60;for=192.0.2.61", UNREADABLE),
            ("192.0.2.60", UNREADABLE),
        ] {
            let expected = expected.map(|text| text.parse().expect("an address"));
            assert_eq!(Header::Forwarded.parse_entry(entry), expected, "{entry}");
        }
    }

    #[test]
    fn nothing_that_a_client_sends_hides_or_replaces_the_entry_of_the_proxy() {
        let real = Ok("198.51.100.7".parse().expect("an address"));
        for (header, line) in [
            (Header::XForwardedFor, &b"\xe9, 198.51.100.7"[..]),
            (Header::XForwardedFor, b"\"203.0.113.3, 198.51.100.7"),
            (Header::Forwarded, b"for=\"203.0.113.3, for=198.51.100.7"),
            (Header::Forwarded, b"for=198.51.100.7;host=\"a,for=203.0.113.77;x\""),
            (Header::Forwarded, b"host=\"a;for=203.0.113.77,x\";for=198.51.100.7"),
            (Header::Forwarded, b"for=198.51.100.7;host=\"a\\\",for=203.0.113.77;x\""),
        ] {
            let mut headers = HeaderMap::new();
            let value = http::HeaderValue::from_bytes(line).expect("a header");
            headers.append(HeaderName::from_static(header.name()), value);
            let latest = header.entries(&headers).next().map(|entry| header.parse_entry(entry));
            assert_eq!(latest, Some(real), "{}", String::from_utf8_lossy(line));
        }
    }

    proptest! {
        #[test]
        fn an_address_is_the_same_however_it_is_written(
            bits in any::<u128>(), is_v4 in any::<bool>(), port in any::<u16>(),
        ) {
            let address = if is_v4 {
                IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits >> 96).expect("32 bits")))
            } else {
                IpAddr::V6(Ipv6Addr::from_bits(bits))
            };
            let with_port = std::net::SocketAddr::from((address, port)).to_string();
            for entry in [address.to_string(), with_port.clone(), format!("\"{with_port}\"")] {
                prop_assert_eq!(Header::XForwardedFor.parse_entry(&entry), Ok(address));
                let element = format!("proto=https;for={entry}");
                prop_assert_eq!(Header::Forwarded.parse_entry(&element), Ok(address));
            }
        }

        #[test]
        fn nothing_that_clients_send_panics(entry in "\\PC{0,40}") {
            let _ = Header::XForwardedFor.parse_entry(&entry);
            let _ = Header::Forwarded.parse_entry(&entry);
        }
    }
}

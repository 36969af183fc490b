//! Which proxies are trusted, and the client addresses that they forward.
//!
//! | to learn | read |
//! | --- | --- |
//! | which entry of a header names the client | [`Proxies::trail`] |
//! | what an entry may look like | [`forwarded`] |

pub mod forwarded;

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderMap;
use ipnet::IpNet;
use settings::Mistakes;

use self::forwarded::{Header, Unusable};

/// The settings that say which proxies are trusted.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ProxyArgs {
    /// Proxies whose `--forwarded-header` is believed, and which may have more than
    /// `--connections-per-source`, as addresses or networks such as `10.0.0.0/8,192.0.2.1`; without
    /// it, the peer of a connection is the client
    #[arg(long, env = "POSTERN_TRUSTED_PROXIES", value_name = "NETWORKS")]
    trusted_proxies: Option<String>,
    /// The header in which trusted proxies name their clients: `x-forwarded-for` (the default) or
    /// `forwarded` (RFC 7239). Choose the one that your proxies overwrite or append to
    #[arg(long, env = "POSTERN_FORWARDED_HEADER", value_name = "HEADER")]
    forwarded_header: Option<String>,
    /// What is done with the trace context that a trusted proxy sends: `link` (the default) or
    /// `continue`. Continue it only if the proxies set or remove the context that their clients send:
    /// otherwise strangers choose trace IDs and what is sampled
    #[arg(long, env = "POSTERN_PROXY_TRACES", value_name = "link|continue")]
    proxy_traces: Option<String>,
}

impl ProxyArgs {
    /// Checks the settings.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<Proxies> {
        let networks = Proxies::parse(self.trusted_proxies.as_deref().unwrap_or_default());
        let proxies = mistakes.check("--trusted-proxies (POSTERN_TRUSTED_PROXIES)", networks);
        let header = self
            .forwarded_header
            .as_deref()
            .map_or(Some(Header::default()), |name| Header::parse(&name.to_ascii_lowercase()));
        let header = header.ok_or("must be x-forwarded-for or forwarded");
        let header = mistakes.check("--forwarded-header (POSTERN_FORWARDED_HEADER)", header);
        let continues_traces = match self.proxy_traces.as_deref() {
            None | Some("link") => Ok(false),
            Some("continue") => Ok(true),
            Some(_) => Err("must be link or continue"),
        };
        let setting = "--proxy-traces (POSTERN_PROXY_TRACES)";
        let continues_traces = mistakes.check(setting, continues_traces);
        let proxies = Proxies { header: header?, ..proxies? };
        Some(proxies.continue_traces(continues_traces?))
    }
}

/// The proxies that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Proxies {
    networks: Arc<[IpNet]>,
    header: Header,
    continues_traces: bool,
}

/// Where a request comes from.
#[derive(Debug, PartialEq, Eq)]
pub struct Trail<'a> {
    /// The client, as far as trusted proxies name it.
    pub client: IpAddr,
    /// The entry of a trusted proxy that gives no address, so that the proxy counts as the client.
    pub unusable: Option<(&'a str, Unusable)>,
}

impl Proxies {
    /// Trusts the addresses and networks of a list with commas between, and their `X-Forwarded-For`.
    ///
    /// # Errors
    /// The list has another entry: the error says what an entry may be.
    pub fn parse(networks: &str) -> Result<Self, &'static str> {
        let parse = |text: &str| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| text.parse()).map_err(|_| {
                "must be addresses or networks with commas between, such as 10.0.0.0/8,192.0.2.1"
            })
        };
        let networks = networks.split(',').map(str::trim).filter(|text| !text.is_empty());
        let networks = networks.map(parse).collect::<Result<_, _>>()?;
        Ok(Self { networks, ..Self::default() })
    }

    /// Continues the traces of these proxies, or only links to them.
    #[must_use]
    pub fn continue_traces(self, continues_traces: bool) -> Self {
        Self { continues_traces, ..self }
    }

    /// Whether the trace of a request from that peer is continued.
    pub fn continues_trace_of(&self, peer: IpAddr) -> bool {
        self.continues_traces && self.trusts(peer)
    }

    /// Whether a proxy of that address is trusted.
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.iter().any(|network| network.contains(&address))
    }

    /// The name of the header that is read.
    pub const fn header(&self) -> &'static str {
        self.header.name()
    }

    /// Follows the header from the peer back through the trusted proxies, to the first address that
    /// is not one of them. Entries before that may be forged.
    pub fn trail<'a>(&self, peer: IpAddr, headers: &'a HeaderMap) -> Trail<'a> {
        let mut client = peer;
        for entry in self.header.entries(headers) {
            if !self.trusts(client) {
                break;
            }
            match self.header.parse_entry(entry) {
                Ok(address) => client = address,
                Err(why) => return Trail { client, unusable: Some((entry, why)) },
            }
        }
        Trail { client, unusable: None }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn proxies(trusted: &str, header: &str) -> Proxies {
        let args = ProxyArgs {
            trusted_proxies: Some(trusted.to_owned()),
            forwarded_header: Some(header.to_owned()),
            ..ProxyArgs::default()
        };
        let mut mistakes = Mistakes::default();
        args.check(&mut mistakes).unwrap_or_else(|| panic!("{mistakes}"))
    }

    fn headers(name: &'static str, lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        for (trusted, peer, lines, expected) in [
            ("", "192.0.2.9", &["198.51.100.7"] as &[_], "192.0.2.9"),
            ("10.0.0.0/8", "192.0.2.9", &["198.51.100.7"], "192.0.2.9"),
            ("10.0.0.0/8", "10.1.2.3", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", &["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.0/8", "10.1.2.3", &[], "10.1.2.3"),
            // What the client wrote itself stands before what the proxy noted.
            ("10.0.0.0/8", "10.1.2.3", &["203.0.113.1, 198.51.100.7"], "198.51.100.7"),
            ("10.0.0.0/8", "10.1.2.3", &["203.0.113.1", "198.51.100.7"], "198.51.100.7"),
            ("10.0.0.0/8", "10.1.2.3", &["\"203.0.113.1", "198.51.100.7:80"], "198.51.100.7"),
            ("10.0.0.0/8, 192.0.2.1", "10.1.2.3", &["198.51.100.7, 192.0.2.1"], "198.51.100.7"),
            // A trusted proxy is one with a port, too.
            ("10.0.0.0/8", "10.1.2.3", &["203.0.113.3:5000, 10.9.9.9:443"], "203.0.113.3"),
            ("10.0.0.0/8", "10.1.2.3", &["198.51.100.7, nonsense"], "10.1.2.3"),
            ("10.0.0.0/8", "10.1.2.3", &["198.51.100.7, "], "10.1.2.3"),
            ("10.0.0.0/8", "10.1.2.3", &["10.9.9.9"], "10.9.9.9"),
        ] {
            let headers = headers("x-forwarded-for", lines);
            let peer = peer.parse().expect("an address");
            let trail = proxies(trusted, "X-Forwarded-For").trail(peer, &headers);
            assert_eq!(trail.client.to_string(), expected, "{trusted} {peer} {lines:?}");
        }
    }

    #[test]
    fn one_header_is_read_and_the_other_is_the_clients() {
        let mut sent = headers("x-forwarded-for", &["203.0.113.3"]);
        sent.extend(headers("forwarded", &["for=203.0.113.1", "for=\"198.51.100.7:80\";by=_a"]));
        let peer = "10.1.2.3".parse().expect("an address");
        for (header, expected) in
            [("x-forwarded-for", "203.0.113.3"), ("forwarded", "198.51.100.7")]
        {
            let trail = proxies("10.0.0.0/8", header).trail(peer, &sent);
            assert_eq!(trail.client.to_string(), expected, "{header}");
        }
    }

    #[test]
    fn an_entry_without_an_address_is_reported_if_a_trusted_proxy_wrote_it() {
        let peer = "10.1.2.3".parse().expect("an address");
        let sent = headers("x-forwarded-for", &["nonsense, 198.51.100.7, unknown"]);
        let proxies = proxies("10.0.0.0/8", "x-forwarded-for");
        let unusable = proxies.trail(peer, &sent).unusable;
        assert_eq!(unusable, Some(("unknown", Unusable::Hidden)));
        let sent = headers("x-forwarded-for", &["nonsense, 198.51.100.7"]);
        assert_eq!(proxies.trail(peer, &sent).unusable, None);
    }

    #[test]
    fn a_mistake_is_told_by_its_flag() {
        for (trusted, header, flag) in [
            ("10.0.0.0/40", "forwarded", "--trusted-proxies"),
            ("proxy.example", "forwarded", "--trusted-proxies"),
            ("10.0.0.0/8;10.1.0.0/16", "forwarded", "--trusted-proxies"),
            ("10.0.0.0/8", "x-real-ip", "--forwarded-header"),
        ] {
            let args = ProxyArgs {
                trusted_proxies: Some(trusted.to_owned()),
                forwarded_header: Some(header.to_owned()),
                ..ProxyArgs::default()
            };
            let mut mistakes = Mistakes::default();
            assert!(args.check(&mut mistakes).is_none(), "{trusted} {header}");
            assert!(mistakes.0[0].starts_with(flag), "{mistakes}");
        }
    }
}

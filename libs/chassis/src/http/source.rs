//! Where a request comes from: the peer, or, where the peer is a proxy that is trusted, whoever that
//! proxy says.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use ipnet::IpNet;

use crate::settings::Mistakes;

/// The header in which each proxy notes its peer, the last one at the end.
const FORWARDED: &str = "x-forwarded-for";

/// The source of a request, as an extension of it: an IPv4 address, or the /64 of an IPv6 address,
/// since whoever has one of its addresses has them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

impl Source {
    /// The source that this address belongs to.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => {
                let network = u128::from(v6) & !u128::from(u64::MAX);
                IpAddr::V6(Ipv6Addr::from(network))
            }
        })
    }
}

/// The setting that says which proxies are trusted.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct ProxyArgs {
    /// Proxies whose `X-Forwarded-For` and trace context are believed, as addresses or networks such as
    /// `10.0.0.0/8,192.0.2.1`; without it, whoever connects is the client
    #[arg(long, env = "POSTERN_TRUSTED_PROXIES", value_name = "NETWORKS")]
    trusted_proxies: Option<String>,
}

impl ProxyArgs {
    /// Checks the setting.
    pub fn check(&self, mistakes: &mut Mistakes) -> Option<Proxies> {
        let parse = |text: &str| {
            let address = text.parse::<IpAddr>().map(IpNet::from);
            address.or_else(|_| text.parse()).map_err(|_| {
                "must be addresses or networks with commas between, such as 10.0.0.0/8,192.0.2.1"
            })
        };
        let networks = self.trusted_proxies.as_deref().unwrap_or_default();
        let networks = networks.split(',').map(str::trim).filter(|text| !text.is_empty());
        let networks = networks.map(parse).collect::<Result<_, _>>();
        mistakes.check("--trusted-proxies (POSTERN_TRUSTED_PROXIES)", networks).map(Proxies)
    }
}

/// The proxies that are trusted.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Those of that setting.
    #[cfg(test)]
    pub(super) fn of(setting: &str) -> Self {
        let args = ProxyArgs { trusted_proxies: Some(setting.to_owned()) };
        let mut mistakes = Mistakes::default();
        args.check(&mut mistakes).unwrap_or_else(|| panic!("{mistakes}"))
    }

    /// Whether a request comes from one of them, whatever it says of itself.
    pub(super) fn trust_peer_of(&self, request: &Request) -> bool {
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        peer.is_some_and(|ConnectInfo(peer)| self.trusts(peer.ip()))
    }

    fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client: from the peer back through the proxies that are trusted, the first that is none of
    /// them. What stands before it in the header, anybody can have written.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer;
        let noted = headers.get_all(FORWARDED).iter().rev().map(|value| value.to_str());
        let noted = noted.flat_map(|line| line.unwrap_or("unreadable").rsplit(','));
        for address in noted {
            if !self.trusts(client) {
                break;
            }
            match address.trim().parse() {
                Ok(address) => client = address,
                Err(_) => break,
            }
        }
        client
    }
}

/// Notes the source of a request.
pub(super) async fn note(
    State(proxies): State<Proxies>,
    mut request: Request,
    next: Next,
) -> Response {
    // A server of ours always knows its peer; nobody is let off for want of an address.
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
    let source = Source::of(proxies.client(peer, request.headers()));
    request.extensions_mut().insert(source);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn client(trusted: &str, peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED, HeaderValue::from_static(line));
        }
        let peer = peer.parse().expect("an address");
        Proxies::of(trusted).client(peer, &headers).to_string()
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
            ("10.0.0.0/8, 192.0.2.1", "10.1.2.3", &["198.51.100.7, 192.0.2.1"], "198.51.100.7"),
            ("10.0.0.0/8", "10.1.2.3", &["198.51.100.7, nonsense"], "10.1.2.3"),
            ("10.0.0.0/8", "10.1.2.3", &["10.9.9.9"], "10.9.9.9"),
        ] {
            assert_eq!(client(trusted, peer, lines), expected, "{trusted} {peer} {lines:?}");
        }
    }

    #[test]
    fn all_addresses_of_one_network_are_one_source() {
        let source = |address: &str| Source::of(address.parse().expect("an address"));
        assert_eq!(source("2001:db8::1"), source("2001:db8:0:0:ffff::2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }

    #[test]
    fn what_is_no_network_is_a_mistake() {
        for setting in ["10.0.0.0/40", "proxy.example", "10.0.0.0/8;10.1.0.0/16"] {
            let args = ProxyArgs { trusted_proxies: Some(setting.to_owned()) };
            let mut mistakes = Mistakes::default();
            assert!(args.check(&mut mistakes).is_none(), "{setting}");
            assert!(mistakes.0[0].starts_with("--trusted-proxies"), "{mistakes}");
        }
    }
}

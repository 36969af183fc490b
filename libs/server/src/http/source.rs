//! Where a request comes from: its peer, or, if the peer is a trusted proxy, the client that the
//! proxy names.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Once};

use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use telemetry::Counter;

use super::proxies::Proxies;

/// The longest part of an entry that is logged.
const MAX_SHAPE: usize = 48;

/// The source of a request, as an extension of it: an IPv4 address, or the /64 of an IPv6 address,
/// since a host has all addresses of its /64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Source(IpAddr);

/// The /48 of an IPv6 source: what one customer of a provider often has, 65,536 sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site(Ipv6Addr);

impl Site {
    /// A limit on each source holds for so many sources of one site together: one host can have all of
    /// them.
    pub const SOURCES: u32 = 10;

    /// The network that stands for the site.
    pub const fn network(self) -> Ipv6Addr {
        self.0
    }
}

impl Source {
    /// The source that this address belongs to.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(v4) => IpAddr::V4(v4),
            IpAddr::V6(v6) => IpAddr::V6(network(v6, 64)),
        })
    }

    /// The network that stands for the source.
    pub const fn network(self) -> IpAddr {
        self.0
    }

    /// The site of an IPv6 source.
    pub fn site(self) -> Option<Site> {
        match self.0 {
            IpAddr::V4(_) => None,
            IpAddr::V6(v6) => Some(Site(network(v6, 48))),
        }
    }
}

fn network(address: Ipv6Addr, bits: u32) -> Ipv6Addr {
    Ipv6Addr::from_bits(address.to_bits() & !(u128::MAX >> bits))
}

/// Finds the sources of requests.
#[derive(Clone)]
pub(super) struct Sources {
    proxies: Proxies,
    unusable: Counter,
    said: Arc<Once>,
}

impl Sources {
    /// Finds them behind these proxies.
    pub(super) fn behind(proxies: Proxies) -> Self {
        let unusable = Counter::new(
            "postern.http.forwarded.unusable",
            "Requests whose trusted proxy named no address: they count as the proxy's own.",
        );
        Self { proxies, unusable, said: Arc::new(Once::new()) }
    }

    fn source(&self, request: &Request) -> Source {
        // Our server always notes the peer. Without one, all requests share the budget of one source.
        let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V6(Ipv6Addr::UNSPECIFIED), |ConnectInfo(peer)| peer.ip());
        let trail = self.proxies.trail(peer, request.headers());
        if let Some((entry, why)) = trail.unusable {
            self.unusable.count(&[("postern.forwarded.entry", why.as_str())]);
            // Once: a proxy writes all its entries alike.
            self.said.call_once(|| {
                tracing::warn!(
                    proxy = %trail.client,
                    header = self.proxies.header(),
                    entry = shape(entry),
                    why = why.as_str(),
                    "a trusted proxy names no address: all its clients share the limits of one source"
                );
            });
        }
        Source::of(trail.client)
    }
}

/// What an entry looks like, without the address in it: digits become 9, letters a.
fn shape(entry: &str) -> String {
    let shaped = entry.chars().take(MAX_SHAPE).map(|c| match c {
        '0'..='9' => '9',
        'a'..='z' | 'A'..='Z' => 'a',
        c if c.is_ascii_graphic() => c,
        _ => '?',
    });
    shaped.collect()
}

/// Notes the source of a request.
pub(super) async fn note(
    State(sources): State<Sources>,
    mut request: Request,
    next: Next,
) -> Response {
    let source = sources.source(&request);
    request.extensions_mut().insert(source);
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(address: &str) -> Source {
        Source::of(address.parse().expect("an address"))
    }

    #[test]
    fn all_addresses_of_one_network_are_one_source() {
        assert_eq!(source("2001:db8::1"), source("2001:db8:0:0:ffff::2"));
        assert_ne!(source("2001:db8::1"), source("2001:db8:0:1::1"));
        assert_ne!(source("192.0.2.1"), source("192.0.2.2"));
        assert_eq!(source("::ffff:192.0.2.1"), source("192.0.2.1"));
    }

    #[test]
    fn all_sources_of_one_site_have_it_in_common() {
        assert_eq!(source("2001:db8::1").site(), source("2001:db8:0:ffff::1").site());
        assert_ne!(source("2001:db8::1").site(), source("2001:db8:1::1").site());
        assert!(source("2001:db8::1").site().is_some());
        assert_eq!(source("::ffff:192.0.2.1").site(), None);
    }

    #[test]
    fn the_shape_of_an_entry_tells_no_address() {
        assert_eq!(shape("203.0.113.3;x=\u{7f}é"), "999.9.999.9;a=??");
        assert_eq!(shape(&"a".repeat(1000)).len(), MAX_SHAPE);
    }
}

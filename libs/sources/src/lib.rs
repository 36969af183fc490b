//! The sources that limits count: the address or network that one host can have, and the site in which
//! one host can have many sources.

use std::net::{IpAddr, Ipv6Addr};

/// The source of a request: an IPv4 address, or the /64 of an IPv6 address,
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

    /// The network of one customer: an IPv4 address, or the site of an IPv6 source.
    pub fn customer_network(self) -> IpAddr {
        self.site().map_or(self.0, |site| IpAddr::V6(site.0))
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
}

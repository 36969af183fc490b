//! The addresses that lead into a network of one's own: IANA's special-purpose registries (RFC 6890), where
//! an address is not globally reachable.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::LazyLock;

use ipnet::IpNet;

/// Networks that are not globally reachable, or are no hosts.
const PRIVATE: [&str; 24] = [
    "0.0.0.0/8",       // this network
    "10.0.0.0/8",      // private use
    "100.64.0.0/10",   // shared by carriers
    "127.0.0.0/8",     // loopback
    "169.254.0.0/16",  // link-local, with the metadata services of clouds
    "172.16.0.0/12",   // private use
    "192.0.0.0/24",    // IETF protocols
    "192.0.2.0/24",    // documentation
    "192.88.99.0/24",  // 6to4 relays
    "192.168.0.0/16",  // private use
    "198.18.0.0/15",   // benchmarks
    "198.51.100.0/24", // documentation
    "203.0.113.0/24",  // documentation
    "224.0.0.0/4",     // multicast
    "240.0.0.0/4",     // reserved, with broadcast
    "::/96",           // unspecified, loopback, and IPv4 in a form that is no longer used
    "64:ff9b:1::/48",  // translation to private IPv4
    "100::/64",        // discarded
    "2001::/23",       // IETF protocols, with Teredo
    "2001:db8::/32",   // documentation
    "3fff::/20",       // documentation
    "fc00::/7",        // unique local
    "fe80::/9",        // link-local and site-local
    "ff00::/8",        // multicast
];

static NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    PRIVATE.iter().map(|network| network.parse().expect("a network of the table")).collect()
});

/// Whether an address is not globally reachable. IPv4 inside IPv6 counts as what it leads to.
pub fn is_private(address: IpAddr) -> bool {
    let address = match address.to_canonical() {
        IpAddr::V6(v6) => embedded(v6.octets()).map_or(IpAddr::V6(v6), IpAddr::V4),
        v4 @ IpAddr::V4(_) => v4,
    };
    NETWORKS.iter().any(|network| network.contains(&address))
}

/// The IPv4 address to which a translator (RFC 6052) or a 6to4 relay (RFC 3056) sends what goes to an IPv6
/// address.
fn embedded(octets: [u8; 16]) -> Option<Ipv4Addr> {
    match octets {
        [0x00, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, a, b, c, d]
        | [0x20, 0x02, a, b, c, d, ..] => Some(Ipv4Addr::new(a, b, c, d)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_globally_reachable_is_private_in_every_form() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.0.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2002:c0a8:1::1",
            "2001:0:1::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(is_private(address.parse().expect("an address")), "{address}");
        }
        for address in [
            "1.1.1.1",
            "100.63.255.255",
            "100.128.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "169.253.255.255",
            "192.167.255.255",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "64:ff9b::101:101",
            "2002:101:101::1",
            "2606:4700:4700::1111",
            "2a00:1450::1",
        ] {
            assert!(!is_private(address.parse().expect("an address")), "{address}");
        }
    }
}

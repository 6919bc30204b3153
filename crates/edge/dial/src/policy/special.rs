//! Addresses that a broad rule never opens.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;

/// What is special about an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Special {
    /// `0.0.0.0/8` and `::`, which many systems take for "this host".
    Unspecified,
    /// `127.0.0.0/8` and `::1`.
    Loopback,
    /// `169.254.0.0/16` and `fe80::/10`.
    LinkLocal,
    /// A cloud's metadata service, which hands out the machine's own credentials.
    Metadata,
    /// `224.0.0.0/4` and `ff00::/8`.
    Multicast,
    /// `240.0.0.0/4`, with the broadcast address.
    Reserved,
    /// `64:ff9b:1::/48`: a site's own NAT64 (RFC 8215). Where in it the IPv4 address lies is the
    /// site's choice, so it cannot be judged by that address.
    SiteNat64,
}

impl fmt::Display for Special {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::Multicast => "a multicast address",
            Self::Reserved => "a reserved or broadcast address",
            Self::SiteNat64 => "a site's own NAT64 address",
        })
    }
}

/// Metadata services reached over IPv4.
const METADATA_V4: [Ipv4Addr; 6] = [
    // The address that most clouds share.
    Ipv4Addr::new(169, 254, 169, 254),
    // AWS: credentials of ECS tasks and of EKS pods.
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(169, 254, 170, 23),
    // Alibaba Cloud.
    Ipv4Addr::new(100, 100, 100, 200),
    // Oracle Cloud, before it moved to the shared address.
    Ipv4Addr::new(192, 0, 0, 192),
    // Azure's host agent.
    Ipv4Addr::new(168, 63, 129, 16),
];

/// Metadata services reached over IPv6.
const METADATA_V6: [Ipv6Addr; 5] = [
    // AWS: instances, then EKS pods.
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254),
    Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x23),
    // Google Cloud.
    Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254),
    // Oracle Cloud.
    Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
    // OpenStack.
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0xa9fe, 0xa9fe),
];

impl Special {
    /// What is special about `ip`, if anything is.
    pub fn of(ip: IpAddr) -> Option<Self> {
        match ip {
            IpAddr::V4(ip) if METADATA_V4.contains(&ip) => Some(Self::Metadata),
            IpAddr::V6(ip) if METADATA_V6.contains(&ip) => Some(Self::Metadata),
            _ => Self::of_range(ip),
        }
    }

    /// The special range that `ip` lies in, metadata hosts apart. Each range is one aligned
    /// network or a single host, which [`Self::is_named_by`] relies on.
    fn of_range(ip: IpAddr) -> Option<Self> {
        match ip {
            IpAddr::V4(ip) => match ip.octets() {
                [0, ..] => Some(Self::Unspecified),
                [127, ..] => Some(Self::Loopback),
                [169, 254, ..] => Some(Self::LinkLocal),
                [224..=239, ..] => Some(Self::Multicast),
                [240..=255, ..] => Some(Self::Reserved),
                _ => None,
            },
            IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Some(Self::Unspecified),
            IpAddr::V6(Ipv6Addr::LOCALHOST) => Some(Self::Loopback),
            IpAddr::V6(ip) if ip.is_unicast_link_local() => Some(Self::LinkLocal),
            IpAddr::V6(ip) if ip.is_multicast() => Some(Self::Multicast),
            IpAddr::V6(ip) if ip.segments().starts_with(&[0x64, 0xff9b, 1]) => {
                Some(Self::SiteNat64)
            }
            IpAddr::V6(_) => None,
        }
    }

    /// Whether `network` names this range and nothing wider: it lies wholly inside.
    pub(super) fn is_named_by(self, network: IpNet) -> bool {
        if self == Self::Metadata {
            return network.prefix_len() == network.max_prefix_len();
        }
        // A network whose first and last address are in one aligned range lies inside it.
        Self::of_range(network.network()) == Some(self)
            && Self::of_range(network.broadcast()) == Some(self)
    }
}

/// How an IPv4 address takes part in reaching an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// Not at all, or the address is an IPv4 one.
    Direct,
    /// The IPv6 address stands for this IPv4 host.
    Is(Ipv4Addr),
    /// Packets for the IPv6 address are handed to this IPv4 host.
    Through(Ipv4Addr),
}

/// Finds the IPv4 address inside an IPv6 one.
pub(super) fn passage(ip: IpAddr) -> Passage {
    let IpAddr::V6(ip) = ip else { return Passage::Direct };
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        // `::` and `::1` look like compatible addresses and are not.
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Passage::Direct,
        // Compatible and mapped (RFC 4291 §2.5.5), and translated (RFC 2765 §2.1).
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        // NAT64's well-known prefix (RFC 6052 §2.1).
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Passage::Is(v4(high, low)),
        // 6to4 (RFC 3056 §2).
        [0x2002, high, low, ..] => Passage::Through(v4(high, low)),
        // Teredo: the host's own address, inverted, is at the end (RFC 4380 §4).
        [0x2001, 0, _, _, _, _, high, low] => Passage::Through(v4(!high, !low)),
        _ => Passage::Direct,
    }
}

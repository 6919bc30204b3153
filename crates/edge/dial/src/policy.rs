//! Which remotes this gateway may reach.

mod names;
mod special;
mod unix;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
};

use ipnet::IpNet;
pub use names::{BadNamePattern, CheckedName, NamePattern};
pub use special::Special;
pub use unix::CheckedPath;

use crate::policy::special::Passage;

/// A protocol that a remote speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Protocol {
    /// Remote Framebuffer, RFC 6143.
    Vnc,
    /// Remote Desktop Protocol.
    Rdp,
    /// Secure Shell.
    Ssh,
    /// Telnet, RFC 854.
    Telnet,
    /// A container in a Kubernetes cluster.
    Kubernetes,
}

impl Protocol {
    /// Every protocol, in the order of their names here.
    pub const ALL: [Self; 5] = [Self::Vnc, Self::Rdp, Self::Ssh, Self::Telnet, Self::Kubernetes];

    /// The name in configuration and tokens.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Vnc => "vnc",
            Self::Rdp => "rdp",
            Self::Ssh => "ssh",
            Self::Telnet => "telnet",
            Self::Kubernetes => "kubernetes",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// A name that is no [`Protocol`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown protocol, expected one of vnc, rdp, ssh, telnet, kubernetes")]
pub struct UnknownProtocol;

impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(name: &str) -> Result<Self, UnknownProtocol> {
        Self::ALL.into_iter().find(|protocol| protocol.as_str() == name).ok_or(UnknownProtocol)
    }
}

/// One permission: these protocols, to these networks and names, on these ports.
///
/// An empty list of protocols, of ports, or of both networks and names permits nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Protocols this rule speaks of.
    pub protocols: Vec<Protocol>,
    /// Networks this rule opens.
    pub networks: Vec<IpNet>,
    /// Names this rule opens behind an RD Gateway.
    pub names: Vec<NamePattern>,
    /// Ports this rule opens.
    pub ports: Vec<RangeInclusive<u16>>,
    /// Whether the rule may open [`Special`] addresses. Even then a network opens only the
    /// special range that it lies wholly inside: `127.0.0.0/8` opens loopback, `0.0.0.0/0`
    /// never does. A metadata address needs a network of that single host.
    pub allow_special: bool,
}

/// A rule that cannot do what its author meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// A list is empty, so the rule permits nothing.
    #[error("a rule without {field} permits nothing")]
    Empty {
        /// The list.
        field: &'static str,
    },
    /// A range of ports ends before it begins.
    #[error("the ports {first} to {last} are none")]
    EmptyPorts {
        /// First port.
        first: u16,
        /// Last port.
        last: u16,
    },
    /// The network lies in a special range, and the rule may not open one.
    #[error("the network {network} holds {special}, which needs allow_special")]
    NeedsFlag {
        /// The network.
        network: IpNet,
        /// What its addresses are.
        special: Special,
    },
}

impl Rule {
    /// Looks for parts of the rule that can never permit anything, for when the operator's
    /// configuration is read.
    ///
    /// # Errors
    ///
    /// [`RuleError`], for the first such part.
    pub fn check(&self) -> Result<(), RuleError> {
        let lists = [
            ("protocols", self.protocols.is_empty()),
            ("networks", self.networks.is_empty() && self.names.is_empty()),
            ("ports", self.ports.is_empty()),
        ];
        if let Some((field, _)) = lists.into_iter().find(|(_, is_empty)| *is_empty) {
            return Err(RuleError::Empty { field });
        }
        if let Some(ports) = self.ports.iter().find(|ports| ports.is_empty()) {
            return Err(RuleError::EmptyPorts { first: *ports.start(), last: *ports.end() });
        }
        for network in &self.networks {
            match Special::of(network.network()) {
                Some(special) if !self.allow_special && special.is_named_by(*network) => {
                    return Err(RuleError::NeedsFlag { network: *network, special });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the rule opens `ip`, which is `special`, on `port`.
    fn permits(&self, protocol: Protocol, ip: IpAddr, port: u16, special: Option<Special>) -> bool {
        self.protocols.contains(&protocol)
            && self.ports.iter().any(|ports| ports.contains(&port))
            && self.networks.iter().any(|network| {
                network.contains(&ip)
                    && special.is_none_or(|kind| self.allow_special && kind.is_named_by(*network))
            })
    }
}

/// What the operator lets this gateway reach. The default reaches nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TargetPolicy {
    /// An address is reachable when any one rule permits it.
    pub rules: Vec<Rule>,
    /// A Unix socket is reachable when it lies below any one of these directories.
    pub unix_dirs: Vec<PathBuf>,
}

/// An address that the policy permits. Only [`TargetPolicy::check`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CheckedAddr(SocketAddr);

impl CheckedAddr {
    /// The address, in the form that was checked.
    pub const fn get(self) -> SocketAddr {
        self.0
    }
}

impl fmt::Display for CheckedAddr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// Why the policy refused a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No rule opens this address for this protocol.
    #[error("no rule permits {protocol} to {addr}")]
    NotPermitted {
        /// What the target speaks.
        protocol: Protocol,
        /// What was to be dialled.
        addr: SocketAddr,
    },
    /// The address is special, and no rule names its range explicitly enough.
    #[error("{addr} is {special}, and no rule for {protocol} names that range itself")]
    Special {
        /// What the target speaks.
        protocol: Protocol,
        /// What was to be dialled.
        addr: SocketAddr,
        /// What is special about it.
        special: Special,
    },
    /// No rule opens this name behind an RD Gateway for this protocol.
    #[error("no rule permits {protocol} to {name}:{port} behind an RD gateway")]
    NameNotPermitted {
        /// What the target speaks.
        protocol: Protocol,
        /// What the gateway was to be asked for, made fit to print.
        name: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket outside the permitted directories.
    #[error("unix socket {path:?} is not below a permitted directory")]
    UnixOutside {
        /// The path as it was given.
        path: PathBuf,
    },
    /// The path is relative, climbs with `..`, or is not a socket.
    #[error("unix socket {path:?} {reason}")]
    UnixPath {
        /// The path as it was given.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The path could not be opened.
    #[error("unix socket {path:?} cannot be opened: {kind}")]
    UnixOpen {
        /// The path as it was given.
        path: PathBuf,
        /// What the system said.
        kind: std::io::ErrorKind,
    },
}

impl TargetPolicy {
    /// Checks one resolved address.
    ///
    /// IPv6 addresses that are IPv4 ones in disguise (mapped, compatible, NAT64) are judged as
    /// the IPv4 address; those that travel through one (6to4, Teredo) must pass as both.
    /// A mapped address comes back as the IPv4 address that it is.
    ///
    /// # Errors
    ///
    /// [`PolicyError::NotPermitted`], or [`PolicyError::Special`] when a rule covers the address
    /// but does not name its special range.
    pub fn check(&self, protocol: Protocol, addr: SocketAddr) -> Result<CheckedAddr, PolicyError> {
        // The scope of a link-local address stays with `addr`; only the address is judged.
        let addr = match addr.ip().to_canonical() {
            IpAddr::V4(ip) => SocketAddr::from((ip, addr.port())),
            IpAddr::V6(_) => addr,
        };
        match special::passage(addr.ip()) {
            Passage::Direct => self.check_ip(protocol, addr, addr.ip())?,
            Passage::Is(ip) => self.check_ip(protocol, addr, ip.into())?,
            Passage::Through(ip) => {
                self.check_ip(protocol, addr, ip.into())?;
                self.check_ip(protocol, addr, addr.ip())?;
            }
        }
        Ok(CheckedAddr(addr))
    }

    /// Judges `ip`, which stands for `addr`.
    fn check_ip(
        &self,
        protocol: Protocol,
        addr: SocketAddr,
        ip: IpAddr,
    ) -> Result<(), PolicyError> {
        let special = Special::of(ip);
        if self.rules.iter().any(|rule| rule.permits(protocol, ip, addr.port(), special)) {
            return Ok(());
        }
        Err(match special {
            Some(special) => PolicyError::Special { protocol, addr, special },
            None => PolicyError::NotPermitted { protocol, addr },
        })
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;

//! `[policy]`: which remotes may be reached.

use std::{ops::RangeInclusive, path::PathBuf};

use porthole_dial::{Protocol, Rule, TargetPolicy};
use serde::Deserialize;

use super::ConfigError;

/// `[policy]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawPolicy {
    allow: Vec<RawRule>,
    unix_dirs: Vec<PathBuf>,
}

/// `[[policy.allow]]` as it is written.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawRule {
    protocol: Option<String>,
    networks: Vec<String>,
    names: Vec<String>,
    ports: Vec<RawPorts>,
    allow_special: bool,
}

/// `5900` or `"5900-5999"`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a port such as 5900, or a range such as \"5900-5999\"")]
enum RawPorts {
    One(u16),
    Range(String),
}

impl RawPolicy {
    pub(crate) fn check(self) -> Result<TargetPolicy, ConfigError> {
        let rules = self.allow.into_iter().enumerate();
        let rules = rules
            .map(|(index, rule)| rule.check(&format!("policy.allow[{index}]")))
            .collect::<Result<_, _>>()?;
        if self.unix_dirs.iter().any(|dir| !dir.is_absolute()) {
            return Err(ConfigError::out_of_range("policy.unix_dirs", "absolute paths"));
        }
        Ok(TargetPolicy { rules, unix_dirs: self.unix_dirs })
    }
}

impl RawRule {
    fn check(self, key: &str) -> Result<Rule, ConfigError> {
        let protocol = self.protocol.ok_or_else(|| {
            ConfigError::missing(format!("{key}.protocol"), "write what the targets speak: \"vnc\"")
        })?;
        let protocol: Protocol = protocol
            .parse()
            .map_err(|unknown| ConfigError::invalid(format!("{key}.protocol"), unknown))?;
        if self.networks.is_empty() && self.names.is_empty() {
            return Err(ConfigError::missing(
                format!("{key}.networks"),
                "a rule without networks and names permits nothing",
            ));
        }
        if !self.names.is_empty() && !matches!(protocol, Protocol::Rdp | Protocol::Ssh) {
            let reason = "they are for what RD Gateways and jump hosts resolve: rdp and ssh";
            return Err(ConfigError::invalid(format!("{key}.names"), reason));
        }
        if self.ports.is_empty() {
            return Err(ConfigError::missing(
                format!("{key}.ports"),
                "a rule without ports permits nothing",
            ));
        }
        let networks = self.networks.iter().map(|text| network(&format!("{key}.networks"), text));
        let names = self.names.iter().map(|text| {
            text.parse().map_err(|bad: porthole_dial::BadNamePattern| {
                ConfigError::invalid(format!("{key}.names"), bad)
            })
        });
        let ports = self.ports.iter().map(|ports| ports.check(&format!("{key}.ports")));
        Ok(Rule {
            protocols: vec![protocol],
            networks: networks.collect::<Result<_, _>>()?,
            names: names.collect::<Result<_, _>>()?,
            ports: ports.collect::<Result<_, _>>()?,
            allow_special: self.allow_special,
        })
    }
}

/// A network such as `10.0.0.0/8`, or a single address.
pub(crate) fn network(key: &str, text: &str) -> Result<ipnet::IpNet, ConfigError> {
    let network = match text.parse::<std::net::IpAddr>() {
        Ok(address) => address.into(),
        Err(_no_address) => text.parse::<ipnet::IpNet>().map_err(|_invalid| {
            ConfigError::invalid(
                key,
                format!("{text:?} is no network; write one such as \"10.0.0.0/8\""),
            )
        })?,
    };
    // 10.1.2.3/8 is most often a slip for 10.1.2.3/32, which permits far less.
    if network.addr() != network.network() {
        return Err(ConfigError::invalid(
            key,
            format!("{text:?} has bits past its prefix; did you mean \"{}\"?", network.trunc()),
        ));
    }
    Ok(network)
}

impl RawPorts {
    fn check(&self, key: &str) -> Result<RangeInclusive<u16>, ConfigError> {
        let range = match self {
            Self::One(port) => Some(*port..=*port),
            Self::Range(text) => {
                let (first, last) = text.split_once('-').unwrap_or((text, text));
                match (first.trim().parse(), last.trim().parse()) {
                    (Ok(first), Ok(last)) => Some(first..=last),
                    _ => None,
                }
            }
        };
        range.filter(|range| !range.is_empty() && *range.start() > 0).ok_or_else(|| {
            ConfigError::out_of_range(key, "ports from 1 to 65535 or ranges such as \"5900-5999\"")
        })
    }
}

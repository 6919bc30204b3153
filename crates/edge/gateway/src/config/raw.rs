//! The whole file as serde reads it, and small shapes that several sections use.

use std::{collections::BTreeMap, net::SocketAddr};

use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::{
    ConfigError,
    connection::RawConnection,
    drives::RawDrives,
    log::RawLog,
    policy::RawPolicy,
    server::RawServer,
    session::{RawPacing, RawSession, RawTimeouts},
    tokens::RawTokens,
};

/// The file. Every key may be absent; checking says which are needed, after the environment has
/// had its word.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawConfig {
    pub(crate) server: RawServer,
    pub(crate) metrics: RawMetrics,
    pub(crate) log: RawLog,
    pub(crate) tokens: RawTokens,
    pub(crate) policy: RawPolicy,
    pub(crate) timeouts: RawTimeouts,
    pub(crate) session: RawSession,
    pub(crate) pacing: RawPacing,
    pub(crate) files: RawDrives,
    pub(crate) jump_hosts: BTreeMap<String, RawConnection>,
    pub(crate) connections: BTreeMap<String, RawConnection>,
}

/// `[metrics]`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawMetrics {
    listen: Option<String>,
}

impl RawMetrics {
    pub(crate) fn check(self) -> Result<Option<SocketAddr>, ConfigError> {
        self.listen.map(|text| socket_addr("metrics.listen", &text)).transpose()
    }
}

/// A secret in the file itself. It does not print.
pub(crate) struct RawSecret(pub(crate) SecretString);

impl<'de> Deserialize<'de> for RawSecret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(text.into()))
    }
}

/// An address with a port. Names are not looked up: which of their addresses to listen on would
/// be a guess.
pub(crate) fn socket_addr(key: &str, text: &str) -> Result<SocketAddr, ConfigError> {
    text.parse().map_err(|_invalid| {
        ConfigError::out_of_range(key, "an address and a port, such as \"127.0.0.1:8080\"")
    })
}

/// Refuses a number outside `least` to `most`.
pub(crate) fn in_range(key: &str, value: u64, least: u64, most: u64) -> Result<(), ConfigError> {
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::out_of_range(key, format!("{least} to {most}")))
    }
}

//! How SSH servers prove who they are.

use std::path::Path;

use porthole_ssh::{HostKeyPin, HostKeys, KnownHosts};

use crate::parameters::{ParameterError, flag};

/// What a connection's parameters say of its server's host key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Trust {
    /// `host-key`.
    pins: Vec<HostKeyPin>,
    /// `host-key-tofu`. The operator's alone.
    tofu: bool,
    /// `ignore-host-key`. The operator's alone.
    ignore: bool,
}

impl Trust {
    /// As [`crate::parameters::Vocabulary::take`].
    pub(super) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "host-key" => self.pins = pins(value)?,
            "host-key-tofu" => self.tofu = flag(value)?,
            "ignore-host-key" => self.ignore = flag(value)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) const fn operators_alone(&self) -> Option<&'static str> {
        if self.ignore {
            Some("ignore-host-key")
        } else if self.tofu {
            Some("host-key-tofu")
        } else {
            None
        }
    }

    /// How the server is checked, where `known` is the gateway's file of known hosts. Each
    /// parameter's name begins with `prefix`.
    ///
    /// # Errors
    ///
    /// It is said twice, or not at all.
    pub(super) fn host_keys(
        &self,
        prefix: &str,
        known: Option<&Path>,
    ) -> Result<HostKeys, ParameterError> {
        let refused =
            |name, reason: &str| Err(ParameterError::new(&format!("{prefix}{name}"), reason));
        match (&self.pins[..], self.tofu, self.ignore, known) {
            ([_, ..], false, false, _) => Ok(HostKeys::Pinned(self.pins.clone())),
            ([], false, true, _) => Ok(HostKeys::Off),
            ([], learn, false, Some(file)) => {
                Ok(HostKeys::Known { file: KnownHosts::new(file), learn })
            }
            ([], true, false, None) => refused("host-key-tofu", "needs server.known_hosts"),
            ([], false, false, None) => {
                let reason = format!(
                    "is missing: write the server's public host key, or server.known_hosts, or \
                     {prefix}ignore-host-key = true to trust whoever answers"
                );
                refused("host-key", &reason)
            }
            (_, _, true, _) => refused("ignore-host-key", ONCE),
            (_, true, false, _) => refused("host-key-tofu", ONCE),
        }
    }
}

/// Host keys, one a line, or fingerprints, separated by commas too. The names in a line of known hosts
/// are separated by commas as well, and are no list.
fn pins(value: &str) -> Result<Vec<HostKeyPin>, String> {
    let is_list = value.trim_start().starts_with("SHA256:");
    let is_end = |letter: char| letter == '\n' || is_list && letter == ',';
    let lines = value.split(is_end).map(str::trim).filter(|line| !line.is_empty());
    let pins: Result<_, _> = lines.map(str::parse).collect();
    pins.map_err(|bad: porthole_ssh::BadHostKey| bad.to_string())
}

/// Why there are too many words.
const ONCE: &str = "cannot be beside another way to check the host key";

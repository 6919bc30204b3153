//! Whether a server is who it is meant to be.

mod known;
mod verify;

use std::{fmt, str::FromStr};

pub use known::KnownHosts;
use russh::keys::{HashAlg, PublicKey, parse_public_key_base64};
pub(crate) use verify::{Verdict, Verifier};

/// How a server proves who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeys {
    /// It does not, since nobody said how: nothing is connected to.
    Unknown,
    /// By one of these keys.
    Pinned(Vec<HostKeyPin>),
    /// By what a file of known hosts says.
    Known {
        /// The file.
        file: KnownHosts,
        /// Whether a server that is not in it is trusted when it is first met, and written down.
        learn: bool,
    },
    /// It need not: whoever answers is the server.
    Off,
}

/// A host key that a server may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostKeyPin {
    /// The key itself.
    Key(Box<PublicKey>),
    /// Its SHA-256.
    Sha256([u8; 32]),
}

/// Text that is no [`HostKeyPin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be a host key: the server's line of a known_hosts file, its base64 part, or its \
     fingerprint with SHA256: before it"
)]
pub struct BadHostKey;

impl FromStr for HostKeyPin {
    type Err = BadHostKey;

    /// A line of a `known_hosts` file, with or without the host's name; a key in base64 alone; or
    /// `SHA256:` and a fingerprint as OpenSSH prints it.
    fn from_str(text: &str) -> Result<Self, BadHostKey> {
        let text = text.trim();
        if text.starts_with("SHA256:") {
            let print: russh::keys::ssh_key::Fingerprint =
                text.parse().map_err(|_no| BadHostKey)?;
            return print.sha256().map(Self::Sha256).ok_or(BadHostKey);
        }
        let mut words = text.split_ascii_whitespace();
        let base64 = words.find(|word| word.starts_with("AAAA")).ok_or(BadHostKey)?;
        let key = parse_public_key_base64(base64).map_err(|_no| BadHostKey)?;
        Ok(Self::Key(Box::new(key)))
    }
}

impl fmt::Display for HostKeyPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fingerprint(HashAlg::Sha256).fmt(f),
            Self::Sha256(bytes) => russh::keys::ssh_key::Fingerprint::Sha256(*bytes).fmt(f),
        }
    }
}

impl HostKeyPin {
    fn is_of(&self, key: &PublicKey) -> bool {
        match self {
            Self::Key(pinned) => pinned.key_data() == key.key_data(),
            Self::Sha256(pinned) => {
                key.fingerprint(HashAlg::Sha256).sha256().is_some_and(|print| print == *pinned)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use russh::keys::HashAlg;

    use super::{HostKeyPin, parse_public_key_base64};

    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    #[test]
    fn pins_are_read_in_every_form() {
        let key = parse_public_key_base64(KEY).unwrap();
        let print = key.fingerprint(HashAlg::Sha256).to_string();
        for text in [
            KEY.to_owned(),
            format!("ssh-ed25519 {KEY}"),
            format!("ssh-ed25519 {KEY} root@box\n"),
            format!("[box]:2222 ssh-ed25519 {KEY}"),
            print,
        ] {
            let pin: HostKeyPin = text.parse().unwrap();
            assert!(pin.is_of(&key), "{text}");
        }
        for text in ["", "box", "SHA256:", "SHA256:AAAA", "AAAA", "MD5:00:11", "ssh-ed25519 AAAAB3"]
        {
            assert!(text.parse::<HostKeyPin>().is_err(), "{text}");
        }
    }
}

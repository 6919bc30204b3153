//! A file of known hosts, in OpenSSH's form (`sshd(8)`, `SSH_KNOWN_HOSTS FILE FORMAT`).

use std::{ops::ControlFlow, path::PathBuf};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use porthole_dial::{KnownFile, UnusableFile};
use russh::keys::{PublicKey, PublicKeyBase64 as _};

/// A file of known hosts; see [`KnownFile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHosts(KnownFile);

/// What a file says of one server.
#[derive(Debug, Clone, Default)]
pub(super) struct Entries {
    /// Keys that are its own.
    pub(super) keys: Vec<PublicKey>,
    /// Keys of those who sign for it.
    pub(super) authorities: Vec<PublicKey>,
    /// Keys that nobody may have any more.
    pub(super) revoked: Vec<PublicKey>,
}

/// What became of a key that was to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Learned {
    /// It is in the file now.
    Added,
    /// Somebody added it before.
    Known,
    /// Somebody added another one.
    Another,
}

impl KnownHosts {
    /// The file at `path`, which need not be there yet; its directory has to be when something is
    /// learned.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(KnownFile::new(path))
    }

    /// What the file says of the server at `place`, as [`place`] names it.
    pub(super) fn find(&self, place: &str) -> Result<Entries, UnusableFile> {
        Ok(find(&self.0.read()?, place))
    }

    /// Adds that the server at `place` has `key`, unless it is known with another one.
    pub(super) fn learn(&self, place: &str, key: &PublicKey) -> Result<Learned, UnusableFile> {
        let line = format!("{} {}", key.algorithm(), key.public_key_base64());
        let added = self.0.add(place, |text| {
            let known = find(text, place).keys;
            if known.is_empty() {
                ControlFlow::Continue(line)
            } else if known.iter().any(|known| known.key_data() == key.key_data()) {
                ControlFlow::Break(Learned::Known)
            } else {
                ControlFlow::Break(Learned::Another)
            }
        })?;
        Ok(added.break_value().unwrap_or(Learned::Added))
    }
}

/// A server's name in a file: with its port, unless that is the usual one.
pub(super) fn place(host: &str, port: u16) -> String {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}

/// What `text` says of `place`. Lines that cannot be read say nothing, as with OpenSSH.
fn find(text: &str, place: &str) -> Entries {
    let mut entries = Entries::default();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let mut words = line.split_ascii_whitespace().peekable();
        let marker = words.next_if(|word| word.starts_with('@'));
        let (Some(patterns), Some(kind), Some(base64)) = (words.next(), words.next(), words.next())
        else {
            continue;
        };
        if !is_named(patterns, place) {
            continue;
        }
        let Ok(key) = PublicKey::from_openssh(&format!("{kind} {base64}")) else {
            tracing::warn!(host = place, "a key in the file of known hosts cannot be read");
            continue;
        };
        match marker {
            None => entries.keys.push(key),
            Some("@cert-authority") => entries.authorities.push(key),
            Some("@revoked") => entries.revoked.push(key),
            Some(_) => {}
        }
    }
    entries
}

/// Whether `patterns`, separated by commas, mean `place`. One that begins with `!` and matches
/// rules the line out.
fn is_named(patterns: &str, place: &str) -> bool {
    let mut is_named = false;
    for pattern in patterns.split(',') {
        if pattern.starts_with("|1|") {
            is_named |= is_hashed(pattern, place).unwrap_or(false);
        } else if let Some(pattern) = pattern.strip_prefix('!') {
            if matches(pattern, place) {
                return false;
            }
        } else {
            is_named |= matches(pattern, place);
        }
    }
    is_named
}

/// Whether `|1|salt|hash` is `place`; `None` when it cannot be read.
fn is_hashed(pattern: &str, place: &str) -> Option<bool> {
    let (salt, hash) = pattern.strip_prefix("|1|")?.split_once('|')?;
    let (salt, hash) = (STANDARD.decode(salt).ok()?, STANDARD.decode(hash).ok()?);
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    Some(hmac::verify(&key, place.as_bytes(), &hash).is_ok())
}

/// Whether `pattern`, where `*` stands for any characters and `?` for one, is `text`. Letters' case
/// does not count. It takes at most the product of their lengths.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at, mut seen) = (0, 0);
    // Where to go on when a star has to swallow one more: behind it, and what it then swallows.
    let mut star: Option<(usize, usize)> = None;
    while let Some(byte) = text.get(seen) {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at + 1, seen));
                at += 1;
            }
            (Some(wanted), _) if *wanted == b'?' || wanted.eq_ignore_ascii_case(byte) => {
                at += 1;
                seen += 1;
            }
            (_, Some((behind, swallowed))) => {
                star = Some((behind, swallowed + 1));
                at = behind;
                seen = swallowed + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(at).all(|byte| *byte == b'*')
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;

//! A file of known hosts, in OpenSSH's form (`sshd(8)`, `SSH_KNOWN_HOSTS FILE FORMAT`).

use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use russh::keys::PublicKey;

/// Largest file, in bytes: some 5000 servers.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// Longest name of a server with its port, in bytes.
const PLACE_MAX_BYTES: usize = 300;

/// A file of known hosts. It is read at each use, so that an operator can change it while the
/// gateway runs, and replaced as a whole where the gateway adds to it. One process writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownHosts {
    path: PathBuf,
}

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

/// One at a time looks, and adds what it has not found.
static WRITING: Mutex<()> = Mutex::new(());

/// Why a file is of no use: one printable line for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unusable(pub(super) String);

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
        Self { path: path.into() }
    }

    /// What the file says of the server at `place`, as [`place`] names it.
    pub(super) fn find(&self, place: &str) -> Result<Entries, Unusable> {
        Ok(find(&self.read()?, place))
    }

    /// Adds that the server at `place` has `key`, unless it is known with another one.
    pub(super) fn learn(&self, place: &str, key: &PublicKey) -> Result<Learned, Unusable> {
        if place.len() > PLACE_MAX_BYTES || !place.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.unusable("the server's name cannot be written"));
        }
        let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = self.read()?;
        let known = find(&text, place).keys;
        if known.iter().any(|known| known.key_data() == key.key_data()) {
            return Ok(Learned::Known);
        }
        if !known.is_empty() {
            return Ok(Learned::Another);
        }
        let bare = PublicKey::new(key.key_data().clone(), "");
        let line = bare.to_openssh().map_err(|error| self.unusable(&error.to_string()))?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.extend([place, " ", line.trim(), "\n"]);
        if text.len() as u64 > FILE_MAX_BYTES {
            return Err(self.unusable("it is full"));
        }
        replace(&self.path, text.as_bytes()).map_err(|error| self.unusable(&error.to_string()))?;
        Ok(Learned::Added)
    }

    fn read(&self) -> Result<String, Unusable> {
        let mut text = String::new();
        let read = fs::File::open(&self.path)
            .and_then(|file| file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text));
        match read {
            Ok(len) if len as u64 > FILE_MAX_BYTES => Err(self.unusable("it is larger than 1 MiB")),
            Ok(_) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(self.unusable(&error.to_string())),
        }
    }

    fn unusable(&self, reason: &str) -> Unusable {
        let path = self.path.display();
        Unusable(porthole_wire::text(format!("{path}: {reason}").as_bytes()))
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

/// Writes a file beside and moves it there, so that a crash leaves the old one or the new one.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_added_extension("new");
    let mut file = fs::File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;

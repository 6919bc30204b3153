//! Certificates that were met before, in a file: one line a server, `host:port sha256`.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use super::{TlsFault, verify::hex};

/// Largest file, in bytes: some 8000 servers.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// Longest name of a server with its port, in bytes.
const PLACE_MAX_BYTES: usize = 300;

/// A file of certificates that were met before. It is read at each use, so that an operator can
/// take a line out of it while the gateway runs, and replaced as a whole. One process writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCertificates {
    path: PathBuf,
}

/// One at a time looks, and adds what it has not found.
static WRITING: Mutex<()> = Mutex::new(());

impl KnownCertificates {
    /// The file at `path`, which need not be there yet; its directory has to be.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The SHA-256, in hexadecimal, of the certificate that the server at `place` had when it was
    /// first met.
    pub(super) fn find(&self, place: &str) -> Result<Option<String>, TlsFault> {
        let text = self.read()?;
        Ok(find(&text, place).map(str::to_owned))
    }

    /// Keeps that the server at `place` has the certificate with this SHA-256, unless it is known
    /// with another one.
    pub(super) fn keep(&self, place: &str, sha256: &[u8; 32]) -> Result<(), TlsFault> {
        let found = hex(sha256);
        if place.len() > PLACE_MAX_BYTES || !place.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.fault("the server's name cannot be written"));
        }
        let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = self.read()?;
        match find(&text, place) {
            Some(known) if known == found => return Ok(()),
            Some(known) => return Err(TlsFault::Changed { known: known.to_owned(), found }),
            None => {}
        }
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.extend([place, " ", &found, "\n"]);
        if text.len() as u64 > FILE_MAX_BYTES {
            return Err(self.fault("it is full"));
        }
        replace(&self.path, text.as_bytes()).map_err(|error| self.fault(&error.to_string()))?;
        tracing::warn!(server = place, sha256 = found, "a certificate is trusted on first use");
        Ok(())
    }

    fn read(&self) -> Result<String, TlsFault> {
        let mut text = String::new();
        let read = fs::File::open(&self.path)
            .and_then(|file| file.take(FILE_MAX_BYTES + 1).read_to_string(&mut text));
        match read {
            Ok(len) if len as u64 > FILE_MAX_BYTES => Err(self.fault("it is larger than 1 MiB")),
            Ok(_) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(self.fault(&error.to_string())),
        }
    }

    fn fault(&self, reason: &str) -> TlsFault {
        let path = self.path.display();
        TlsFault::KnownUnusable(porthole_wire::text(format!("{path}: {reason}").as_bytes()))
    }
}

fn find<'a>(text: &'a str, place: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.find(|(known, _)| *known == place).map(|(_, sha256)| sha256.trim())
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
mod tests {
    use super::{KnownCertificates, TlsFault};

    #[test]
    fn the_first_certificate_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        let known = KnownCertificates::new(&path);
        assert_eq!(known.find("desk:3389"), Ok(None));
        known.keep("desk:3389", &[0xab; 32]).unwrap();
        known.keep("desk:3389", &[0xab; 32]).unwrap();
        known.keep("desk:3390", &[1; 32]).unwrap();
        assert_eq!(known.find("desk:3389"), Ok(Some("ab".repeat(32))));
        let (was, is) = ("ab".repeat(32), "02".repeat(32));
        let changed = TlsFault::Changed { known: was.clone(), found: is.clone() };
        let words = changed.to_string();
        assert!(words.contains(&was) && words.contains(&is), "{words}");
        assert_eq!(known.keep("desk:3389", &[2; 32]), Err(changed));
        // The operator takes the line out.
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
        std::fs::write(&path, text.lines().last().unwrap()).unwrap();
        known.keep("desk:3389", &[2; 32]).unwrap();
        assert_eq!(known.find("desk:3389"), Ok(Some(is)));
        assert_eq!(known.find("desk:3390"), Ok(Some("01".repeat(32))));
    }

    #[test]
    fn what_cannot_be_kept_is_not_trusted() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = KnownCertificates::new(folder.path().join("no/such/folder"));
        assert!(matches!(nowhere.keep("a:1", &[1; 32]), Err(TlsFault::KnownUnusable(_))));
        let path = folder.path().join("known");
        let known = KnownCertificates::new(&path);
        assert!(known.keep("a b", &[1; 32]).is_err(), "two words");
        std::fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert!(known.find("a:1").is_err() && known.keep("a:1", &[1; 32]).is_err());
    }
}

//! Certificates that were met before, in a file: one line a server, `host:port sha256`.

use std::{ops::ControlFlow, path::PathBuf};

use super::{TlsFault, verify::hex};
use crate::known_file::{KnownFile, UnusableFile};

/// A file of certificates that were met before; see [`KnownFile`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCertificates(KnownFile);

impl KnownCertificates {
    /// The file at `path`, which need not be there yet; its directory has to be.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(KnownFile::new(path))
    }

    /// The SHA-256, in hexadecimal, of the certificate that the server at `place` had when it was
    /// first met.
    pub(super) fn find(&self, place: &str) -> Result<Option<String>, TlsFault> {
        let text = self.0.read()?;
        Ok(find(&text, place).map(str::to_owned))
    }

    /// Keeps that the server at `place` has the certificate with this SHA-256, unless it is known
    /// with another one.
    pub(super) fn keep(&self, place: &str, sha256: &[u8; 32]) -> Result<(), TlsFault> {
        let found = hex(sha256);
        let added = self.0.add(place, |text| match find(text, place) {
            None => ControlFlow::Continue(found.clone()),
            Some(known) => ControlFlow::Break(known.to_owned()),
        })?;
        match added {
            ControlFlow::Break(known) if known == found => Ok(()),
            ControlFlow::Break(known) => Err(TlsFault::Changed { known, found }),
            ControlFlow::Continue(()) => {
                let sha256 = found;
                tracing::warn!(server = place, sha256, "a certificate is trusted on first use");
                Ok(())
            }
        }
    }
}

impl From<UnusableFile> for TlsFault {
    fn from(unusable: UnusableFile) -> Self {
        Self::KnownUnusable(unusable.to_string())
    }
}

fn find<'a>(text: &'a str, place: &str) -> Option<&'a str> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(' '));
    pairs.find(|(known, _)| *known == place).map(|(_, sha256)| sha256.trim())
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

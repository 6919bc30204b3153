//! A file of what was learned of servers: one line a server, its name first.

use std::{
    fs, io,
    io::{Read as _, Write as _},
    ops::ControlFlow,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

/// Largest file, in bytes: some thousands of servers.
const FILE_MAX_BYTES: u64 = 1 << 20;

/// Longest name of a server with its port, in bytes.
const PLACE_MAX_BYTES: usize = 300;

/// A file of what was learned of servers. It is read at each use, so that an operator can change it
/// while the gateway runs, and replaced as a whole where the gateway adds to it. One process writes
/// it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownFile {
    path: PathBuf,
}

/// Why a file is of no use: its name and the reason, one printable line for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableFile(String);

/// One at a time looks, and adds what it has not found.
static WRITING: Mutex<()> = Mutex::new(());

impl KnownFile {
    /// The file at `path`, which need not be there yet; its directory has to be when something is
    /// added.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The text; none if there is no file. At most 1 MiB. Looks at the file system.
    ///
    /// # Errors
    ///
    /// The file is larger, no text, or cannot be read.
    pub fn read(&self) -> Result<String, UnusableFile> {
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

    /// Adds a line about the server at `place`, a name of at most 300 bytes without spaces, unless
    /// `look` finds in the text that there is something already. It breaks with what it found, or
    /// goes on with the rest of the line. Nothing else is added meanwhile. Looks at the file system.
    ///
    /// # Errors
    ///
    /// As [`Self::read`]; the name does not fit, the file would be too large, or it cannot be written.
    pub fn add<T>(
        &self,
        place: &str,
        look: impl FnOnce(&str) -> ControlFlow<T, String>,
    ) -> Result<ControlFlow<T>, UnusableFile> {
        if place.len() > PLACE_MAX_BYTES || !place.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(self.unusable("the server's name cannot be written"));
        }
        let _one_at_a_time = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = self.read()?;
        let rest = match look(&text) {
            ControlFlow::Break(found) => return Ok(ControlFlow::Break(found)),
            ControlFlow::Continue(rest) => rest,
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.extend([place, " ", rest.trim(), "\n"]);
        if text.len() as u64 > FILE_MAX_BYTES {
            return Err(self.unusable("it is full"));
        }
        replace(&self.path, text.as_bytes()).map_err(|error| self.unusable(&error.to_string()))?;
        Ok(ControlFlow::Continue(()))
    }

    fn unusable(&self, reason: &str) -> UnusableFile {
        let path = self.path.display();
        UnusableFile(porthole_wire::text(format!("{path}: {reason}").as_bytes()))
    }
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
    use std::ops::ControlFlow;

    use super::KnownFile;

    fn add(file: &KnownFile, place: &str, rest: &str) -> Result<ControlFlow<()>, String> {
        let added = file.add(place, |_| ControlFlow::Continue(rest.to_owned()));
        added.map_err(|error| error.to_string())
    }

    #[test]
    fn lines_are_added_to_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("known");
        let file = KnownFile::new(&path);
        assert_eq!(file.read().unwrap(), "");
        assert!(add(&file, "a:1", "one\n").unwrap().is_continue());
        assert_eq!(file.read().unwrap(), "a:1 one\n");
        // An operator's editor need not end the last line.
        std::fs::write(&path, "a:1 one").unwrap();
        assert!(add(&file, "b:2", "two").unwrap().is_continue());
        assert_eq!(file.read().unwrap(), "a:1 one\nb:2 two\n");
        let found = file.add("a:1", |text| ControlFlow::Break(text.len())).unwrap();
        assert_eq!(found, ControlFlow::Break(16));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside");
    }

    #[test]
    fn what_cannot_be_kept_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let nowhere = KnownFile::new(folder.path().join("no/such/folder"));
        let error = add(&nowhere, "a:1", "one").unwrap_err();
        assert!(error.contains("no/such/folder: "), "{error}");
        let path = folder.path().join("known");
        let file = KnownFile::new(&path);
        assert!(add(&file, "a b", "one").unwrap_err().contains("name"), "two words");
        assert!(add(&file, &"a".repeat(301), "one").unwrap_err().contains("name"));
        std::fs::write(&path, vec![b'x'; (1 << 20) - 2]).unwrap();
        assert!(add(&file, "a:1", "one").unwrap_err().contains("full"));
        std::fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
        assert!(file.read().is_err() && add(&file, "a:1", "one").is_err());
        std::fs::write(&path, b"\xff").unwrap();
        assert!(file.read().is_err(), "no text");
    }
}

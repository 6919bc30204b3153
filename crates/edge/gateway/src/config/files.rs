//! Files that keys name: keys, certificates, passwords.

use std::{
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use secrecy::{SecretString, zeroize::Zeroizing};

use super::ConfigError;

/// Largest file that a key may name, in bytes.
const FILE_MAX_BYTES: u64 = 256 << 10;

/// Reads files relative to the configuration's directory.
pub(crate) struct Files {
    base: PathBuf,
}

impl Files {
    pub(crate) const fn new(base: PathBuf) -> Self {
        Self { base }
    }

    /// Where `path`, as the configuration spells it, is.
    pub(crate) fn path(&self, path: &Path) -> PathBuf {
        self.base.join(path)
    }

    /// The bytes of the file that `key` names.
    pub(crate) fn read(&self, key: &str, path: &Path) -> Result<Zeroizing<Vec<u8>>, ConfigError> {
        let path = self.path(path);
        read_bounded(&path).map_err(|source| ConfigError::File { key: key.into(), path, source })
    }

    /// The text of the file that `key` names, without the line ends after it.
    pub(crate) fn read_secret(&self, key: &str, path: &Path) -> Result<SecretString, ConfigError> {
        let bytes = self.read(key, path)?;
        match std::str::from_utf8(&bytes) {
            Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).into()),
            Err(_not_text) => Err(ConfigError::invalid(key, "the file is not UTF-8 text")),
        }
    }
}

fn read_bounded(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::new());
    let read = std::fs::File::open(path)?.take(FILE_MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if read as u64 > FILE_MAX_BYTES {
        return Err(io::Error::other(format!("it is larger than {FILE_MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

//! `[files]`: where sessions may have files, and how many.

use std::path::PathBuf;

use porthole_files::Limits;
use serde::Deserialize;

use super::{ConfigError, files::Files, raw::in_range};

/// `[files]` as it is written. Without `root` there are no files.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct RawDrives {
    root: Option<PathBuf>,
    quota_bytes: Option<u64>,
    quota_entries: Option<u64>,
    file_max_bytes: Option<u64>,
}

/// Where sessions may have files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drives {
    /// The directory that all their folders are in.
    pub root: PathBuf,
    /// What each folder may hold.
    pub limits: Limits,
}

impl RawDrives {
    pub(crate) fn check(self, files: &Files) -> Result<Option<Drives>, ConfigError> {
        let Some(root) = &self.root else {
            let others = [
                ("files.quota_bytes", self.quota_bytes),
                ("files.quota_entries", self.quota_entries),
                ("files.file_max_bytes", self.file_max_bytes),
            ];
            return match others.into_iter().find(|(_, value)| value.is_some()) {
                Some((key, _)) => {
                    let reason = "there are no files without files.root";
                    Err(ConfigError::invalid(key, reason))
                }
                None => Ok(None),
            };
        };
        let root = files.path(root);
        if !root.is_dir() {
            return Err(ConfigError::invalid("files.root", "there is no such directory"));
        }
        let bytes = self.quota_bytes.unwrap_or(1 << 30);
        let entries = self.quota_entries.unwrap_or(10_000);
        let file_bytes = self.file_max_bytes.unwrap_or(bytes);
        in_range("files.quota_bytes", bytes, 1, 1 << 50)?;
        in_range("files.quota_entries", entries, 1, 1_000_000)?;
        in_range("files.file_max_bytes", file_bytes, 1, bytes)?;
        Ok(Some(Drives { root, limits: Limits { bytes, entries, file_bytes } }))
    }
}

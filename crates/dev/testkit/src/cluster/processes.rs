//! What runs in a container, as the host sees it.

use std::fs;

use anyhow::{Context as _, Result};

/// A process of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PodProcess {
    /// Its identifier on the host.
    pub id: u32,
    /// Its command line, the words parted by blanks. Empty for one that has ended and is not yet
    /// collected.
    pub command: String,
}

/// The processes below control groups whose path contains `name`, by their identifiers.
pub(super) fn below_group(name: &str) -> Result<Vec<PodProcess>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").context("no /proc")? {
        let entry = entry?;
        let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end while it is looked at: then it is none.
        let Ok(groups) = fs::read_to_string(entry.path().join("cgroup")) else { continue };
        if !groups.contains(name) {
            continue;
        }
        let Ok(words) = fs::read(entry.path().join("cmdline")) else { continue };
        let command = String::from_utf8_lossy(&words).replace('\0', " ").trim().to_owned();
        found.push(PodProcess { id, command });
    }
    found.sort_by_key(|process| process.id);
    Ok(found)
}

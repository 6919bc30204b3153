//! The web client, and anything else that npm builds.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::{Context, Result};

use crate::{node, shell, workspace};

/// The folder of the web client.
pub(crate) fn folder() -> PathBuf {
    workspace::root().join("web-client")
}

/// Builds the web client into its `dist` folder.
///
/// # Errors
///
/// npm fails.
pub(crate) fn build() -> Result<()> {
    install(&folder())?;
    shell::run(npm(&folder())?.args(["run", "build"]))
}

/// Builds the web client unless it was built after the last change to it.
///
/// # Errors
///
/// As [`build`].
pub(crate) fn ensure_built() -> Result<()> {
    let folder = folder();
    let built = modified(&folder.join("dist/site/index.html")).ok();
    if is_stale(newest_source(&folder)?, built) { build() } else { Ok(()) }
}

/// When the last change was made below `folder`, to anything but what npm makes there.
fn newest_source(folder: &Path) -> Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        if ["node_modules", "dist"].iter().any(|made| entry.file_name() == *made) {
            continue;
        }
        let path = entry.path();
        let changed =
            if entry.file_type()?.is_dir() { newest_source(&path)? } else { modified(&path)? };
        newest = newest.max(changed);
    }
    Ok(newest)
}

/// Runs `npm ci` in `folder` when its lock file is newer than what was last installed.
///
/// # Errors
///
/// There is no lock file, or npm fails.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let lock = folder.join("package-lock.json");
    let locked = modified(&lock).with_context(|| format!("no {}", lock.display()))?;
    // npm writes this file last, so that a broken-off install is not taken for a whole one.
    let installed = modified(&folder.join("node_modules/.package-lock.json")).ok();
    if !is_stale(locked, installed) {
        return Ok(());
    }
    shell::run(npm(folder)?.args(["ci", "--no-audit", "--no-fund"]))
}

/// npm, started in `folder`.
///
/// # Errors
///
/// As [`node::npm`].
pub(crate) fn npm(folder: &Path) -> Result<Command> {
    let mut command = node::npm()?;
    command.current_dir(folder);
    Ok(command)
}

fn modified(path: &Path) -> std::io::Result<SystemTime> {
    path.metadata()?.modified()
}

/// Whether what was made is missing, or older than what it is made from.
fn is_stale(source: SystemTime, made: Option<SystemTime>) -> bool {
    made.is_none_or(|made| made < source)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn stale_when_missing_or_older() {
        let source = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
        assert!(is_stale(source, None));
        assert!(is_stale(source, Some(source - Duration::from_secs(1))));
        assert!(!is_stale(source, Some(source)));
        assert!(!is_stale(source, Some(source + Duration::from_secs(1))));
    }

    #[test]
    fn sources_leave_out_what_npm_makes() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let newest = newest_source(here).unwrap();
        assert!(newest >= modified(&here.join("Cargo.toml")).unwrap());
        assert!(newest_source(&here.join("no-such-folder")).is_err());
    }
}

//! A Node.js that is new enough.
//!
//! The system's own is used where it will do. Long-lived distributions carry older ones; there a
//! newer one comes from npm, into the target folder, and the system's stays as it is.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{shell, workspace};

/// The oldest that builds and tests the web client, as its `package.json` says too.
const MAJOR_MIN: u32 = 18;

/// The one that is fetched.
const FETCHED: &str = "node@22";

/// Fetches a newer Node.js when the system's is too old.
///
/// # Errors
///
/// There is none at all, or a newer one cannot be fetched.
pub(crate) fn ensure() -> Result<()> {
    let version = shell::capture(Command::new("node").arg("--version"))?;
    if is_new_enough(&version) || fetched_folder()?.join("node").is_file() {
        return Ok(());
    }
    println!("Node.js is {}, not {MAJOR_MIN} or newer; fetching {FETCHED}, once", version.trim());
    let flags = ["install", "--no-audit", "--no-fund", "--no-save", FETCHED, "--prefix"];
    shell::run(Command::new("npm").args(flags).arg(prefix()?))
        .context("cannot fetch a newer Node.js; see nodejs.org")?;
    let node = fetched_folder()?.join("node");
    let version = shell::capture(Command::new(&node).arg("--version"))?;
    ensure!(is_new_enough(&version), "{} is {}", node.display(), version.trim());
    Ok(())
}

/// npm, with the fetched Node.js where there is one.
///
/// # Errors
///
/// Cargo cannot be asked for the target folder.
pub(crate) fn npm() -> Result<Command> {
    let mut command = Command::new("npm");
    let fetched = fetched_folder()?;
    if fetched.join("node").is_file() {
        let mut path = OsString::from(fetched);
        if let Some(rest) = std::env::var_os("PATH") {
            path.push(":");
            path.push(rest);
        }
        command.env("PATH", path);
    }
    Ok(command)
}

fn prefix() -> Result<PathBuf> {
    Ok(workspace::target_dir()?.join("tools/node"))
}

fn fetched_folder() -> Result<PathBuf> {
    Ok(prefix()?.join("node_modules/node/bin"))
}

fn is_new_enough(version: &str) -> bool {
    major(version).is_some_and(|major| major >= MAJOR_MIN)
}

fn major(version: &str) -> Option<u32> {
    version.trim().strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!(major("v20.20.2\n"), Some(20));
        assert_eq!(major("v8.1.0"), Some(8));
        assert_eq!(major("twenty"), None);
        assert_eq!(major("v"), None);
    }

    #[test]
    fn compares_numbers_and_not_letters() {
        assert!(is_new_enough("v20.0.0"));
        assert!(is_new_enough("v100.0.0"));
        assert!(!is_new_enough("v9.9.9"));
        assert!(is_new_enough("v18.20.8"));
        assert!(!is_new_enough("v16.20.2"));
    }
}

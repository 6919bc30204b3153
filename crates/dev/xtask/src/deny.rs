//! Licences, sources, banned crates and known faults of what we depend on.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{shell, workspace};

/// The release of cargo-deny that `deny.toml` was written for.
const VERSION: &str = "0.20.2";

/// Runs cargo-deny, after building it when there is none (less than a minute, once).
///
/// # Errors
///
/// It cannot be built, or finds a fault. Known faults are looked up only where their database
/// can be fetched; where it cannot, that is said in a warning.
pub(crate) fn check() -> Result<()> {
    let program = ensure_installed()?;
    shell::run(deny(&program).args(["check", "licenses", "bans", "sources"]))?;
    if shell::succeeds(deny(&program).args(["fetch", "db"])) {
        return shell::run(deny(&program).args(["check", "--disable-fetch", "advisories"]));
    }
    eprintln!("warning: SKIPPED the check for known faults: their database cannot be fetched");
    Ok(())
}

fn deny(program: &PathBuf) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root()).args(["--log-level", "error"]);
    command
}

/// The path of cargo-deny: the one on `PATH`, or our own in the target folder.
fn ensure_installed() -> Result<PathBuf> {
    if let Some(found) = shell::find_program("cargo-deny") {
        return Ok(found);
    }
    let tools = workspace::target_dir()?.join("tools");
    let program = tools.join("bin/cargo-deny");
    if program.is_file() {
        return Ok(program);
    }
    println!("cargo-deny is missing; building it, once");
    shell::run(
        workspace::cargo("install")
            // It runs for seconds, so quick to build comes before quick to run.
            .args(["--debug", "--config", "profile.dev.debug=false"])
            .args(["--locked", "--quiet", "--version", VERSION, "cargo-deny", "--root"])
            .arg(&tools)
            .env("CARGO_TARGET_DIR", tools.join("build")),
    )
    .context("cannot build cargo-deny")?;
    // The intermediate files are ten times the size of the program.
    std::fs::remove_dir_all(tools.join("build")).context("cannot clear cargo-deny's build")?;
    Ok(program)
}

//! `cargo xtask lint`: every check that runs no test.

use anyhow::Result;

use crate::{client, deny, deploy, setup, shell, size, workspace};

/// Runs the checks, quickest first, and stops at the first that fails.
///
/// # Errors
///
/// A check fails.
pub(crate) fn run() -> Result<()> {
    setup::ensure(&[setup::Group::Build])?;
    size::check()?;
    shell::run(workspace::cargo("fmt").args(["--all", "--check"]))?;
    deploy::check()?;
    check_client()?;
    // The gateway carries the client's files, so they must exist before it is compiled.
    client::ensure_built()?;
    shell::run(workspace::cargo("clippy").args([
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))?;
    shell::run(
        workspace::cargo("doc")
            .args(["--workspace", "--no-deps", "--document-private-items"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    deny::check()
}

fn check_client() -> Result<()> {
    let folder = client::folder();
    client::install(&folder)?;
    shell::run(client::npm(&folder)?.args(["run", "check"]))?;
    shell::run(client::npm(&folder)?.args(["run", "lint"]))
}

//! `cargo xtask bench`: the real binary, optimised, measured.

use anyhow::Result;

use crate::{setup, shell, workspace};

/// Builds the gateway and the bench program in release mode, and runs the second on the first.
///
/// # Errors
///
/// A build or the bench fails.
pub(crate) fn run(rest: &[String]) -> Result<()> {
    setup::ensure(setup::Group::ALL)?;
    let gateway = workspace::build_gateway(true)?;
    shell::run(
        workspace::cargo("run")
            .env(workspace::GATEWAY_VARIABLE, gateway)
            .args(["--release", "--package", "porthole-bench", "--"])
            .args(rest),
    )
}

//! `cargo xtask demo`: from a fresh clone to a desktop in a browser tab.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{setup, workspace};

/// Installs, builds, and becomes `porthole demo`.
///
/// # Errors
///
/// A step before the demo fails, or the gateway cannot be started. Otherwise this does not
/// return: the process is the gateway from then on, so that Ctrl-C is the gateway's to handle.
pub(crate) fn run(release: bool, rdp: bool, rest: &[String]) -> Result<()> {
    setup::ensure(&[setup::Group::Build, setup::Group::Desktop])?;
    if rdp {
        setup::ensure(&[setup::Group::RdpDesktop])?;
    }
    let gateway = workspace::build_gateway(release)?;
    let error = Command::new(&gateway).arg("demo").args(rdp.then_some("--rdp")).args(rest).exec();
    Err(error).with_context(|| format!("cannot start {}", gateway.display()))
}

//! `cargo xtask demo`: from a fresh clone to a desktop in a browser tab.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context, Result};

use crate::{setup, workspace};

/// What is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A desktop over VNC.
    Vnc,
    /// A desktop over RDP.
    Rdp,
    /// A shell over SSH.
    Ssh,
}

/// Installs, builds, and becomes `porthole demo`.
///
/// # Errors
///
/// A step before the demo fails, or the gateway cannot be started. Otherwise this does not
/// return: the process is the gateway from then on, so that Ctrl-C is the gateway's to handle.
pub(crate) fn run(release: bool, shown: Shown, rest: &[String]) -> Result<()> {
    use setup::Group;

    let (groups, option): (&[Group], _) = match shown {
        Shown::Vnc => (&[Group::Build, Group::Desktop], None),
        Shown::Rdp => (&[Group::Build, Group::Desktop, Group::RdpDesktop], Some("--rdp")),
        Shown::Ssh => (&[Group::Build, Group::Shell], Some("--ssh")),
    };
    setup::ensure(groups)?;
    let gateway = workspace::build_gateway(release)?;
    let error = Command::new(&gateway).arg("demo").args(option).args(rest).exec();
    Err(error).with_context(|| format!("cannot start {}", gateway.display()))
}

//! Checks of what `deploy/` ships.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::{shell, workspace};

/// The most exposure that `systemd-analyze security` may report, in tenths: 0 is locked in,
/// 100 is a plain root service.
const EXPOSURE_MAX: u32 = 20;

/// A public key that nobody uses: the example in RFC 8410 §10.1.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----\n\
    MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n\
    -----END PUBLIC KEY-----\n";

/// Asks systemd what it thinks of the service unit.
///
/// # Errors
///
/// It finds a fault. Where systemd is absent, that is said in a warning.
pub(crate) fn check() -> Result<()> {
    let source = workspace::root().join("deploy/porthole.service");
    let unit = std::fs::read_to_string(&source)
        .with_context(|| format!("cannot read {}", source.display()))?;
    let unit = with_program(&unit, "/bin/true")?;
    if shell::find_program("systemd-analyze").is_none() {
        eprintln!("warning: SKIPPED the check of porthole.service: no systemd-analyze here");
        return Ok(());
    }
    let folder = workspace::target_dir()?.join("xtask");
    std::fs::create_dir_all(&folder).context("cannot make a folder for the unit")?;
    let copy = folder.join("porthole.service");
    std::fs::write(&copy, unit).context("cannot copy the unit")?;
    shell::run(Command::new("systemd-analyze").args(["--man=no", "verify"]).arg(&copy))?;
    shell::run(
        Command::new("systemd-analyze")
            .args(["security", "--no-pager", "--offline=yes"])
            .arg(format!("--threshold={EXPOSURE_MAX}"))
            .arg(&copy)
            .stdout(std::process::Stdio::null()),
    )
}

/// Has the gateway check the example configuration, with stand-ins for the files that it names.
///
/// # Errors
///
/// The gateway finds a fault.
pub(crate) fn check_example(gateway: &Path) -> Result<()> {
    let folder = workspace::target_dir()?.join("xtask/example");
    std::fs::create_dir_all(&folder).context("cannot make a folder for the example")?;
    let example = folder.join("porthole.toml");
    std::fs::copy(workspace::root().join("deploy/porthole.toml"), &example)
        .context("cannot copy deploy/porthole.toml")?;
    std::fs::write(folder.join("portal.pem"), PUBLIC_KEY)?;
    std::fs::write(folder.join("lab-1"), "secret")?;
    shell::run(
        Command::new(gateway)
            .args(["check", "--config"])
            .arg(&example)
            .env("PORTHOLE_CONNECTIONS__LAB_1__PASSWORD_FILE", "lab-1"),
    )
}

/// The unit with another program in `ExecStart`: systemd refuses one that is not installed.
fn with_program(unit: &str, program: &str) -> Result<String> {
    let mut replaced = 0;
    let lines: Vec<String> = unit
        .lines()
        .map(|line| match line.strip_prefix("ExecStart=") {
            Some(command) => {
                replaced += 1;
                let arguments = command.split_once(' ').map_or("", |(_, arguments)| arguments);
                format!("ExecStart={program} {arguments}")
            }
            None => line.to_owned(),
        })
        .collect();
    if replaced != 1 {
        bail!("the unit has {replaced} lines that begin with ExecStart=, not one");
    }
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swaps_the_program_and_keeps_its_arguments() {
        let unit = "[Service]\nExecStart=/usr/bin/porthole serve --config x\nUser=a\n";
        assert_eq!(
            with_program(unit, "/bin/true").unwrap(),
            "[Service]\nExecStart=/bin/true serve --config x\nUser=a\n"
        );
        assert!(with_program("[Service]\n", "/bin/true").is_err());
    }
}

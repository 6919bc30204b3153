//! Sign-ins with a name and a password, for a server that asks PAM, without touching the machine's
//! own accounts.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

/// Names under which TigerVNC may ask, and what PAM falls back to.
const SERVICES: [&str; 3] = ["tigervnc", "vnc", "other"];

/// `program`, in a mount namespace of its own where PAM lets in `user` with `password` and nobody
/// else. Without root this takes a user namespace, which most systems allow. `folder` holds the rules and must outlive the program.
pub(super) fn command(
    program: &OsStr,
    folder: &Path,
    (user, password): (&str, &str),
) -> Result<Command> {
    let check = folder.join("check");
    // The program hears the name in a variable and the password, ended by a zero byte, on its input.
    let script = format!(
        "#!/bin/sh\nword=$(tr -d '\\000')\n[ \"$PAM_USER\" = '{user}' ] && [ \"$word\" = '{password}' ]\n"
    );
    fs::write(&check, script)?;
    fs::set_permissions(&check, Permissions::from_mode(0o755))?;
    let rules = format!(
        "auth required pam_exec.so expose_authtok quiet {}\naccount required pam_permit.so\n",
        check.display()
    );
    let services = folder.join("pam.d");
    fs::create_dir(&services)?;
    for service in SERVICES {
        fs::write(services.join(service), &rules)?;
    }
    let mut command = Command::new("unshare");
    if !rustix::process::geteuid().is_root() {
        command.arg("--map-root-user");
    }
    command
        .args(["--mount", "sh", "-c", "mount --bind \"$0\" /etc/pam.d && exec \"$@\""])
        .arg(services)
        .arg(program);
    Ok(command)
}

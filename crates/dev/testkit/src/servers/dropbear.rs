//! Dropbear: the SSH server of small machines, with a user of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::Process;
use super::port::{loopback, wait_for_listener, with_free_port};
use super::process::output_of;
use super::sshd::end_namespace;

/// How long one of its tools may take.
const COMMAND_MAX: Duration = Duration::from_secs(60);

/// The user who may log on.
const USER: &str = "tester";
/// The user's password.
const PASSWORD: &str = "correct horse";

/// The machine's users, replaced in a mount namespace of its own; and a process namespace, so that
/// sessions end with it.
const START: &str = "\
mount --bind \"$0/passwd\" /etc/passwd && mount --bind \"$0/shadow\" /etc/shadow && \
exec dropbear -F -E -P \"$0/pid\" -r \"$0/host_key\" -p \"$1\"";

/// A running Dropbear. It needs root.
#[derive(Debug)]
pub struct Dropbear {
    process: Process,
    port: u16,
    host_key: String,
    /// Users, keys, and the user's home.
    folder: TempDir,
}

impl Dropbear {
    /// Starts a server on the loopback address.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start() -> Result<Self> {
        with_free_port(Self::start_at)
    }

    fn start_at(port: u16) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let host_key = write_settings(folder.path())?;
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", START])
            .arg(folder.path())
            .arg(loopback(port).to_string());
        let mut process = Process::start(&mut command)?;
        wait_for_listener(&mut process, port)?;
        Ok(Self { process, port, host_key, folder })
    }

    /// User name and password of the one who may log on.
    pub const fn login(&self) -> (&'static str, &'static str) {
        (USER, PASSWORD)
    }

    /// Lets in the holder of a key: a line of `authorized_keys`.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn authorize(&self, line: &str) -> Result<()> {
        let keys = self.folder.path().join("home/.ssh");
        fs::create_dir_all(&keys)?;
        Ok(fs::write(keys.join("authorized_keys"), line)?)
    }

    /// Its public host key, as `ssh-keygen` writes it.
    pub fn host_key(&self) -> &str {
        &self.host_key
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// Its port on the loopback address.
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Dropbear {
    fn drop(&mut self) {
        end_namespace(&mut self.process);
    }
}

/// The public host key.
fn write_settings(folder: &Path) -> Result<String> {
    let home = folder.join("home");
    fs::create_dir(&home)?;
    fs::write(home.join(".bash_profile"), "PS1='ready$ '\n")?;
    let mut hash = Command::new("openssl");
    let hash = output_of(hash.args(["passwd", "-6", PASSWORD]), &[], COMMAND_MAX)?;
    let hash = String::from_utf8(hash)?;
    let passwd = fs::read_to_string("/etc/passwd")?;
    let user = format!("{USER}:x:0:0::{}:/bin/bash\n", home.display());
    // By number the first one counts, so the user comes last.
    fs::write(folder.join("passwd"), format!("{passwd}{user}"))?;
    fs::write(folder.join("shadow"), format!("{USER}:{}:19000:0:99999:7:::\n", hash.trim()))?;
    let mut make = Command::new("dropbearkey");
    make.args(["-t", "ed25519", "-f"]).arg(folder.join("host_key"));
    let made = String::from_utf8(output_of(&mut make, &[], COMMAND_MAX)?)?;
    let line = made.lines().find(|line| line.starts_with("ssh-ed25519 "));
    Ok(line.unwrap_or_default().to_owned())
}

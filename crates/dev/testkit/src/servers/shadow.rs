//! `FreeRDP`'s shadow server: shows a display of this machine over RDP.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::port::{loopback, wait_for_listener, with_free_port};
use super::process::output_of;
use super::{Display, Process, Xvfb};

/// How long hashing a password may take.
const COMMAND_MAX: Duration = Duration::from_secs(20);

/// The file of users.
const USERS: &str = "users";

/// A running shadow server with a screen of its own.
#[derive(Debug)]
pub struct RdpShadow {
    // Ends before its screen does.
    process: Process,
    screen: Xvfb,
    port: u16,
    takes_anybody: bool,
    /// Its home, for the certificate that it makes, and the file of users.
    folder: TempDir,
}

impl RdpShadow {
    /// Starts a server on the loopback address for a screen of `geometry`. With a `login` it takes
    /// network level authentication alone, and nobody but that user with that password; without,
    /// TLS and anybody.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(geometry: (u16, u16), login: Option<(&str, &str)>) -> Result<Self> {
        with_free_port(|port| Self::start_at(port, geometry, login))
    }

    fn start_at(port: u16, geometry: (u16, u16), login: Option<(&str, &str)>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let screen = Xvfb::start(geometry)?;
        if let Some((user, password)) = login {
            let line = format!("{user}:::{}:::\n", nt_hash(password)?);
            std::fs::write(folder.path().join(USERS), line)?;
        }
        let process = run(port, screen.display(), folder.path(), login.is_none())?;
        Ok(Self { process, screen, port, takes_anybody: login.is_none(), folder })
    }

    /// Kills the server as a crash would; its screen stays.
    ///
    /// # Errors
    ///
    /// It cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.process.kill()
    }

    /// Runs the server again where it was, after [`kill`](Self::kill).
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn revive(&mut self) -> Result<()> {
        let display = self.screen.display();
        self.process = run(self.port, display, self.folder.path(), self.takes_anybody)?;
        Ok(())
    }

    /// The display that it shows.
    pub const fn display(&self) -> Display {
        self.screen.display()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// The server itself.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

fn run(port: u16, display: Display, folder: &Path, takes_anybody: bool) -> Result<Process> {
    let mut command = display.command("freerdp-shadow-cli");
    command
        .env("HOME", folder)
        .env_remove("XDG_CONFIG_HOME")
        .arg(format!("/port:{port}"))
        .arg("/bind-address:127.0.0.1");
    if takes_anybody {
        command.args(["-auth", "/sec:tls"]);
    } else {
        command.arg("/sec:nla").arg(format!("/sam-file:{}", folder.join(USERS).display()));
    }
    let mut process = Process::start(&mut command)?;
    wait_for_listener(&mut process, port)?;
    Ok(process)
}

/// What Windows stores of a password: MD4 of its UTF-16, in hexadecimal.
fn nt_hash(password: &str) -> Result<String> {
    let units: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut command = Command::new("openssl");
    command.args(["dgst", "-md4", "-provider", "legacy", "-r"]);
    let printed = String::from_utf8(output_of(&mut command, &units, COMMAND_MAX)?)?;
    Ok(printed.split_ascii_whitespace().next().unwrap_or_default().to_owned())
}

//! TigerVNC's server: an X display and a VNC server in one process.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use super::pam;
use super::port::{loopback, wait_for_banner, with_free_port};
use super::process::output_of;
use super::xvfb::start_x_server;
use super::{Certificate, Display, Process};

/// How to start TigerVNC's server.
#[derive(Debug, Clone, Copy)]
pub struct XvncOptions<'a> {
    /// Columns and rows of the screen.
    pub geometry: (u16, u16),
    /// The security types that it offers, best first, by the server's own names: `None`,
    /// `VncAuth`, `TLSNone`, `TLSVnc`, `X509None`, `X509Vnc`, `RA2` and so on.
    pub security_types: &'a [&'a str],
    /// The password of the types that take one; at most eight characters count.
    pub password: &'a str,
    /// The only user and password of the `Plain` types.
    pub login: Option<(&'a str, &'a str)>,
    /// The certificate of the `X509` types.
    pub certificate: Option<&'a Certificate>,
    /// More options, as the server spells them.
    pub extra: &'a [&'a str],
}

impl Default for XvncOptions<'_> {
    fn default() -> Self {
        Self {
            geometry: (1024, 768),
            security_types: &["None"],
            password: "secret",
            login: None,
            certificate: None,
            extra: &[],
        }
    }
}

/// A running TigerVNC server.
#[derive(Debug)]
pub struct XtigerVnc {
    display: Display,
    port: u16,
    process: Process,
    /// Holds the password file.
    _folder: TempDir,
}

impl XtigerVnc {
    /// Starts a server on the loopback address, and waits for its banner.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(options: XvncOptions<'_>) -> Result<Self> {
        with_free_port(|port| Self::start_at(port, options))
    }

    fn start_at(port: u16, options: XvncOptions<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let password_file = write_password(folder.path(), options.password)?;
        let mut command = match options.login {
            Some(login) => {
                let mut command = pam::command("Xtigervnc".as_ref(), folder.path(), login)?;
                command.arg("-PlainUsers=*");
                command
            }
            None => Command::new("Xtigervnc"),
        };
        command
            .args(["-geometry", &format!("{}x{}", options.geometry.0, options.geometry.1)])
            .args(["-depth", "24", "-localhost=1", "-AlwaysShared=1"])
            // Each connection that leaves before it signs in counts as an attack.
            .args(["-BlacklistThreshold=1000000"])
            .arg(format!("-rfbport={port}"))
            .arg(format!("-SecurityTypes={}", options.security_types.join(",")))
            .arg(format!("-PasswordFile={}", password_file.display()));
        if let Some(certificate) = options.certificate {
            command
                .arg(format!("-X509Key={}", certificate.key_file().display()))
                .arg(format!("-X509Cert={}", certificate.file().display()));
        }
        let (mut process, display) = start_x_server(command.args(options.extra))?;
        wait_for_banner(&mut process, port)?;
        Ok(Self { display, port, process, _folder: folder })
    }

    /// Its display.
    pub const fn display(&self) -> Display {
        self.display
    }

    /// Its port on the loopback address.
    pub const fn port(&self) -> u16 {
        self.port
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

/// Writes a file with `password` as VNC servers keep it.
pub(super) fn write_password(folder: &Path, password: &str) -> Result<PathBuf> {
    let limit = Duration::from_secs(20);
    let obscured = output_of(Command::new("tigervncpasswd").arg("-f"), password.as_bytes(), limit)?;
    let path = folder.join("password");
    std::fs::write(&path, obscured)?;
    Ok(path)
}

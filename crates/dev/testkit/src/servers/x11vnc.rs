//! x11vnc: shows a display that another server owns.

use std::net::SocketAddr;

use anyhow::Result;
use tempfile::TempDir;

use super::port::{loopback, wait_for_banner, with_free_port};
use super::tigervnc::write_password;
use super::{Display, Process, Xvfb};

/// A running x11vnc, with a screen of its own.
#[derive(Debug)]
pub struct X11Vnc {
    port: u16,
    // Before the screen, so that it is the first to end.
    process: Process,
    screen: Xvfb,
    /// Holds the password file.
    _folder: TempDir,
}

impl X11Vnc {
    /// Starts a screen of `geometry` columns and rows and x11vnc on it, and waits for the banner.
    /// Without a password it asks for none. `extra` is more options, as x11vnc spells them.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(geometry: (u16, u16), password: Option<&str>, extra: &[&str]) -> Result<Self> {
        let screen = Xvfb::start(geometry)?;
        let folder = tempfile::tempdir()?;
        let password_file =
            password.map(|password| write_password(folder.path(), password)).transpose()?;
        let (port, process) = with_free_port(|port| {
            let mut command = screen.display().command("x11vnc");
            // `-norc`: a file in somebody's home folder is not part of the test.
            command
                .args(["-norc", "-localhost", "-noipv6", "-forever", "-shared", "-quiet"])
                .args(["-rfbport", &port.to_string()])
                .args(extra);
            match &password_file {
                Some(file) => command.arg("-rfbauth").arg(file),
                None => command.arg("-nopw"),
            };
            let mut process = Process::start(&mut command)?;
            wait_for_banner(&mut process, port)?;
            Ok((port, process))
        })?;
        Ok(Self { port, process, screen, _folder: folder })
    }

    /// The display that it shows.
    pub const fn display(&self) -> Display {
        self.screen.display()
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

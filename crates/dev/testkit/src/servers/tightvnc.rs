//! TightVNC's server for X, an old one: no resizing, no fences, no cursor outside the tight set.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;

use super::display::NUMBER_MAX;
use super::port::{loopback, wait_for_banner, with_free_port};
use super::tigervnc::write_password;
use super::{Display, Process, Root, free_port};

/// How many display numbers are tried.
const ATTEMPTS: u32 = 20;

/// Folder of the bitmap fonts, without which it does not start.
const FONTS: &str = "/usr/share/fonts/X11/misc";

/// A running TightVNC server. It always asks for the password.
#[derive(Debug)]
pub struct TightVnc {
    display: Display,
    port: u16,
    /// The server forgets its screen when its last client leaves; this one stays.
    _client: Root,
    process: Process,
    /// Holds the password file.
    _folder: TempDir,
}

impl TightVnc {
    /// Starts a server with a screen of `geometry` columns and rows, and waits for its banner.
    /// `extra` is more options, as the server spells them.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(geometry: (u16, u16), password: &str, extra: &[&str]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let password_file = write_password(folder.path(), password)?;
        for _ in 0..ATTEMPTS {
            // It cannot choose its number itself. A free port is as good a random number as any.
            let number = u32::from(free_port()?).min(NUMBER_MAX);
            if is_display_taken(number) {
                continue;
            }
            let started = with_free_port(|port| {
                let mut command = Command::new("Xtightvnc");
                command
                    .arg(format!(":{number}"))
                    .args(["-geometry", &format!("{}x{}", geometry.0, geometry.1)])
                    .args(["-depth", "24", "-localhost", "-alwaysshared"])
                    .args(["-nolisten", "tcp", "-fp", FONTS])
                    .args(["-rfbport", &port.to_string(), "-rfbauth"])
                    .arg(&password_file)
                    .args(extra);
                let mut process = Process::start(&mut command)?;
                wait_for_banner(&mut process, port)?;
                Ok((port, process))
            });
            match started {
                Ok((port, process)) => {
                    let display = Display::new(number);
                    let client = display.root()?;
                    return Ok(Self { display, port, _client: client, process, _folder: folder });
                }
                Err(error) if format!("{error:#}").contains("already active for display") => {}
                Err(error) => return Err(error).context("Xtightvnc"),
            }
        }
        bail!("no free display number for Xtightvnc")
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

fn is_display_taken(number: u32) -> bool {
    let lock = PathBuf::from(format!("/tmp/.X{number}-lock"));
    let socket = PathBuf::from(format!("/tmp/.X11-unix/X{number}"));
    lock.exists() || socket.exists()
}

//! X servers that choose their own display number, and Xvfb, which is only that.

use std::io::{BufRead as _, BufReader};
use std::process::{ChildStdout, Command};
use std::sync::mpsc;

use anyhow::{Context as _, Result};

use super::process::READY_MAX;
use super::{Display, Process};

/// A screen in memory, without a VNC server.
#[derive(Debug)]
pub struct Xvfb {
    display: Display,
    process: Process,
}

impl Xvfb {
    /// Starts a screen of `geometry` columns and rows in true colour.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(geometry: (u16, u16)) -> Result<Self> {
        let mut command = Command::new("Xvfb");
        command.args(["-screen", "0", &format!("{}x{}x24", geometry.0, geometry.1)]);
        let (process, display) = start_x_server(&mut command)?;
        Ok(Self { display, process })
    }

    /// Its display.
    pub const fn display(&self) -> Display {
        self.display
    }

    /// The server itself.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// Starts an X server that tells its display number on its standard output.
///
/// The server answers once it can take connections, so nothing else need be waited for.
pub(super) fn start_x_server(command: &mut Command) -> Result<(Process, Display)> {
    // Without `-noreset` a server forgets its root window when the last client leaves.
    command.args(["-displayfd", "1", "-nolisten", "tcp", "-noreset"]);
    let (process, stdout) = Process::start_with_stdout(command)?;
    let number = read_number(stdout)
        .with_context(|| format!("no display number; the log: {}", process.log_tail()))?;
    Ok((process, Display::new(number)))
}

/// Reads the number on another thread, because a pipe cannot be read with a bound on time.
/// Should the server stay silent, the thread ends when the server does.
fn read_number(stdout: ChildStdout) -> Result<u32> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let read = BufReader::new(stdout).read_line(&mut line);
        // The receiver may have given up; then nobody needs the answer.
        let _ = sender.send(read.map(|_length| line));
    });
    let line = receiver.recv_timeout(READY_MAX).context("the server stayed silent")??;
    line.trim().parse().with_context(|| format!("{line:?} is not a display number"))
}

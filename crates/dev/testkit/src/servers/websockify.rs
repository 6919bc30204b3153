//! websockify: the usual bridge from WebSocket to TCP, to compare with.

use std::net::SocketAddr;
use std::process::Command;

use anyhow::Result;

use super::Process;
use super::port::{loopback, wait_for_listener, with_free_port};

/// A running websockify.
#[derive(Debug)]
pub struct Websockify {
    port: u16,
    process: Process,
}

impl Websockify {
    /// Starts a bridge to `target`, and waits until it listens.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start(target: SocketAddr) -> Result<Self> {
        with_free_port(|port| {
            let mut command = Command::new("websockify");
            command.arg(loopback(port).to_string()).arg(target.to_string());
            let mut process = Process::start(&mut command)?;
            wait_for_listener(&mut process, port)?;
            Ok(Self { port, process })
        })
    }

    /// Its port on the loopback address.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// The bridge itself. It starts one process more for each connection.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

//! The VNC server that everything is measured on.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use porthole_testkit::servers::{Process, XtigerVnc, XvncOptions, read_banner, wait_until};

/// How long a server on a port of our choice may take to become ready.
const READY_MAX: Duration = Duration::from_secs(30);

/// A running TigerVNC server.
pub(crate) enum Remote {
    /// On a port that the system chose.
    Anywhere(Box<XtigerVnc>),
    /// On a port that somebody counts on.
    Fixed(Box<FixedRemote>),
}

/// A server on a fixed port of the loopback address.
pub(crate) struct FixedRemote {
    process: Process,
    display: String,
    address: SocketAddr,
}

impl Remote {
    /// Starts a server with a screen of so many columns and rows.
    ///
    /// # Errors
    ///
    /// It does not start; the port may be taken.
    pub(crate) fn start(geometry: (u16, u16), port: Option<u16>) -> Result<Self> {
        let Some(port) = port else {
            let options = XvncOptions { geometry, ..XvncOptions::default() };
            return Ok(Self::Anywhere(Box::new(XtigerVnc::start(options)?)));
        };
        Ok(Self::Fixed(Box::new(FixedRemote::start(geometry, port)?)))
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Anywhere(server) => server.address(),
            Self::Fixed(server) => server.address,
        }
    }

    /// The name of its display.
    pub(crate) fn display(&self) -> String {
        match self {
            Self::Anywhere(server) => server.display().name(),
            Self::Fixed(server) => server.display.clone(),
        }
    }

    /// Its process.
    pub(crate) fn process_id(&mut self) -> u32 {
        match self {
            Self::Anywhere(server) => server.process().id(),
            Self::Fixed(server) => server.process.id(),
        }
    }
}

impl FixedRemote {
    fn start((width, height): (u16, u16), port: u16) -> Result<Self> {
        let mut command = Command::new("Xtigervnc");
        command
            .args(["-geometry", &format!("{width}x{height}")])
            .args(["-depth", "24", "-localhost=1", "-AlwaysShared=1", "-SecurityTypes=None"])
            .args(["-nolisten", "tcp", "-noreset", "-displayfd", "1"])
            .arg(format!("-rfbport={port}"));
        let mut process = Process::start(&mut command)?;
        let number = wait_until("the VNC server to name its display", READY_MAX, || {
            let log = process.log()?;
            process.check_running()?;
            Ok(log.lines().find_map(|line| line.parse::<u32>().ok()))
        })
        .with_context(|| format!("a VNC server on port {port}"))?;
        let address = (Ipv4Addr::LOCALHOST, port).into();
        read_banner(address)?;
        // Whoever answered, it was not our server if that has ended meanwhile.
        process.check_running()?;
        Ok(Self { process, display: format!(":{number}"), address })
    }
}

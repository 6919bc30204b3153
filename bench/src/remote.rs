//! The servers that everything is measured on.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use porthole_testkit::servers::{
    Display, Process, RdpShadow, Xrdp, XtigerVnc, XvncOptions, read_banner, wait_until,
};

use crate::workload::Server;

/// How long a server on a port of our choice may take to become ready.
const READY_MAX: Duration = Duration::from_secs(30);

/// How long a session that is made by a logon may take.
const SESSION_MAX: Duration = Duration::from_secs(60);

/// What the gateway has to know of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// `vnc`, `rdp` or `ssh`.
    pub(crate) protocol: &'static str,
    /// More keys of its connection, a line each.
    pub(crate) keys: String,
    /// User name and password, where peers have to know them too.
    pub(crate) login: Option<(&'static str, &'static str)>,
    /// Parameters that peers have to know too, by Guacamole's names.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Place {
    /// A VNC server that asks for nothing.
    pub(crate) fn vnc(address: SocketAddr) -> Self {
        let keys = String::new();
        Self { address, protocol: "vnc", keys, login: None, parameters: Vec::new() }
    }

    /// An RDP server whose certificate is its own maker's, as that of all here.
    fn rdp(address: SocketAddr, (user, password): (&str, &str)) -> Self {
        let keys = format!(
            "username = \"{user}\"\npassword = \"{password}\"\ntls = {{ verify = \"off\" }}\n"
        );
        Self { address, protocol: "rdp", keys, login: None, parameters: Vec::new() }
    }

    /// An SSH server with this host key, in which `command` is run, or a shell.
    pub(crate) fn ssh(
        address: SocketAddr,
        login: (&'static str, &'static str),
        host_key: &str,
        command: Option<&str>,
    ) -> Self {
        // The kind, the key, and perhaps a comment.
        let key = host_key.split_ascii_whitespace().nth(1).unwrap_or_default();
        let keys = format!("parameters.host-key = {key:?}\n");
        let command = command.map(|command| ("command".to_owned(), command.to_owned()));
        let parameters = command.into_iter().collect();
        Self { address, protocol: "ssh", keys, login: Some(login), parameters }
    }
}

/// A running server.
pub(crate) enum Remote {
    /// TigerVNC on a port that the system chose.
    Anywhere(Box<XtigerVnc>),
    /// TigerVNC on a port that somebody counts on.
    Fixed(Box<FixedRemote>),
    /// xrdp, which makes a screen when somebody logs on.
    Xrdp(Box<Xrdp>),
    /// `FreeRDP`'s shadow server.
    Shadow(Box<RdpShadow>),
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
    pub(crate) fn start(server: Server, geometry: (u16, u16), port: Option<u16>) -> Result<Self> {
        match (server, port) {
            (Server::Vnc, None) => {
                let options = XvncOptions { geometry, ..XvncOptions::default() };
                Ok(Self::Anywhere(Box::new(XtigerVnc::start(options)?)))
            }
            (Server::Vnc, Some(port)) => {
                Ok(Self::Fixed(Box::new(FixedRemote::start(geometry, port)?)))
            }
            (Server::Xrdp, _) => Ok(Self::Xrdp(Box::new(Xrdp::start()?))),
            (Server::Shadow, _) => Ok(Self::Shadow(Box::new(RdpShadow::start(geometry, None)?))),
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        match self {
            Self::Anywhere(server) => server.address(),
            Self::Fixed(server) => server.address,
            Self::Xrdp(server) => server.address(),
            Self::Shadow(server) => server.address(),
        }
    }

    /// What the gateway has to know of it.
    pub(crate) fn place(&self) -> Place {
        match self {
            Self::Anywhere(_) | Self::Fixed(_) => Place::vnc(self.address()),
            Self::Xrdp(server) => Place::rdp(server.address(), server.login()),
            // It takes anybody.
            Self::Shadow(server) => Place::rdp(server.address(), ("bench", "bench")),
        }
    }

    /// Whether its screen is there only after somebody has logged on.
    pub(crate) const fn needs_logon(&self) -> bool {
        matches!(self, Self::Xrdp(_))
    }

    /// Waits until its screen is there and has this many columns and rows; the name of its display.
    ///
    /// # Errors
    ///
    /// It does not come.
    pub(crate) fn wait_for_display(&self, (width, height): (u16, u16)) -> Result<String> {
        let ready = |display: Display| -> Result<String> {
            wait_until("the remote's screen", SESSION_MAX, || {
                let screen = display.read_root().ok();
                Ok(screen.filter(|it| (it.width, it.height) == (width, height)))
            })?;
            Ok(display.name())
        };
        match self {
            Self::Anywhere(server) => ready(server.display()),
            Self::Fixed(server) => Ok(server.display.clone()),
            Self::Xrdp(server) => ready(server.display()),
            Self::Shadow(server) => ready(server.display()),
        }
    }

    /// Its process.
    pub(crate) fn process_id(&mut self) -> u32 {
        match self {
            Self::Anywhere(server) => server.process().id(),
            Self::Fixed(server) => server.process.id(),
            Self::Xrdp(server) => server.process().id(),
            Self::Shadow(server) => server.process().id(),
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

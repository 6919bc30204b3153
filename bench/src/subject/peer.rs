//! Other programs, as they are named on the command line.

use std::net::{SocketAddr, ToSocketAddrs as _};

use anyhow::{Context as _, Result, bail, ensure};

use super::Subject;
use super::guacd::GuacdSubject;
use super::websockify::WebsockifySubject;
use crate::remote::Place;

/// Another program that shows VNC servers to browsers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Peer {
    /// websockify, which is started for each measurement.
    Websockify,
    /// A websockify that somebody has started in front of a port of this machine.
    WebsockifyAt {
        /// Where it listens.
        address: SocketAddr,
        /// Its process, if it was named.
        process_id: Option<u32>,
        /// Where it expects its remote.
        remote_port: u16,
    },
    /// A guacd that somebody has started.
    GuacdAt {
        /// Where it listens.
        address: SocketAddr,
        /// Its process, if it was named.
        process_id: Option<u32>,
        /// Connection parameters, by Guacamole's names.
        parameters: Vec<(String, String)>,
    },
}

/// What more there is to know about peers.
#[derive(Debug, Clone, Default)]
pub(crate) struct PeerOptions {
    /// The process to account.
    pub(crate) process_id: Option<u32>,
    /// The port of the remote that a peer was started for.
    pub(crate) remote_port: Option<u16>,
    /// Connection parameters, by Guacamole's names.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Peer {
    /// Reads `websockify`, `websockify=HOST:PORT` or `guacd=HOST:PORT`.
    ///
    /// # Errors
    ///
    /// It is something else, the host is unknown, or an option is missing or one too many.
    pub(crate) fn parse(text: &str, options: PeerOptions) -> Result<Self> {
        let PeerOptions { process_id, remote_port, parameters } = options;
        match text.split_once('=') {
            None if text == "websockify" => {
                ensure!(process_id.is_none(), "--peer-pid is for a peer with an address");
                Ok(Self::Websockify)
            }
            Some(("websockify", at)) => {
                let remote_port = remote_port.with_context(|| {
                    format!(
                        "{text} needs --peer-remote-port PORT, and to have been started in front \
                         of 127.0.0.1:PORT"
                    )
                })?;
                Ok(Self::WebsockifyAt { address: resolve(at)?, process_id, remote_port })
            }
            Some(("guacd", at)) => {
                Ok(Self::GuacdAt { address: resolve(at)?, process_id, parameters })
            }
            _ => bail!(
                "no peer {text:?}; there are websockify, websockify=HOST:PORT and guacd=HOST:PORT"
            ),
        }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Websockify | Self::WebsockifyAt { .. } => "websockify",
            Self::GuacdAt { .. } => "guacd",
        }
    }

    pub(super) const fn remote_port(&self) -> Option<u16> {
        match self {
            Self::WebsockifyAt { remote_port, .. } => Some(*remote_port),
            Self::Websockify | Self::GuacdAt { .. } => None,
        }
    }

    pub(super) const fn has_pixels(&self) -> bool {
        !matches!(self, Self::GuacdAt { .. })
    }

    pub(super) fn start(&self, remote: &Place, size: (u16, u16)) -> Result<Box<dyn Subject>> {
        Ok(match self {
            Self::Websockify => Box::new(WebsockifySubject::start(remote.address)?),
            Self::WebsockifyAt { address, process_id, .. } => {
                Box::new(WebsockifySubject::at(*address, *process_id))
            }
            Self::GuacdAt { address, process_id, parameters } => {
                let mut parameters = parameters.clone();
                parameters.extend(remote.parameters.iter().cloned());
                if let Some((username, password)) = remote.login {
                    parameters.push(("username".to_owned(), username.to_owned()));
                    parameters.push(("password".to_owned(), password.to_owned()));
                }
                let protocol = remote.protocol;
                Box::new(GuacdSubject::at(*address, *process_id, protocol, size, parameters))
            }
        })
    }
}

/// The first address of `HOST:PORT`.
fn resolve(text: &str) -> Result<SocketAddr> {
    let mut addresses = text.to_socket_addrs().with_context(|| format!("the peer at {text:?}"))?;
    addresses.next().with_context(|| format!("{text:?} has no address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_peers() {
        let read = |text: &str, remote_port, process_id| {
            let options = PeerOptions { process_id, remote_port, parameters: Vec::new() };
            Peer::parse(text, options)
        };
        assert_eq!(read("websockify", None, None).unwrap(), Peer::Websockify);
        let want = Peer::WebsockifyAt {
            address: "127.0.0.1:6080".parse().unwrap(),
            process_id: Some(7),
            remote_port: 5999,
        };
        assert_eq!(read("websockify=127.0.0.1:6080", Some(5999), Some(7)).unwrap(), want);
        assert_eq!(want.remote_port(), Some(5999));
        let guacd = read("guacd=127.0.0.1:4822", None, None).unwrap();
        assert_eq!((guacd.name(), guacd.has_pixels()), ("guacd", false));
        assert!(read("websockify=127.0.0.1:6080", None, None).is_err());
        assert!(read("websockify", None, Some(7)).is_err());
        for wrong in ["", "guacd", "guacd=", "guacd=127.0.0.1", "other=127.0.0.1:1"] {
            assert!(read(wrong, Some(1), None).is_err(), "{wrong:?}");
        }
    }
}

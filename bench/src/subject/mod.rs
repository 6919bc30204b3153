//! What is measured: something that shows a remote to viewers.

mod direct;
mod gateway;
mod guacamole;
mod guacd;
mod listener;
mod peer;
mod rfb;
mod websockify;

use std::net::SocketAddr;

use anyhow::Result;
use tokio::runtime::Runtime;

pub(crate) use direct::Direct;
pub(crate) use gateway::{GatewayOptions, GatewaySubject};
pub(crate) use peer::{Peer, PeerOptions};

use crate::remote::Place;
use crate::viewer::{Sight, Viewer};

/// A way from a remote to a viewer. To compare another program with the gateway, implement this
/// for it: start it, say which process is to be accounted, and attach a viewer that speaks its
/// protocol and keeps a [`crate::viewer::Seat`].
pub(crate) trait Subject {
    /// The process whose tree is accounted; `None` when there is nothing between the viewer and
    /// the remote, or it runs where we cannot look.
    fn process_id(&self) -> Option<u32>;

    /// Attaches a viewer to a session of its own with the remote at `remote`, which is one of
    /// those that the subject was started for.
    ///
    /// # Errors
    ///
    /// The viewer cannot even begin. Later faults come out of the viewer.
    fn attach(&self, runtime: &Runtime, remote: SocketAddr, sight: Sight) -> Result<Viewer>;
}

/// Which subject to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Candidate {
    /// The gateway.
    Porthole(GatewayOptions),
    /// Another program.
    Peer(Peer),
}

impl Candidate {
    /// Its name in results.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Porthole(_) => "porthole",
            Self::Peer(peer) => peer.name(),
        }
    }

    /// Whether it is the gateway.
    pub(crate) const fn is_ours(&self) -> bool {
        matches!(self, Self::Porthole(_))
    }

    /// The port on which it wants its remote, if it has been told one.
    pub(crate) const fn remote_port(&self) -> Option<u16> {
        match self {
            Self::Porthole(_) => None,
            Self::Peer(peer) => peer.remote_port(),
        }
    }

    /// Whether its viewers can keep a picture.
    pub(crate) const fn has_pixels(&self) -> bool {
        match self {
            Self::Porthole(_) => true,
            Self::Peer(peer) => peer.has_pixels(),
        }
    }

    /// Gets it going in front of `remote`, whose screen has `size` columns and rows.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub(crate) fn start(&self, remote: &Place, size: (u16, u16)) -> Result<Box<dyn Subject>> {
        match self {
            Self::Porthole(options) => {
                let remotes = std::slice::from_ref(remote);
                Ok(Box::new(GatewaySubject::start(options, remotes, size, None)?))
            }
            Self::Peer(peer) => peer.start(remote, size),
        }
    }
}

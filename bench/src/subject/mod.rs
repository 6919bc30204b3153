//! What is measured: something that shows a remote to viewers.

mod direct;
mod gateway;

use std::net::SocketAddr;

use anyhow::Result;
use tokio::runtime::Runtime;

pub(crate) use direct::Direct;
pub(crate) use gateway::{GatewayOptions, GatewaySubject};

use crate::viewer::Viewer;

/// What a viewer does with what it gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// It keeps the picture, and so can tell when the answer to a key is in it.
    Pixels,
    /// It counts, and decodes nothing that it need not.
    Counts,
}

/// A way from a remote to a viewer. To compare another program with the gateway, implement this
/// for it: start it, say which process is to be accounted, and attach a viewer that speaks its
/// protocol and keeps a [`crate::viewer::Seat`].
pub(crate) trait Subject {
    /// Its name in results.
    fn name(&self) -> &'static str;

    /// The process whose tree is accounted; `None` when there is nothing between the viewer and
    /// the remote.
    fn process_id(&mut self) -> Option<u32>;

    /// Attaches a viewer to a session of its own with the remote at `remote`, which is one of
    /// those that the subject was started for.
    ///
    /// # Errors
    ///
    /// The viewer cannot even begin. Later faults come out of the viewer.
    fn attach(&self, runtime: &Runtime, remote: SocketAddr, sight: Sight) -> Result<Viewer>;
}

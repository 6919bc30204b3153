//! Nothing in between: a viewer that speaks RFB to the remote itself. Its latency is the part
//! that no gateway can take away.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use porthole_rfb::RfbConfig;
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use super::{Subject, rfb};
use crate::viewer::{Sight, Viewer};

/// A VNC viewer.
pub(crate) struct Direct;

impl Subject for Direct {
    fn process_id(&self) -> Option<u32> {
        None
    }

    fn attach(&self, runtime: &Runtime, remote: SocketAddr, sight: Sight) -> Result<Viewer> {
        Ok(Viewer::start(runtime, sight, move |seat| async move {
            let stream = TcpStream::connect(remote).await.context("cannot reach the remote")?;
            stream.set_nodelay(true)?;
            rfb::watch(stream, RfbConfig::default(), seat).await
        }))
    }
}

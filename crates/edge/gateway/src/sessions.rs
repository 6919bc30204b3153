//! Stops 1 and 8 of the pixel path: sessions, and the sockets of their viewers.
//!
//! Each session has one task (`task.rs`) that owns the remote's connection and the
//! [`porthole_session::Session`]; each viewer has one task (`viewer.rs`) that owns its WebSocket.
//! They talk through channels: commands to the session, messages to the viewer. The
//! [`Registry`] finds a session for a viewer that comes back.

mod compute;
mod files;
mod open;
mod registry;
mod remote;
mod task;
mod viewer;

use std::{net::SocketAddr, sync::Arc};

pub use registry::Registry;

use crate::{App, LinkSocket};

/// Serves one viewer from its Hello until its WebSocket or its session ends.
///
/// Whatever goes wrong is told to the browser as an Error record before the socket is closed.
pub async fn serve_link(
    app: Arc<App>,
    mut socket: LinkSocket,
    token: Option<String>,
    peer: SocketAddr,
) {
    let opened = async {
        let hello = viewer::read_hello(&mut socket).await?;
        open::open(&app, &hello, token.as_deref(), peer).await
    };
    match opened.await {
        Ok(attached) => viewer::serve(&app, socket, attached, peer).await,
        Err(error) => {
            app.metrics.link_failed(error.cause());
            tracing::warn!(%peer, cause = error.cause(), %error, "link refused");
            viewer::turn_away(socket, &error.record()).await;
        }
    }
}

//! Stops 1 and 8 of the pixel path: sessions, and the sockets of their viewers.
//!
//! Each session has one task (`task.rs`) that owns the remote's connection and the
//! [`porthole_session::Session`]; each viewer has one task (`viewer.rs`) that owns its WebSocket.
//! They talk through channels: commands to the session, messages to the viewer. The
//! [`Registry`] finds a session for a viewer that comes back.

mod ask;
mod compute;
mod drive;
mod files;
mod lapse;
mod open;
mod place;
mod print_jobs;
mod redial;
mod registry;
mod remote;
mod task;
mod viewer;

use std::{net::SocketAddr, sync::Arc};

use porthole_link::Hello;
pub use registry::Registry;

use crate::{App, GatewayError, LinkSocket};

/// Serves one viewer from its Hello until its WebSocket or its session ends. `hello` is that record
/// if it came with the request; then the session opens while the answer is on its way.
///
/// Whatever goes wrong is told to the browser as an Error record before the socket is closed.
pub async fn serve_link(
    app: Arc<App>,
    upgrade: impl Future<Output = Option<LinkSocket>>,
    token: Option<String>,
    hello: Option<Vec<u8>>,
    peer: SocketAddr,
) {
    let open = async |hello: Result<Hello, GatewayError>| {
        open::open(&app, &hello?, token.as_deref(), peer).await
    };
    let (socket, opened) = if let Some(hello) = hello {
        let (socket, opened) = tokio::join!(upgrade, open(viewer::parse_hello(&hello)));
        match (socket, opened) {
            (Some(socket), opened) => (socket, opened),
            // The browser may come with another link, or not at all.
            (None, Ok(attached)) => return viewer::leave(attached).await,
            (None, Err(_unheard)) => return,
        }
    } else {
        let Some(mut socket) = upgrade.await else { return };
        let hello = viewer::read_hello(&mut socket).await;
        (socket, open(hello).await)
    };
    match opened {
        Ok(attached) => viewer::serve(&app, socket, attached, peer).await,
        Err(error) => {
            app.metrics.link_failed(error.cause());
            tracing::warn!(%peer, cause = error.cause(), %error, "link refused");
            viewer::turn_away(socket, &error.record()).await;
        }
    }
}

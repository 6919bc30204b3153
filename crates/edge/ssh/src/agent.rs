//! The operator's SSH agent, lent to a server.

use std::path::Path;

use russh::{Channel, client::Msg};
use tokio::{io::copy_bidirectional, net::UnixStream};

/// Passes on what a server and the agent at `socket` have to say to each other, until one of them
/// ends it.
pub(crate) async fn serve(socket: &Path, channel: Channel<Msg>) {
    let mut agent = match UnixStream::connect(socket).await {
        Ok(agent) => agent,
        Err(error) => {
            tracing::warn!(%error, "the SSH agent of this connection cannot be reached");
            return;
        }
    };
    let mut stream = channel.into_stream();
    if let Err(error) = copy_bidirectional(&mut stream, &mut agent).await {
        tracing::debug!(%error, "a server's talk with the SSH agent broke");
    }
}

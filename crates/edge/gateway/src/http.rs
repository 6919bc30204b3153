//! HTTP: the client's pages, health, and the way into the link.

mod encoding;
mod headers;
mod link;
mod metrics_page;
mod origin;
mod peer;
mod router;
mod site;

use std::{convert::Infallible, net::SocketAddr, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Response, body::Incoming, server::conn::http1, service::service_fn, upgrade::Upgraded,
};
use hyper_util::rt::{TokioIo, TokioTimer};
pub use metrics_page::serve as serve_metrics;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, watch},
};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::WebSocketStream;

use crate::App;

/// The WebSocket of one link.
pub type LinkSocket = WebSocketStream<TokioIo<Upgraded>>;

/// A whole answer.
type Answer = Response<Full<Bytes>>;

/// How many bytes the kernel may hold for a browser without having sent them: more would be old
/// frames that no pacing can take back.
const NOTSENT_LOWAT_BYTES: u32 = 32 << 10;

/// Largest request head: an encrypted token of 32 KiB, and as much again for the rest.
const HEAD_MAX_BYTES: usize = 64 << 10;

/// How long to wait after a failed `accept`, which may fail at once again: when the process has
/// no file descriptor left, for one.
const ACCEPT_RETRY: Duration = Duration::from_millis(100);

/// One TCP connection, as its requests see it.
struct Connection {
    /// Who connected; a proxy perhaps.
    peer: SocketAddr,
    /// Whether TLS ends here.
    is_tls: bool,
    /// Held by the connection, and by the link that it turns into.
    _permit: OwnedSemaphorePermit,
}

/// Accepts connections forever. When `closing` turns true, those that are idle end.
pub(crate) async fn serve(app: &Arc<App>, listener: TcpListener, closing: &watch::Sender<bool>) {
    let tls = app.config.server.tls.as_ref().map(|tls| TlsAcceptor::from(Arc::clone(&tls.config)));
    loop {
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_RETRY).await;
                continue;
            }
        };
        let Ok(permit) = Arc::clone(&app.connections).try_acquire_owned() else {
            app.metrics.connection_refused();
            tracing::warn!(%peer, "too many connections (server.connections_max)");
            continue;
        };
        tune(&stream, app.config.server.congestion_control.as_deref());
        let connection = Connection { peer, is_tls: tls.is_some(), _permit: permit };
        let (app, tls, closing) = (Arc::clone(app), tls.clone(), closing.subscribe());
        tokio::spawn(async move {
            let Some(tls) = tls else {
                return serve_stream(app, connection, stream, closing).await;
            };
            let limit = app.config.server.header_timeout;
            match tokio::time::timeout(limit, tls.accept(stream)).await {
                Ok(Ok(stream)) => serve_stream(app, connection, stream, closing).await,
                Ok(Err(error)) => tracing::debug!(%peer, %error, "tls failed"),
                Err(_elapsed) => tracing::debug!(%peer, "tls took too long"),
            }
        });
    }
}

/// Sets what keeps latency low. Failing is no reason to turn a browser away.
#[cfg_attr(
    not(target_os = "linux"),
    expect(unused_variables, reason = "Linux alone lets a socket choose")
)]
fn tune(stream: &TcpStream, congestion_control: Option<&str>) {
    let socket = socket2::SockRef::from(stream);
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY cannot be set");
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Err(error) = socket.set_tcp_notsent_lowat(NOTSENT_LOWAT_BYTES) {
        tracing::debug!(%error, "TCP_NOTSENT_LOWAT cannot be set");
    }
    // Where the kernel does not offer it, its own choice stays.
    #[cfg(target_os = "linux")]
    if let Some(name) = congestion_control
        && let Err(error) = socket.set_tcp_congestion(name.as_bytes())
    {
        tracing::debug!(%error, name, "TCP_CONGESTION cannot be set");
    }
    // A browser that vanished without a word is noticed, even by a link that has nothing to say.
    let keepalive = socket2::TcpKeepalive::new().with_time(Duration::from_secs(60));
    if let Err(error) = socket.set_tcp_keepalive(&keepalive) {
        tracing::debug!(%error, "keep-alive cannot be set");
    }
}

/// Answers the requests of one connection.
async fn serve_stream<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    app: Arc<App>,
    connection: Connection,
    stream: S,
    mut closing: watch::Receiver<bool>,
) {
    let header_timeout = app.config.server.header_timeout;
    let connection = Arc::new(connection);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (app, connection) = (Arc::clone(&app), Arc::clone(&connection));
        async move { Ok::<_, Infallible>(router::answer(&app, &connection, request)) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(HEAD_MAX_BYTES);
    let serving = builder.serve_connection(TokioIo::new(stream), service).with_upgrades();
    let mut serving = pin!(serving);
    let closed = async {
        // An error means that the sender is gone, and the gateway with it.
        drop(closing.wait_for(|closing| *closing).await);
    };
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = closed => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "a connection failed");
    }
}

#[cfg(test)]
#[path = "http/http_tests.rs"]
mod tests;

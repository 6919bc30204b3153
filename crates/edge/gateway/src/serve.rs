//! Runs the gateway, from opening its listeners to the end of its last session.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use porthole_dial::TargetPolicy;
use porthole_kubernetes::Departures;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    sync::{Semaphore, watch},
};

use crate::{
    config::Config, http, metrics::Metrics, printing::Printing, sessions::Registry,
    tokens::TokenService,
};

/// How long connections have to end once every session has: what they still write is short.
const CONNECTIONS_END_MAX: Duration = Duration::from_secs(2);

/// How long programs in containers have to end once every session has. One that does not hear of being
/// hung up is killed after two seconds.
const DEPARTURES_MAX: Duration = Duration::from_secs(10);

/// Everything that requests and sessions share.
#[derive(Debug)]
pub struct App {
    /// The configuration.
    pub config: Arc<Config>,
    /// Verifies tokens.
    pub tokens: TokenService,
    /// Which remotes may be reached.
    pub policy: Arc<TargetPolicy>,
    /// What is counted.
    pub metrics: Metrics,
    /// The sessions.
    pub registry: Registry,
    /// What remotes print with.
    pub printing: Printing,
    /// Programs in containers that sessions have started.
    pub departures: Departures,
    /// Whether the gateway is about to leave.
    pub draining: Draining,
    /// One permit for each TCP connection that may be open.
    pub(crate) connections: Arc<Semaphore>,
}

impl App {
    /// Ready to serve; nothing runs yet.
    ///
    /// # Errors
    ///
    /// Only what [`Metrics::new`] says.
    pub fn new(config: Arc<Config>) -> prometheus::Result<Self> {
        Ok(Self {
            printing: Printing::new(&config),
            tokens: TokenService::new(&config.tokens),
            policy: Arc::new(config.policy.clone()),
            metrics: Metrics::new()?,
            registry: Registry::new(&config.session),
            departures: Departures::default(),
            draining: Draining::new(),
            connections: Arc::new(Semaphore::new(config.server.connections_max)),
            config,
        })
    }
}

/// Whether the gateway is about to leave: it then opens no sessions.
#[derive(Debug)]
pub struct Draining(watch::Sender<bool>);

impl Draining {
    fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Whether it has begun.
    pub fn is_on(&self) -> bool {
        *self.0.borrow()
    }

    /// Begins; there is no way back.
    pub fn start(&self) {
        self.0.send_replace(true);
    }

    /// Waits until it begins.
    pub async fn started(&self) {
        let mut receiver = self.0.subscribe();
        // The sender is `self`, so this cannot fail.
        drop(receiver.wait_for(|on| *on).await);
    }
}

/// Why the gateway could not run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A listener could not be opened.
    #[error("cannot listen on {address} ({key}): {source}")]
    Listen {
        /// Where.
        address: SocketAddr,
        /// The configuration's key.
        key: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// Signals could not be received.
    #[error("cannot receive signals: {0}")]
    Signals(#[source] std::io::Error),
    /// Metrics could not be set up.
    #[error("cannot set up metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}

/// A gateway whose listeners are open.
#[derive(Debug)]
pub struct Gateway {
    app: Arc<App>,
    listener: TcpListener,
    metrics_listener: Option<TcpListener>,
}

impl Gateway {
    /// Opens the listeners and says in the log where they are.
    ///
    /// # Errors
    ///
    /// [`ServeError::Listen`] or [`ServeError::Metrics`].
    pub async fn bind(config: Arc<Config>) -> Result<Self, ServeError> {
        let listener = listen("http", "server.listen", config.server.listen).await?;
        let metrics_listener = match config.metrics_listen {
            Some(address) => Some(listen("metrics", "metrics.listen", address).await?),
            None => None,
        };
        Ok(Self { app: Arc::new(App::new(config)?), listener, metrics_listener })
    }

    /// Where the HTTP listener is; port 0 in the configuration has become a real one.
    ///
    /// # Errors
    ///
    /// The system does not say.
    pub fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// What requests and sessions share.
    pub const fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Serves until `stop` is done; then opens no more sessions, gives those that live
    /// `server.drain_s` to end, and what they started in containers some seconds, and returns. Dropping it ends everything at once.
    pub async fn run_until(self, stop: impl Future<Output = ()>) {
        let Self { app, listener, metrics_listener } = self;
        let serve_metrics = async {
            match metrics_listener {
                Some(listener) => http::serve_metrics(&app, listener).await,
                None => std::future::pending().await,
            }
        };
        let closing = watch::Sender::new(false);
        let until_drained = async {
            stop.await;
            app.draining.start();
            let drain = app.config.server.drain;
            tracing::info!(sessions = app.registry.count(), limit = ?drain, "draining");
            app.registry.drain(drain).await;
            if tokio::time::timeout(DEPARTURES_MAX, app.departures.ended()).await.is_err() {
                tracing::warn!("programs that sessions have started in containers may have stayed");
            }
        };
        tokio::select! {
            () = until_drained => {}
            () = http::serve(&app, listener, &closing) => {}
            () = serve_metrics => {}
            () = app.tokens.keep_fresh() => {}
        }
        closing.send_replace(true);
        let all = u32::try_from(app.config.server.connections_max).unwrap_or(u32::MAX);
        let ended = app.connections.acquire_many(all);
        if tokio::time::timeout(CONNECTIONS_END_MAX, ended).await.is_err() {
            tracing::debug!("some connections were cut off");
        }
        tracing::info!("stopped");
    }
}

async fn listen(
    name: &'static str,
    key: &'static str,
    address: SocketAddr,
) -> Result<TcpListener, ServeError> {
    let fault = |source| ServeError::Listen { address, key, source };
    let listener = TcpListener::bind(address).await.map_err(fault)?;
    let address = listener.local_addr().map_err(fault)?;
    tracing::info!(listener = name, %address, "listening");
    Ok(listener)
}

/// Serves with `config` until SIGTERM or SIGINT, and drains. A second signal ends it at once.
///
/// # Errors
///
/// [`ServeError`].
pub async fn run(config: Arc<Config>) -> Result<(), ServeError> {
    let mut signals = Signals::new()?;
    let gateway = Gateway::bind(config).await?;
    let (first, stop) = tokio::sync::oneshot::channel::<()>();
    let serving = gateway.run_until(async {
        // An error means that the sender is gone, which is as good a reason.
        let _stopped = stop.await;
    });
    let watching = async {
        signals.next().await;
        let _nobody_waits = first.send(());
        signals.next().await;
        tracing::warn!("a second signal: not waiting for sessions");
    };
    tokio::select! {
        () = serving => {}
        () = watching => {}
    }
    Ok(())
}

/// SIGTERM and SIGINT.
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on these signals no longer end the process by themselves.
    pub(crate) fn new() -> Result<Self, ServeError> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(ServeError::Signals)?,
            interrupt: signal(SignalKind::interrupt()).map_err(ServeError::Signals)?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

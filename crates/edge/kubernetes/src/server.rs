//! An API server, reached through the policy-checked dialler and nothing else.
//!
//! Each request has a connection of its own: what is asked is little, and what goes on for long (a
//! shell, a log, a watch) needs one of its own anyway.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http_body_util::Limited;
use hyper::{
    HeaderMap, Request, Response,
    body::Incoming,
    header::{AUTHORIZATION, HOST, HeaderValue, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use kube::client::Body;
use porthole_dial::{DialError, Dialled, TargetPolicy, Timeouts, Transport, dial, secure};
use porthole_remote::Secure;
use secrecy::ExposeSecret as _;
use tower::{BoxError, service_fn};

use crate::{
    access::{Entrance, SharedEntrance},
    error::{broken, late, misconfigured},
};

/// Longest answer that is collected, in bytes; a log is not collected, and has no end.
const ANSWER_MAX_BYTES: usize = 16 << 20;

/// How long an answer to a plain question may take.
pub(crate) const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Everything that is needed to ask an API server.
#[derive(Clone)]
pub(crate) struct Server {
    inside: Arc<Inside>,
    client: kube::Client,
}

struct Inside {
    entrance: SharedEntrance,
    policy: TargetPolicy,
    timeouts: Timeouts,
    is_local: AtomicBool,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("entrance", &self.inside.entrance).finish_non_exhaustive()
    }
}

impl Server {
    pub(crate) fn new(entrance: Entrance, policy: &TargetPolicy, timeouts: &Timeouts) -> Self {
        let inside = Arc::new(Inside {
            entrance: Arc::new(entrance),
            policy: policy.clone(),
            timeouts: *timeouts,
            is_local: AtomicBool::new(false),
        });
        let shared = Arc::clone(&inside);
        let service = service_fn(move |request: Request<Body>| {
            let inside = Arc::clone(&shared);
            async move {
                // What it means is read where it is known what was asked for.
                inside.answer(request).await.map_err(BoxError::from)
            }
        });
        Self { inside, client: kube::Client::new(service, "default") }
    }

    /// For typed questions.
    pub(crate) fn client(&self) -> kube::Client {
        self.client.clone()
    }

    /// Asks something that is answered by a stream or an upgrade. The answer may have any status.
    pub(crate) async fn send(&self, request: Request<Body>) -> Result<Answer, DialError> {
        self.inside.answer(request).await
    }

    /// Whether the server is on this machine, as far as it has been reached.
    pub(crate) fn is_local(&self) -> bool {
        self.inside.is_local.load(Ordering::Relaxed)
    }
}

/// An answer. Its body is cut at a length, unless it is a log.
pub(crate) type Answer = Response<Limited<Incoming>>;

impl Inside {
    async fn dial(&self) -> Result<Dialled, DialError> {
        let mut dialled = dial(&self.entrance.target, &self.policy, &self.timeouts).await?;
        self.is_local.store(dialled.is_local, Ordering::Relaxed);
        if self.entrance.use_tls {
            let limit = self.timeouts.tls;
            let secured = secure(dialled.stream, &dialled.tls, Secure::Certificate, limit);
            dialled.stream = secured.await?;
        }
        Ok(dialled)
    }

    async fn answer(&self, mut request: Request<Body>) -> Result<Answer, DialError> {
        let is_log = request.uri().path().ends_with("/log");
        let limit = if is_log { usize::MAX } else { ANSWER_MAX_BYTES };
        self.address(&mut request).await?;
        let dialled = self.dial().await?;
        let begun = hyper::client::conn::http1::handshake(TokioIo::new(dialled.stream)).await;
        let (mut sender, connection) = begun.map_err(|error| broken(error.to_string()))?;
        // It ends with the last that holds a part of it.
        tokio::spawn(connection.with_upgrades());
        let answer = sender.send_request(request).await;
        let answer = answer.map_err(|error| broken(error.to_string()))?;
        Ok(answer.map(|body| Limited::new(body, limit)))
    }

    /// Says where a request goes and who asks.
    async fn address(&self, request: &mut Request<Body>) -> Result<(), DialError> {
        let asked = request.uri().path_and_query().map_or("/", |path| path.as_str());
        let path = format!("{}{asked}", self.entrance.prefix);
        *request.uri_mut() = path.parse().map_err(|_| misconfigured("a path is no path"))?;
        let host = match &self.entrance.target.transport {
            Transport::Tcp { host, port } => {
                let bare = host.trim_matches(['[', ']']);
                if bare.contains(':') {
                    format!("[{bare}]:{port}")
                } else {
                    format!("{bare}:{port}")
                }
            }
            _ => "localhost".to_owned(),
        };
        let token = self.entrance.token.read().await?;
        let headers: &mut HeaderMap = request.headers_mut();
        let host = HeaderValue::from_str(&host);
        headers.insert(HOST, host.map_err(|_| misconfigured("the hostname is no hostname"))?);
        headers.insert(USER_AGENT, HeaderValue::from_static("porthole"));
        if let Some(token) = token {
            let line = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()));
            let mut line = line.map_err(|_| misconfigured("the token is no bearer token"))?;
            line.set_sensitive(true);
            headers.insert(AUTHORIZATION, line);
        }
        Ok(())
    }
}

/// Waits for an answer to a plain question, and not for ever.
pub(crate) async fn in_time<T>(
    what: &str,
    asking: impl Future<Output = Result<T, DialError>>,
) -> Result<T, DialError> {
    tokio::time::timeout(ANSWER_MAX, asking).await.unwrap_or_else(|_elapsed| Err(late(what)))
}

//! An API server that behaves as real ones were seen to, and runs what it is asked to run on this
//! machine.
//!
//! What it knows of them: a stream begins with an empty frame of channel 1; frames hold at most 32,769
//! bytes; how a program ended comes as JSON on channel 3, and then the closing frame; version 4 has no
//! end of input, version 5 closes a channel; a server that only knows version 4 answers an offer of
//! version 5 alone with 403; attaching tells success whatever came, and is refused with status 500 and
//! plain text while nothing runs; streams are cut without a closing frame; and a program goes on when
//! its stream is gone.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::needless_pass_by_value,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a server that breaks is a test that fails"
)]

mod guard;
mod program;
mod relay;
mod stream;

use std::{
    collections::{BTreeMap, VecDeque},
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use futures_util::StreamExt as _;
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::{
    Request, Response, StatusCode,
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    sync::{broadcast, watch},
};

use guard::Guard;
pub use guard::Papers;

/// Which server it is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// 1.20: version 4 of the channel protocol.
    Old,
    /// 1.36: version 5.
    New,
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Path and query.
    pub path: String,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Sec-WebSocket-Protocol`.
    pub protocols: Option<String>,
    /// Whether who asked has shown a certificate of the server's authority.
    pub has_certificate: bool,
}

/// What the server answers to a path, instead of what it would.
#[derive(Debug, Clone)]
struct Refusal {
    part: String,
    status: u16,
    body: String,
}

/// Where a program is to be started instead of here: a URL for its command, on a terminal or not.
pub type Relay = Arc<dyn Fn(&[String], bool) -> anyhow::Result<String> + Send + Sync>;

/// A log that is read once.
#[derive(Debug, Clone)]
pub struct LogRun {
    /// What it holds: time stamps and all.
    pub text: String,
    /// Whether it stays open after that, until streams are cut.
    pub stays: bool,
}

/// The server. It ends with the value; programs that it started do not.
#[derive(Debug)]
pub struct FakeCluster {
    address: SocketAddr,
    state: Arc<State>,
    serving: tokio::task::JoinHandle<()>,
}

struct State {
    release: Release,
    /// The token of those who may ask without a certificate; without one, everybody may.
    token: Option<String>,
    pods: Mutex<BTreeMap<String, Value>>,
    others: Mutex<BTreeMap<String, Value>>,
    changes: broadcast::Sender<Value>,
    refusals: Mutex<Vec<Refusal>>,
    logs: Mutex<VecDeque<LogRun>>,
    seen: Mutex<Vec<Seen>>,
    /// Counts up when streams are to be cut.
    cuts: watch::Sender<u32>,
    /// The attached programs' endings: how many were told to end.
    attached: watch::Sender<bool>,
    /// Programs that the containers of this cluster have not got.
    absent: Mutex<Vec<String>>,
    received: Mutex<Vec<Vec<u8>>>,
    relay: Mutex<Option<Relay>>,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("release", &self.release).finish_non_exhaustive()
    }
}

type Body = BoxBody<Bytes, Infallible>;

impl FakeCluster {
    /// Starts one on a port that the system chooses.
    ///
    /// # Panics
    ///
    /// When no port can be had.
    pub async fn start(release: Release) -> Self {
        Self::serve(release, None).await
    }

    /// Starts one behind TLS, which answers 401 to those who have neither the token nor a certificate;
    /// with what it takes to be let in.
    ///
    /// # Panics
    ///
    /// When no port or no certificate can be had.
    pub async fn start_guarded(release: Release) -> (Self, Papers) {
        let (guard, papers) = Guard::new();
        (Self::serve(release, Some(guard)).await, papers)
    }

    async fn serve(release: Release, guard: Option<Guard>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State {
            release,
            token: guard.as_ref().map(|guard| guard.token.clone()),
            pods: Mutex::default(),
            others: Mutex::default(),
            changes: broadcast::channel(64).0,
            refusals: Mutex::default(),
            logs: Mutex::default(),
            seen: Mutex::default(),
            cuts: watch::channel(0).0,
            attached: watch::channel(false).0,
            absent: Mutex::default(),
            received: Mutex::default(),
            relay: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (state, guard) = (Arc::clone(&shared), guard.clone());
                tokio::spawn(async move {
                    match guard {
                        None => converse(stream, state, false).await,
                        Some(guard) => {
                            // Who does not trust the server leaves.
                            let Ok(stream) = guard.acceptor.accept(stream).await else { return };
                            let shown = stream.get_ref().1.peer_certificates().is_some();
                            converse(stream, state, shown).await;
                        }
                    }
                });
            }
        });
        Self { address, state, serving }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Adds or changes a pod of the namespace `default`, and tells who watches.
    pub fn put_pod(&self, pod: Value) {
        let name = pod["metadata"]["name"].as_str().expect("a name").to_owned();
        lock(&self.state.pods).insert(name, pod.clone());
        let _nobody_watches = self.state.changes.send(json!({"type": "MODIFIED", "object": pod}));
    }

    /// Removes a pod, and tells who watches.
    pub fn remove_pod(&self, name: &str) {
        if let Some(pod) = lock(&self.state.pods).remove(name) {
            let _nobody = self.state.changes.send(json!({"type": "DELETED", "object": pod}));
        }
    }

    /// Puts any other object where it is asked for by `path`.
    pub fn put(&self, path: &str, object: Value) {
        lock(&self.state.others).insert(path.to_owned(), object);
    }

    /// Answers every request whose path has `part` in it with this, from now on.
    pub fn refuse(&self, part: &str, status: u16, body: &str) {
        let (part, body) = (part.to_owned(), body.to_owned());
        lock(&self.state.refusals).push(Refusal { part, status, body });
    }

    /// The next log that is asked for.
    pub fn push_log(&self, text: &str, stays: bool) {
        lock(&self.state.logs).push_back(LogRun { text: text.to_owned(), stays });
    }

    /// Cuts every stream as it is, without a closing frame.
    pub fn cut_streams(&self) {
        self.state.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// Lets attached programs end. The server says that they did well.
    pub fn end_attached(&self) {
        self.state.attached.send_replace(true);
    }

    /// From now on there is no program of this name.
    pub fn remove_program(&self, name: &str) {
        lock(&self.state.absent).push(name.to_owned());
    }

    /// From now on programs are started elsewhere.
    pub fn relay_execs(&self, relay: Relay) {
        *lock(&self.state.relay) = Some(relay);
    }

    /// The requests that came.
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.state.seen).clone()
    }

    /// The frames that clients sent, but for input to programs.
    pub fn frames(&self) -> Vec<Vec<u8>> {
        lock(&self.state.received).clone()
    }
}

impl Drop for FakeCluster {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// A pod of one container, `main`, that runs.
pub fn running_pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": name, "namespace": "default", "uid": format!("uid-of-{name}"),
            "resourceVersion": "5", "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {"app": name}
        },
        "spec": {"containers": [{"name": "main", "image": "busybox", "tty": true, "stdin": true}]},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [status_of("main", json!({"running": {"startedAt": "2026-01-01T00:00:01Z"}}))]
        }
    })
}

/// What a pod says of its container `name` in this state.
pub fn status_of(name: &str, state: Value) -> Value {
    json!({
        "name": name, "image": "busybox", "imageID": "", "ready": true, "restartCount": 0,
        "containerID": format!("containerd://{name}"), "state": state
    })
}

/// Answers the requests of one connection.
async fn converse<S>(stream: S, state: Arc<State>, has_certificate: bool)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let state = Arc::clone(&state);
        async move { Ok::<_, Infallible>(state.answer(request, has_certificate).await) }
    });
    let _closed = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
}

impl State {
    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        has_certificate: bool,
    ) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let query = request.uri().query().unwrap_or_default().to_owned();
        let header = |name| {
            let value = request.headers().get(name);
            value.and_then(|value| value.to_str().ok()).map(str::to_owned)
        };
        let authorization = header("authorization");
        let wanted = self.token.as_ref().map(|token| format!("Bearer {token}"));
        let is_known = wanted.is_none() || has_certificate || authorization == wanted;
        lock(&self.seen).push(Seen {
            path: format!("{path}?{query}"),
            authorization,
            protocols: header("sec-websocket-protocol"),
            has_certificate,
        });
        if !is_known {
            return status(401, "Unauthorized", "Unauthorized");
        }
        let refusal = lock(&self.refusals).iter().find(|found| path.contains(&found.part)).cloned();
        if let Some(Refusal { status, body, .. }) = refusal {
            return plain(status, body);
        }
        let words: Vec<&str> = path.trim_matches('/').split('/').collect();
        match words.as_slice() {
            ["api", "v1", "namespaces", "default", "pods"] if query.contains("watch=") => {
                self.watch()
            }
            ["api", "v1", "namespaces", "default", "pods"] => self.list(&query),
            ["api", "v1", "namespaces", "default", "pods", name] => {
                match lock(&self.pods).get(*name) {
                    Some(pod) => plain(200, pod.to_string()),
                    None => not_found(&format!("pods \"{name}\" not found")),
                }
            }
            [.., "pods", name, call @ ("exec" | "attach" | "log")] => {
                if !lock(&self.pods).contains_key(*name) {
                    return not_found(&format!("pods \"{name}\" not found"));
                }
                let call = (*call).to_owned();
                let relay = lock(&self.relay).clone().filter(|_| call == "exec");
                if let Some(relay) = relay {
                    return relay::pass_on(relay, request).await;
                }
                if call == "log" { self.log() } else { stream::open(self, request, &call, &query) }
            }
            _ => match lock(&self.others).get(&path) {
                Some(object) => plain(200, object.to_string()),
                None => not_found("the server could not find the requested resource"),
            },
        }
    }

    fn list(&self, query: &str) -> Response<Body> {
        let wanted = program::pairs(query)
            .into_iter()
            .find(|(key, _)| key == "labelSelector")
            .and_then(|(_, value)| value.strip_prefix("app=").map(str::to_owned));
        let pods = lock(&self.pods);
        let fits = |pod: &&Value| {
            wanted.as_ref().is_none_or(|app| pod["metadata"]["labels"]["app"] == app.as_str())
        };
        let items: Vec<&Value> = pods.values().filter(fits).collect();
        plain(
            200,
            json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": items})
                .to_string(),
        )
    }

    fn watch(&self) -> Response<Body> {
        let changes = self.changes.subscribe();
        let lines = futures_util::stream::unfold(changes, |mut changes| async {
            let change = changes.recv().await.ok()?;
            Some((Ok(Frame::data(Bytes::from(format!("{change}\n")))), changes))
        });
        Response::new(BodyExt::boxed(StreamBody::new(lines)))
    }

    fn log(&self) -> Response<Body> {
        let Some(run) = lock(&self.logs).pop_front() else {
            return plain(400, "container \"main\" in pod is waiting to start".to_owned());
        };
        let first = futures_util::stream::once(async move {
            Ok::<_, Infallible>(Frame::data(Bytes::from(run.text)))
        });
        let mut cuts = self.cuts.subscribe();
        let rest = futures_util::stream::once(async move {
            if run.stays {
                let _cut = cuts.changed().await;
            }
            Ok(Frame::data(Bytes::new()))
        });
        Response::new(BodyExt::boxed(StreamBody::new(Box::pin(first.chain(rest)))))
    }
}

fn not_found(message: &str) -> Response<Body> {
    status(404, "NotFound", message)
}

fn status(code: u16, reason: &str, message: &str) -> Response<Body> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure",
        "message": message, "reason": reason, "code": code
    });
    plain(code, status.to_string())
}

fn plain(status: u16, body: String) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed());
    *response.status_mut() = StatusCode::from_u16(status).expect("a status");
    response
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().expect("no panic")
}

//! A container's log as it grows, read-only.

use std::{convert::Infallible, sync::Arc, time::Duration};

use http_body_util::BodyExt as _;
use hyper::Request;
use kube::client::Body;
use porthole_containers::LogLines;
use porthole_dial::{BoxStream, DialError};
use porthole_remote::{Blame, Cells, Ending};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, ReadHalf, WriteHalf},
    sync::{oneshot, watch},
    time::sleep,
};

use crate::{
    config::LogView,
    error::{Doing, broken, fault},
    pods,
    server::{Answer, Server},
    shell::{Account, Control, Shared, TerminalStream},
    socket::{Place, escaped, refusal},
    wait::is_over,
};

/// Bytes that wait for the terminal.
const BUFFER_BYTES: usize = 256 << 10;

/// Between the end of a log and its being opened anew.
const REOPEN_GAP: Duration = Duration::from_secs(1);

/// How often in a row opening it anew may fail.
const FAILURES_MAX: u32 = 30;

/// Opens a log. What is typed to the stream goes nowhere.
pub(crate) async fn open(
    server: &Server,
    place: Place,
    view: LogView,
) -> Result<(BoxStream, Control), DialError> {
    let answer = request(server, &place, view, None).await?;
    let (ours, theirs) = tokio::io::duplex(BUFFER_BYTES);
    let shared = Arc::new(Shared::default());
    let (resized, _sizes) = watch::channel(Cells::USUAL);
    let (held, let_go) = oneshot::channel();
    let stream = TerminalStream::new(theirs, Arc::clone(&shared), held);
    let control = Control::new(resized, Arc::clone(&shared));
    let log = Log { server: server.clone(), place, view, restarts: None };
    tokio::spawn(run(log, answer, ours, let_go, shared));
    Ok((Box::new(stream), control))
}

async fn run(
    log: Log,
    answer: Answer,
    ours: DuplexStream,
    let_go: oneshot::Receiver<Infallible>,
    shared: Arc<Shared>,
) {
    let (reader, mut writer) = tokio::io::split(ours);
    tokio::select! {
        account = log.follow(answer, &mut writer) => shared.set(account),
        never = swallow(reader) => match never {},
        _ = let_go => {}
    }
}

/// Takes what is typed, so that nobody waits for it to be taken.
async fn swallow(mut reader: ReadHalf<DuplexStream>) -> Infallible {
    let mut bytes = [0; 1024];
    while matches!(reader.read(&mut bytes).await, Ok(1..)) {}
    std::future::pending().await
}

struct Log {
    server: Server,
    place: Place,
    view: LogView,
    /// How often the container had started when it was last looked at.
    restarts: Option<i32>,
}

impl Log {
    /// Passes the log on until the container will write no more.
    async fn follow(mut self, mut answer: Answer, writer: &mut WriteHalf<DuplexStream>) -> Account {
        let mut lines = LogLines::new(self.view.timestamps);
        let mut failures = 0;
        loop {
            if let Err(error) = pass_on(answer, &mut lines, writer).await {
                tracing::debug!(%error, "a log broke off");
            }
            if let Some(ending) = self.ended(writer).await {
                return Account { ending: Some(ending), fault: None };
            }
            if lines.reopen() && writer.write_all(b"\r\n").await.is_err() {
                return Account::default();
            }
            answer = loop {
                sleep(REOPEN_GAP).await;
                match request(&self.server, &self.place, self.view, lines.last()).await {
                    Ok(answer) => break answer,
                    Err(error) if failures < FAILURES_MAX => {
                        tracing::debug!(%error, "a log cannot be opened anew yet");
                        failures += 1;
                    }
                    Err(error) => return Account { ending: None, fault: Some(error) },
                }
                if let Some(ending) = self.ended(writer).await {
                    return Account { ending: Some(ending), fault: None };
                }
            };
            failures = 0;
        }
    }

    /// Whether no more is to come, and why.
    async fn ended(&mut self, writer: &mut WriteHalf<DuplexStream>) -> Option<Ending> {
        let Place { namespace, pod: name, uid, container, .. } = &self.place;
        if self.view.previous {
            return Some(Ending::Other("this is the whole log".to_owned()));
        }
        let pod = match pods::named(&self.server, namespace, name).await {
            Ok(pod) if pod.metadata.uid.as_ref() == Some(uid) => pod,
            Ok(_other) => return Some(Ending::Other("the pod was deleted".to_owned())),
            Err(error) if error.cause() == "kubernetes_not_found" => {
                return Some(Ending::Other("the pod was deleted".to_owned()));
            }
            Err(_unknown) => return None,
        };
        let status = pods::container_status(&pod, container)?;
        let state = status.state.as_ref();
        if let Some(ended) = state.and_then(|state| state.terminated.as_ref())
            && is_over(&pod)
        {
            return Some(Ending::Exited(u32::try_from(ended.exit_code).unwrap_or(255)));
        }
        let is_again = self.restarts.replace(status.restart_count);
        if is_again.is_some_and(|before| before != status.restart_count) {
            let words = b"\x1b[2m-- the container started again --\x1b[0m\r\n";
            // Who does not read any more is noticed with the next line.
            let _gone = writer.write_all(words).await;
        }
        None
    }
}

/// Passes on what an answer holds.
async fn pass_on(
    answer: Answer,
    lines: &mut LogLines,
    writer: &mut WriteHalf<DuplexStream>,
) -> Result<(), DialError> {
    let mut body = answer.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(error.to_string()))?;
        let Ok(data) = frame.into_data() else { continue };
        let shown = lines.take(&data);
        writer.write_all(&shown).await.map_err(DialError::Broken)?;
    }
    Ok(())
}

/// Asks for a log, or for what follows a time stamp.
async fn request(
    server: &Server,
    place: &Place,
    view: LogView,
    since: Option<&str>,
) -> Result<Answer, DialError> {
    let Place { namespace, pod, container, .. } = place;
    let how = if view.previous { "previous=true" } else { "follow=true" };
    let from = match (since, view.tail) {
        (Some(since), _) => format!("&sinceTime={}", escaped(since)),
        (None, Some(tail)) => format!("&tailLines={tail}"),
        (None, None) => String::new(),
    };
    let path = format!(
        "/api/v1/namespaces/{}/pods/{}/log?container={}&timestamps=true&{how}{from}",
        escaped(namespace),
        escaped(pod),
        escaped(container),
    );
    let request = Request::get(path).body(Body::empty());
    let request =
        request.map_err(|error| fault("kubernetes_broken", Blame::Operator, error.to_string()))?;
    let answer = server.send(request).await?;
    if answer.status().is_success() {
        return Ok(answer);
    }
    let thing = format!("pod {pod}");
    let doing = Doing { what: "read logs", needs: "get on pods/log", namespace, thing: &thing };
    Err(refusal(answer, doing).await)
}

//! The streams of exec and attach.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{SinkExt as _, StreamExt as _, stream::SplitSink};
use hyper::{Request, Response, StatusCode, body::Incoming, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, frame::coding::CloseCode},
    },
};

use super::{
    Body, Release, State, lock, plain,
    program::{Output, Program, pairs},
};

/// Most of a program's output in one frame, without the channel.
const FRAME_MAX_BYTES: usize = 32 << 10;

type Sink = SplitSink<WebSocketStream<TokioIo<Upgraded>>, Message>;

/// Answers the upgrade, and serves the stream.
pub(super) fn open(
    state: Arc<State>,
    request: Request<Incoming>,
    call: &str,
    query: &str,
) -> Response<Body> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned()
    };
    let offered: Vec<String> =
        header("sec-websocket-protocol").split(',').map(|word| word.trim().to_owned()).collect();
    let version = match state.release {
        Release::New if offered.iter().any(|word| word == "v5.channel.k8s.io") => {
            "v5.channel.k8s.io"
        }
        _ if offered.iter().any(|word| word == "v4.channel.k8s.io") => "v4.channel.k8s.io",
        _ => return plain(403, "unable to upgrade: unable to negotiate protocol".to_owned()),
    };
    let name = request.uri().path().split('/').nth(6).unwrap_or_default().to_owned();
    let runs = lock(&state.pods)
        .get(&name)
        .is_some_and(|pod| pod["status"]["containerStatuses"][0]["state"]["running"].is_object());
    if !runs {
        return plain(500, "container not running (0123) at 10.1.2.3:10250".to_owned());
    }
    let accept = derive_accept_key(header("sec-websocket-key").as_bytes());
    let (query, is_attach) = (pairs(query), call == "attach");
    let has_close = version.starts_with("v5");
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else { return };
        let socket =
            WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        serve(&state, socket, &query, is_attach, has_close).await;
    });
    let mut response = plain(101, String::new());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    for (name, value) in [
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-accept", accept.as_str()),
        ("sec-websocket-protocol", version),
    ] {
        headers.insert(
            hyper::header::HeaderName::try_from(name).expect("a name"),
            value.parse().expect("a value"),
        );
    }
    response
}

async fn serve(
    state: &State,
    socket: WebSocketStream<TokioIo<Upgraded>>,
    query: &[(String, String)],
    is_attach: bool,
    has_close: bool,
) {
    let value =
        |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let command: Vec<String> =
        query.iter().filter(|(key, _)| key == "command").map(|(_, word)| word.clone()).collect();
    let mut cuts = state.cuts.subscribe();
    let (mut sink, mut source) = socket.split();
    send(&mut sink, 1, b"").await;
    let (output, mut outputs) = mpsc::channel(8);
    let program = if is_attach {
        Ok(Program::attached(state.attached.subscribe(), output))
    } else if lock(&state.absent).iter().any(|name| Some(name) == command.first()) {
        Err(absent(command.first().map_or("", String::as_str)))
    } else {
        Program::start(
            &command,
            value("tty") == Some("true"),
            value("stdin") == Some("true"),
            output,
        )
        .map_err(|error| absent(&error.to_string()))
    };
    let mut program = match program {
        Ok(program) => program,
        Err(status) => return finish(&mut sink, &status).await,
    };
    loop {
        tokio::select! {
            // The stream is gone. What runs goes on.
            Ok(()) = cuts.changed() => return,
            message = source.next() => match message {
                Some(Ok(Message::Binary(frame))) => {
                    let Some((channel, rest)) = frame.split_first() else { continue };
                    match channel {
                        0 => program.write(rest),
                        4 => {
                            program.resize(rest);
                            lock(&state.received).push(frame.to_vec());
                        }
                        255 if has_close => program.close_input(),
                        _ => lock(&state.received).push(frame.to_vec()),
                    }
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return program.abandon(outputs),
                Some(Ok(_)) => {}
            },
            output = outputs.recv() => match output {
                Some(Output::Out(bytes)) => send_all(&mut sink, 1, &bytes).await,
                Some(Output::Err(bytes)) => send_all(&mut sink, 2, &bytes).await,
                Some(Output::Ended(code)) => {
                    // An attached program did well, whatever it did.
                    let code = if is_attach { 0 } else { code };
                    return finish(&mut sink, &ended(code)).await;
                }
                None => return,
            },
        }
    }
}

async fn send_all(sink: &mut Sink, channel: u8, bytes: &[u8]) {
    for piece in bytes.chunks(FRAME_MAX_BYTES) {
        send(sink, channel, piece).await;
    }
}

async fn send(sink: &mut Sink, channel: u8, bytes: &[u8]) {
    let frame = [&[channel], bytes].concat();
    // A client that is gone is noticed when it is read.
    let _gone = sink.send(Message::Binary(Bytes::from(frame))).await;
}

async fn finish(sink: &mut Sink, status: &Value) {
    send(sink, 3, status.to_string().as_bytes()).await;
    let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
    let _gone = sink.send(Message::Close(Some(frame))).await;
    // The client's own closing frame, so that nothing is reset.
    tokio::time::sleep(Duration::from_millis(50)).await;
}

fn ended(code: u32) -> Value {
    if code == 0 {
        return json!({"metadata": {}, "status": "Success"});
    }
    json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit code {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code.to_string()}]}
    })
}

fn absent(program: &str) -> Value {
    json!({
        "metadata": {}, "status": "Failure", "reason": "InternalError", "code": 500,
        "message": format!(
            "error executing command in container: failed to start exec: OCI runtime exec failed: exec \
             failed: unable to start container process: exec: \"{program}\": executable file not found \
             in $PATH: unknown"
        )
    })
}

//! Passing calls on to a streaming server of the container's run time, as API servers do.

use anyhow::{Context as _, Result, anyhow};
use http_body_util::Empty;
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{Body, Relay, plain, program::pairs};

/// Passes a call on, byte for byte, to where `relay` says.
pub(super) async fn pass_on(relay: Relay, request: Request<Incoming>) -> Response<Body> {
    match try_pass_on(relay, request).await {
        Ok(response) => response,
        Err(error) => plain(500, format!("error dialing backend: {error:#}")),
    }
}

async fn try_pass_on(relay: Relay, request: Request<Incoming>) -> Result<Response<Body>> {
    let query = pairs(request.uri().query().unwrap_or_default());
    let command: Vec<String> =
        query.iter().filter(|(key, _)| key == "command").map(|(_, word)| word.clone()).collect();
    let tty = query.iter().any(|(key, value)| key == "tty" && value == "true");
    let url = tokio::task::spawn_blocking(move || relay(&command, tty)).await??;
    let url: hyper::Uri = url.parse()?;
    let place = url.authority().context("a place")?.to_string();
    let stream = TcpStream::connect(&place).await.context("the streaming server")?;
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    let path = url.path_and_query().context("a path")?.to_string();
    let mut onwards = Request::get(path).header("host", &place);
    for (name, value) in request.headers() {
        if name != "host" && name != "authorization" {
            onwards = onwards.header(name, value);
        }
    }
    let answer = sender.send_request(onwards.body(Empty::<bytes::Bytes>::new())?).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(anyhow!("status {}", answer.status()));
    }
    let mut response = plain(101, String::new());
    *response.headers_mut() = answer.headers().clone();
    tokio::spawn(async move {
        let Ok(theirs) = hyper::upgrade::on(answer).await else { return };
        let Ok(ours) = hyper::upgrade::on(request).await else { return };
        let (mut theirs, mut ours) = (TokioIo::new(theirs), TokioIo::new(ours));
        let _either_ended = tokio::io::copy_bidirectional(&mut ours, &mut theirs).await;
    });
    Ok(response)
}

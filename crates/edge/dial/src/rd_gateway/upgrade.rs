//! The HTTP side: log-on and the upgrade to a WebSocket (`[MS-TSGU]` 3.3.5.1).

use std::{io, pin::pin};

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    client::conn::http1::{Builder, SendRequest},
    header::{self, HeaderValue},
};
use hyper_util::rt::TokioIo;
use porthole_tsgu::{Login, TsguError};
use porthole_wire::text;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};
use zeroize::Zeroizing;

use crate::{stream::BoxStream, websocket::WebSocketBytes};

/// Where gateways serve tunnels.
const PATH: &str = "/remoteDesktopGateway/";

/// Requests of one log-on: one to be asked, two for NTLM.
const REQUESTS_MAX: usize = 3;

/// Longest head of a response, in bytes.
const HEAD_MAX_BYTES: usize = 64 << 10;

/// Longest page that comes with a refusal, in bytes. It is read only to get at the next response.
const PAGE_MAX_BYTES: usize = 256 << 10;

/// Challenges that are looked at.
const CHALLENGES_MAX: usize = 8;

/// Largest message of a gateway, in bytes: one packet, as a rule.
const MESSAGE_MAX_BYTES: usize = porthole_tsgu::PACKET_MAX_BYTES;

/// Why there is no tunnel.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The gateway's, or ours.
    Fault(TsguError),
    /// The connection ended where another request was due.
    Hangup,
    /// The tunnel's stream failed.
    Io(io::Error),
}

impl From<TsguError> for Refusal {
    fn from(fault: TsguError) -> Self {
        Self::Fault(fault)
    }
}

/// Signs in with `login` and turns `stream` into the gateway's WebSocket. `host` is its name and
/// port.
///
/// # Errors
///
/// The gateway lets nobody in, or is none.
pub(super) async fn upgrade(
    stream: BoxStream,
    host: &str,
    login: &mut Login,
) -> Result<WebSocketBytes, Refusal> {
    let (sender, connection) = Builder::new()
        .max_buf_size(HEAD_MAX_BYTES)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| http(&error))?;
    let mut connection = pin!(connection.with_upgrades());
    let mut signing_in = pin!(sign_in(sender, host, login));
    // The connection moves while it is polled, and ends when it has been turned into another.
    tokio::select! {
        biased;
        done = &mut signing_in => return done,
        _ended = &mut connection => {}
    }
    signing_in.await
}

async fn sign_in(
    mut sender: SendRequest<Empty<Bytes>>,
    host: &str,
    login: &mut Login,
) -> Result<WebSocketBytes, Refusal> {
    let connection_id = connection_id().map_err(Refusal::Io)?;
    let mut authorization: Option<Zeroizing<String>> = None;
    for _request in 0..REQUESTS_MAX {
        let key = generate_key();
        let request = request(host, &connection_id, &key, authorization.take())?;
        if sender.ready().await.is_err() {
            return Err(Refusal::Hangup);
        }
        let response = sender.send_request(request).await.map_err(|error| {
            if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
                Refusal::Hangup
            } else {
                http(&error)
            }
        })?;
        match response.status() {
            StatusCode::SWITCHING_PROTOCOLS => return websocket(response, &key).await,
            StatusCode::UNAUTHORIZED => {}
            StatusCode::OK => return Err(TsguError::NoWebSocket.into()),
            StatusCode::FORBIDDEN => return Err(TsguError::LogonRefused.into()),
            other => return Err(TsguError::NotAGateway { status: other.as_u16() }.into()),
        }
        let challenges = response.headers().get_all(header::WWW_AUTHENTICATE);
        let challenges: Vec<&str> = challenges
            .iter()
            .filter_map(|challenge| challenge.to_str().ok())
            .take(CHALLENGES_MAX)
            .collect();
        authorization = Some(login.answer(&challenges)?);
        let page = Limited::new(response.into_body(), PAGE_MAX_BYTES).collect().await;
        page.map_err(|error| TsguError::Http { reason: text(error.to_string().as_bytes()) })?;
    }
    Err(TsguError::LogonRefused.into())
}

fn request(
    host: &str,
    connection_id: &str,
    key: &str,
    authorization: Option<Zeroizing<String>>,
) -> Result<Request<Empty<Bytes>>, Refusal> {
    let method = Method::from_bytes(b"RDG_OUT_DATA").map_err(|error| http(&error))?;
    let mut request = Request::builder()
        .method(method)
        .uri(PATH)
        .header(header::HOST, host)
        .header(header::ACCEPT, "*/*")
        .header(header::CACHE_CONTROL, "no-cache")
        .header(header::USER_AGENT, "MS-RDGateway/1.0")
        .header(header::CONNECTION, "Upgrade")
        .header(header::UPGRADE, "websocket")
        .header(header::SEC_WEBSOCKET_VERSION, "13")
        .header(header::SEC_WEBSOCKET_KEY, key)
        .header("RDG-Connection-Id", connection_id);
    if let Some(authorization) = authorization {
        let mut value = HeaderValue::from_str(&authorization).map_err(|error| http(&error))?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    request.body(Empty::new()).map_err(|error| http(&error))
}

async fn websocket(response: Response<Incoming>, key: &str) -> Result<WebSocketBytes, Refusal> {
    let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT);
    if accepted
        .is_none_or(|accepted| accepted.as_bytes() != derive_accept_key(key.as_bytes()).as_bytes())
    {
        let reason = "the websocket upgrade is another's".to_owned();
        return Err(TsguError::Http { reason }.into());
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(|error| http(&error))?;
    let stream: BoxStream = Box::new(TokioIo::new(upgraded));
    let config = WebSocketConfig::default()
        .write_buffer_size(0)
        .max_message_size(Some(MESSAGE_MAX_BYTES))
        .max_frame_size(Some(MESSAGE_MAX_BYTES));
    let socket = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
    Ok(WebSocketBytes::new(socket))
}

/// A random GUID, by which a gateway tells connections apart.
fn connection_id() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let (first, rest) = hex.split_at(8);
    let (second, rest) = rest.split_at(4);
    let (third, rest) = rest.split_at(4);
    let (fourth, fifth) = rest.split_at(4);
    Ok(format!("{{{first}-{second}-{third}-{fourth}-{fifth}}}"))
}

fn http(error: &dyn std::error::Error) -> Refusal {
    TsguError::Http { reason: text(error.to_string().as_bytes()) }.into()
}

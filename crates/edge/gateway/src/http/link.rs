//! `GET /link`: from a request to a WebSocket (RFC 6455 §4.2).

use std::{sync::Arc, time::Duration};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http_body_util::Full;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderName, HeaderValue},
};
use hyper_util::rt::TokioIo;
use porthole_link::{
    HELLO_SUBPROTOCOL_PREFIX, SUBPROTOCOL, TO_GATEWAY_MAX_BYTES, TOKEN_SUBPROTOCOL_PREFIX,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        handshake::derive_accept_key,
        protocol::{Role, WebSocketConfig},
    },
};

use super::{Answer, Connection, origin, peer::Peer, router::text};
use crate::{App, sessions, tokens};

/// How long the connection may take to be handed over once the answer is written.
const UPGRADE_MAX: Duration = Duration::from_secs(10);

/// Longest Hello in a request, in letters of base64: many times what one has.
const HELLO_MAX_LETTERS: usize = 1 << 10;

/// Bytes read from the socket at a time. What browsers send is short; many links are idle.
const READ_BUFFER_BYTES: usize = 4 << 10;

/// Bytes collected before they are written. Frames are written whole, so this is for the rest.
const WRITE_BUFFER_BYTES: usize = 16 << 10;

/// Most bytes that wait to be written: one message of the largest size, and its header.
const WRITE_BUFFER_MAX_BYTES: usize = porthole_link::TO_BROWSER_MAX_BYTES + (64 << 10);

/// What keeps a request from becoming a link: an answer for it and a name for the metrics.
struct Refusal {
    status: StatusCode,
    cause: &'static str,
    words: &'static str,
}

/// What the browser offered, once all is in order.
struct Offer {
    accept_key: String,
    /// Whether it offered our subprotocol; the answer must then choose it.
    subprotocol: bool,
    token: Option<String>,
    /// The first record, if it came with the request.
    hello: Option<Vec<u8>>,
}

/// Answers with 101 and hands the socket to the sessions, or says why not.
pub(super) fn answer(
    app: &Arc<App>,
    connection: &Arc<Connection>,
    peer: &Peer,
    request: &mut Request<Incoming>,
) -> Answer {
    let offer = match check(app, peer, request) {
        Ok(offer) => offer,
        Err(refusal) => {
            app.metrics.link_refused(refusal.cause);
            tracing::info!(peer = %peer.address, cause = refusal.cause, "link refused");
            let mut answer = text(refusal.status, refusal.words);
            if refusal.status == StatusCode::UPGRADE_REQUIRED {
                let headers = answer.headers_mut();
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            return answer;
        }
    };

    let upgraded = hyper::upgrade::on(request);
    let (app, connection, address) = (Arc::clone(app), Arc::clone(connection), peer.address);
    let (token, hello) = (offer.token, offer.hello);
    tokio::spawn(async move {
        // Counts against `server.connections_max` as long as the link lives.
        let _connection = connection;
        let socket = async {
            let upgraded = match tokio::time::timeout(UPGRADE_MAX, upgraded).await {
                Ok(Ok(upgraded)) => TokioIo::new(upgraded),
                Ok(Err(error)) => {
                    tracing::debug!(peer = %address, %error, "upgrade failed");
                    return None;
                }
                Err(_elapsed) => {
                    tracing::debug!(peer = %address, "upgrade took too long");
                    return None;
                }
            };
            let config = Some(websocket_config());
            Some(WebSocketStream::from_raw_socket(upgraded, Role::Server, config).await)
        };
        sessions::serve_link(app, socket, token, hello, address).await;
    });
    switching(&offer.accept_key, offer.subprotocol)
}

/// Bounds on what one link may hold.
fn websocket_config() -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER_BYTES)
        .write_buffer_size(WRITE_BUFFER_BYTES)
        .max_write_buffer_size(WRITE_BUFFER_MAX_BYTES)
        .max_message_size(Some(TO_GATEWAY_MAX_BYTES))
        .max_frame_size(Some(TO_GATEWAY_MAX_BYTES))
}

fn switching(accept_key: &str, subprotocol: bool) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = answer.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    // Base64 of a hash is always a header's value.
    if let Ok(key) = HeaderValue::from_str(accept_key) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, key);
    }
    if subprotocol {
        let chosen = HeaderValue::from_static(SUBPROTOCOL);
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, chosen);
    }
    answer
}

fn check(app: &App, peer: &Peer, request: &Request<Incoming>) -> Result<Offer, Refusal> {
    let headers = request.headers();
    let refuse = |status, cause, words| Err(Refusal { status, cause, words });
    if !has_word(headers, &header::CONNECTION, "upgrade")
        || !has_word(headers, &header::UPGRADE, "websocket")
    {
        let words = "this address is for WebSockets";
        return refuse(StatusCode::UPGRADE_REQUIRED, "no_upgrade", words);
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let words = "WebSockets of version 13 are spoken here";
        return refuse(StatusCode::UPGRADE_REQUIRED, "version", words);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    let Some(key) = key.filter(|key| STANDARD.decode(key).is_ok_and(|key| key.len() == 16)) else {
        return refuse(StatusCode::BAD_REQUEST, "key", "Sec-WebSocket-Key is missing or wrong");
    };
    if !origin::is_allowed(headers, peer, &app.config.server) {
        let words = "pages of this origin may not open a link here (server.allowed_origins)";
        return refuse(StatusCode::FORBIDDEN, "origin", words);
    }
    let mut offered = Offered::default();
    for value in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        offered.read(value.to_str().unwrap_or_default());
    }
    if offered.any && !offered.ours {
        let words = "the subprotocol porthole.v1 must be offered";
        return refuse(StatusCode::BAD_REQUEST, "subprotocol", words);
    }
    let decode = |letters: String| {
        let fits = letters.len() <= HELLO_MAX_LETTERS;
        URL_SAFE_NO_PAD.decode(letters).ok().filter(|_| fits)
    };
    let hello = match offered.hello.map(decode) {
        Some(None) => {
            let words = "the subprotocol porthole.hello. holds no base64url of a record";
            return refuse(StatusCode::BAD_REQUEST, "hello", words);
        }
        Some(hello) => hello,
        None => None,
    };
    let token = offered.token.or_else(|| query_token(request.uri().query().unwrap_or_default()));
    Ok(Offer {
        accept_key: derive_accept_key(key),
        subprotocol: offered.ours,
        token: token.filter(|token| tokens::fits(token)),
        hello,
    })
}

/// Subprotocols that the browser offered.
#[derive(Default)]
struct Offered {
    any: bool,
    ours: bool,
    token: Option<String>,
    hello: Option<String>,
}

impl Offered {
    fn read(&mut self, value: &str) {
        for name in value.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            self.any = true;
            self.ours |= name == SUBPROTOCOL;
            if let Some(token) = name.strip_prefix(TOKEN_SUBPROTOCOL_PREFIX) {
                self.token.get_or_insert_with(|| token.to_owned());
            }
            if let Some(hello) = name.strip_prefix(HELLO_SUBPROTOCOL_PREFIX) {
                self.hello.get_or_insert_with(|| hello.to_owned());
            }
        }
    }
}

/// The value of `token` in a query. A token has no character that would need escaping.
fn query_token(query: &str) -> Option<String> {
    query.split('&').find_map(|pair| pair.strip_prefix("token=")).map(str::to_owned)
}

/// Whether a header that is a list of words has `word` among them.
fn has_word(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        let words = value.to_str().unwrap_or_default().split(',');
        words.map(str::trim).any(|found| found.eq_ignore_ascii_case(word))
    })
}

//! From a request to its answer.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderValue},
};

use super::{Answer, Connection, headers, link, peer::Peer, site};
use crate::App;

/// Answers one request. There are no redirects, so none can be bent to lead elsewhere.
pub(super) fn answer(
    app: &Arc<App>,
    connection: &Arc<Connection>,
    mut request: Request<Incoming>,
) -> Answer {
    let peer = Peer::of(connection, request.headers(), &app.config.server.trusted_proxies);
    let mut answer = route(app, connection, &peer, &mut request);
    headers::secure(answer.headers_mut(), &app.config.server, connection.is_tls);
    // Neither query nor headers: tokens travel in both.
    tracing::debug!(
        method = %request.method(),
        path = %porthole_wire::text(request.uri().path().as_bytes()),
        status = answer.status().as_u16(),
        peer = %peer.address,
        "request"
    );
    if *request.method() == Method::HEAD {
        // hyper sends no body for HEAD, but keeps the length that it would have.
        let length = hyper::body::Body::size_hint(answer.body()).exact().unwrap_or_default();
        answer.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        *answer.body_mut() = Full::default();
    }
    answer
}

fn route(
    app: &Arc<App>,
    connection: &Arc<Connection>,
    peer: &Peer,
    request: &mut Request<Incoming>,
) -> Answer {
    // Only the form that browsers and proxies send: a path. `http://other/` and `*` are not ours.
    if request.uri().authority().is_some() || !request.uri().path().starts_with('/') {
        return text(StatusCode::BAD_REQUEST, "the request must name a path");
    }
    let path = request.uri().path().to_owned();
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match path.as_str() {
        "/link" if *request.method() == Method::GET => link::answer(app, connection, peer, request),
        "/link" => not_allowed("GET"),
        "/healthz" if is_read => text(StatusCode::OK, "ok"),
        "/readyz" if is_read => ready(app),
        _ => match site::find(&path) {
            Some(asset) if is_read => site::answer(asset, request.headers()),
            None if is_read => text(StatusCode::NOT_FOUND, "there is nothing here"),
            None if !matches!(path.as_str(), "/healthz" | "/readyz") => {
                text(StatusCode::NOT_FOUND, "there is nothing here")
            }
            _ => not_allowed("GET, HEAD"),
        },
    }
}

/// Whether new sessions can be opened here.
fn ready(app: &App) -> Answer {
    if app.draining.is_on() {
        text(StatusCode::SERVICE_UNAVAILABLE, "draining")
    } else if !app.tokens.is_ready() {
        text(StatusCode::SERVICE_UNAVAILABLE, "no key to verify tokens with has been fetched yet")
    } else {
        text(StatusCode::OK, "ready")
    }
}

fn not_allowed(methods: &'static str) -> Answer {
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here");
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
    answer
}

/// A short answer for people.
pub(super) fn text(status: StatusCode, words: &'static str) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::from_static(words.as_bytes())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, plain);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

//! Fetches a key set over HTTP. The address is the operator's, so the policy for remotes, which
//! is about what tokens may name, does not apply.

use std::{io, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use porthole_dial::{BoxStream, DialError};
use porthole_remote::Secure;
use porthole_token::{Jwks, KeySet, TokenError};
use tokio::net::TcpStream;

use crate::config::JwksSource;

/// How long fetching may take, from the name to the last byte.
const FETCH_MAX: Duration = Duration::from_secs(5);

/// Largest body, in bytes.
const BODY_MAX_BYTES: usize = 256 << 10;

/// Why a key set could not be fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address has no host.
    #[error("the address has no host")]
    NoHost,
    /// No connection.
    #[error("connecting failed: {0}")]
    Connect(#[source] io::Error),
    /// TLS could not be set up.
    #[error(transparent)]
    Tls(#[from] DialError),
    /// Not HTTP, or broken off.
    #[error("http failed: {0}")]
    Http(#[from] hyper::Error),
    /// Redirects are not followed: they could lead anywhere.
    #[error("the server answered with status {0}")]
    Status(StatusCode),
    /// The body is too long or broke off.
    #[error("the answer is longer than 256 KiB, or broke off")]
    Body,
    /// Took too long.
    #[error("it took longer than {FETCH_MAX:?}")]
    Timeout,
    /// What came is no key set.
    #[error(transparent)]
    Keys(#[from] TokenError),
}

/// Fetches the set, within five seconds and 256 KiB.
pub(super) async fn fetch(source: &JwksSource) -> Result<Jwks, FetchError> {
    let body = tokio::time::timeout(FETCH_MAX, get(source))
        .await
        .map_err(|_elapsed| FetchError::Timeout)??;
    Ok(KeySet::from_jwks(&body)?)
}

/// `url` without what may be a credential.
pub(super) fn without_query(url: &Uri) -> String {
    let text = url.to_string();
    text.split('?').next().unwrap_or_default().to_owned()
}

async fn get(source: &JwksSource) -> Result<Bytes, FetchError> {
    let url = &source.url;
    let host = url.host().ok_or(FetchError::NoHost)?;
    let is_tls = url.scheme_str() == Some("https");
    let port = url.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
    let address = (host.trim_matches(['[', ']']), port);
    let stream = TcpStream::connect(address).await.map_err(FetchError::Connect)?;
    let stream: BoxStream = if is_tls {
        porthole_dial::secure(Box::new(stream), &source.tls, Secure::Certificate, FETCH_MAX).await?
    } else {
        Box::new(stream)
    };

    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let authority = url.authority().map_or("", |authority| authority.as_str());
    let request = Request::get(path)
        .header(header::HOST, authority)
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .header(header::USER_AGENT, concat!("porthole/", env!("CARGO_PKG_VERSION")))
        .body(Empty::<Bytes>::new())
        .map_err(|_invalid| FetchError::NoHost)?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), BODY_MAX_BYTES);
        Ok(body.collect().await.map_err(|_too_long_or_broken| FetchError::Body)?.to_bytes())
    };
    // The connection does the reading and writing, so both run side by side.
    tokio::pin!(exchange, connection);
    tokio::select! {
        body = &mut exchange => body,
        ended = &mut connection => {
            ended?;
            exchange.await
        }
    }
}

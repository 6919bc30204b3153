//! How a viewer connects.

use std::net::SocketAddr;

use anyhow::Result;
use porthole_link::{Feature, Hello, Resume, SUBPROTOCOL, TOKEN_SUBPROTOCOL_PREFIX};
use porthole_pixels::Size;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;

use super::plain_hello;

/// What is done with pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Painting {
    /// Images are decoded, and the picture is kept.
    #[default]
    Keep,
    /// Drawing records are checked and counted, and no pixel is touched: for benchmarks, where
    /// the viewer's work must not count as the gateway's.
    Skip,
}

/// Where the token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TokenPlace {
    /// As a subprotocol.
    #[default]
    Subprotocol,
    /// In the query, with no subprotocol offered.
    Query,
}

/// How a viewer connects.
#[derive(Debug, Clone)]
pub struct ViewerOptions {
    /// The gateway.
    pub address: SocketAddr,
    /// The token, if there is one.
    pub token: Option<String>,
    /// Where it travels.
    pub token_place: TokenPlace,
    /// The `Origin` header, which programs need not send.
    pub origin: Option<String>,
    /// The first record.
    pub hello: Hello,
    /// What is done with pixels.
    pub painting: Painting,
    /// Whether frames are acknowledged as they come.
    pub acks: bool,
}

impl ViewerOptions {
    /// An ordinary viewer of the session that `token` opens.
    pub fn new(address: SocketAddr, token: impl Into<String>) -> Self {
        Self {
            address,
            token: Some(token.into()),
            token_place: TokenPlace::default(),
            origin: None,
            hello: plain_hello(),
            painting: Painting::default(),
            acks: true,
        }
    }

    /// With a session to come back to.
    #[must_use]
    pub fn resuming(mut self, resume: Option<Resume>) -> Self {
        self.hello.resume = resume;
        self
    }

    /// With a wish for the remote's size.
    #[must_use]
    pub fn wishing(mut self, size: Size) -> Self {
        self.hello.size = size;
        self
    }

    /// Drawing text remotes itself.
    #[must_use]
    pub const fn drawing_text(mut self) -> Self {
        self.hello.features |= Feature::TERMINAL;
        self
    }

    /// Without touching pixels.
    #[must_use]
    pub fn skipping_pixels(mut self) -> Self {
        self.painting = Painting::Skip;
        self
    }

    pub(super) fn offers_subprotocol(&self) -> bool {
        self.token_place == TokenPlace::Subprotocol
    }

    pub(super) fn request(&self) -> Result<Request> {
        let token = self.token.as_deref();
        let query = match token.filter(|_| !self.offers_subprotocol()) {
            Some(token) => format!("?token={token}"),
            None => String::new(),
        };
        let url = format!("ws://{}/link{query}", self.address);
        let mut request = url.into_client_request()?;
        let headers = request.headers_mut();
        if self.offers_subprotocol() {
            let mut offer = SUBPROTOCOL.to_owned();
            if let Some(token) = token {
                offer.push_str(", ");
                offer.push_str(TOKEN_SUBPROTOCOL_PREFIX);
                offer.push_str(token);
            }
            headers.insert("sec-websocket-protocol", HeaderValue::try_from(offer)?);
        }
        if let Some(origin) = &self.origin {
            headers.insert("origin", HeaderValue::try_from(origin)?);
        }
        Ok(request)
    }
}

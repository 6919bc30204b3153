//! The client's files, which the build has packed into the binary.

use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{self, HeaderValue},
};

use super::{
    Answer,
    encoding::{self, Encoding},
};

/// One file.
pub(super) struct Asset {
    /// Its path, which begins with a slash.
    path: &'static str,
    media_type: &'static str,
    /// Part of its SHA-256, in hexadecimal.
    etag: &'static str,
    /// Whether its name changes with its contents.
    immutable: bool,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// What `build.rs` found.
static SITE: &[Asset] = include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// The file at `path`, letter by letter: nothing is decoded, joined or cleaned up, so there is
/// nothing to climb out of.
pub(super) fn find(path: &str) -> Option<&'static Asset> {
    let path = match path {
        "/" | "/s" => "/index.html",
        other => other,
    };
    SITE.iter().find(|asset| asset.path == path)
}

/// The file, or word that the browser has it already.
pub(super) fn answer(asset: &'static Asset, request: &HeaderMap) -> Answer {
    let encoding = encoding::choose(request, asset.brotli.is_some(), asset.gzip.is_some());
    let body = match encoding {
        Encoding::Brotli => asset.brotli.unwrap_or(asset.plain),
        Encoding::Gzip => asset.gzip.unwrap_or(asset.plain),
        Encoding::Plain => asset.plain,
    };
    // Each encoding is a representation of its own (RFC 9110 §8.8.3.3).
    let etag = match encoding.name() {
        Some(name) => format!("\"{}-{name}\"", asset.etag),
        None => format!("\"{}\"", asset.etag),
    };
    let has_it = names_etag(request, &etag);
    let mut answer =
        Response::new(if has_it { Full::default() } else { Full::new(Bytes::from_static(body)) });
    if has_it {
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
    }

    let headers = answer.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag) {
        headers.insert(header::ETAG, etag);
    }
    let caching = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if asset.brotli.is_some() || asset.gzip.is_some() {
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    }
    if !has_it {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
        if let Some(name) = encoding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
    }
    answer
}

/// Whether `If-None-Match` names `etag`; weak ones count (RFC 9110 §13.1.2).
fn names_etag(request: &HeaderMap, etag: &str) -> bool {
    request.get_all(header::IF_NONE_MATCH).iter().any(|value| {
        value
            .to_str()
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
    })
}

/// A file that may be cached for good, for tests.
#[cfg(test)]
pub(super) fn any_immutable_path() -> Option<&'static str> {
    SITE.iter().find(|asset| asset.immutable).map(|asset| asset.path)
}

/// The file that compresses best, for tests.
#[cfg(test)]
pub(super) fn largest_path() -> Option<&'static str> {
    SITE.iter().max_by_key(|asset| asset.plain.len()).map(|asset| asset.path)
}

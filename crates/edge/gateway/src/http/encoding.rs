//! Which compression a browser takes (RFC 9110 §12.5.3).

use hyper::{HeaderMap, header};

/// A way to send a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Brotli,
    Gzip,
    Plain,
}

impl Encoding {
    /// The name in `Content-Encoding`, when there is one.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::Brotli => Some("br"),
            Self::Gzip => Some("gzip"),
            Self::Plain => None,
        }
    }
}

/// The best of what the file has and the browser takes. Brotli is smaller, so it goes first
/// whatever the weights, as long as they are not zero.
pub(super) fn choose(headers: &HeaderMap, has_brotli: bool, has_gzip: bool) -> Encoding {
    if has_brotli && accepts(headers, "br") {
        Encoding::Brotli
    } else if has_gzip && accepts(headers, "gzip") {
        Encoding::Gzip
    } else {
        Encoding::Plain
    }
}

fn accepts(headers: &HeaderMap, name: &str) -> bool {
    let mut by_star = false;
    for value in headers.get_all(header::ACCEPT_ENCODING) {
        for item in value.to_str().unwrap_or_default().split(',') {
            let mut parts = item.split(';').map(str::trim);
            let coding = parts.next().unwrap_or_default();
            let weight = parts.find_map(|part| part.strip_prefix("q="));
            let is_wanted = weight.is_none_or(|q| q.parse::<f32>().is_ok_and(|q| q > 0.0));
            if coding.eq_ignore_ascii_case(name) {
                return is_wanted;
            }
            by_star |= coding == "*" && is_wanted;
        }
    }
    by_star
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, header};

    use super::{Encoding, choose};

    #[test]
    fn follows_accept_encoding() {
        for (accept, want) in [
            ("gzip, deflate, br, zstd", Encoding::Brotli),
            ("gzip;q=1.0, br;q=0.1", Encoding::Brotli),
            ("br;q=0, gzip", Encoding::Gzip),
            ("GZIP", Encoding::Gzip),
            ("*", Encoding::Brotli),
            ("*;q=0", Encoding::Plain),
            ("br;q=0, *", Encoding::Gzip),
            ("identity", Encoding::Plain),
            ("br;q=junk", Encoding::Plain),
            ("", Encoding::Plain),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accept.parse().unwrap());
            assert_eq!(choose(&headers, true, true), want, "{accept:?}");
        }
        assert_eq!(choose(&HeaderMap::new(), true, true), Encoding::Plain);
    }
}

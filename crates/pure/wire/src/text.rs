//! A peer's words, made fit to print.

/// Longest text that [`text`] passes on, in bytes.
pub const TEXT_MAX_BYTES: usize = 256;

/// Turns `bytes` from a peer into one printable line of at most [`TEXT_MAX_BYTES`] bytes.
///
/// Control characters and the Unicode direction overrides become spaces, so the text cannot
/// forge a log line or a terminal escape; what is not UTF-8 becomes U+FFFD.
pub fn text(bytes: &[u8]) -> String {
    // Cut before decoding, so that a peer's megabyte costs no more than its first bytes.
    let head = bytes.get(..TEXT_MAX_BYTES).unwrap_or(bytes);
    let mut line = String::with_capacity(head.len());
    for character in String::from_utf8_lossy(head).chars() {
        let shown = if is_forgeable(character) { ' ' } else { character };
        if line.len() + shown.len_utf8() > TEXT_MAX_BYTES {
            break;
        }
        line.push(shown);
    }
    line.trim().to_owned()
}

/// Characters that could change how the text around them is read.
fn is_forgeable(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

#[cfg(test)]
mod tests {
    use super::{TEXT_MAX_BYTES, text};

    #[test]
    fn prints_on_one_line() {
        let cases: [(&[u8], &str); 5] = [
            (b"plain words", "plain words"),
            (b"two\nlines\x1b[31m", "two lines [31m"),
            ("r\u{202e}evers".as_bytes(), "r evers"),
            (b"caf\xe9", "caf\u{fffd}"),
            (b"", ""),
        ];
        for (bytes, want) in cases {
            assert_eq!(text(bytes), want);
        }
    }

    #[test]
    fn cuts_long_text() {
        assert_eq!(text(&[b'x'; 5000]).len(), TEXT_MAX_BYTES);
        // Replacement characters are wider than what they replace; the limit still holds.
        assert!(text(&[0xff; 5000]).len() <= TEXT_MAX_BYTES);
    }
}

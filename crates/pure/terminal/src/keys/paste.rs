//! What is pasted, made fit to be typed.

use bytes::{BufMut, BytesMut};

/// Most bytes of a paste; the rest is left out.
const PASTE_MAX_BYTES: usize = 16 << 20;

/// Appends what a paste of `text` types: line ends as Enter, and no control character but the tab,
/// so that nothing in it can end the brackets or pass for a key.
pub(crate) fn paste(text: &str, is_bracketed: bool, out: &mut BytesMut) {
    if is_bracketed {
        out.put_slice(b"\x1b[200~");
    }
    let mut end = text.len().min(PASTE_MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut was_return = false;
    for typed in text.get(..end).unwrap_or_default().chars() {
        match typed {
            '\n' if was_return => {}
            '\n' | '\r' => out.put_u8(b'\r'),
            '\t' => out.put_u8(b'\t'),
            other if other.is_control() => {}
            other => out.put_slice(other.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        was_return = typed == '\r';
    }
    if is_bracketed {
        out.put_slice(b"\x1b[201~");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pasted(text: &str, is_bracketed: bool) -> Vec<u8> {
        let mut out = BytesMut::new();
        paste(text, is_bracketed, &mut out);
        out.to_vec()
    }

    #[test]
    fn line_ends_become_enter() {
        assert_eq!(
            pasted("a\r\nb\nc\rd\n\n\u{e9}\te", false),
            "a\rb\rc\rd\r\r\u{e9}\te".as_bytes()
        );
    }

    #[test]
    fn nothing_ends_the_brackets() {
        let text = "x\x1b[201~rm\x03\u{9b}201~\x7f\0y";
        assert_eq!(pasted(text, true), b"\x1b[200~x[201~rm201~y\x1b[201~");
    }
}

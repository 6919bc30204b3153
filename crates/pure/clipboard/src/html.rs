//! Microsoft's HTML clipboard format: a head of byte places in decimal, then a document in which
//! they mark a fragment.

/// How far from the beginning the places are looked for, in bytes.
const HEAD_MAX_BYTES: usize = 512;

/// Room that the head and the document take beyond the fragment, in bytes.
pub const AROUND_MAX_BYTES: usize = 1024;

const BEFORE: &str = "<html><body>\r\n<!--StartFragment-->";
const AFTER: &str = "<!--EndFragment-->\r\n</body></html>";

/// The fragment in what a server sent. Without places that make sense, all of it is one.
pub fn decode(bytes: &[u8]) -> String {
    let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let bytes = bytes.get(..end).unwrap_or_default();
    let fragment = match (place(bytes, b"StartFragment:"), place(bytes, b"EndFragment:")) {
        (Some(start), Some(end)) => bytes.get(start..end),
        _ => None,
    };
    String::from_utf8_lossy(fragment.unwrap_or(bytes)).replace("\r\n", "\n")
}

/// The decimal number behind `name` in the head.
fn place(bytes: &[u8], name: &[u8]) -> Option<usize> {
    let head = bytes.get(..HEAD_MAX_BYTES).unwrap_or(bytes);
    let at = head.windows(name.len()).position(|window| window == name)?;
    let rest = head.get(at + name.len()..)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).take(10);
    let mut number = None;
    for digit in digits {
        number = Some(number.unwrap_or(0) * 10 + usize::from(digit - b'0'));
    }
    number
}

/// What to send for `fragment`, with a zero byte at its end.
pub fn encode(fragment: &str) -> Vec<u8> {
    let head = |html: usize, start: usize, end: usize, all: usize| {
        format!(
            "Version:0.9\r\nStartHTML:{html:010}\r\nEndHTML:{all:010}\r\n\
             StartFragment:{start:010}\r\nEndFragment:{end:010}\r\n"
        )
    };
    // The numbers have a fixed width, so any will do to measure with.
    let html = head(0, 0, 0, 0).len();
    let start = html + BEFORE.len();
    let end = start + fragment.len();
    let head = head(html, start, end, end + AFTER.len());
    [head.as_bytes(), BEFORE.as_bytes(), fragment.as_bytes(), AFTER.as_bytes(), &[0]].concat()
}

#[cfg(test)]
mod tests {
    use super::{AROUND_MAX_BYTES, decode, encode};

    #[test]
    fn a_fragment_survives_the_round_trip() {
        for fragment in ["", "<b>bold</b>", "\u{65e5}\u{672c} <i>\n</i>"] {
            let bytes = encode(fragment);
            assert!(bytes.len() <= fragment.len() + AROUND_MAX_BYTES);
            assert_eq!(decode(&bytes), fragment);
        }
    }

    #[test]
    fn reads_what_others_write() {
        // As a browser on Windows writes it.
        let bytes = b"Version:0.9\r\nStartHTML:0000000105\r\nEndHTML:0000000183\r\n\
            StartFragment:0000000141\r\nEndFragment:0000000147\r\n\
            <html>\r\n<body>\r\n<!--StartFragment--><b>x</b><!--EndFragment-->\r\n</body>\r\n</html>\0";
        assert_eq!(&bytes[141..149], b"<b>x</b>");
        let bytes = String::from_utf8_lossy(bytes).replace("0000000147", "0000000149");
        assert_eq!(decode(bytes.as_bytes()), "<b>x</b>");
    }

    #[test]
    fn without_places_all_of_it_is_the_fragment() {
        for (bytes, want) in [
            (&b"<b>x</b>\0\0"[..], "<b>x</b>"),
            (b"", ""),
            (b"\0", ""),
            (b"StartFragment:9999999999EndFragment:1", "StartFragment:9999999999EndFragment:1"),
            (b"StartFragment:5\r\nEndFragment:2", "StartFragment:5\nEndFragment:2"),
            (b"StartFragment:EndFragment:2", "StartFragment:EndFragment:2"),
            (b"EndFragment:2StartFragment:0", "En"),
            (b"caf\xe9", "caf\u{fffd}"),
        ] {
            assert_eq!(decode(bytes), want);
        }
    }
}

//! Latin-1 clipboard text.

/// What the server has, with `\n` alone at the end of lines.
pub(super) fn decode(bytes: &[u8]) -> String {
    let text: String = bytes.iter().copied().map(char::from).collect();
    unify_lines(text)
}

/// What the server gets: a character that Latin-1 has not becomes `?`.
pub(super) fn encode(text: &str) -> Vec<u8> {
    text.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
}

/// Makes `\n` of `\r\n`.
pub(super) fn unify_lines(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n") } else { text }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn converts() {
        assert_eq!(decode(b"caf\xe9\r\nau lait\r"), "caf\u{e9}\nau lait\r");
        assert_eq!(encode("caf\u{e9} 5 \u{20ac}\n"), b"caf\xe9 5 ?\n");
    }
}

//! A server's words, for somebody who is not to learn where things are.

use porthole_wire::text;

/// One printable line of `words`, with "(address)" for everything that looks like a network address
/// or a URL: an API server tells where its nodes are in the middle of its sentences.
pub fn without_addresses(words: &str) -> String {
    let line = text(words.trim().as_bytes());
    let shown: Vec<&str> =
        line.split(' ').map(|word| if is_address(word) { "(address)" } else { word }).collect();
    shown.join(" ")
}

fn is_address(word: &str) -> bool {
    let numbers = |separator: char| {
        word.split(|c: char| !c.is_ascii_hexdigit() && c != separator).any(|run| {
            let parts = run.split(separator).filter(|part| !part.is_empty());
            match separator {
                '.' => parts.filter(|part| part.bytes().all(|b| b.is_ascii_digit())).count() >= 4,
                _ => run.contains("::") || parts.count() >= 5,
            }
        })
    };
    // A name with a port is a place as well.
    let bare = word.trim_end_matches([':', ',', '.', '"', ')']);
    let has_port = bare.rsplit_once(':').is_some_and(|(host, port)| {
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        is_number && host.contains('.') && !host.contains('/')
    });
    word.contains("://") || numbers('.') || numbers(':') || has_port
}

#[cfg(test)]
mod tests {
    use super::without_addresses;

    #[test]
    fn hides_places_and_nothing_else() {
        for (words, want) in [
            (
                "error dialing backend: dial tcp 10.0.0.1:10250: connect: connection refused",
                "error dialing backend: dial tcp (address) connect: connection refused",
            ),
            ("Get \"https://node1:10250/exec\": EOF", "Get (address) EOF"),
            ("dial tcp [fd00::12]:10250: refused", "dial tcp (address) refused"),
            ("lookup node-1.example:53: no", "lookup (address) no"),
            ("container not found (\"main\")", "container not found (\"main\")"),
            ("pods \"a-1.2.3\" not found: v1.36.0", "pods \"a-1.2.3\" not found: v1.36.0"),
            ("image registry.example/app:1", "image registry.example/app:1"),
            ("at 12:30:45 exactly", "at 12:30:45 exactly"),
        ] {
            assert_eq!(without_addresses(words), want);
        }
    }
}

//! Names in Windows' spelling: paths with `\`, and patterns of names.

use super::status::Status;

/// Longest path that is read, in bytes of UTF-16, its end included.
pub(super) const PATH_MAX_BYTES: usize = 8192;

/// A path below the drive's root, as the store spells it. What a store would not take either is
/// left for it to refuse.
///
/// Windows' names have no `/` in them, but xrdp spells the paths of what it opens with it, and of what
/// it looks up with `\`: both are between names.
///
/// # Errors
///
/// It is too long, not UTF-16, or has a name in it that would be another in the store.
pub(super) fn store_path(utf16: &[u8]) -> Result<String, Status> {
    let text = text(utf16).ok_or(Status::OBJECT_NAME_INVALID)?.replace('\\', "/");
    let names = text.strip_prefix('/').unwrap_or(&text);
    let names = names.strip_suffix('/').unwrap_or(names);
    // Dots would be other folders.
    if names.split('/').any(|name| matches!(name, "." | "..")) {
        return Err(Status::OBJECT_NAME_INVALID);
    }
    Ok(names.to_owned())
}

/// The last name of a path in which it may be a pattern.
pub(super) fn pattern(utf16: &[u8]) -> Result<String, Status> {
    let text = text(utf16).ok_or(Status::OBJECT_NAME_INVALID)?;
    Ok(text.rsplit(['\\', '/']).next().unwrap_or_default().to_owned())
}

/// UTF-16 up to its zero.
fn text(utf16: &[u8]) -> Option<String> {
    if utf16.len() > PATH_MAX_BYTES {
        return None;
    }
    let (units, _odd) = utf16.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit)).take_while(|unit| *unit != 0);
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

/// UTF-16 without an end.
pub(super) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Whether `name` is one that `pattern` means (`[MS-FSA]` 2.1.4.4), whatever the case: `*` is any
/// characters, `?` one; the others are what `*`, `?` and `.` become in old programs' patterns.
pub(super) fn matches(pattern: &str, name: &str) -> bool {
    let fold = |text: &str| text.chars().flat_map(char::to_uppercase).collect::<Vec<char>>();
    let (pattern, name) = (fold(pattern), fold(name));
    if pattern.is_empty() {
        return true;
    }
    let (mut at, mut in_name) = (0, 0);
    // Where to go on when what follows the last star did not fit: with one character more in it.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let wanted = pattern.get(at).copied();
        let next = name.get(in_name).copied();
        match (wanted, next) {
            (None, None) => return true,
            // DOS_STAR ends before the last dot, which the retries find.
            (Some('*' | '<'), _) => {
                retry = Some((at + 1, in_name));
                at += 1;
                continue;
            }
            // DOS_QM and DOS_DOT may stand for nothing at the end.
            (Some('>' | '"'), None) => {
                at += 1;
                continue;
            }
            (Some(wanted), Some(next)) if is_one(wanted, next) => {
                (at, in_name) = (at + 1, in_name + 1);
                continue;
            }
            _ => {}
        }
        match &mut retry {
            Some((after_star, tried)) if *tried < name.len() => {
                *tried += 1;
                (at, in_name) = (*after_star, *tried);
            }
            _ => return false,
        }
    }
}

/// Whether a character of a pattern that is no star means `next`.
const fn is_one(wanted: char, next: char) -> bool {
    match wanted {
        '?' | '>' => true,
        '"' => next == '.',
        wanted => wanted == next,
    }
}

#[cfg(test)]
mod tests {
    use super::{Status, matches, pattern, store_path, utf16};

    #[test]
    fn paths_become_the_stores() {
        for (windows, want) in [
            ("", ""),
            ("\\", ""),
            ("\\a.txt", "a.txt"),
            ("\\a\\b c\\d", "a/b c/d"),
            ("\\a\\", "a"),
            ("a", "a"),
            ("\\Grüße\\日本", "Grüße/日本"),
            ("\\a\0\\..\\b", "a"),
            ("/", ""),
            ("/a b/c", "a b/c"),
            ("/a\\b/", "a/b"),
            // For the store to refuse.
            ("\\\\a", "/a"),
            ("\\a\\\\b", "a//b"),
            ("//etc/passwd", "/etc/passwd"),
        ] {
            assert_eq!(store_path(&utf16(windows)).as_deref(), Ok(want), "{windows:?}");
        }
        for windows in
            ["\\..", "\\..\\a", "\\a\\..\\..\\b", "..\\a", ".", "/..", "/a/../..", "\\a/.."]
        {
            let refused = Err(Status::OBJECT_NAME_INVALID);
            assert_eq!(store_path(&utf16(windows)), refused, "{windows:?}");
        }
        assert!(store_path(&[0, 0xd8, b'a', 0]).is_err());
        assert!(store_path(&vec![b'a'; 8194]).is_err());
        assert_eq!(pattern(&utf16("\\a\\*.txt")).as_deref(), Ok("*.txt"));
        assert_eq!(pattern(&utf16("/a/*.txt")).as_deref(), Ok("*.txt"));
    }

    #[test]
    fn patterns() {
        for (pattern, name, want) in [
            ("*", "", true),
            ("*", "a.txt", true),
            ("", "a", true),
            ("*.*", "a.txt", true),
            ("*.txt", "a.b.TXT", true),
            ("*.txt", "a.txt.b", false),
            ("a?c", "ABC", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("grüße", "GRÜßE", true),
            ("<.txt", "a.b.txt", true),
            ("a>>", "ab", true),
            ("a\"", "a", true),
            ("a\"b", "a.b", true),
            ("a", "ab", false),
            ("ab", "a", false),
        ] {
            assert_eq!(matches(pattern, name), want, "{pattern:?} {name:?}");
        }
        // Cost stays within the product of the lengths.
        assert!(!matches(&"*a".repeat(100), &"a".repeat(99)));
    }
}

//! Which of a server's paths lie below a root.

use crate::{PATH_MAX_BYTES, SftpError};

/// A directory of a server, as the server resolved it.
///
/// INVARIANT: empty for `/`, else an absolute path without a `/` at its end and without empty names,
/// `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(Vec<u8>);

impl Root {
    /// The root that a server resolved as this path.
    ///
    /// # Errors
    ///
    /// [`SftpError::Malformed`]: that is no absolute path without dots; [`SftpError::OverLimit`].
    pub fn new(resolved: &[u8]) -> Result<Self, SftpError> {
        SftpError::check_limit("path", resolved.len(), PATH_MAX_BYTES)?;
        let trimmed = resolved.strip_suffix(b"/").unwrap_or(resolved);
        if resolved.is_empty() || !(trimmed.is_empty() || is_resolved(trimmed)) {
            return Err(SftpError::Malformed { packet: "path of the root" });
        }
        Ok(Self(trimmed.to_vec()))
    }

    /// Whether it is `/`, which holds everything.
    pub const fn is_all(&self) -> bool {
        self.0.is_empty()
    }

    /// The server's path of a place below: names joined by `/`, or nothing for the root itself. The
    /// caller has checked that no name is empty, `.` or `..`.
    pub fn at(&self, place: &str) -> Vec<u8> {
        let mut path = self.0.clone();
        if !place.is_empty() || path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(place.as_bytes());
        path
    }

    /// Whether a path that the server resolved is the root or lies below it.
    pub fn holds(&self, resolved: &[u8]) -> bool {
        self.below(resolved).is_some()
    }

    /// Every place on the way from the root to a path that the server resolved, the path itself last;
    /// none for the root. `None` for a path that does not lie below.
    pub fn steps<'a>(&self, resolved: &'a [u8]) -> Option<Vec<&'a [u8]>> {
        let below = self.below(resolved)?;
        let start = resolved.len() - below.len();
        let ends = (start + 1..resolved.len()).filter(|at| resolved.get(*at) == Some(&b'/'));
        let ends = ends.chain((!below.is_empty()).then_some(resolved.len()));
        Some(ends.filter_map(|end| resolved.get(..end)).collect())
    }

    /// What follows the root in a path, with the `/` before it.
    fn below<'a>(&self, resolved: &'a [u8]) -> Option<&'a [u8]> {
        if resolved.len() > PATH_MAX_BYTES {
            return None;
        }
        if self.is_all() && resolved == b"/" {
            return Some(&[]);
        }
        let below = resolved.strip_prefix(self.0.as_slice())?;
        (below.is_empty() && !self.is_all() || is_resolved(below)).then_some(below)
    }
}

/// Whether a path is absolute and has no empty names, `.`, `..` or NULs.
fn is_resolved(path: &[u8]) -> bool {
    let Some(names) = path.strip_prefix(b"/") else { return false };
    !path.contains(&0)
        && names.split(|byte| *byte == b'/').all(|name| !matches!(name, b"" | b"." | b".."))
}

#[cfg(test)]
mod tests {
    use super::Root;

    #[test]
    fn holds_what_lies_below() {
        let all = Root::new(b"/").unwrap();
        let some = Root::new(b"/srv/files/").unwrap();
        assert!(all.is_all() && !some.is_all());
        assert_eq!((all.at(""), all.at("a/b")), (b"/".to_vec(), b"/a/b".to_vec()));
        assert_eq!((some.at(""), some.at("a")), (b"/srv/files".to_vec(), b"/srv/files/a".to_vec()));
        for (path, in_all, in_some) in [
            (&b"/"[..], true, false),
            (b"/srv", true, false),
            (b"/srv/files", true, true),
            (b"/srv/files/a\xff", true, true),
            (b"/srv/filesystem", true, false),
            (b"/srv/files/", false, false),
            (b"/srv/files/../x", false, false),
            (b"/srv/files/a/./b", false, false),
            (b"/srv/files//b", false, false),
            (b"srv/files", false, false),
            (b"", false, false),
            (b"/srv/files/a\0b", false, false),
        ] {
            assert_eq!((all.holds(path), some.holds(path)), (in_all, in_some), "{path:?}");
        }
        for root in [&b""[..], b"srv", b"/a/..", b"//", b"/a//b", b"~"] {
            assert!(Root::new(root).is_err(), "{root:?}");
        }
    }

    #[test]
    fn names_every_step() {
        let some = Root::new(b"/srv").unwrap();
        assert_eq!(some.steps(b"/srv"), Some(vec![]));
        assert_eq!(some.steps(b"/srv/a/b"), Some(vec![&b"/srv/a"[..], b"/srv/a/b"]));
        assert_eq!(some.steps(b"/etc"), None);
        let all = Root::new(b"/").unwrap();
        assert_eq!(all.steps(b"/"), Some(vec![]));
        assert_eq!(all.steps(b"/a/b"), Some(vec![&b"/a"[..], b"/a/b"]));
    }
}

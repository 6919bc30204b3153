//! Names that cannot say anything but a place below the store's root.

use crate::FilesError;

/// Longest name, in bytes.
pub const NAME_MAX_BYTES: usize = 255;

/// Longest path, in bytes.
pub const PATH_MAX_BYTES: usize = 4096;

/// Most names in a path.
pub const PATH_MAX_DEPTH: usize = 32;

/// A place in a store: names joined by `/`, nothing for its root.
///
/// INVARIANT: no name is empty, `.` or `..`, longer than [`NAME_MAX_BYTES`], or holds `/`, `\`, a
/// NUL, a control character, or one that turns the direction of writing, which would show a name
/// as another. So a path is never absolute and never leads upwards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct StorePath(String);

impl StorePath {
    /// The root.
    pub const ROOT: Self = Self(String::new());

    /// Checks a path as a viewer or a remote spells it.
    ///
    /// # Errors
    ///
    /// [`FilesError::BadName`].
    pub fn new(text: &str) -> Result<Self, FilesError> {
        if text.len() > PATH_MAX_BYTES {
            return bad("is too long");
        }
        if text.is_empty() {
            return Ok(Self::ROOT);
        }
        let mut depth = 0;
        for name in text.split('/') {
            check_name(name)?;
            depth += 1;
        }
        if depth > PATH_MAX_DEPTH {
            return bad("lies too deep");
        }
        Ok(Self(text.to_owned()))
    }

    /// Any text at all, to see that a store holds even without the checks here.
    #[cfg(test)]
    pub(crate) fn unchecked(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// What is called `name` in here.
    ///
    /// # Errors
    ///
    /// [`FilesError::BadName`].
    pub fn join(&self, name: &str) -> Result<Self, FilesError> {
        check_name(name)?;
        if self.is_root() { Self::new(name) } else { Self::new(&format!("{self}/{name}")) }
    }

    /// The directory that this lies in, and its name there. The root lies in none.
    ///
    /// # Errors
    ///
    /// [`FilesError::BadName`] for the root.
    pub fn split(&self) -> Result<(Self, &str), FilesError> {
        match self.0.rsplit_once('/') {
            Some((parent, name)) => Ok((Self(parent.to_owned()), name)),
            None if self.is_root() => bad("is missing"),
            None => Ok((Self::ROOT, &self.0)),
        }
    }

    /// That this may be moved to `to`, as far as paths tell: nothing is moved into itself.
    ///
    /// # Errors
    ///
    /// [`FilesError::BadName`].
    pub fn check_move(&self, to: &Self) -> Result<(), FilesError> {
        let below = to.0.strip_prefix(&self.0).is_some_and(|rest| rest.starts_with('/'));
        if below { bad("lies in the folder to be moved") } else { Ok(()) }
    }

    /// Whether this is the root.
    pub const fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// As text, without a `/` at either end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for StorePath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Refuses what is not one plain name.
pub(crate) fn check_name(name: &str) -> Result<(), FilesError> {
    if name.is_empty() {
        return bad("is empty");
    }
    if name.len() > NAME_MAX_BYTES {
        return bad("is longer than 255 bytes");
    }
    if matches!(name, "." | "..") {
        return bad("stands for another folder");
    }
    if name.contains(['/', '\\']) {
        return bad("has a slash in it");
    }
    if name.chars().any(|character| character.is_control() || turns_writing(character)) {
        return bad("has characters in it that cannot be seen");
    }
    Ok(())
}

/// Marks that turn the direction of writing (Unicode Standard Annex 9, explicit formatting).
const fn turns_writing(character: char) -> bool {
    matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

const fn bad<T>(reason: &'static str) -> Result<T, FilesError> {
    Err(FilesError::BadName { reason })
}

#[cfg(test)]
mod tests {
    use super::StorePath;

    #[test]
    fn takes_plain_paths() {
        for text in ["", "a", "a/b", "Grüße/日本 2.txt", "...", "a b", ".hidden", "-rf", "CON"]
        {
            assert_eq!(StorePath::new(text).unwrap().as_str(), text);
        }
        let path = StorePath::new("a/b/c").unwrap();
        let (parent, name) = path.split().unwrap();
        assert_eq!((parent.as_str(), name), ("a/b", "c"));
        assert_eq!(parent.join("d").unwrap().as_str(), "a/b/d");
        assert_eq!(StorePath::ROOT.join("d").unwrap().as_str(), "d");
        assert!(StorePath::ROOT.split().is_err());
    }

    #[test]
    fn refuses_what_is_not_a_place_below() {
        let long = "x".repeat(256);
        let deep = vec!["d"; 33].join("/");
        for text in [
            "/",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "../a",
            "a/..",
            "a/../b",
            "a/./b",
            "a\\b",
            "..\\a",
            "a\0b",
            "a\nb",
            "\u{1b}[2J",
            "a\u{85}b",
            "exe\u{202e}txt",
            "\u{2066}a",
            "a\u{2028}b",
            &long,
            &deep,
            &"a/".repeat(2049),
        ] {
            assert!(StorePath::new(text).is_err(), "{text:?}");
        }
        assert!(StorePath::ROOT.join("a/b").is_err());
        assert!(StorePath::ROOT.join("").is_err());
    }
}

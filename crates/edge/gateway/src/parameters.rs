//! Connection parameters in Guacamole's words, whatever the protocol.
//!
//! Portals and configurations name parameters as Guacamole does. Those we honour are taken; those
//! that would change what a connection does, and that we do not offer, are refused, because a
//! desktop that silently records nothing or shows everything to a second server is worse than none.

use std::time::Duration;

/// What to do with a name that Guacamole does not have either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// Refuse it: it is a slip of the operator's.
    Configuration,
    /// Skip it, as Guacamole does.
    Token,
}

/// A parameter that cannot be honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the parameter {name:?} {reason}")]
pub struct ParameterError {
    /// Its name, made fit to print.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}

impl ParameterError {
    /// `name` is one of ours, or fit to print.
    pub(crate) fn new(name: &str, reason: impl Into<String>) -> Self {
        Self { name: name.to_owned(), reason: reason.into() }
    }
}

/// One of Guacamole's parameters that is not offered: a name, or the beginning of several that ends
/// in a hyphen; the values that ask for nothing; and the reason.
pub(crate) type Unsupported = (&'static str, &'static [&'static str], &'static str);

/// Why nothing is recorded.
pub(crate) const RECORDING: &str = "sessions are not recorded";

/// The parameters of one protocol.
pub(crate) trait Vocabulary: Default {
    /// The protocol's name, for people.
    const PROTOCOL: &'static str;
    /// What would change the connection and is not offered.
    const UNSUPPORTED: &'static [Unsupported];
    /// Names, or beginnings that end in a hyphen, that Guacamole has and whose value does not
    /// matter here: details of features that are off.
    const DETAILS: &'static [&'static str];

    /// Takes one parameter that is honoured; `false` when it is none of them.
    ///
    /// # Errors
    ///
    /// What is wrong with its value.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, String>;

    /// Reads parameters. An empty value is as good as none.
    ///
    /// # Errors
    ///
    /// A value that makes no sense, a parameter that this gateway does not offer, and, where
    /// `strictness` says so, a name that does not exist.
    fn read<'a>(
        parameters: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
        strictness: Strictness,
    ) -> Result<Self, ParameterError> {
        let mut read = Self::default();
        for (name, value) in parameters {
            let value = value.as_ref();
            let refused = |reason: String| ParameterError {
                name: porthole_wire::text(name.as_bytes()),
                reason,
            };
            if value.is_empty() || read.take(name, value).map_err(refused)? {
                continue;
            }
            if let Some(reason) = Self::why_not(name, value) {
                return Err(refused(format!("is not offered: {reason}")));
            }
            if Self::is_known(name) {
                continue;
            }
            match strictness {
                Strictness::Configuration => {
                    let reason = format!("is not a parameter of {} connections", Self::PROTOCOL);
                    return Err(refused(reason));
                }
                Strictness::Token => tracing::debug!(
                    name = %porthole_wire::text(name.as_bytes()),
                    "a token has a parameter that does not exist"
                ),
            }
        }
        match read.check() {
            Ok(()) => Ok(read),
            Err((name, reason)) => {
                Err(ParameterError { name: name.to_owned(), reason: reason.to_owned() })
            }
        }
    }

    /// Whether the parameters make sense together.
    ///
    /// # Errors
    ///
    /// The name of one that does not, and why.
    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        Ok(())
    }

    /// Why `name` with `value` cannot be honoured, if it cannot.
    fn why_not(name: &str, value: &str) -> Option<&'static str> {
        let found = Self::UNSUPPORTED.iter().find(|(known, _, _)| matches(known, name));
        let (_, harmless, reason) = found?;
        (!harmless.contains(&value)).then_some(*reason)
    }

    /// Whether Guacamole has the name, and its value does not matter here.
    fn is_known(name: &str) -> bool {
        Self::DETAILS.iter().any(|known| matches(known, name))
            || Self::UNSUPPORTED.iter().any(|(known, _, _)| matches(known, name))
    }
}

/// Whether `known`, a name or the beginning of one, is meant by `name`.
fn matches(known: &str, name: &str) -> bool {
    known == name || known.ends_with('-') && name.starts_with(known)
}

/// What every desktop's connection can withhold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of its own")]
pub struct ScreenParameters {
    /// `read-only`: no input reaches the remote.
    pub read_only: bool,
    /// `disable-copy`: the remote's clipboard stays there.
    pub disable_copy: bool,
    /// `disable-paste`: the viewer's clipboard stays there.
    pub disable_paste: bool,
    /// `force-lossless`: no picture is ever approximate.
    pub force_lossless: bool,
    /// `clipboard-buffer-size`, in bytes.
    pub clipboard_max_bytes: Option<usize>,
}

impl ScreenParameters {
    /// As [`Vocabulary::take`].
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        match name {
            "read-only" => self.read_only = flag(value)?,
            "disable-copy" => self.disable_copy = flag(value)?,
            "disable-paste" => self.disable_paste = flag(value)?,
            "force-lossless" => self.force_lossless = flag(value)?,
            "clipboard-buffer-size" => {
                // Guacamole clamps to 256 KiB at least; a smaller wish is honoured here.
                let size = value.parse().ok().filter(|size| (1..=50 << 20).contains(size));
                self.clipboard_max_bytes = Some(size.ok_or("must be 1 to 52428800")?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Guacamole takes anything else for the default; for `read-only = "yes"` that would be wrong.
pub(crate) fn flag(value: &str) -> Result<bool, String> {
    value.parse().map_err(|_other| "must be true or false".into())
}

/// How long connecting may take: 1 to 300 seconds.
pub(crate) fn connect_seconds(value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok().filter(|seconds| (1..=300).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "must be 1 to 300".into())
}

/// SHA-256 fingerprints of 64 hexadecimal digits, separated by commas. Colons and spaces, as tools
/// print them between the digits, are skipped.
pub(crate) fn fingerprints(value: &str) -> Result<Vec<[u8; 32]>, String> {
    let pins: Option<Vec<[u8; 32]>> = value.split(',').map(fingerprint).collect();
    pins.ok_or_else(|| "must be SHA-256 fingerprints of 64 hex digits".into())
}

/// One of [`fingerprints`].
pub(crate) fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !matches!(character, ':' | ' '))
        .map(|character| character.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let bytes: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    if rest.is_empty() { bytes.try_into().ok() } else { None }
}

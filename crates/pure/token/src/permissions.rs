//! What a token's holder may do in a session.

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::TokenError;

/// One thing that a holder may do. "In" is towards the remote, "out" is from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// Use keyboard, pointer and touch.
    Input,
    /// Paste into the remote.
    ClipboardIn,
    /// Copy from the remote.
    ClipboardOut,
    /// Send files to the remote.
    FilesIn,
    /// Fetch files from the remote.
    FilesOut,
    /// Hear the remote.
    Audio,
    /// Invite others to the session.
    Share,
    /// Speak to the remote.
    Microphone,
}

impl Permission {
    /// Every permission, in the order of their bits.
    pub const ALL: [Self; 8] = [
        Self::Input,
        Self::ClipboardIn,
        Self::ClipboardOut,
        Self::FilesIn,
        Self::FilesOut,
        Self::Audio,
        Self::Share,
        Self::Microphone,
    ];

    /// The name that tokens use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::ClipboardIn => "clipboard-in",
            Self::ClipboardOut => "clipboard-out",
            Self::FilesIn => "files-in",
            Self::FilesOut => "files-out",
            Self::Audio => "audio",
            Self::Share => "share",
            Self::Microphone => "microphone",
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// A set of permissions. Its default is what a token without `allow` grants: input, the clipboard
/// both ways and sound.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Permissions(u16);

impl Permissions {
    /// Only watching.
    pub const NONE: Self = Self(0);

    /// Whether `permission` is granted.
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// What is granted, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.into_iter().filter(move |permission| self.contains(*permission))
    }

    /// The bits of the link's Welcome record (`docs/link.md`): bit 0 is [`Permission::Input`], and
    /// so on in the order of [`Permission::ALL`].
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// What both sets grant.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Reads a list of names. What it does not name is not granted.
    pub(crate) fn from_value(value: Value) -> Result<Self, TokenError> {
        let want = "a list of strings";
        let wrong_shape = TokenError::ClaimShape { claim: "porthole.allow", want };
        let Value::Array(names) = value else { return Err(wrong_shape) };
        let mut granted = Self::NONE;
        for name in &names {
            let Value::String(name) = name else { return Err(wrong_shape) };
            let Some(permission) = Permission::ALL.into_iter().find(|known| known.name() == name)
            else {
                let permission = porthole_wire::text(name.as_bytes());
                return Err(TokenError::UnknownPermission { permission });
            };
            granted.0 |= permission.bit();
        }
        Ok(granted)
    }
}

impl Default for Permissions {
    fn default() -> Self {
        [Permission::Input, Permission::ClipboardIn, Permission::ClipboardOut, Permission::Audio]
            .into_iter()
            .collect()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |bits, permission| bits | permission.bit()))
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl Serialize for Permissions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Permission::name))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Permission, Permissions};

    #[test]
    fn reads_and_writes_lists() {
        let read = |value| Permissions::from_value(value);
        assert_eq!(read(json!([])), Ok(Permissions::NONE));
        let some = read(json!(["share", "input", "share"])).unwrap();
        assert_eq!(some.iter().collect::<Vec<_>>(), [Permission::Input, Permission::Share]);
        assert_eq!(some.bits(), 0b100_0001);
        assert_eq!(serde_json::to_value(some).unwrap(), json!(["input", "share"]));
        assert_eq!(format!("{some:?}"), "{Input, Share}");

        let default = Permissions::default();
        assert_eq!(
            serde_json::to_value(default).unwrap(),
            json!(["input", "clipboard-in", "clipboard-out", "audio"])
        );
        assert_eq!(default.intersection(some).iter().collect::<Vec<_>>(), [Permission::Input]);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (value, cause) in [
            (json!("input"), "claim_shape"),
            (json!(null), "claim_shape"),
            (json!({"input": true}), "claim_shape"),
            (json!([["input"]]), "claim_shape"),
            (json!([1]), "claim_shape"),
            (json!(["Input"]), "unknown_permission"),
            (json!(["input", "clipboard"]), "unknown_permission"),
            (json!(["*"]), "unknown_permission"),
        ] {
            assert_eq!(
                Permissions::from_value(value.clone()).unwrap_err().cause(),
                cause,
                "{value}"
            );
        }
    }
}

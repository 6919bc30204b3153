//! What a viewer may do.

/// A set of permissions, in the bits of the link's Welcome record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions(pub u16);

impl Permissions {
    /// Keys, pointer and size requests reach the remote.
    pub const INPUT: Self = Self(1);
    /// The viewer's clipboard reaches the remote.
    pub const CLIPBOARD_IN: Self = Self(1 << 1);
    /// The remote's clipboard reaches the viewer.
    pub const CLIPBOARD_OUT: Self = Self(1 << 2);
    /// Files may be written, renamed and removed.
    pub const FILES_IN: Self = Self(1 << 3);
    /// Files may be read.
    pub const FILES_OUT: Self = Self(1 << 4);
    /// The remote is heard.
    pub const AUDIO: Self = Self(1 << 5);
    /// What the viewer says reaches the remote.
    pub const MICROPHONE: Self = Self(1 << 7);

    /// Whether all of `other` are granted.
    pub const fn allow(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set less the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

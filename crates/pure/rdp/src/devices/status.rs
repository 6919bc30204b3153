//! What a request came to, as Windows says it (`[MS-ERREF]` 2.3.1).

use porthole_remote::DriveError;

/// An `NTSTATUS`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Status(pub(super) u32);

impl Status {
    pub(super) const SUCCESS: Self = Self(0);
    pub(super) const NO_MORE_FILES: Self = Self(0x8000_0006);
    pub(super) const UNSUCCESSFUL: Self = Self(0xc000_0001);
    pub(super) const INVALID_HANDLE: Self = Self(0xc000_0008);
    pub(super) const INVALID_PARAMETER: Self = Self(0xc000_000d);
    pub(super) const NO_SUCH_DEVICE: Self = Self(0xc000_000e);
    pub(super) const NO_SUCH_FILE: Self = Self(0xc000_000f);
    pub(super) const INVALID_DEVICE_REQUEST: Self = Self(0xc000_0010);
    pub(super) const ACCESS_DENIED: Self = Self(0xc000_0022);
    pub(super) const OBJECT_NAME_INVALID: Self = Self(0xc000_0033);
    pub(super) const OBJECT_NAME_COLLISION: Self = Self(0xc000_0035);
    pub(super) const DISK_FULL: Self = Self(0xc000_007f);
    pub(super) const INSUFFICIENT_RESOURCES: Self = Self(0xc000_009a);
    pub(super) const FILE_IS_A_DIRECTORY: Self = Self(0xc000_00ba);
    pub(super) const NOT_SUPPORTED: Self = Self(0xc000_00bb);
    pub(super) const DIRECTORY_NOT_EMPTY: Self = Self(0xc000_0101);
    pub(super) const NOT_A_DIRECTORY: Self = Self(0xc000_0103);
}

impl From<DriveError> for Status {
    fn from(error: DriveError) -> Self {
        match error {
            DriveError::BadName => Self::OBJECT_NAME_INVALID,
            // What other clients say, too, and what xrdp knows for "there is none".
            DriveError::NotFound => Self::NO_SUCH_FILE,
            DriveError::Exists => Self::OBJECT_NAME_COLLISION,
            DriveError::NotADirectory => Self::NOT_A_DIRECTORY,
            DriveError::IsADirectory => Self::FILE_IS_A_DIRECTORY,
            DriveError::NotEmpty => Self::DIRECTORY_NOT_EMPTY,
            DriveError::Denied => Self::ACCESS_DENIED,
            DriveError::NotOpen => Self::INVALID_HANDLE,
            DriveError::NoSpace => Self::DISK_FULL,
            DriveError::TooMany => Self::INSUFFICIENT_RESOURCES,
            _ => Self::UNSUCCESSFUL,
        }
    }
}

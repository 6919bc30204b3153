//! What can go wrong with files.

use std::io::{self, ErrorKind};

/// Why something was not done with a file. Nothing here names a place outside the store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FilesError {
    /// A name or path that no store takes.
    #[error("the name {reason}")]
    BadName {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is nothing of that name.
    #[error("there is no such file or folder")]
    NotFound,
    /// There is something of that name already.
    #[error("there is a file or folder of that name already")]
    Exists,
    /// A part of the path, or what was to be listed, is not a directory.
    #[error("it is not a folder")]
    NotADirectory,
    /// What was to be read or written is a directory.
    #[error("it is a folder")]
    IsADirectory,
    /// What was to be removed is a directory with something in it.
    #[error("the folder is not empty")]
    NotEmpty,
    /// A device, a pipe, a socket: nothing to read or write for a viewer.
    #[error("it is neither a file nor a folder")]
    Special,
    /// The system does not allow it, or the path leads out of the store.
    #[error("access is denied")]
    Denied,
    /// The store would hold more bytes than it may.
    #[error("the folder may hold {limit} bytes in all")]
    OverQuota {
        /// [`crate::Limits::bytes`].
        limit: u64,
    },
    /// The store would hold more files and directories than it may.
    #[error("the folder may hold {limit} files and folders in all")]
    TooManyEntries {
        /// [`crate::Limits::entries`], or how many are looked at for one listing.
        limit: u64,
    },
    /// A file would be larger than it may be.
    #[error("a file of {value} bytes is over the limit of {limit}")]
    FileTooLarge {
        /// How large it would be.
        value: u64,
        /// [`crate::Limits::file_bytes`].
        limit: u64,
    },
    /// More bytes at a time than are handed over.
    #[error("{field} is {value}, the limit is {limit}")]
    OverLimit {
        /// What is too much.
        field: &'static str,
        /// How much it is.
        value: u64,
        /// How much it may be.
        limit: u64,
    },
    /// An upload does not go on where it stands.
    #[error("the data is for byte {offset}, the file stands at {expected}")]
    WrongOffset {
        /// Where the data belongs.
        offset: u64,
        /// How far the file has got.
        expected: u64,
    },
    /// The place is reached by programs of its own, and has not got this one.
    #[error("there is no {program} there, and it is needed for this")]
    Lacking {
        /// The program.
        program: &'static str,
    },
    /// The disk is full.
    #[error("there is no space left")]
    NoSpace,
    /// The server that has the files is not reached, or is no longer: what may have been under way
    /// there is not known.
    #[error("the files cannot be reached: {reason}")]
    Unavailable {
        /// Why, for people, without an address.
        reason: String,
    },
    /// The server that has the files says no, for a reason of its own.
    #[error("the server could not do this: {words}")]
    Remote {
        /// What it says, made printable, or what is known of it.
        words: String,
    },
    /// Anything else that the system says.
    #[error("{0}")]
    Io(#[source] io::Error),
}

impl FilesError {
    /// A short, stable name: the cause that a viewer is told.
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "bad_name",
            Self::NotFound => "not_found",
            Self::Exists => "exists",
            Self::NotADirectory => "not_a_folder",
            Self::IsADirectory => "is_a_folder",
            Self::NotEmpty => "not_empty",
            Self::Special => "special",
            Self::Denied => "denied",
            Self::OverQuota { .. } => "over_quota",
            Self::TooManyEntries { .. } => "too_many_entries",
            Self::FileTooLarge { .. } => "too_large",
            Self::OverLimit { .. } => "over_limit",
            Self::WrongOffset { .. } => "wrong_offset",
            Self::Lacking { .. } => "lacking",
            Self::NoSpace => "no_space",
            Self::Unavailable { .. } => "unavailable",
            Self::Remote { .. } => "remote",
            Self::Io(_) => "io",
        }
    }

    /// A sentence for the viewer. What the system said stays in the log.
    pub fn public_message(&self) -> String {
        match self {
            Self::Io(_) => "the gateway could not do this".into(),
            other => other.to_string(),
        }
    }
}

impl From<io::Error> for FilesError {
    fn from(error: io::Error) -> Self {
        use rustix::io::Errno;

        // A path that leads out of the directory is denied by cap-std, or by the kernel with
        // EXDEV; one that goes in circles, with ELOOP.
        match (Errno::from_io_error(&error), error.kind()) {
            (Some(Errno::LOOP | Errno::XDEV), _)
            | (_, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => Self::Denied,
            (_, ErrorKind::NotFound) => Self::NotFound,
            (_, ErrorKind::AlreadyExists) => Self::Exists,
            (_, ErrorKind::NotADirectory) => Self::NotADirectory,
            (_, ErrorKind::IsADirectory) => Self::IsADirectory,
            (_, ErrorKind::DirectoryNotEmpty) => Self::NotEmpty,
            (_, ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => Self::NoSpace,
            (Some(Errno::NXIO), _) => Self::Special,
            _ => Self::Io(error),
        }
    }
}

//! What a server's answers mean for files.

use bytes::Bytes;
use porthole_files::{Entry, EntryKind, FilesError};
use porthole_sftp::{Answer, Attributes, Kind, Name, Status, StatusKind};

/// It was done.
pub(super) fn done(answer: Answer) -> Result<(), FilesError> {
    match answer {
        Answer::Status(Status { kind: StatusKind::Done, .. }) => Ok(()),
        other => Err(refusal(other)),
    }
}

/// Something was opened.
pub(super) fn handle(answer: Answer) -> Result<Bytes, FilesError> {
    match answer {
        Answer::Handle(handle) => Ok(handle),
        other => Err(refusal(other)),
    }
}

/// What something is.
pub(super) fn attributes(answer: Answer) -> Result<Attributes, FilesError> {
    match answer {
        Answer::Attributes(attributes) => Ok(attributes),
        other => Err(refusal(other)),
    }
}

/// A path that was resolved.
pub(super) fn path(answer: Answer) -> Result<Bytes, FilesError> {
    match answer {
        Answer::Names(names) => match <[Name; 1]>::try_from(names) {
            Ok([name]) => Ok(name.name),
            Err(_more) => Err(nonsense()),
        },
        other => Err(refusal(other)),
    }
}

/// A piece of a file; nothing at its end.
pub(super) fn data(answer: Answer) -> Result<Bytes, FilesError> {
    match answer {
        Answer::Data(data) => Ok(data),
        Answer::Status(Status { kind: StatusKind::End, .. }) => Ok(Bytes::new()),
        other => Err(refusal(other)),
    }
}

/// Some entries of a directory; nothing at its end.
pub(super) fn names(answer: Answer) -> Result<Vec<Name>, FilesError> {
    match answer {
        Answer::Names(names) => Ok(names),
        Answer::Status(Status { kind: StatusKind::End, .. }) => Ok(Vec::new()),
        other => Err(refusal(other)),
    }
}

/// The answer to an extension.
pub(super) fn extended(answer: Answer) -> Result<Bytes, FilesError> {
    match answer {
        Answer::Extended(bytes) => Ok(bytes),
        other => Err(refusal(other)),
    }
}

/// What a file or directory is to viewers; `None` for anything else, or if it is not said.
pub(super) fn entry(name: &str, attributes: &Attributes) -> Option<Entry> {
    let kind = match attributes.kind()? {
        Kind::File => EntryKind::File,
        Kind::Directory => EntryKind::Directory,
        Kind::Link | Kind::Special => return None,
    };
    Some(Entry {
        name: name.to_owned(),
        kind,
        size: attributes.size.filter(|_| kind == EntryKind::File).unwrap_or_default(),
        modified_ms: u64::from(attributes.modified_s.unwrap_or_default()) * 1000,
    })
}

/// A fault that has no word of its own.
pub(super) fn remote(words: impl Into<String>) -> FilesError {
    FilesError::Remote { words: words.into() }
}

fn nonsense() -> FilesError {
    remote("its answer makes no sense")
}

fn refusal(answer: Answer) -> FilesError {
    let Answer::Status(Status { kind, words }) = answer else { return nonsense() };
    match kind {
        StatusKind::NotFound => FilesError::NotFound,
        StatusKind::Denied => FilesError::Denied,
        StatusKind::Exists => FilesError::Exists,
        StatusKind::NoSpace => FilesError::NoSpace,
        StatusKind::NotEmpty => FilesError::NotEmpty,
        StatusKind::NotADirectory => FilesError::NotADirectory,
        StatusKind::IsADirectory => FilesError::IsADirectory,
        StatusKind::Unsupported => remote("it has no such operation"),
        StatusKind::Failed if words.is_empty() => remote("it gives no reason"),
        StatusKind::Failed => remote(words),
        StatusKind::Done | StatusKind::End => nonsense(),
    }
}

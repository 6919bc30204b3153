//! Unix sockets: only below directories that the operator named.

use std::{
    fs,
    io::{Error, ErrorKind},
    os::unix::fs::FileTypeExt,
    path::{Component, Path, PathBuf},
};

use crate::policy::{PolicyError, TargetPolicy};

/// A Unix socket that the policy permits. Only [`TargetPolicy::check_unix`] makes one.
///
/// INVARIANT: on Linux it holds the very socket that was checked, by a handle. Whoever can
/// write in the directory may swap the name afterwards, and the connection still goes to what
/// was checked.
#[derive(Debug)]
pub struct CheckedPath {
    /// Keeps the checked socket, and the name below `/proc` that leads to it, alive.
    #[cfg(target_os = "linux")]
    _handle: fs::File,
    connect: PathBuf,
}

impl CheckedPath {
    /// The path to connect to, while `self` lives.
    pub fn get(&self) -> &Path {
        &self.connect
    }
}

impl TargetPolicy {
    /// Checks the path of a Unix socket. Touches the file system, so it may block.
    ///
    /// # Errors
    ///
    /// [`PolicyError::UnixPath`] when the path is not absolute, holds `..`, or is no socket;
    /// [`PolicyError::UnixOpen`] when there is nothing to open; [`PolicyError::UnixOutside`]
    /// when, with every symbolic link followed, it lies below none of
    /// [`TargetPolicy::unix_dirs`].
    pub fn check_unix(&self, path: &Path) -> Result<CheckedPath, PolicyError> {
        let refuse = |reason| PolicyError::UnixPath { path: path.to_owned(), reason };
        if !path.is_absolute() {
            return Err(refuse("is not absolute"));
        }
        if path.components().any(|part| part == Component::ParentDir) {
            return Err(refuse("climbs with .."));
        }
        // Before anything is opened: a page must not learn which other files exist.
        if !self.unix_dirs.iter().any(|dir| is_below(path, dir)) {
            return Err(PolicyError::UnixOutside { path: path.to_owned() });
        }

        let found = open(path)
            .map_err(|error| PolicyError::UnixOpen { path: path.to_owned(), kind: error.kind() })?;
        if !self.unix_dirs.iter().any(|dir| is_truly_below(&found.real, dir)) {
            return Err(PolicyError::UnixOutside { path: path.to_owned() });
        }
        if !found.is_socket {
            return Err(refuse("is not a socket"));
        }
        Ok(found.checked)
    }
}

/// What a path led to.
struct Found {
    /// Where it is, with every link followed.
    real: PathBuf,
    is_socket: bool,
    checked: CheckedPath,
}

/// Takes hold of the file itself, without reading or connecting, then asks where it is.
#[cfg(target_os = "linux")]
fn open(path: &Path) -> Result<Found, Error> {
    use std::os::{fd::AsRawFd, unix::fs::OpenOptionsExt};

    let handle = fs::OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
        .open(path)?;
    let is_socket = handle.metadata()?.file_type().is_socket();
    let connect = PathBuf::from(format!("/proc/self/fd/{}", handle.as_raw_fd()));
    let real = fs::read_link(&connect)?;
    // The kernel marks an unlinked file so; its last place says nothing about it now.
    if real.as_os_str().as_encoded_bytes().ends_with(b" (deleted)") {
        return Err(Error::from(ErrorKind::NotFound));
    }
    Ok(Found { real, is_socket, checked: CheckedPath { _handle: handle, connect } })
}

/// Follows every link and keeps the path that was found.
#[cfg(not(target_os = "linux"))]
fn open(path: &Path) -> Result<Found, Error> {
    let real = fs::canonicalize(path)?;
    let is_socket = fs::symlink_metadata(&real)?.file_type().is_socket();
    Ok(Found { is_socket, checked: CheckedPath { connect: real.clone() }, real })
}

/// Whether `path` is inside `dir`, by their spelling.
fn is_below(path: &Path, dir: &Path) -> bool {
    dir.is_absolute() && path != dir && path.starts_with(dir)
}

/// Whether `real`, which holds no links, is inside the directory that `dir` leads to.
fn is_truly_below(real: &Path, dir: &Path) -> bool {
    fs::canonicalize(dir).is_ok_and(|dir| is_below(real, &dir))
}

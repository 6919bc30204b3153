//! A connection that is ready for files: what the server can do, and where things are below the
//! root.
//!
//! A path is looked up so that no link leads out of the root: the server resolves it, what it
//! resolved must lie below, and no step of that may be a link, in case the server only tidies the
//! words of a path. What is then done is done with the resolved path. Between looking and doing,
//! another program of the same user on that server can put a link in the way: version 3 of SFTP has
//! no way to shut that out. A file is looked up once more after it was opened, so that the link
//! would have to be there and gone again between two requests. With the root `/` there is nothing
//! to lead out of.

use bytes::Bytes;
use porthole_dial::BoxStream;
use porthole_files::{FilesError, StorePath};
use porthole_sftp::{Answer, Attributes, Kind, PIECE_SAFE_BYTES, Request, Root};

use super::{
    answers::{attributes, extended, path, remote},
    connection::Line,
};

/// Most folders on the way from the root to what a path leads to.
const STEPS_MAX: usize = 128;

/// Room that is not known.
pub(super) const UNKNOWN_BYTES: u64 = u64::MAX;

/// What was found, and what the server calls it.
pub(super) type Found = (Bytes, Attributes);

/// A server's files below a root.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) line: Line,
    pub(super) root: Root,
    /// Most bytes to be read, and written, with one request.
    pub(super) read_max: u32,
    pub(super) write_max: u32,
    /// There is a rename that replaces.
    pub(super) replaces: bool,
    tells_space: bool,
}

impl Session {
    /// Begins to speak SFTP, and finds the root, which may be relative to where the server begins.
    pub(super) async fn open(stream: BoxStream, root: &str) -> Result<Self, FilesError> {
        let (line, abilities) = Line::open(stream).await?;
        let (mut read_max, mut write_max) = (PIECE_SAFE_BYTES, PIECE_SAFE_BYTES);
        if abilities.tells_limits {
            let limits = extended(line.ask(&Request::Limits).await?)?;
            let limits = Answer::limits(&limits);
            (read_max, write_max) = limits.ok_or_else(|| remote("its limits make no sense"))?;
        }
        let unusable = |error: FilesError| match error {
            FilesError::Unavailable { .. } => error,
            other => FilesError::Unavailable {
                reason: format!("the root directory cannot be used: {other}"),
            },
        };
        let root = if root.is_empty() { "." } else { root };
        let resolved = path(line.ask(&Request::Resolve(root.as_bytes())).await?);
        let resolved = resolved.map_err(unusable)?;
        let root = Root::new(&resolved).map_err(|error| remote(error.to_string()));
        let root = root.map_err(unusable)?;
        let found = attributes(line.ask(&Request::Stat(&root.at(""))).await?).map_err(unusable)?;
        if found.kind() != Some(Kind::Directory) {
            return Err(unusable(FilesError::NotADirectory));
        }
        let (replaces, tells_space) = (abilities.replaces, abilities.tells_space);
        Ok(Self { line, root, read_max, write_max, replaces, tells_space })
    }

    /// What is at a place, links followed.
    pub(super) async fn find(&self, place: &StorePath) -> Result<Found, FilesError> {
        let at = self.root.at(place.as_str());
        if self.root.is_all() {
            let found = attributes(self.line.ask(&Request::Stat(&at)).await?)?;
            return Ok((at.into(), found));
        }
        let resolved = path(self.line.ask(&Request::Resolve(&at)).await?)?;
        self.check_steps(resolved).await
    }

    /// What a place that need not be there is called, links followed up to the folder it lies in.
    pub(super) async fn name(&self, place: &StorePath) -> Result<Bytes, FilesError> {
        let (folder, name) = place.split()?;
        if self.root.is_all() {
            return Ok(self.root.at(place.as_str()).into());
        }
        let (folder, found) = self.find(&folder).await?;
        if found.kind() != Some(Kind::Directory) {
            return Err(FilesError::NotADirectory);
        }
        let mut at = folder.to_vec();
        at.push(b'/');
        at.extend_from_slice(name.as_bytes());
        Ok(at.into())
    }

    /// What is called so, links not followed.
    pub(super) async fn look(&self, at: &[u8]) -> Result<Attributes, FilesError> {
        attributes(self.line.ask(&Request::StatLink(at)).await?)
    }

    /// Whether a path that was found is still what it was: no link has come in its way.
    pub(super) async fn find_again(&self, at: &[u8]) -> Result<(), FilesError> {
        if self.root.is_all() {
            return Ok(());
        }
        let resolved = path(self.line.ask(&Request::Resolve(at)).await?)?;
        if resolved != at {
            return Err(FilesError::Denied);
        }
        self.check_steps(resolved).await.map(drop)
    }

    /// How many bytes may still be written.
    pub(super) async fn free_bytes(&self) -> Result<u64, FilesError> {
        if !self.tells_space {
            return Ok(UNKNOWN_BYTES);
        }
        let answer = self.line.ask(&Request::Space(&self.root.at(""))).await?;
        // A server that does not tell its users is no reason to show them nothing.
        let free = extended(answer).ok().and_then(|answer| Answer::free_bytes(&answer));
        Ok(free.unwrap_or(UNKNOWN_BYTES))
    }

    /// OpenSSH has no code for a full disk: whether it is one has to be asked for.
    pub(super) async fn why_not_written(&self, error: FilesError) -> FilesError {
        match (&error, self.free_bytes().await) {
            (FilesError::Remote { .. }, Ok(free)) if free < u64::from(self.write_max) => {
                FilesError::NoSpace
            }
            _ => error,
        }
    }

    /// Looks at every step from the root to a resolved path.
    async fn check_steps(&self, resolved: Bytes) -> Result<Found, FilesError> {
        let steps = self.root.steps(&resolved).ok_or(FilesError::Denied)?;
        if steps.len() > STEPS_MAX {
            return Err(remote("what the path leads to lies too deep"));
        }
        if steps.is_empty() {
            let found = attributes(self.line.ask(&Request::Stat(&resolved)).await?)?;
            return Ok((resolved, found));
        }
        let mut tickets = Vec::with_capacity(steps.len());
        for step in &steps {
            tickets.push(self.line.send(&Request::StatLink(step)).await?);
        }
        let last = tickets.len() - 1;
        for (at, ticket) in tickets.iter_mut().enumerate() {
            let found = attributes(ticket.wait().await?)?;
            match found.kind() {
                Some(Kind::Link) => return Err(FilesError::Denied),
                _ if at == last => return Ok((resolved, found)),
                Some(Kind::Directory) => {}
                _ => return Err(FilesError::NotADirectory),
            }
        }
        Err(FilesError::NotFound)
    }
}

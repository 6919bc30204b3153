//! What is in a directory, in order.
//!
//! A server gives a directory's entries in any order and all at once, so that each listing is read
//! to its end before its first page is known. One that has more pages is kept for a while.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::join_all;
use porthole_files::{Entry, FilesError, PAGE_MAX_ENTRIES, Page, Reply, StorePath};
use porthole_sftp::{Attributes, Kind, Request};
use tokio::{sync::Mutex, time::Instant};

use super::{
    answers::{entry, handle, names},
    connection::Line,
    session::{Found, Session},
};

/// Most entries of a directory, those that are not shown included.
const LISTED_MAX_ENTRIES: usize = 200_000;

/// Most bytes of their names.
const LISTED_MAX_BYTES: usize = 32 << 20;

/// Most requests for more entries under way at a time.
const READS_MAX: usize = 16;

/// Most links that are looked up at a time.
const LOOKUPS_MAX: usize = 32;

/// For how long a listing serves the pages that follow.
const KEPT: Duration = Duration::from_secs(60);

/// Listings of one store: one is read at a time, and at most one kept, so that they have a bound.
#[derive(Debug, Clone, Default)]
pub(super) struct Listings(Arc<Mutex<Option<Kept>>>);

#[derive(Debug)]
struct Kept {
    /// What the server calls the directory.
    at: Bytes,
    listed: Vec<Listed>,
    until: Instant,
}

/// An entry whose name viewers may see.
#[derive(Debug)]
struct Listed {
    name: String,
    /// Links not followed.
    attributes: Attributes,
}

/// An open directory, which is closed when this goes.
struct OpenDirectory<'a> {
    line: &'a Line,
    handle: Bytes,
}

impl Listings {
    /// A page of the directory that was found at `place`.
    pub(super) async fn page(
        &self,
        session: &Session,
        place: &StorePath,
        (at, found): Found,
        after: Option<&str>,
    ) -> Result<Page, FilesError> {
        if found.kind() != Some(Kind::Directory) {
            return Err(FilesError::NotADirectory);
        }
        let mut kept = self.0.lock().await;
        let fits = |kept: &Kept| after.is_some() && kept.at == at && kept.until > Instant::now();
        let listed = match kept.take() {
            Some(kept) if fits(&kept) => kept.listed,
            _ => read(session, &at).await?,
        };
        let page = page(session, place, &listed, after).await?;
        if page.more {
            let until = Instant::now() + KEPT;
            *kept = Some(Kept { at, listed, until });
            drop(kept);
            self.forget_at(until);
        }
        Ok(page)
    }

    /// Something was changed, so that what is kept may not be true any more.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }

    /// Nobody may ever come back for the pages that follow.
    fn forget_at(&self, until: Instant) {
        let listings = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            tokio::time::sleep_until(until).await;
            if let Some(listings) = listings.upgrade() {
                let mut kept = listings.lock().await;
                kept.take_if(|kept| kept.until <= until);
            }
        });
    }
}

impl Drop for OpenDirectory<'_> {
    fn drop(&mut self) {
        self.line.release(std::mem::take(&mut self.handle));
    }
}

/// Whether there is nothing in a directory.
pub(super) async fn is_empty(session: &Session, at: &[u8]) -> Result<bool, FilesError> {
    let directory = open(session, at).await?;
    let found = names(session.line.ask(&Request::ReadDirectory(&directory.handle)).await?)?;
    Ok(found.iter().all(|found| matches!(&found.name[..], b"." | b"..")))
}

async fn open<'a>(session: &'a Session, at: &[u8]) -> Result<OpenDirectory<'a>, FilesError> {
    let handle = handle(session.line.ask(&Request::OpenDirectory(at)).await?)?;
    Ok(OpenDirectory { line: &session.line, handle })
}

/// Everything in a directory whose name viewers may see, in the order of the names' bytes.
async fn read(session: &Session, at: &[u8]) -> Result<Vec<Listed>, FilesError> {
    let directory = open(session, at).await?;
    let mut listed = Vec::new();
    let (mut seen, mut bytes, mut left_out) = (0, 0, 0_usize);
    let mut reads = std::collections::VecDeque::new();
    let mut wanted = 2;
    'reading: loop {
        while reads.len() < wanted {
            let request = Request::ReadDirectory(&directory.handle);
            reads.push_back(session.line.send(&request).await?);
        }
        // There is always one.
        let Some(mut next) = reads.pop_front() else { break };
        let found = names(next.wait().await?)?;
        if found.is_empty() {
            break 'reading;
        }
        wanted = READS_MAX;
        for found in found {
            seen += 1;
            bytes += found.name.len();
            if seen > LISTED_MAX_ENTRIES || bytes > LISTED_MAX_BYTES {
                return Err(FilesError::TooManyEntries { limit: LISTED_MAX_ENTRIES as u64 });
            }
            if matches!(&found.name[..], b"." | b"..") {
                continue;
            }
            match std::str::from_utf8(&found.name) {
                Ok(name) if StorePath::ROOT.join(name).is_ok() => {
                    listed.push(Listed { name: name.to_owned(), attributes: found.attributes });
                }
                _ => left_out += 1,
            }
        }
    }
    if left_out > 0 {
        tracing::info!(left_out, "a folder has names that are not shown");
    }
    listed.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    listed.dedup_by(|one, other| one.name == other.name);
    Ok(listed)
}

/// The first entries after a name. Links count as what they lead to, and as nothing if that is
/// nowhere, or not below the root.
async fn page(
    session: &Session,
    place: &StorePath,
    listed: &[Listed],
    after: Option<&str>,
) -> Result<Page, FilesError> {
    let start =
        after.map_or(0, |after| listed.partition_point(|entry| entry.name.as_str() <= after));
    let rest = listed.get(start..).unwrap_or_default();
    let mut page = Page::default();
    for batch in rest.chunks(LOOKUPS_MAX) {
        let lookups: Vec<Reply<'_, Option<Entry>>> =
            batch.iter().map(|listed| seen(session, place, listed)).collect();
        for entry in join_all(lookups).await {
            let Some(entry) = entry? else { continue };
            if page.entries.len() == PAGE_MAX_ENTRIES {
                page.more = true;
                return Ok(page);
            }
            page.entries.push(entry);
        }
    }
    Ok(page)
}

fn seen<'a>(
    session: &'a Session,
    place: &'a StorePath,
    listed: &'a Listed,
) -> Reply<'a, Option<Entry>> {
    Box::pin(async move {
        match listed.attributes.kind() {
            Some(Kind::File | Kind::Directory) => Ok(entry(&listed.name, &listed.attributes)),
            Some(Kind::Special) => Ok(None),
            Some(Kind::Link) | None => {
                let Ok(place) = place.join(&listed.name) else { return Ok(None) };
                match session.find(&place).await {
                    Ok((_, found)) => Ok(entry(&listed.name, &found)),
                    Err(error @ FilesError::Unavailable { .. }) => Err(error),
                    Err(_) => Ok(None),
                }
            }
        }
    })
}

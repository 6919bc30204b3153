//! Putting a file into a store, so that it may be broken off and gone on with.
//!
//! The bytes go into a file of another name beside the place, and that takes the place once all
//! are there: nobody meets half a file, and a file that is replaced stays as it was until then.
//! The other name tells the source apart, so that an upload goes on only with what it began with.

use bytes::Bytes;

use crate::{File, FilesError, NAME_MAX_BYTES, Store, StorePath, WriteMode};

/// What is uploaded: enough to know it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Source {
    /// Its length in bytes.
    pub size: u64,
    /// When it was last changed, in milliseconds since 1970, or 0.
    pub modified_ms: u64,
}

/// A file on its way into a store.
#[derive(Debug)]
pub struct Upload {
    part: StorePath,
    place: StorePath,
    source: Source,
    replace: bool,
    file: Box<dyn File>,
    written: u64,
}

impl Upload {
    /// Begins, or goes on with what an earlier upload of the same source left.
    ///
    /// # Errors
    ///
    /// [`FilesError::Exists`] if something has the place and is not to be replaced, or is a
    /// directory; [`FilesError::FileTooLarge`] or [`FilesError::OverQuota`] if it cannot fit.
    pub async fn begin(
        store: &dyn Store,
        place: StorePath,
        source: Source,
        replace: bool,
    ) -> Result<Self, FilesError> {
        let limit = store.file_max_bytes();
        if source.size > limit {
            return Err(FilesError::FileTooLarge { value: source.size, limit });
        }
        match store.stat(&place).await {
            Ok(entry) if !replace || entry.kind == crate::EntryKind::Directory => {
                return Err(FilesError::Exists);
            }
            Ok(_) | Err(FilesError::NotFound) => {}
            Err(error) => return Err(error),
        }
        let part = part_of(&place, source)?;
        let mut file = store.open_write(&part, WriteMode::Keep).await?;
        if file.entry().size > source.size {
            file = store.open_write(&part, WriteMode::Truncate).await?;
        }
        let written = file.sure_bytes();
        let free = store.free_bytes().await?;
        if source.size - written > free {
            if written == 0 {
                drop(file);
                store.remove(&part).await?;
            }
            return Err(FilesError::NoSpace);
        }
        Ok(Self { part, place, source, replace, file, written })
    }

    /// Where its bytes are until all are there.
    pub const fn part(&self) -> &StorePath {
        &self.part
    }

    /// How many bytes are there.
    pub const fn written(&self) -> u64 {
        self.written
    }

    /// Whether all bytes are there.
    pub const fn is_whole(&self) -> bool {
        self.written == self.source.size
    }

    /// Adds what follows.
    ///
    /// # Errors
    ///
    /// [`FilesError::WrongOffset`] for anything else; [`FilesError::FileTooLarge`] beyond the size
    /// that was told; what the store says.
    pub async fn write(&mut self, offset: u64, data: Bytes) -> Result<(), FilesError> {
        if offset != self.written {
            return Err(FilesError::WrongOffset { offset, expected: self.written });
        }
        let end = offset.saturating_add(data.len() as u64);
        if end > self.source.size {
            return Err(FilesError::FileTooLarge { value: end, limit: self.source.size });
        }
        self.file.write_at(offset, data).await?;
        self.written = end;
        Ok(())
    }

    /// Takes the place.
    ///
    /// # Errors
    ///
    /// [`FilesError::WrongOffset`] while bytes are missing, [`FilesError::Exists`] if something
    /// took the place meanwhile. What was written stays, and can be gone on with.
    pub async fn finish(self, store: &dyn Store) -> Result<(), FilesError> {
        if !self.is_whole() {
            return Err(FilesError::WrongOffset {
                offset: self.source.size,
                expected: self.written,
            });
        }
        self.file.settle().await?;
        drop(self.file);
        store.rename(&self.part, &self.place, self.replace).await
    }

    /// Gives up, and removes what was written.
    ///
    /// # Errors
    ///
    /// What the store says.
    pub async fn discard(self, store: &dyn Store) -> Result<(), FilesError> {
        drop(self.file);
        store.remove(&self.part).await
    }
}

/// The name that an unfinished upload has, beside its place: the file's own, cut to fit, and a
/// number made of what tells the source apart.
fn part_of(place: &StorePath, source: Source) -> Result<StorePath, FilesError> {
    let (folder, name) = place.split()?;
    let mut hash = Fnv::default();
    hash.add(name.as_bytes());
    hash.add(&source.size.to_le_bytes());
    hash.add(&source.modified_ms.to_le_bytes());
    let ending = format!(".{:016x}.part", hash.0);
    let mut cut = name.len().min(NAME_MAX_BYTES - ending.len());
    while !name.is_char_boundary(cut) {
        cut -= 1;
    }
    let kept = name.get(..cut).unwrap_or_default();
    folder.join(&format!("{kept}{ending}"))
}

/// FNV-1a: the same in every version, unlike the standard library's.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;

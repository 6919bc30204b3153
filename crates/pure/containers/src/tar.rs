//! A tar archive with one file in it, as `tar -c` writes it (ustar, GNU's and pax's extensions).

use std::fmt;

use bytes::{Bytes, BytesMut};

/// Most bytes of all headers that come before the file's own, names included.
pub const EXTRA_MAX_BYTES: u64 = 64 << 10;

const BLOCK: usize = 512;

/// What is in the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TarFile {
    /// Bytes.
    pub size: u64,
    /// When it was last changed, in seconds since 1970; 0 if before.
    pub modified_s: u64,
}

/// The next piece of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TarPiece {
    /// The file's header. It comes first, and once.
    File(TarFile),
    /// The file's next bytes; not empty.
    Data(Bytes),
    /// The file is over. What follows does not matter.
    End,
}

/// What is wrong with an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TarError {
    /// It is no archive, or a broken one.
    #[error("what tar wrote is no archive")]
    Broken,
    /// The file is a link.
    #[error("it is a link")]
    Link,
    /// The file is a directory, a device or a pipe.
    #[error("it is no regular file")]
    NoFile,
    /// It has another name than was asked for.
    #[error("the archive is of another file")]
    OtherName,
    /// Its headers are longer than [`EXTRA_MAX_BYTES`].
    #[error("the archive's headers are too long")]
    TooLong,
}

/// Reads an archive that is to have one file of a certain name in it.
pub struct TarReader {
    name: Vec<u8>,
    state: State,
    extra_left: u64,
    long_name: Option<Vec<u8>>,
    long_size: Option<u64>,
}

enum State {
    Header,
    /// A header's content: what it is, and its bytes.
    Extra(Extra, u64),
    Data(u64),
    Over,
}

#[derive(Clone, Copy)]
enum Extra {
    Name,
    Pax,
    Ignored,
}

impl fmt::Debug for TarReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TarReader").field("extra_left", &self.extra_left).finish_non_exhaustive()
    }
}

impl TarReader {
    /// Expects the file `name`, with or without `./` before it.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.as_bytes().to_vec(),
            state: State::Header,
            extra_left: EXTRA_MAX_BYTES,
            long_name: None,
            long_size: None,
        }
    }

    /// Takes the next piece off the front of `arrived`; `None` when more has to arrive first, and then
    /// no more than [`EXTRA_MAX_BYTES`] and a block are left in it.
    ///
    /// # Errors
    ///
    /// [`TarError`]. It is over then.
    pub fn next(&mut self, arrived: &mut BytesMut) -> Result<Option<TarPiece>, TarError> {
        loop {
            match self.state {
                State::Header => {
                    if arrived.len() < BLOCK {
                        return Ok(None);
                    }
                    let block = arrived.split_to(BLOCK);
                    if let Some(file) = self.header(&block)? {
                        return Ok(Some(TarPiece::File(file)));
                    }
                }
                State::Extra(kind, size) => {
                    let Ok(len) = usize::try_from(size.next_multiple_of(BLOCK as u64)) else {
                        return Err(TarError::TooLong);
                    };
                    if arrived.len() < len {
                        return Ok(None);
                    }
                    let content = arrived.split_to(len);
                    let content = usize::try_from(size).ok().and_then(|size| content.get(..size));
                    self.extra(kind, content.unwrap_or_default())?;
                    self.state = State::Header;
                }
                State::Data(0) => {
                    self.state = State::Over;
                    return Ok(Some(TarPiece::End));
                }
                State::Data(left) => {
                    if arrived.is_empty() {
                        return Ok(None);
                    }
                    let len = usize::try_from(left).unwrap_or(usize::MAX).min(arrived.len());
                    self.state = State::Data(left - len as u64);
                    return Ok(Some(TarPiece::Data(arrived.split_to(len).freeze())));
                }
                State::Over => {
                    arrived.clear();
                    return Ok(None);
                }
            }
        }
    }

    /// Reads a header: the file's, or one that comes before it.
    fn header(&mut self, block: &[u8]) -> Result<Option<TarFile>, TarError> {
        let header = Header::read(block).ok_or(TarError::Broken)?;
        let extra = match header.kind {
            b'L' => Extra::Name,
            b'x' => Extra::Pax,
            b'K' | b'g' => Extra::Ignored,
            _ => return self.file(&header).map(Some),
        };
        let cost = header.size.saturating_add(2 * BLOCK as u64);
        self.extra_left = self.extra_left.checked_sub(cost).ok_or(TarError::TooLong)?;
        self.state = State::Extra(extra, header.size);
        Ok(None)
    }

    fn file(&mut self, header: &Header<'_>) -> Result<TarFile, TarError> {
        match header.kind {
            b'0' | b'7' | 0 => {}
            b'1' | b'2' => return Err(TarError::Link),
            b'3'..=b'6' => return Err(TarError::NoFile),
            // Sparse files of GNU's own format have another length than their data.
            _ => return Err(TarError::Broken),
        }
        let name = self.long_name.take();
        let whole = header.whole_name();
        let name = name.as_deref().unwrap_or(&whole);
        if name.strip_prefix(b"./").unwrap_or(name) != self.name {
            return Err(TarError::OtherName);
        }
        let size = self.long_size.take().unwrap_or(header.size);
        self.state = State::Data(size);
        Ok(TarFile { size, modified_s: header.modified_s })
    }

    fn extra(&mut self, kind: Extra, content: &[u8]) -> Result<(), TarError> {
        match kind {
            Extra::Name => self.long_name = Some(text_of(content).to_vec()),
            Extra::Ignored => {}
            Extra::Pax => self.pax(content)?,
        }
        Ok(())
    }

    /// Records `LENGTH KEY=VALUE\n` (POSIX.1-2001, pax).
    fn pax(&mut self, mut content: &[u8]) -> Result<(), TarError> {
        while !content.is_empty() {
            let space = content.iter().position(|byte| *byte == b' ').ok_or(TarError::Broken)?;
            let (digits, _) = content.split_at(space);
            let len = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
            let len: usize = len.filter(|len| *len > space + 1).ok_or(TarError::Broken)?;
            let record = content.get(space + 1..len).ok_or(TarError::Broken)?;
            let record = record.strip_suffix(b"\n").ok_or(TarError::Broken)?;
            if let Some(path) = record.strip_prefix(b"path=") {
                self.long_name = Some(path.to_vec());
            } else if let Some(size) = record.strip_prefix(b"size=") {
                let size = std::str::from_utf8(size).ok().and_then(|size| size.parse().ok());
                self.long_size = Some(size.ok_or(TarError::Broken)?);
            } else if record.starts_with(b"GNU.sparse.") {
                return Err(TarError::Broken);
            }
            content = content.get(len..).unwrap_or_default();
        }
        Ok(())
    }
}

struct Header<'a> {
    name: &'a [u8],
    prefix: &'a [u8],
    size: u64,
    modified_s: u64,
    kind: u8,
}

impl<'a> Header<'a> {
    fn read(block: &'a [u8]) -> Option<Self> {
        let field = |from: usize, len: usize| block.get(from..from + len);
        let sum = number(field(148, 8)?)?;
        let spaces = 8 * u64::from(b' ');
        let others = block.iter().take(148).chain(block.iter().skip(156));
        if others.map(|byte| u64::from(*byte)).sum::<u64>() + spaces != sum {
            return None;
        }
        // GNU's own format has times where ustar has the beginning of the name.
        let is_ustar = field(257, 6)? == b"ustar\0";
        Some(Self {
            name: text_of(field(0, 100)?),
            prefix: if is_ustar { text_of(field(345, 155)?) } else { &[] },
            size: number(field(124, 12)?)?,
            modified_s: number(field(136, 12)?).unwrap_or(0),
            kind: *block.get(156)?,
        })
    }

    fn whole_name(&self) -> Vec<u8> {
        if self.prefix.is_empty() {
            return self.name.to_vec();
        }
        [self.prefix, b"/", self.name].concat()
    }
}

/// Up to the first NUL.
fn text_of(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// An octal number, or GNU's binary one, which has its highest bit set. None below zero.
fn number(field: &[u8]) -> Option<u64> {
    if let Some((first, rest)) = field.split_first()
        && *first & 0x80 != 0
    {
        let (high, low) = rest.split_at_checked(rest.len().checked_sub(8)?)?;
        if *first != 0x80 || high.iter().any(|byte| *byte != 0) {
            return None;
        }
        return Some(u64::from_be_bytes(low.try_into().ok()?));
    }
    let text = std::str::from_utf8(text_of(field)).ok()?.trim();
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

#[cfg(test)]
#[path = "tar_tests.rs"]
mod tests;

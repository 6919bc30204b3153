//! `ServerInit` (RFC 6143 §7.3.2), and what Tight's negotiation adds to it.

use porthole_pixels::{Size, Surface};
use porthole_wire::Reader;

use super::tight;
use crate::RfbError;
use crate::limits::NAME_MAX_BYTES;
use crate::words::Words;

/// What the server says of its desktop (RFC 6143 §7.3.2).
#[derive(Debug)]
pub(crate) struct ServerInit {
    /// Columns and rows; a surface can have them.
    pub(crate) size: Size,
    /// One printable line.
    pub(crate) name: String,
}

/// A `ServerInit` that is arriving.
#[derive(Debug)]
pub(super) struct Init {
    /// Lists of capabilities follow.
    is_tight: bool,
    part: Part,
}

#[derive(Debug)]
enum Part {
    Head,
    Name(Size, Words),
    Abilities(ServerInit),
    /// So many bytes of lists that are of no use to us.
    Skipped(ServerInit, usize),
    Over,
}

impl Init {
    /// Waits for the desktop's size.
    pub(super) const fn new(is_tight: bool) -> Self {
        Self { is_tight, part: Part::Head }
    }

    /// Takes what has arrived. `None`: that is not all.
    ///
    /// # Errors
    ///
    /// No surface can have the size, or something is too long.
    pub(super) fn read(&mut self, input: &mut Reader<'_>) -> Result<Option<ServerInit>, RfbError> {
        loop {
            self.part = match std::mem::replace(&mut self.part, Part::Over) {
                Part::Head => match read_head(input)? {
                    Some((size, name_len)) => Part::Name(size, Words::new(name_len)),
                    None => return Ok(self.wait(Part::Head)),
                },
                Part::Name(size, mut words) => {
                    if !words.read(input) {
                        return Ok(self.wait(Part::Name(size, words)));
                    }
                    let init = ServerInit { size, name: words.text() };
                    if !self.is_tight {
                        return Ok(Some(init));
                    }
                    Part::Abilities(init)
                }
                Part::Abilities(init) => match tight::read_abilities(input)? {
                    Some(len) => Part::Skipped(init, len),
                    None => return Ok(self.wait(Part::Abilities(init))),
                },
                Part::Skipped(init, left) => {
                    let part = input.take(left.min(input.len())).unwrap_or(&[]);
                    if part.len() == left {
                        return Ok(Some(init));
                    }
                    return Ok(self.wait(Part::Skipped(init, left - part.len())));
                }
                Part::Over => return Ok(None),
            };
        }
    }

    /// Goes on with `part` when more has arrived.
    fn wait(&mut self, part: Part) -> Option<ServerInit> {
        self.part = part;
        None
    }
}

/// The desktop's size, and the length of its name.
fn read_head(input: &mut Reader<'_>) -> Result<Option<(Size, u32)>, RfbError> {
    let mut ahead = input.clone();
    let (Some(width), Some(height), Some(_format), Some(name_len)) =
        (ahead.u16_be(), ahead.u16_be(), ahead.take(16), ahead.u32_be())
    else {
        return Ok(None);
    };
    *input = ahead;
    let size = Size::new(width, height);
    Surface::check_size(size)?;
    RfbError::check_limit("name-length", name_len, NAME_MAX_BYTES)?;
    Ok(Some((size, name_len)))
}

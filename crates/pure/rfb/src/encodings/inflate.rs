//! zlib streams that span rectangles, with as much output as the rectangle has pixels.

use std::fmt;

use flate2::{Decompress, FlushDecompress};
use porthole_wire::Reader;

use super::Step;
use crate::RfbError;

/// One zlib stream. Its 40 KiB or so are taken when it is first used.
#[derive(Default)]
pub(super) struct Inflater {
    stream: Option<Decompress>,
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").field("is_used", &self.stream.is_some()).finish()
    }
}

impl Inflater {
    /// Starts anew: what comes next begins a stream.
    pub(super) fn reset(&mut self) {
        if let Some(stream) = &mut self.stream {
            stream.reset(true);
        }
    }

    /// Inflates as much of `input` as fits in `output`: bytes taken, and bytes given.
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Option<(usize, usize)> {
        let stream = self.stream.get_or_insert_with(|| Decompress::new(true));
        let (taken, given) = (stream.total_in(), stream.total_out());
        stream.decompress(input, output, FlushDecompress::None).ok()?;
        let since = |now: u64, then: u64| usize::try_from(now - then).ok();
        Some((since(stream.total_in(), taken)?, since(stream.total_out(), given)?))
    }
}

/// The compressed bytes of one rectangle, as they arrive.
#[derive(Debug)]
pub(super) struct Deflated {
    left: usize,
    encoding: &'static str,
}

impl Deflated {
    /// Expects `len` compressed bytes, which the caller has checked against the rectangle.
    pub(super) const fn new(len: usize, encoding: &'static str) -> Self {
        Self { left: len, encoding }
    }

    /// Inflates into `output` from `filled` on. Done once it is full.
    ///
    /// # Errors
    ///
    /// The stream is corrupt, or ends before `output` is full.
    pub(super) fn fill(
        &mut self,
        input: &mut Reader<'_>,
        inflater: &mut Inflater,
        output: &mut [u8],
        filled: &mut usize,
    ) -> Result<Step, RfbError> {
        while let Some(room) = output.get_mut(*filled..).filter(|room| !room.is_empty()) {
            match self.more(input, inflater, room)? {
                Some(given) => *filled += given,
                None => return Ok(Step::Wait),
            }
        }
        Ok(Step::Done)
    }

    /// Inflates some bytes into `output`, and says how many: one at least. `None`: the bytes
    /// that could give more have not arrived.
    ///
    /// # Errors
    ///
    /// The stream is corrupt, or gives no more, or `output` is empty.
    pub(super) fn more(
        &mut self,
        input: &mut Reader<'_>,
        inflater: &mut Inflater,
        output: &mut [u8],
    ) -> Result<Option<usize>, RfbError> {
        loop {
            let arrived = self.arrived(input);
            let (taken, given) = self.run(input, arrived, inflater, output)?;
            if given > 0 {
                return Ok(Some(given));
            }
            if taken == 0 {
                // With bytes at hand, no progress means that the stream has ended.
                return if self.left == 0 || !arrived.is_empty() {
                    Err(RfbError::ShortData { encoding: self.encoding })
                } else {
                    Ok(None)
                };
            }
        }
    }

    /// Takes the compressed bytes that are left, which must hold no more pixels: the marker
    /// of a flush, usually.
    ///
    /// # Errors
    ///
    /// The stream is corrupt, or goes on.
    pub(super) fn finish(
        &mut self,
        input: &mut Reader<'_>,
        inflater: &mut Inflater,
    ) -> Result<Step, RfbError> {
        loop {
            let arrived = self.arrived(input);
            let (taken, given) = self.run(input, arrived, inflater, &mut [0])?;
            if given > 0 || (taken == 0 && !arrived.is_empty()) {
                return Err(RfbError::ExcessData { encoding: self.encoding });
            }
            if self.left == 0 {
                return Ok(Step::Done);
            }
            if taken == 0 {
                return Ok(Step::Wait);
            }
        }
    }

    fn arrived<'a>(&self, input: &Reader<'a>) -> &'a [u8] {
        input.clone().take(self.left.min(input.len())).unwrap_or(&[])
    }

    fn run(
        &mut self,
        input: &mut Reader<'_>,
        arrived: &[u8],
        inflater: &mut Inflater,
        output: &mut [u8],
    ) -> Result<(usize, usize), RfbError> {
        let (taken, given) =
            inflater.run(arrived, output).ok_or(RfbError::Inflate { encoding: self.encoding })?;
        input.take(taken);
        self.left = self.left.saturating_sub(taken);
        Ok((taken, given))
    }
}

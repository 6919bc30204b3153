//! Bulk compression (`[MS-RDPBCGR]` 3.1.8): one history for everything that the server packs.

use ironrdp_bulk::{BulkCompressor, CompressionType};

use crate::RdpError;

/// Flags of packed data; the rest of the byte is the kind.
const FLAGS: u8 = 0xe0;
const KIND: u8 = 0x0f;

/// The strongest kind that we announce: a history of 64 KiB, which also bounds what a packet grows
/// to.
const KIND_MAX: u8 = 1;

/// The history, made when something packed comes.
#[derive(Default)]
pub(crate) struct Bulk {
    is_announced: bool,
    history: Option<Box<BulkCompressor>>,
}

impl std::fmt::Debug for Bulk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bulk").field("is_announced", &self.is_announced).finish_non_exhaustive()
    }
}

impl Bulk {
    pub(crate) const fn new(is_announced: bool) -> Self {
        Self { is_announced, history: None }
    }

    /// Unpacks `data` as `flags`, the server's byte, says.
    ///
    /// # Errors
    ///
    /// It does not unpack, or is of a kind that was not announced.
    pub(crate) fn unpack<'a>(
        &'a mut self,
        flags: u8,
        data: &'a [u8],
    ) -> Result<&'a [u8], RdpError> {
        if flags & FLAGS == 0 {
            return Ok(data);
        }
        if !self.is_announced {
            return Err(RdpError::BadField { field: "compressionFlags", value: flags.into() });
        }
        RdpError::check_limit("compression type", flags & KIND, KIND_MAX)?;
        let history = self
            .history
            .get_or_insert_with(|| Box::new(BulkCompressor::new(CompressionType::Rdp5)));
        history
            .decompress(data, flags.into())
            .map_err(|error| RdpError::corrupt("a packed message", &error))
    }
}

#[cfg(test)]
mod tests {
    use ironrdp_bulk::{BulkCompressor, CompressionType};

    use super::Bulk;

    #[test]
    fn unpacks_what_was_announced_alone() {
        let text = b"one and one and one and one and one and one and one and one and one";
        let mut server = BulkCompressor::new(CompressionType::Rdp5);
        let (len, flags) = server.compress(text).unwrap();
        let packed = server.compressed_data(len).to_vec();
        let flags = u8::try_from(flags).unwrap();
        assert_eq!(Bulk::new(true).unpack(flags, &packed), Ok(&text[..]));
        assert!(Bulk::new(false).unpack(flags, &packed).is_err());
        assert!(Bulk::new(true).unpack(flags | 3, &packed).is_err());
        assert_eq!(Bulk::new(false).unpack(1, text), Ok(&text[..]));
        for cut in 0..packed.len() {
            // Any answer will do.
            let _ = Bulk::new(true).unpack(flags, &packed[..cut]);
        }
    }
}

//! Fast-path output (`[MS-RDPBCGR]` 2.2.9.1.2): updates in short headers, maybe packed, maybe in
//! fragments.

use porthole_wire::Reader;

use crate::RdpError;
use crate::bulk::Bulk;
use crate::limits::{SCRATCH_KEEP_MAX_BYTES, UPDATE_MAX_BYTES};

/// What fragments are (`[MS-RDPBCGR]` 2.2.9.1.2.1).
const SINGLE: u8 = 0;
const LAST: u8 = 1;
const FIRST: u8 = 2;

/// The server encrypted or signed a message, which has no place inside of TLS.
const SECURED: u8 = 0xc0;

const SHORT: RdpError = RdpError::Short { message: "fast-path update" };

/// The update that is arriving in fragments.
#[derive(Debug, Default)]
pub(crate) struct Fragments {
    code: Option<u8>,
    body: Vec<u8>,
}

impl Fragments {
    /// Takes a whole message, and calls `on_update` with code and body of each update that it
    /// brings or completes.
    ///
    /// # Errors
    ///
    /// It breaks its format, or what `on_update` says.
    pub(crate) fn read(
        &mut self,
        message: &[u8],
        bulk: &mut Bulk,
        mut on_update: impl FnMut(u8, &[u8]) -> Result<(), RdpError>,
    ) -> Result<(), RdpError> {
        let mut input = Reader::new(message);
        let action = input.u8().ok_or(SHORT)?;
        if action & SECURED != 0 {
            return Err(RdpError::BadField { field: "fpOutputHeader", value: action.into() });
        }
        // One byte or two, as the first one's highest bit says.
        if input.u8().ok_or(SHORT)? & 0x80 != 0 {
            input.u8().ok_or(SHORT)?;
        }
        while !input.is_empty() {
            let head = input.u8().ok_or(SHORT)?;
            let is_packed = head & 0x80 != 0;
            let flags = if is_packed { input.u8().ok_or(SHORT)? } else { 0 };
            let len = input.u16_le().ok_or(SHORT)?;
            let data = bulk.unpack(flags, input.take(len.into()).ok_or(SHORT)?)?;
            let code = head & 0x0f;
            match head >> 4 & 3 {
                SINGLE => on_update(code, data)?,
                FIRST => {
                    self.code = Some(code);
                    self.body.clear();
                    self.append(data)?;
                }
                last_or_next => {
                    // A fragment that belongs to nothing is the end of one that was given up.
                    if self.code != Some(code) {
                        continue;
                    }
                    self.append(data)?;
                    if last_or_next == LAST {
                        self.code = None;
                        on_update(code, &self.body)?;
                        self.body.clear();
                        if self.body.capacity() > SCRATCH_KEEP_MAX_BYTES {
                            self.body = Vec::new();
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn append(&mut self, data: &[u8]) -> Result<(), RdpError> {
        let len = self.body.len() + data.len();
        RdpError::check_limit("fragmented update", len, UPDATE_MAX_BYTES)?;
        self.body.extend_from_slice(data);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{FIRST, Fragments, LAST, SINGLE};
    use crate::RdpError;
    use crate::bulk::Bulk;

    /// A message with one update in it.
    fn message(fragment: u8, code: u8, body: &[u8]) -> Vec<u8> {
        let len = u16::try_from(body.len()).unwrap();
        let head = [0, 0x80, 0, fragment << 4 | code];
        [&head[..], &len.to_le_bytes(), body].concat()
    }

    fn read(fragments: &mut Fragments, message: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, RdpError> {
        let mut updates = Vec::new();
        fragments.read(message, &mut Bulk::new(false), |code, body| {
            updates.push((code, body.to_vec()));
            Ok(())
        })?;
        Ok(updates)
    }

    #[test]
    fn fragments_are_put_together() {
        let mut fragments = Fragments::default();
        let mut read = |message: &[u8]| read(&mut fragments, message).unwrap();
        let two = [message(SINGLE, 1, b"a"), message(SINGLE, 5, b"")[3..].to_vec()].concat();
        assert_eq!(read(&two), [(1, b"a".to_vec()), (5, Vec::new())]);
        assert_eq!(read(&message(LAST, 4, b"of nothing")), []);
        assert_eq!(read(&message(FIRST, 4, b"ab")), []);
        assert_eq!(read(&message(SINGLE, 5, b"")), [(5, Vec::new())]);
        assert_eq!(read(&message(3, 4, b"cd")), []);
        assert_eq!(read(&message(LAST, 4, b"e")), [(4, b"abcde".to_vec())]);
    }

    #[test]
    fn lies_are_refused() {
        let whole = message(SINGLE, 1, b"abc");
        for cut in 1..whole.len() {
            // Nothing but a header is nothing wrong.
            assert_eq!(read(&mut Fragments::default(), &whole[..cut]).is_ok(), cut == 3, "{cut}");
        }
        assert!(read(&mut Fragments::default(), &[0x80, 3, 0]).is_err());
        let mut fragments = Fragments::default();
        read(&mut fragments, &message(FIRST, 4, b"")).unwrap();
        let part = message(3, 4, &vec![0; 0xffff]);
        let refused = (0..1000).find(|_| read(&mut fragments, &part).is_err());
        assert_eq!(refused, Some(256), "16 MiB in pieces of 64 KiB less a byte");
    }
}

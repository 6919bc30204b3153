//! What a JPEG file says of itself (ITU-T T.81 annex B), before it is decoded.

use porthole_pixels::Size;
use porthole_wire::Reader;

/// Markers of ITU-T T.81 table B.1.
const SOI: [u8; 2] = [0xff, 0xd8];
const EOI: [u8; 2] = [0xff, 0xd9];
const SOF0: u8 = 0xc0;
const DHT: u8 = 0xc4;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;
const APP0: u8 = 0xe0;
const COM: u8 = 0xfe;

/// Most segments before the scan. Encoders write about ten.
const SEGMENTS_MAX: usize = 64;

/// Whether every decoder shows `file` alike, as a picture of `size`: a baseline file of one scan, in
/// gray or Y, Cb, Cr with the colours at full or half size, with all its tables, to its end. No
/// Exif, colour profile or Adobe segment, which browsers would mind and we would not. Its scan
/// may still be damaged.
pub(crate) fn is_plain(file: &[u8], size: Size) -> bool {
    let Some(inner) = file.strip_prefix(&SOI).and_then(|rest| rest.strip_suffix(&EOI)) else {
        return false;
    };
    let mut header = Header::default();
    let mut input = Reader::new(inner);
    for _ in 0..SEGMENTS_MAX {
        match header.read_segment(&mut input, size) {
            Some(true) => return is_one_scan(input.take_rest(), header.has_restarts),
            Some(false) => {}
            None => return false,
        }
    }
    false
}

/// What was read so far. Tables are one bit for each number.
#[derive(Default)]
struct Header {
    quantisers: u8,
    /// Huffman tables for what is constant in a block, and for the rest of it.
    codes: [u8; 2],
    /// The identifier of each component, and its quantiser.
    components: Vec<(u8, u8)>,
    has_restarts: bool,
}

impl Header {
    /// Takes one segment. True: what follows is the scan. `None`: it is not plain.
    fn read_segment(&mut self, input: &mut Reader<'_>, size: Size) -> Option<bool> {
        let (prefix, marker) = (input.u8()?, input.u8()?);
        // The length counts itself.
        let len = usize::from(input.u16_be()?).checked_sub(2)?;
        let mut body = Reader::new(input.take(len)?);
        if prefix != 0xff {
            return None;
        }
        match marker {
            SOF0 => self.read_frame(&mut body, size)?,
            DQT => self.read_quantisers(&mut body)?,
            DHT => self.read_codes(&mut body)?,
            DRI => self.has_restarts = body.u16_be()? > 0,
            APP0 | COM => return Some(false),
            SOS => self.check_scan(&mut body)?,
            _ => return None,
        }
        body.is_empty().then_some(marker == SOS)
    }

    fn read_frame(&mut self, body: &mut Reader<'_>, size: Size) -> Option<()> {
        let (precision, height, width) = (body.u8()?, body.u16_be()?, body.u16_be()?);
        let count = body.u8()?;
        let is_right = precision == 8 && Size { width, height } == size;
        if !is_right || !self.components.is_empty() || !matches!(count, 1 | 3) {
            return None;
        }
        for number in 1..=count {
            let (identifier, sampling, quantiser) = (body.u8()?, body.u8()?, body.u8()?);
            // Other identifiers make some decoders take the colours for red, green and blue.
            let is_known = match number {
                1 => matches!(sampling, 0x11 | 0x12 | 0x21 | 0x22),
                _ => sampling == 0x11,
            };
            if identifier != number || !is_known || quantiser > 3 {
                return None;
            }
            self.components.push((identifier, quantiser));
        }
        Some(())
    }

    fn read_quantisers(&mut self, body: &mut Reader<'_>) -> Option<()> {
        while !body.is_empty() {
            // The high half is the precision: 16 bits are not baseline.
            let number = body.u8().filter(|number| *number <= 3)?;
            body.take(64)?;
            self.quantisers |= 1 << number;
        }
        Some(())
    }

    fn read_codes(&mut self, body: &mut Reader<'_>) -> Option<()> {
        while !body.is_empty() {
            let (class, number) = halves(body.u8()?);
            let lengths = body.take(16)?;
            body.take(lengths.iter().map(|count| usize::from(*count)).sum())?;
            *self.codes.get_mut(usize::from(class)).filter(|_| number <= 1)? |= 1 << number;
        }
        Some(())
    }

    /// All components are in the scan, and all that it needs was there.
    fn check_scan(&self, body: &mut Reader<'_>) -> Option<()> {
        if self.components.is_empty() || usize::from(body.u8()?) != self.components.len() {
            return None;
        }
        let [constant, rest] = self.codes;
        for (identifier, quantiser) in &self.components {
            let (named, (first, second)) = (body.u8()?, halves(body.u8()?));
            let is_there = named == *identifier
                && self.quantisers & 1 << quantiser != 0
                && first <= 1
                && second <= 1
                && constant & 1 << first != 0
                && rest & 1 << second != 0;
            if !is_there {
                return None;
            }
        }
        (body.take(3)? == [0, 63, 0]).then_some(())
    }
}

const fn halves(byte: u8) -> (u8, u8) {
    (byte >> 4, byte & 15)
}

/// Whether no marker but those that restart the decoder is in the scan.
fn is_one_scan(scan: &[u8], has_restarts: bool) -> bool {
    let mut rest = scan;
    while let Some(at) = rest.iter().position(|byte| *byte == 0xff) {
        let after = rest.get(at + 1).copied();
        let is_fine = match after {
            Some(0) => true,
            Some(0xd0..=0xd7) => has_restarts,
            _ => false,
        };
        if !is_fine {
            return false;
        }
        rest = rest.get(at + 2..).unwrap_or(&[]);
    }
    true
}

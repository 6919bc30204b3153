//! A JPEG file in two: the tables, which the viewer keeps, and the rest.

use bytes::{BufMut, Bytes, BytesMut};

/// Markers of ITU-T T.81 Table B.1.
const SOI: u8 = 0xd8;
const DQT: u8 = 0xdb;
const DHT: u8 = 0xc4;
const SOS: u8 = 0xda;

/// A JPEG file without its tables, and the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SplitJpeg {
    /// The DQT and DHT segments, markers included. Files of one quality and subsampling have the
    /// same ones.
    pub tables: Bytes,
    /// The file without them. Putting `tables` behind its first two bytes makes it whole.
    pub scan: Bytes,
}

/// Splits a baseline JPEG file with one scan. `None` for anything else, which is sent whole.
pub fn split_jpeg(file: &[u8]) -> Option<SplitJpeg> {
    let mut rest = file.strip_prefix(&[0xff, SOI])?;
    let mut tables = BytesMut::new();
    let mut scan = BytesMut::with_capacity(file.len());
    scan.put_slice(&[0xff, SOI]);
    loop {
        let (header, _) = rest.split_first_chunk::<4>()?;
        let [0xff, marker, high, low] = *header else { return None };
        if marker == SOS {
            scan.put_slice(rest);
            return Some(SplitJpeg { tables: tables.freeze(), scan: scan.freeze() });
        }
        // The length counts its own two bytes.
        let (segment, after) =
            rest.split_at_checked(2 + usize::from(u16::from_be_bytes([high, low])))?;
        let to = if matches!(marker, DQT | DHT) { &mut tables } else { &mut scan };
        to.put_slice(segment);
        // A length of 0 would stand still.
        rest = if segment.len() < 4 { return None } else { after };
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Rect, Size, Surface};

    use super::split_jpeg;
    use crate::test_pictures::noise;
    use crate::{Body, Class, Encoder, JpegSettings, Mode, Part, Subsampling};

    fn jpeg(seed: u64, quality: u8) -> Vec<u8> {
        let mut surface = Surface::new(Size::new(200, 100)).unwrap();
        noise(&mut surface, Rect::new(0, 0, 200, 100), seed);
        let part = Part { rect: Rect::new(0, 0, 200, 100), class: Class::Photo };
        let mode = Mode::Lossy(JpegSettings { quality, subsampling: Subsampling::S420 });
        match Encoder::new().unwrap().encode_from(&surface, &part, mode).unwrap().body {
            Body::Jpeg(data) => data.to_vec(),
            body => panic!("{body:?}"),
        }
    }

    #[test]
    fn both_parts_make_the_file() {
        let file = jpeg(1, 60);
        let split = split_jpeg(&file).unwrap();
        assert!(split.tables.len() > 300, "{}", split.tables.len());
        assert_eq!(split.tables.len() + split.scan.len(), file.len());
        let whole = [&split.scan[..2], &split.tables, &split.scan[2..]].concat();
        let again = split_jpeg(&whole).unwrap();
        assert_eq!(again, split);
    }

    #[test]
    fn tables_depend_on_the_quality_alone() {
        let tables = |seed, quality| split_jpeg(&jpeg(seed, quality)).unwrap().tables;
        assert_eq!(tables(1, 60), tables(2, 60));
        assert_ne!(tables(1, 60), tables(1, 80));
    }

    #[test]
    fn what_is_no_jpeg_is_left_alone() {
        let file = jpeg(1, 60);
        for length in 0..600 {
            assert_eq!(split_jpeg(&file[..length]), None, "{length}");
        }
        assert_eq!(split_jpeg(b"\xff\xd8\xff\xdb\x00\x00\xff\xda\x00\x02"), None);
        assert_eq!(split_jpeg(b"no picture at all"), None);
    }
}

//! Samples as numbers, and as bytes.

use bytes::{BufMut, BytesMut};

/// Reads 16-bit little-endian samples, -1 to 1. An odd byte at the end is left out.
pub fn from_pcm(pcm: &[u8]) -> impl Iterator<Item = f32> {
    let sample = |pair: &[u8; 2]| f32::from(i16::from_le_bytes(*pair)) / 32_768.0;
    pcm.as_chunks().0.iter().map(sample)
}

/// Writes samples as 16-bit little-endian; what is beyond -1 to 1 is cut.
pub fn to_pcm(samples: &[f32], out: &mut BytesMut) {
    out.reserve(samples.len() * 2);
    for sample in samples {
        #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
        out.put_i16_le((sample * 32_768.0).round() as i16);
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{from_pcm, to_pcm};

    #[test]
    fn every_sample_survives() {
        let all: Vec<u8> = (i16::MIN..=i16::MAX).flat_map(i16::to_le_bytes).collect();
        let mut back = BytesMut::new();
        to_pcm(&from_pcm(&all).collect::<Vec<_>>(), &mut back);
        assert_eq!(back[..], all);
        back.clear();
        to_pcm(&[2.0, -2.0, f32::NAN], &mut back);
        assert_eq!(back[..], [0xff, 0x7f, 0x00, 0x80, 0, 0]);
        assert_eq!(from_pcm(&[1]).count(), 0);
    }
}

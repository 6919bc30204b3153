//! Formats of sound (`[MS-RDPEA]` 2.2.2.1.1, `AUDIO_FORMAT`), of which plain PCM is taken.

use bytes::BufMut;
use porthole_remote::{Sound, SoundFormat};
use porthole_wire::Reader;

use crate::RdpError;

/// Most formats that we list. Servers have a few dozen, most of them packed.
pub(super) const FORMATS_MAX: usize = 32;

/// `WAVE_FORMAT_PCM`.
const PCM: u16 = 1;

/// Plain samples as servers have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pcm {
    pub(super) sound: SoundFormat,
    /// 8 or 16.
    pub(super) bits: u8,
}

impl Pcm {
    const fn block_bytes(self) -> u16 {
        self.sound.channels as u16 * (self.bits / 8) as u16
    }

    /// Reads one format, and passes over what is not plain PCM.
    fn read(input: &mut Reader<'_>) -> Result<Option<Self>, RdpError> {
        const SHORT: RdpError = RdpError::Short { message: "audio format" };
        let tag = input.u16_le().ok_or(SHORT)?;
        let channels = input.u16_le().ok_or(SHORT)?;
        let rate_hz = input.u32_le().ok_or(SHORT)?;
        let _bytes_a_second = input.u32_le().ok_or(SHORT)?;
        let block = input.u16_le().ok_or(SHORT)?;
        let bits = input.u16_le().ok_or(SHORT)?;
        let extra = input.u16_le().ok_or(SHORT)?;
        input.take(extra.into()).ok_or(SHORT)?;
        let bits = match bits {
            8 => 8,
            16 => 16,
            _ => return Ok(None),
        };
        let channels = match channels {
            1 => 1,
            2 => 2,
            _ => return Ok(None),
        };
        let format = Self { sound: SoundFormat { rate_hz, channels }, bits };
        let is_plain =
            tag == PCM && SoundFormat::RATES_HZ.contains(&rate_hz) && block == format.block_bytes();
        Ok(is_plain.then_some(format))
    }

    pub(super) fn put(self, out: &mut Vec<u8>) {
        out.put_u16_le(PCM);
        out.put_u16_le(self.sound.channels.into());
        out.put_u32_le(self.sound.rate_hz);
        out.put_u32_le(self.sound.rate_hz * u32::from(self.block_bytes()));
        out.put_u16_le(self.block_bytes());
        out.put_u16_le(self.bits.into());
        out.put_u16_le(0);
    }

    /// Whole steps of `data` as 16-bit samples, at most what one event may hold.
    pub(super) fn to_16_bit(self, data: &[u8]) -> Vec<u8> {
        let block = usize::from(self.block_bytes());
        let most = Sound::PCM_MAX_BYTES * usize::from(self.bits) / 16;
        let len = data.len().min(most);
        let whole = data.get(..len - len % block).unwrap_or_default();
        if self.bits == 16 {
            return whole.to_vec();
        }
        // Eight bits have no sign: 128 is silence.
        whole.iter().flat_map(|sample| [0, sample ^ 0x80]).collect()
    }

    /// Samples of 16 bits in the server's own width.
    pub(super) fn to_own_width(self, pcm: &[u8]) -> Vec<u8> {
        if self.bits == 16 {
            return pcm.to_vec();
        }
        pcm.as_chunks::<2>().0.iter().map(|[_, high]| high ^ 0x80).collect()
    }
}

/// Reads a list of `count` formats and keeps what we can play, the best first.
pub(super) fn read_formats(input: &mut Reader<'_>, count: usize) -> Result<Vec<Pcm>, RdpError> {
    let mut formats = Vec::new();
    // A format has eighteen bytes, so the message's length bounds the turns.
    for _ in 0..count {
        if let Some(format) = Pcm::read(input)?
            && formats.len() < FORMATS_MAX
            && !formats.contains(&format)
        {
            formats.push(format);
        }
    }
    formats.sort_by_key(|it| std::cmp::Reverse((it.bits, it.sound.channels, it.sound.rate_hz)));
    Ok(formats)
}

pub(super) fn put_formats(out: &mut Vec<u8>, formats: &[Pcm]) {
    formats.iter().for_each(|format| format.put(out));
}

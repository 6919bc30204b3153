//! Stop 6 of the pixel path for what moves: one picture of a film to one H.264 chunk.

use std::fmt;

use bytes::Bytes;
use openh264::Timestamp;
use openh264::encoder::{
    BitRate, Complexity, Encoder, EncoderConfig, FrameRate, FrameType, IntraFramePeriod, Level,
    MatrixCoefficients, Profile, QpRange, RateControlMode, UsageType, VuiConfig,
};
use porthole_pixels::{Rect, Size, Surface};

use super::codec::VideoCodec;
use super::coded_size;
use super::planes::Planes;
use crate::pixels::Pixels;
use crate::{Snapshot, TilesError};

/// Fewest columns and rows of a film.
pub const VIDEO_SIDE_MIN_PX: u16 = 16;

/// The longer and the shorter side that the encoder takes.
const SIDES_MAX_PX: (u16, u16) = (3840, 2160);

/// The finest and the coarsest quantiser. Finer than this, a picture of a film has more bytes
/// than it has to show: text that rests is sent exactly by other means.
const QUANTISERS: (u8, u8) = (16, 46);

/// What one picture is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VideoDemand {
    /// What pictures take on average, in bytes, while this is asked for: the connection's
    /// bytes/s over the film's pictures/s. It may differ each time; pictures follow within two
    /// or three. One that has little to say takes less.
    pub target_bytes: u32,
    /// Whether the picture must not need those before it: where a viewer joins, and after a
    /// chunk that did not reach one. It takes several times as many bytes as its followers.
    pub key: bool,
}

/// One picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VideoChunk {
    /// H.264 in Annex B's form.
    pub data: Bytes,
    /// Whether it can be decoded without those before it. The first is.
    pub key: bool,
}

impl VideoChunk {
    /// What a browser's decoder is to be configured for, such as `avc1.42c01f`: RFC 6381
    /// section 3.3. `None` unless this is a key picture.
    pub fn codec(&self) -> Option<String> {
        // A start code, the header of a sequence parameter set, and its first three bytes.
        let rest = self.data.strip_prefix(&[0, 0, 0, 1])?;
        let [header, profile, constraints, level, ..] = *rest else { return None };
        let is_parameters = header & 0x1f == 7;
        is_parameters.then(|| format!("avc1.{profile:02x}{constraints:02x}{level:02x}"))
    }
}

/// Encodes the pictures of one region, all of one size, in the order in which they are shown.
///
/// Each chunk builds on the one before: who throws one away has to demand a key picture next.
/// Holds about 13 bytes for each pixel, and one chunk.
pub struct VideoEncoder {
    size: Size,
    encoder: Encoder,
    planes: Planes,
    budget: Budget,
    chunk: Vec<u8>,
    /// Until a key picture comes out: it was demanded, or the last picture failed.
    is_key_due: bool,
}

impl VideoEncoder {
    /// An encoder for pictures of `size`.
    ///
    /// # Errors
    ///
    /// As [`check_size`]; [`TilesError::Video`] when the library cannot be loaded or does not
    /// start.
    pub fn new(codec: &VideoCodec, size: Size) -> Result<Self, TilesError> {
        check_size(size)?;
        let budget = Budget::new(size);
        let config = config(coded_size(size), budget.rate_bits);
        let encoder =
            Encoder::with_api_config(codec.api()?, config).map_err(|error| fault(&error))?;
        let planes = Planes::new(size);
        Ok(Self { size, encoder, planes, budget, chunk: Vec::new(), is_key_due: true })
    }

    /// The size of the pictures.
    pub const fn size(&self) -> Size {
        self.size
    }

    /// Encodes a copy. `None` when pictures before it have spent the bytes that were granted: this
    /// one is left out, and a later one may be offered.
    ///
    /// # Errors
    ///
    /// [`TilesError::Empty`] when the snapshot holds no pixels, [`TilesError::VideoSize`] when
    /// it has another size than the encoder, [`TilesError::Video`] when the library refuses. The
    /// next picture is then a key picture.
    pub fn encode(
        &mut self,
        snapshot: &Snapshot,
        demand: VideoDemand,
    ) -> Result<Option<VideoChunk>, TilesError> {
        self.encode_pixels(snapshot.pixels(), demand)
    }

    /// Encodes the part of `surface` in `rect` as it lies, without a copy.
    ///
    /// # Errors
    ///
    /// As [`VideoEncoder::encode`]; [`TilesError::Empty`] when `rect` reaches past the surface.
    pub fn encode_from(
        &mut self,
        surface: &Surface,
        rect: Rect,
        demand: VideoDemand,
    ) -> Result<Option<VideoChunk>, TilesError> {
        self.encode_pixels(Pixels::of_surface(surface, rect), demand)
    }

    fn encode_pixels(
        &mut self,
        pixels: Option<Pixels<'_>>,
        demand: VideoDemand,
    ) -> Result<Option<VideoChunk>, TilesError> {
        let pixels = pixels.ok_or(TilesError::Empty)?;
        if pixels.size() != self.size {
            return Err(size_fault(pixels.size(), "is not of the size that its film has"));
        }
        self.planes.store(pixels)?;
        // The first picture is a key picture anyway.
        let is_due = std::mem::replace(&mut self.is_key_due, true) || demand.key;
        if is_due {
            self.encoder.force_intra_frame();
        }
        let time = Timestamp::from_millis(self.budget.take(demand.target_bytes));
        let stream =
            self.encoder.encode_at(&self.planes.slices(), time).map_err(|error| fault(&error))?;
        let key = matches!(stream.frame_type(), FrameType::IDR);
        self.is_key_due = is_due && !key;
        self.chunk.clear();
        stream.write_vec(&mut self.chunk);
        let data = &self.chunk;
        Ok((!data.is_empty()).then(|| VideoChunk { data: Bytes::copy_from_slice(data), key }))
    }
}

impl fmt::Debug for VideoEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VideoEncoder").field("size", &self.size).finish_non_exhaustive()
    }
}

/// Whether a film can have this size.
///
/// # Errors
///
/// [`TilesError::VideoSize`] when a side has less than [`VIDEO_SIDE_MIN_PX`], the longer more
/// than 3840, or the shorter more than 2160.
pub fn check_size(size: Size) -> Result<(), TilesError> {
    let (long, short) = (size.width.max(size.height), size.width.min(size.height));
    if short < VIDEO_SIDE_MIN_PX {
        return Err(size_fault(size, "is too small"));
    }
    if long > SIDES_MAX_PX.0 || short > SIDES_MAX_PX.1 {
        return Err(size_fault(size, "is too large"));
    }
    Ok(())
}

fn size_fault(Size { width, height }: Size, reason: &'static str) -> TilesError {
    TilesError::VideoSize { width, height, reason }
}

/// Bytes that pictures may take, told to the encoder in the only tongue that it hears without
/// being started again: time.
///
/// Its rate control is a bucket that time empties at a fixed rate and pictures fill. Time that
/// runs as fast as bytes are granted makes any other rate of it.
#[derive(Debug)]
struct Budget {
    /// What the bucket loses in a second of that time: a bit for each pixel. It holds three
    /// quarters of it, and a picture may take half of what there is room for.
    rate_bits: u32,
    /// The encoder's clock.
    time_us: u64,
}

/// The encoder takes a longer gap for a jump of the clock, and a shorter one for none.
const STEP_US: (u64, u64) = (1_000, 1_000_000);

impl Budget {
    fn new(size: Size) -> Self {
        // The encoder takes 0 for "unknown".
        Self { rate_bits: size.area().clamp(64_000, 4_000_000), time_us: STEP_US.1 }
    }

    /// Grants one picture its bytes. Returns the encoder's time in milliseconds.
    fn take(&mut self, bytes: u32) -> u64 {
        let step_us = 8 * 1_000_000 * u64::from(bytes) / u64::from(self.rate_bits);
        self.time_us += step_us.clamp(STEP_US.0, STEP_US.1);
        self.time_us / 1_000
    }
}

/// One thread, one slice, one reference picture, and no look ahead: a picture comes out in the
/// call in which it goes in.
fn config(coded: Size, rate_bits: u32) -> EncoderConfig {
    let colours = VuiConfig::srgb().matrix_coefficients(MatrixCoefficients::Smpte170M);
    EncoderConfig::new()
        .usage_type(UsageType::CameraVideoRealTime)
        .complexity(Complexity::Low)
        .profile(Profile::Baseline)
        .level(level(coded))
        .num_threads(1)
        .rate_control_mode(RateControlMode::Timestamp)
        .bitrate(BitRate::from_bps(rate_bits))
        // It divides the rate into pictures by this: one a second leaves that to the bucket.
        .max_frame_rate(FrameRate::from_hz(1.0))
        // A picture that finds the bucket full is left out, so that no demand is overrun for long.
        .skip_frames(true)
        .qp(QpRange::new(QUANTISERS.0, QUANTISERS.1))
        .intra_frame_period(IntraFramePeriod::auto())
        .scene_change_detect(false)
        .adaptive_quantization(false)
        .background_detection(false)
        .long_term_reference(false)
        .vui(colours)
}

/// The least level that allows 60 pictures/s of this size (ITU-T H.264 table A-1); above what it
/// counts, the one with the largest pictures.
fn level(coded: Size) -> Level {
    let blocks = |side: u16| u32::from(side.div_ceil(16));
    match blocks(coded.width) * blocks(coded.height) {
        0..=675 => Level::Level_3_0,
        676..=3600 => Level::Level_3_2,
        3601..=8192 => Level::Level_4_2,
        _ => Level::Level_5_2,
    }
}

fn fault(error: &openh264::Error) -> TilesError {
    TilesError::Video { reason: error.to_string() }
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;

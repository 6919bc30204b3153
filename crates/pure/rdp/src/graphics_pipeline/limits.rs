//! What the graphics pipeline accepts from a server, in one place.

use porthole_pixels::SURFACE_PIXELS_MAX;

/// Longest message of the channel once decompressed, in bytes: a 4K picture without compression
/// is half of it. Whoever puts messages together from the channel's pieces can use it as well,
/// since compression never makes one much longer.
pub const MESSAGE_MAX_BYTES: usize = 64 << 20;

/// Bytes of scratch memory that are kept from one message to the next.
pub(crate) const SCRATCH_KEEP_MAX_BYTES: usize = 4 << 20;

/// Surfaces at a time. Servers have one a screen, and a few for what is not shown.
pub(crate) const SURFACES_MAX: usize = 256;

/// Pixels of all surfaces together.
pub(crate) const SURFACES_PIXELS_MAX: u64 = SURFACE_PIXELS_MAX as u64;

/// Slots of the bitmap cache, numbered from 1 (`[MS-RDPEGFX]` 3.3.1.4, with the small cache that
/// all our capability sets ask for).
pub(crate) const CACHE_SLOTS_MAX: u16 = 4_096;

/// Bytes of all pictures in the bitmap cache (the same).
pub(crate) const CACHE_MAX_BYTES: usize = 16 << 20;

/// How often one message may paint all there is, counted in pixels. Fills and copies are a few
/// bytes each, however many pixels they paint.
pub(crate) const MESSAGE_PICTURES_MAX: u64 = 64;

/// The least that one message may paint, in pixels, however small the picture is.
pub(crate) const MESSAGE_PIXELS_MIN: u64 = 1 << 28;

/// What decoding one tile of 64x64 pixels costs, in pixels painted.
pub(crate) const TILE_COST_PIXELS: u64 = 64 * 64 * 8;

/// Outputs that may wait while one message is handled: frames, each of which is acknowledged, and
/// pieces of video.
pub(crate) const OUTPUTS_MAX: usize = 4_096;

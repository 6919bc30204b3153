//! What we accept from a server, in one place.

/// Most bytes that have to be buffered before the client can make progress: a Tight rectangle
/// that holds a whole JPEG or PNG file, whose length field has 22 bits (4 MiB), and its header.
/// Everything else is decoded as it arrives, or is smaller.
pub const ARRIVED_MAX_BYTES: usize = (1 << 22) + 1024;

/// Longest desktop name that we are willing to skip past, in bytes. We keep far less.
pub(crate) const NAME_MAX_BYTES: u32 = 1 << 20;

/// Capabilities in one list of Tight's negotiation, and in all lists after the desktop's name.
pub(crate) const TIGHT_CAPABILITIES_MAX: u32 = 512;

/// Bytes of scratch memory that are kept from one rectangle to the next.
pub(crate) const SCRATCH_KEEP_MAX_BYTES: usize = 4 << 20;

/// Bytes that are inflated at a time. The widest row of a surface is as long.
pub(crate) const INFLATED_MAX_BYTES: usize = 1 << 16;

/// Scans of a progressive JPEG. Its encoders use about ten; each costs a whole picture.
pub(crate) const JPEG_SCANS_MAX: u32 = 64;

/// A JPEG of fewer pixels is decoded at once: most of such a file is its tables. Strips that are
/// left of a large picture, 1280x6 for example, are above that: beside their neighbours they are
/// worth one image, and taken for themselves they do not even look like a photograph.
pub(crate) const COVER_PIXELS_MIN: u32 = 2048;

/// How often one update may paint the whole desktop, counted in pixels. Copies and fills are
/// a few bytes each, however many pixels they paint.
pub(crate) const UPDATE_DESKTOPS_MAX: u64 = 64;

/// Payload of a fence, in bytes (the specification's own limit).
pub(crate) const FENCE_MAX_BYTES: u8 = 64;

/// Keys that can be down at once.
pub(crate) const KEYS_DOWN_MAX: usize = 256;

/// Characters typed by one [`porthole_remote::Input::Text`].
pub(crate) const TEXT_MAX_CHARS: usize = 1 << 16;

/// Notches of the wheel sent for one [`porthole_remote::Input::Wheel`], on each axis.
pub(crate) const NOTCHES_MAX: u16 = 32;

/// The most that zlib or a like compressor makes of `raw_len` bytes. Stored blocks cost five
/// bytes in each 16 KiB, or fewer; the rest is room for headers and flushes.
pub(crate) const fn deflated_max(raw_len: u64) -> u64 {
    raw_len + raw_len / 64 + 1024
}

/// The longest image file for a rectangle of `area` pixels: noise at the best quality stays
/// below four bytes a pixel, and headers and tables take a few hundred bytes.
pub(crate) const fn image_file_max(area: u32) -> u64 {
    area as u64 * 8 + 65_536
}

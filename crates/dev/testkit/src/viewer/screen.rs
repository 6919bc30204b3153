//! The viewer's canvas: drawing records to pixels, strictly.

use anyhow::{Context as _, Result, ensure};
use porthole_link::{Codec, Record, ToBrowser};
use porthole_pixels::{Point, Rect, Size, Surface};
use porthole_tiles::{decode_palette, decode_rgb};
use turbojpeg::{Decompressor, Image, PixelFormat};

use super::Painting;

/// Bytes of a record's header on the wire.
const HEADER_LEN_BYTES: u64 = 4;

/// What came so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// WebSocket messages.
    pub messages: u64,
    /// Bytes of those messages.
    pub bytes: u64,
    /// Frames.
    pub frames: u64,
    /// Sizes.
    pub sizes: u64,
    /// Fills.
    pub fills: u64,
    /// Copies.
    pub copies: u64,
    /// Images: JPEG, palette, RGB.
    pub images: [u64; 3],
    /// Bytes of those images, with their records' headers.
    pub image_bytes: [u64; 3],
    /// Pixels of those images.
    pub image_pixels: [u64; 3],
    /// Pixels of fills and copies.
    pub other_pixels: u64,
}

impl Counts {
    /// Images of every codec.
    pub fn images_all(&self) -> u64 {
        self.images.iter().sum()
    }

    /// What came since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let less = |mut now: [u64; 3], then: [u64; 3]| {
            now.iter_mut().zip(then).for_each(|(now, then)| *now -= then);
            now
        };
        Self {
            messages: self.messages - earlier.messages,
            bytes: self.bytes - earlier.bytes,
            frames: self.frames - earlier.frames,
            sizes: self.sizes - earlier.sizes,
            fills: self.fills - earlier.fills,
            copies: self.copies - earlier.copies,
            images: less(self.images, earlier.images),
            image_bytes: less(self.image_bytes, earlier.image_bytes),
            image_pixels: less(self.image_pixels, earlier.image_pixels),
            other_pixels: self.other_pixels - earlier.other_pixels,
        }
    }
}

pub(super) struct Screen {
    painting: Painting,
    surface: Surface,
    size: Size,
    counts: Counts,
    jpeg: Decompressor,
    /// Pixels of a JPEG, kept from one to the next.
    scratch: Vec<u8>,
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Screen")
            .field("size", &self.size)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Screen {
    pub(super) fn new(painting: Painting) -> Result<Self> {
        Ok(Self {
            painting,
            surface: Surface::default(),
            size: Size::default(),
            counts: Counts::default(),
            jpeg: Decompressor::new()?,
            scratch: Vec::new(),
        })
    }

    pub(super) const fn surface(&self) -> &Surface {
        &self.surface
    }

    pub(super) const fn size(&self) -> Size {
        self.size
    }

    pub(super) const fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn note_message(&mut self, bytes: usize) {
        self.counts.messages += 1;
        self.counts.bytes += bytes as u64;
    }

    pub(super) fn end_frame(&mut self) {
        self.counts.frames += 1;
        // Nobody asks what changed.
        self.surface.clear_changes();
    }

    /// Carries a drawing record out. False: it is none.
    pub(super) fn draw(&mut self, record: Record<'_>) -> Result<bool> {
        if !(0x02..=0x05).contains(&record.kind) {
            return Ok(false);
        }
        match ToBrowser::decode(record)?.context("drawing records are not optional")? {
            ToBrowser::Size(size) => self.resize(size)?,
            ToBrowser::Fill(rect, colour) => self.fill(rect, colour)?,
            ToBrowser::Copy(source, target) => self.copy(source, target)?,
            ToBrowser::Image(rect, codec, data) => self.image(rect, codec, &data)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn resize(&mut self, size: Size) -> Result<()> {
        self.counts.sizes += 1;
        Surface::check_size(size)?;
        self.size = size;
        if self.painting == Painting::Keep {
            // A new size starts black.
            self.surface = Surface::new(size)?;
        }
        Ok(())
    }

    fn fill(&mut self, rect: Rect, [red, green, blue]: [u8; 3]) -> Result<()> {
        self.check(rect)?;
        self.counts.fills += 1;
        self.counts.other_pixels += u64::from(rect.area());
        if self.painting == Painting::Keep {
            self.surface.fill(rect, [red, green, blue, u8::MAX])?;
        }
        Ok(())
    }

    fn copy(&mut self, source: Point, target: Rect) -> Result<()> {
        self.check(target)?;
        self.check(Rect { x: source.x, y: source.y, ..target })?;
        self.counts.copies += 1;
        self.counts.other_pixels += u64::from(target.area());
        if self.painting == Painting::Keep {
            self.surface.copy(source, target)?;
        }
        Ok(())
    }

    fn image(&mut self, rect: Rect, codec: Codec, data: &[u8]) -> Result<()> {
        self.check(rect)?;
        let count = match codec {
            Codec::Jpeg => 0,
            Codec::Palette => 1,
            Codec::Rgb => 2,
        };
        let add = |all: &mut [u64; 3], amount: u64| {
            if let Some(one) = all.get_mut(count) {
                *one += amount;
            }
        };
        add(&mut self.counts.images, 1);
        add(&mut self.counts.image_bytes, HEADER_LEN_BYTES + 9 + data.len() as u64);
        add(&mut self.counts.image_pixels, rect.area().into());
        if self.painting == Painting::Skip {
            return Ok(());
        }
        match codec {
            Codec::Palette => self.surface.store(rect, &decode_palette(rect.size(), data)?)?,
            Codec::Rgb => self.surface.store(rect, &decode_rgb(rect.size(), data)?)?,
            Codec::Jpeg => self.jpeg(rect, data)?,
        }
        Ok(())
    }

    fn jpeg(&mut self, rect: Rect, data: &[u8]) -> Result<()> {
        let header = self.jpeg.read_header(data)?;
        let (width, height) = (usize::from(rect.width), usize::from(rect.height));
        ensure!(
            (header.width, header.height) == (width, height),
            "a JPEG of {}x{} for {rect}",
            header.width,
            header.height
        );
        self.scratch.resize(4 * width * height, 0);
        let image = Image {
            pixels: self.scratch.as_mut_slice(),
            width,
            pitch: 4 * width,
            height,
            format: PixelFormat::RGBA,
        };
        self.jpeg.decompress(data, image)?;
        Ok(self.surface.store(rect, &self.scratch)?)
    }

    fn check(&self, rect: Rect) -> Result<()> {
        ensure!(!rect.is_empty(), "{rect} is empty");
        ensure!(rect.fits(self.size), "{rect} reaches past {:?}", self.size);
        Ok(())
    }
}

//! The viewer's canvas: drawing records to pixels, strictly.

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use porthole_link::{Codec, Record, STREAMS_MAX, TABLES_MAX, ToBrowser, VideoRecord};
use porthole_pixels::{Point, Rect, Size, Surface};
use porthole_tiles::{decode_palette, decode_rgb};
use turbojpeg::{Decompressor, Image, PixelFormat};

use super::Painting;
use super::cells::Cells;

/// Bytes of a record's header on the wire.
const HEADER_LEN_BYTES: u64 = 4;

/// Most pieces of video that are kept.
const VIDEOS_MAX: usize = 1024;

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
    /// Rectangles that went into cells, and that came out of them.
    pub cells: [u64; 2],
    /// Pieces of video.
    pub videos: u64,
    /// Bytes of those pieces.
    pub video_bytes: u64,
    /// Pixels of fills, copies, recalls and videos.
    pub other_pixels: u64,
}

impl Counts {
    /// Images of every codec.
    pub fn images_all(&self) -> u64 {
        self.images.iter().sum()
    }

    /// What came since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
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
            cells: less(self.cells, earlier.cells),
            videos: self.videos - earlier.videos,
            video_bytes: self.video_bytes - earlier.video_bytes,
            other_pixels: self.other_pixels - earlier.other_pixels,
        }
    }
}

fn less<const N: usize>(mut now: [u64; N], then: [u64; N]) -> [u64; N] {
    now.iter_mut().zip(then).for_each(|(now, then)| *now -= then);
    now
}

pub(super) struct Screen {
    painting: Painting,
    surface: Surface,
    size: Size,
    counts: Counts,
    videos: Vec<VideoRecord>,
    jpeg: Decompressor,
    cells: Cells,
    /// JPEG tables by their number.
    tables: [Bytes; TABLES_MAX as usize],
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
            videos: Vec::new(),
            jpeg: Decompressor::new()?,
            cells: Cells::default(),
            tables: std::array::from_fn(|_| Bytes::new()),
            scratch: Vec::new(),
        })
    }

    pub(super) const fn surface(&self) -> &Surface {
        &self.surface
    }

    pub(super) const fn size(&self) -> Size {
        self.size
    }

    pub(super) fn videos(&self) -> &[VideoRecord] {
        &self.videos
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
        if !matches!(record.kind, 0x02..=0x05 | 0x08..=0x0b) {
            return Ok(false);
        }
        match ToBrowser::decode(record)?.context("drawing records are not optional")? {
            ToBrowser::Size(size) => self.resize(size)?,
            ToBrowser::Fill(rect, colour) => self.fill(rect, colour)?,
            ToBrowser::Copy(source, target) => self.copy(source, target)?,
            ToBrowser::Image(rect, codec, data) => self.image(rect, codec, &data)?,
            ToBrowser::Store(cell, rect) => self.store(cell, rect)?,
            ToBrowser::Recall(cell, rect) => self.recall(cell, rect)?,
            ToBrowser::Tables(number, data) => {
                *self.tables.get_mut(usize::from(number)).context("tables beyond the last")? = data;
            }
            ToBrowser::Video(video) => {
                self.check(video.rect)?;
                ensure!(video.stream < STREAMS_MAX, "stream {}", video.stream);
                let whole = Rect { x: 0, y: 0, ..video.rect };
                let is_within = |part: &Rect| part.area() > 0 && whole.contains(*part);
                ensure!(video.parts.iter().all(is_within), "a part beyond {whole}");
                self.counts.videos += 1;
                self.counts.video_bytes += video.data.len() as u64;
                self.counts.other_pixels += u64::from(video.rect.area());
                if self.painting == Painting::Keep {
                    self.keep(video);
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// What is needed to decode the newest picture of a stream, and no more.
    fn keep(&mut self, video: VideoRecord) {
        if video.key {
            self.videos.retain(|old| old.stream != video.stream);
        }
        self.videos.push(video);
        if self.videos.len() > VIDEOS_MAX {
            self.videos.remove(0);
        }
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
            Codec::Jpeg | Codec::JpegScan => 0,
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
            Codec::JpegScan => self.jpeg_scan(rect, data)?,
        }
        Ok(())
    }

    fn store(&mut self, cell: u16, rect: Rect) -> Result<()> {
        self.check(rect)?;
        self.counts.cells[0] += 1;
        let keeps = self.painting == Painting::Keep;
        self.cells.store(cell, rect, keeps.then_some(&self.surface))
    }

    fn recall(&mut self, cell: u16, rect: Rect) -> Result<()> {
        self.check(rect)?;
        self.counts.cells[1] += 1;
        self.counts.other_pixels += u64::from(rect.area());
        let keeps = self.painting == Painting::Keep;
        self.cells.recall(cell, rect, keeps.then_some(&mut self.surface))
    }

    fn jpeg_scan(&mut self, rect: Rect, data: &[u8]) -> Result<()> {
        let (number, scan) = data.split_first().context("a scan without a number")?;
        let tables = self.tables.get(usize::from(*number)).filter(|tables| !tables.is_empty());
        let tables = tables.with_context(|| format!("no tables number {number}"))?;
        let (start, rest) = scan.split_at_checked(2).context("a scan without a start")?;
        let file = [start, tables, rest].concat();
        self.jpeg(rect, &file)
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

//! What a viewer's browser does with what it is sent.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use bytes::Bytes;
use porthole_link::{CELL_SIDE_PX, Codec, Feature, ToBrowser, VideoRecord, records};
use porthole_pixels::{Rect, Size, Surface};
use porthole_tiles::{decode_palette, decode_rgb};

use crate::ViewerId;

/// A viewer: its canvas, and what it was told. It is as strict as the specification.
pub(crate) struct Screen {
    pub(crate) id: ViewerId,
    /// Whether its socket drains.
    pub(crate) reads: bool,
    pub(crate) canvas: Surface,
    pub(crate) told: Vec<ToBrowser>,
    pub(crate) bytes: usize,
    pub(crate) lossy: bool,
    pub(crate) secret: [u8; 32],
    /// The last frame that is on the canvas.
    pub(crate) painted: u32,
    /// What its path carries, and until when it is busy; without, everything arrives at once.
    pub(crate) bytes_per_ms: Option<u64>,
    pub(super) busy_until: Option<Instant>,
    pub(super) features: u32,
    pub(super) scale_percent: u16,
    pub(super) cells: HashMap<u16, (Size, Vec<u8>)>,
    pub(super) cells_max: u16,
    pub(super) tables: u16,
    /// The last picture of each stream that its decoders have.
    pub(crate) decoded: HashMap<u8, u8>,
    /// Whether it acknowledges what it reads.
    pub(crate) acks: bool,
    /// It does not even hear the Welcome when it comes back.
    pub(crate) deaf: bool,
    /// Messages on their way.
    pub(super) wire: VecDeque<Bytes>,
}

pub(super) const fn secret(id: u64) -> [u8; 32] {
    [id.to_le_bytes()[0]; 32]
}

impl Screen {
    pub(super) fn new(id: u64, cells_max: u16) -> Self {
        Self {
            id: ViewerId(id),
            reads: true,
            canvas: Surface::default(),
            told: Vec::new(),
            bytes: 0,
            lossy: false,
            secret: secret(id),
            painted: 0,
            bytes_per_ms: None,
            busy_until: None,
            features: if cells_max > 0 { Feature::CELLS | Feature::TABLES } else { 0 },
            scale_percent: 100,
            cells: HashMap::new(),
            cells_max,
            tables: 0,
            decoded: HashMap::new(),
            acks: true,
            deaf: false,
            wire: VecDeque::new(),
        }
    }

    pub(super) fn take(&mut self, message: &Bytes) -> Option<u32> {
        let mut frame = None;
        for record in records(message) {
            let record = ToBrowser::decode(record.unwrap()).unwrap().unwrap();
            if let ToBrowser::Welcome(welcome) = &record {
                self.secret = welcome.secret;
            }
            self.paint(&record);
            if let ToBrowser::FrameEnd(number) = record {
                assert_eq!(number, self.painted + 1);
                self.painted = number;
                frame = Some(number);
            }
            self.told.push(record);
        }
        frame
    }

    fn paint(&mut self, record: &ToBrowser) {
        match record {
            ToBrowser::Welcome(welcome) if welcome.features & Feature::KEPT == 0 => {
                self.canvas = Surface::default();
                self.cells.clear();
            }
            ToBrowser::Size(size) => {
                self.canvas = Surface::new(*size).unwrap();
            }
            ToBrowser::Fill(rect, [r, g, b]) => self.canvas.fill(*rect, [*r, *g, *b, 255]).unwrap(),
            ToBrowser::Copy(source, target) => self.canvas.copy(*source, *target).unwrap(),
            ToBrowser::Store(cell, rect) => self.store(*cell, *rect),
            ToBrowser::Recall(cell, rect) => self.recall(*cell, *rect),
            ToBrowser::Tables(number, _) => self.tables |= 1 << number,
            ToBrowser::Image(rect, codec, data) => {
                let rgba = match codec {
                    Codec::Palette => decode_palette(rect.size(), data).unwrap(),
                    Codec::Rgb => decode_rgb(rect.size(), data).unwrap(),
                    // A lossy picture: anything that is surely not the right one.
                    Codec::Jpeg | Codec::JpegScan => {
                        let known = *codec == Codec::Jpeg || self.tables & (1 << data[0]) != 0;
                        assert!(known, "no tables number {}", data[0]);
                        self.lossy = true;
                        [1, 2, 3, 255].repeat(rect.area() as usize)
                    }
                };
                self.canvas.store(*rect, &rgba).unwrap();
            }
            ToBrowser::Video(video) if video.stream > 0 => self.decode(video),
            ToBrowser::Video(video) => {
                self.lossy = true;
                assert!(!video.parts.is_empty());
                for part in &video.parts {
                    let rect = Rect { x: video.rect.x + part.x, y: video.rect.y + part.y, ..*part };
                    self.canvas.fill(rect, [9, 9, 9, 255]).unwrap();
                }
            }
            _ => (),
        }
    }

    /// A piece of the remote's video, whose last byte is the picture's number. It needs the one
    /// before it, or none, and is painted in its parts alone.
    fn decode(&mut self, video: &VideoRecord) {
        let (stream, number) = (video.stream, *video.data.last().unwrap());
        assert!(self.features & Feature::VIDEO != 0);
        assert!(video.key || self.decoded.get(&stream).is_some_and(|last| last + 1 == number));
        self.decoded.insert(stream, number);
        let whole = Rect { x: 0, y: 0, ..video.rect };
        let parts = if video.parts.is_empty() { vec![whole] } else { video.parts.clone() };
        for part in parts {
            assert!(whole.contains(part), "{part} of {whole}");
            let place = Rect { x: video.rect.x + part.x, y: video.rect.y + part.y, ..part };
            self.canvas.fill(place, picture(number)).unwrap();
        }
    }

    fn store(&mut self, first: u16, rect: Rect) {
        for (cell, square) in (first..).zip(squares(rect)) {
            assert!(cell < self.cells_max, "cell {cell} of {}", self.cells_max);
            assert!(square.fits(self.canvas.size()));
            let rows = (0..square.height).flat_map(|y| self.canvas.row(square, y));
            self.cells.insert(cell, (square.size(), rows.copied().collect()));
        }
    }

    fn recall(&mut self, first: u16, rect: Rect) {
        for (cell, square) in (first..).zip(squares(rect)) {
            let (size, pixels) = &self.cells[&cell];
            assert_eq!(*size, square.size());
            self.canvas.store(square, pixels).unwrap();
        }
    }
}

/// The colour of a picture of the remote's video.
pub(crate) const fn picture(number: u8) -> [u8; 4] {
    [number, 255 - number, 99, 255]
}

/// The squares of 64 pixels that `rect` is cut into, row by row.
fn squares(rect: Rect) -> impl Iterator<Item = Rect> {
    let side = usize::from(CELL_SIDE_PX);
    let (right, bottom) = (rect.x + rect.width, rect.y + rect.height);
    (rect.y..bottom).step_by(side).flat_map(move |y| {
        (rect.x..right).step_by(side).map(move |x| {
            let (width, height) = ((right - x).min(CELL_SIDE_PX), (bottom - y).min(CELL_SIDE_PX));
            Rect { x, y, width, height }
        })
    })
}

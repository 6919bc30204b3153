//! Stop 5 of the pixel path: one frame for one or more viewers, from damage to link message.

use bytes::{Bytes, BytesMut};
use porthole_link::{Codec, ToBrowser};
use porthole_pixels::{Copy, Rect};
use porthole_tiles::{Body, Class, Encoded, Encoder, Mode, Part, Snapshot, TilesError, split_jpeg};

use crate::ViewerId;
use crate::costs::Costs;
use crate::film::{FilmDone, FilmPicture};
use crate::quality::Rung;

/// The number of the tables of files that go out as the remote sent them: above those of the
/// ladder.
pub(crate) const FILE_TABLES: u8 = 15;

/// What one viewer's frame begins with: what it alone lacks or has.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) viewer: ViewerId,
    /// Its stores, size, copies, videos and recalls, in this order.
    pub(crate) records: BytesMut,
    /// What the recalls paint.
    pub(crate) recalled: Vec<Rect>,
}

/// A frame to be encoded. It holds copies of the pixels it needs, so it can run on any thread
/// while the surface moves on; the result goes to [`crate::Session::handle_encoded`].
#[derive(Debug)]
pub struct Job {
    pub(crate) heads: Vec<Head>,
    pub(crate) copies: Vec<Copy>,
    /// JPEG files that go out as they are, and where.
    pub(crate) files: Vec<(Rect, Bytes)>,
    pub(crate) parts: Vec<(Snapshot, Mode)>,
    pub(crate) rung: Rung,
    /// Whether the viewers keep JPEG tables.
    pub(crate) keeps_tables: bool,
    /// A picture of the viewer's film; then it is the only one.
    pub(crate) film: Option<FilmPicture>,
}

impl Job {
    /// How many pixels are to be encoded; a small job is not worth another thread.
    pub fn pixels(&self) -> u32 {
        let film = self.film.as_ref().map_or(0, |film| film.rect().area());
        self.parts.iter().map(|(snapshot, _)| snapshot.rect().area()).sum::<u32>() + film
    }

    /// Encodes.
    ///
    /// # Errors
    ///
    /// [`TilesError`] when a part could not be encoded even without loss.
    pub fn run(self, encoder: &mut Encoder) -> Result<Finished, TilesError> {
        let (frame, pieces) = self.split(1);
        let batches = pieces.into_iter().map(|piece| piece.run(encoder));
        Ok(frame.finish(batches.collect::<Result<_, _>>()?))
    }

    /// Cuts the work into at most `count` pieces of about the same size, for as many threads, and
    /// one for a film.
    pub fn split(mut self, count: usize) -> (Frame, Vec<Piece>) {
        let share = (self.pixels() as usize).div_ceil(count.max(1)).max(1);
        let (rung, keeps_tables) = (self.rung, self.keeps_tables);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut pixels = usize::MAX;
        if let Some(film) = self.film.take() {
            let film = Some(film);
            pieces.push(Piece { parts: Vec::new(), rung, keeps_tables, film });
        }
        for part in std::mem::take(&mut self.parts) {
            if pixels >= share {
                pieces.push(Piece { parts: Vec::new(), rung, keeps_tables, film: None });
                pixels = 0;
            }
            pixels += part.0.rect().area() as usize;
            if let Some(piece) = pieces.last_mut() {
                piece.parts.push(part);
            }
        }
        (Frame { job: self }, pieces)
    }
}

/// A frame whose pieces are being encoded.
#[derive(Debug)]
pub struct Frame {
    job: Job,
}

impl Frame {
    /// Puts the encoded pieces together. Their order does not matter.
    pub fn finish(self, pieces: Vec<Encodings>) -> Finished {
        let Job { heads, copies, files, rung, keeps_tables, .. } = self.job;
        let mut images = Encodings::default();
        // What is encoded may lie on them, and is the better picture.
        files.into_iter().for_each(|(rect, file)| images.add_file(rect, file, keeps_tables));
        pieces.into_iter().for_each(|piece| images.append(piece));
        Finished { heads, copies, rung, images }
    }
}

/// A part of a frame's work.
#[derive(Debug)]
pub struct Piece {
    parts: Vec<(Snapshot, Mode)>,
    rung: Rung,
    keeps_tables: bool,
    film: Option<FilmPicture>,
}

impl Piece {
    /// Encodes.
    ///
    /// # Errors
    ///
    /// [`TilesError`] when a part could not be encoded even without loss.
    pub fn run(self, encoder: &mut Encoder) -> Result<Encodings, TilesError> {
        let mut encodings = Encodings::default();
        if let Some(film) = self.film {
            encodings.film = Some(film.run(&mut encodings));
        }
        let number = self.keeps_tables.then(|| self.rung.number());
        for (snapshot, mode) in &self.parts {
            // A picture that JPEG cannot carry goes without loss.
            let encoded = encoder
                .encode(snapshot, *mode)
                .or_else(|_| encoder.encode(snapshot, Mode::Lossless))?;
            encodings.add(snapshot.class(), encoded, number);
        }
        Ok(encodings)
    }
}

/// An encoded frame.
#[derive(Debug)]
pub struct Finished {
    pub(crate) heads: Vec<Head>,
    pub(crate) copies: Vec<Copy>,
    pub(crate) rung: Rung,
    pub(crate) images: Encodings,
}

impl Finished {
    /// How many bytes go to each viewer, beside what only it gets.
    pub fn len_bytes(&self) -> usize {
        self.images.records.len()
    }

    /// Codec and bytes of each image in it, for the metrics.
    pub fn images(&self) -> impl Iterator<Item = (Codec, usize)> + '_ {
        self.images.images.iter().copied()
    }

    pub(crate) fn teach(&self, costs: &mut Costs) {
        for (class, pixels, bytes) in &self.images.exact {
            costs.learn(*class, *pixels, *bytes);
        }
    }
}

/// Encoded images, as records.
#[derive(Debug, Default)]
pub struct Encodings {
    pub(crate) records: BytesMut,
    /// What the images paint, and whether with loss.
    pub(crate) painted: Vec<(Rect, bool)>,
    /// The tables that the JPEG scans among them name.
    pub(crate) tables: Option<Bytes>,
    /// The same for [`FILE_TABLES`].
    pub(crate) file_tables: Option<Bytes>,
    pub(crate) lossy_pixels: u32,
    pub(crate) lossy_bytes: usize,
    /// What became of the film's picture.
    pub(crate) film: Option<FilmDone>,
    /// Codec and bytes of each image.
    images: Vec<(Codec, usize)>,
    /// Class, pixels and bytes of each image that is exact.
    exact: Vec<(Class, u32, usize)>,
}

impl Encodings {
    fn append(&mut self, other: Self) {
        self.records.extend_from_slice(&other.records);
        self.painted.extend(other.painted);
        // All JPEGs of a frame are of one rung, and so have the same tables.
        self.tables = self.tables.take().or(other.tables);
        self.film = self.film.take().or(other.film);
        self.lossy_pixels += other.lossy_pixels;
        self.lossy_bytes += other.lossy_bytes;
        self.images.extend(other.images);
        self.exact.extend(other.exact);
    }

    /// A file that goes out as it is, but for its tables. It says nothing about what ours weigh.
    fn add_file(&mut self, rect: Rect, file: Bytes, keeps_tables: bool) {
        let split = if keeps_tables { split_jpeg(&file) } else { None };
        // A remote's files have the same tables, until it changes their quality.
        let shared = split.filter(|split| {
            *self.file_tables.get_or_insert_with(|| split.tables.clone()) == split.tables
        });
        let (codec, data) = match shared {
            Some(split) => (Codec::JpegScan, numbered(FILE_TABLES, &split.scan)),
            None => (Codec::Jpeg, file),
        };
        self.images.push((codec, data.len()));
        ToBrowser::Image(rect, codec, data).encode(&mut self.records);
        self.painted.push((rect, true));
    }

    /// A picture of a film, which paints `parts`.
    pub(crate) fn add_video(&mut self, record: &ToBrowser, parts: &[Rect]) {
        record.encode(&mut self.records);
        self.painted.extend(parts.iter().map(|part| (*part, true)));
    }

    fn add(&mut self, class: Class, encoded: Encoded, tables: Option<u8>) {
        let rect = encoded.rect;
        let image = |codec, data| ToBrowser::Image(rect, codec, data);
        let record = match encoded.body {
            Body::Fill(color) => ToBrowser::Fill(rect, color),
            Body::Palette(data) => image(Codec::Palette, data),
            Body::Rgb(data) => image(Codec::Rgb, data),
            Body::Jpeg(data) => self.jpeg(rect, data, tables),
        };
        // A part has at most 2^18 pixels, so its image cannot pass what a record holds.
        if let ToBrowser::Image(_, codec, data) = &record {
            self.images.push((*codec, data.len()));
            if !encoded.lossy {
                self.exact.push((class, rect.area(), data.len()));
            }
        }
        record.encode(&mut self.records);
        self.painted.push((rect, encoded.lossy));
    }

    /// Without its tables, where the viewers keep them as number `tables`.
    fn jpeg(&mut self, rect: Rect, file: Bytes, tables: Option<u8>) -> ToBrowser {
        self.lossy_pixels += rect.area();
        self.lossy_bytes += file.len();
        let split = tables.and_then(|number| Some((number, split_jpeg(&file)?)));
        match split {
            Some((number, split)) => {
                self.tables = Some(split.tables);
                ToBrowser::Image(rect, Codec::JpegScan, numbered(number, &split.scan))
            }
            None => ToBrowser::Image(rect, Codec::Jpeg, file),
        }
    }
}

/// A scan behind the number of its tables.
fn numbered(tables: u8, scan: &[u8]) -> Bytes {
    let mut data = BytesMut::with_capacity(1 + scan.len());
    data.extend_from_slice(&[tables]);
    data.extend_from_slice(scan);
    data.freeze()
}

/// Whether a part looks like a photograph, the only thing that may lose anything.
pub(crate) const fn is_photo(part: &Part) -> bool {
    matches!(part.class, Class::Photo)
}

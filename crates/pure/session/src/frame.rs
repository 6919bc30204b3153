//! Stop 5 of the pixel path: one frame for one or more viewers, from damage to link message.

use bytes::BytesMut;
use porthole_link::{Codec, ToBrowser};
use porthole_pixels::{Copy, Rect, Size};
use porthole_tiles::{Body, Class, Encoded, Encoder, Mode, Part, Snapshot, TilesError};

use crate::ViewerId;
use crate::quality::Rung;

/// A frame to be encoded. It holds copies of the pixels it needs, so it can run on any thread
/// while the surface moves on; the result goes to [`crate::Session::handle_encoded`].
#[derive(Debug)]
pub struct Job {
    pub(crate) viewers: Vec<ViewerId>,
    pub(crate) size: Option<Size>,
    pub(crate) copies: Vec<Copy>,
    pub(crate) parts: Vec<(Snapshot, Mode)>,
    pub(crate) rung: Rung,
}

impl Job {
    /// How many pixels are to be encoded; a small job is not worth another thread.
    pub fn pixels(&self) -> u32 {
        self.parts.iter().map(|(snapshot, _)| snapshot.rect().area()).sum()
    }

    /// Encodes.
    ///
    /// # Errors
    ///
    /// [`TilesError`] when a part could not be encoded even without loss.
    pub fn run(self, encoder: &mut Encoder) -> Result<Finished, TilesError> {
        let mut finished = Finished {
            viewers: self.viewers,
            message: BytesMut::new(),
            copies: self.copies,
            painted: Vec::with_capacity(self.parts.len()),
            images: Vec::new(),
            lossy_pixels: 0,
            lossy_bytes: 0,
            rung: self.rung,
        };
        if let Some(size) = self.size {
            ToBrowser::Size(size).encode(&mut finished.message);
        }
        for copy in &finished.copies {
            ToBrowser::Copy(copy.source, copy.target).encode(&mut finished.message);
        }
        for (snapshot, mode) in &self.parts {
            // A picture that JPEG cannot carry goes without loss.
            let encoded = encoder
                .encode(snapshot, *mode)
                .or_else(|_| encoder.encode(snapshot, Mode::Lossless))?;
            finished.add(encoded);
        }
        Ok(finished)
    }
}

/// An encoded frame.
#[derive(Debug)]
pub struct Finished {
    pub(crate) viewers: Vec<ViewerId>,
    /// Everything but the `FrameEnd` record, whose number differs from viewer to viewer.
    pub(crate) message: BytesMut,
    pub(crate) copies: Vec<Copy>,
    /// What was painted, and whether with loss.
    pub(crate) painted: Vec<(Rect, bool)>,
    /// Codec and bytes of each image.
    images: Vec<(Codec, usize)>,
    pub(crate) lossy_pixels: u32,
    pub(crate) lossy_bytes: usize,
    pub(crate) rung: Rung,
}

impl Finished {
    /// How many bytes go to each viewer.
    pub fn len_bytes(&self) -> usize {
        self.message.len()
    }

    /// Codec and bytes of each image in it, for the metrics.
    pub fn images(&self) -> impl Iterator<Item = (Codec, usize)> + '_ {
        self.images.iter().copied()
    }

    fn add(&mut self, encoded: Encoded) {
        let rect = encoded.rect;
        let image = |codec, data| ToBrowser::Image(rect, codec, data);
        let record = match encoded.body {
            Body::Fill(color) => ToBrowser::Fill(rect, color),
            Body::Palette(data) => image(Codec::Palette, data),
            Body::Rgb(data) => image(Codec::Rgb, data),
            Body::Jpeg(data) => {
                self.lossy_pixels += rect.area();
                self.lossy_bytes += data.len();
                image(Codec::Jpeg, data)
            }
        };
        // A part has at most 2^18 pixels, so its image cannot pass what a record holds.
        if let ToBrowser::Image(_, codec, data) = &record {
            self.images.push((*codec, data.len()));
        }
        record.encode(&mut self.message);
        self.painted.push((rect, encoded.lossy));
    }
}

/// Whether a part looks like a photograph, the only thing that may lose anything.
pub(crate) fn is_photo(part: &Part) -> bool {
    matches!(part.class, Class::Photo)
}

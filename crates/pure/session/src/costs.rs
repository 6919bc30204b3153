//! What pictures of each kind have lately weighed: a guess at what a part will weigh before it
//! is encoded.

use porthole_pixels::Rect;
use porthole_tiles::Class;

/// What a fill weighs, and what any other image weighs beside its pixels, in bytes.
const RECORD_BYTES: usize = 16;

/// How much of each new figure goes into the average.
const WEIGHT: f64 = 0.1;

/// Bytes a pixel of what is sent exactly.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Costs {
    text: f64,
    photo: f64,
}

impl Costs {
    pub(crate) const fn new() -> Self {
        Self { text: 0.08, photo: 1.6 }
    }

    /// How many bytes `rect` may take when sent exactly.
    pub(crate) fn exact_bytes(self, class: Class, rect: Rect) -> usize {
        let cost = match class {
            Class::Solid(_) => 0.0,
            Class::Text => self.text,
            Class::Photo => self.photo,
        };
        RECORD_BYTES + bytes_of(cost, rect.area())
    }

    /// How many pixels of a photograph can be sent exactly in `bytes`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a guess needs no precision, and a float cast saturates"
    )]
    pub(crate) fn photo_pixels(self, bytes: usize) -> u32 {
        (bytes as f64 / self.photo.max(0.01)) as u32
    }

    /// Takes note of an image that was sent exactly.
    #[expect(clippy::cast_precision_loss, reason = "a guess needs no precision")]
    pub(crate) fn learn(&mut self, class: Class, pixels: u32, bytes: usize) {
        // Small images are mostly header, and say little of larger ones.
        if pixels < 4096 {
            return;
        }
        let cost = bytes as f64 / f64::from(pixels);
        match class {
            Class::Solid(_) => (),
            Class::Text => self.text += WEIGHT * (cost - self.text),
            Class::Photo => self.photo += WEIGHT * (cost - self.photo),
        }
    }
}

/// What `pixels` weigh at so many bytes each.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float cast saturates, and nothing here is negative"
)]
pub(crate) fn bytes_of(bytes_per_pixel: f64, pixels: u32) -> usize {
    (bytes_per_pixel * f64::from(pixels)) as usize
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Rect;
    use porthole_tiles::Class;

    use super::Costs;

    #[test]
    fn learns() {
        let rect = Rect::new(0, 0, 100, 100);
        let mut costs = Costs::new();
        assert!(costs.exact_bytes(Class::Solid([0; 3]), rect) < 20);
        for _ in 0..100 {
            costs.learn(Class::Text, 10_000, 5_000);
            costs.learn(Class::Photo, 100, 100_000);
        }
        assert!((4_900..5_100).contains(&costs.exact_bytes(Class::Text, rect)));
        assert!((15_000..17_000).contains(&costs.exact_bytes(Class::Photo, rect)));
        assert_eq!(costs.photo_pixels(16_000), 10_000);
    }
}

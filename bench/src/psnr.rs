//! How close the film is to what it should look like.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use porthole_pixels::Rect;

use crate::canvas::Canvas;
use crate::viewer::Observer;

/// Most pictures that are kept.
const PICTURES_MAX: usize = 16;

/// Least time between two of them.
const PICTURE_GAP: Duration = Duration::from_millis(150);

/// What a picture without any fault counts as, in dB; a number that no lossy one comes near.
const EXACT_DB: f64 = 100.0;

/// Pixels from one that is looked at to find the right picture of the film to the next. A prime,
/// so that columns vary from row to row.
const GLANCE_STEP: usize = 61;

/// Pictures taken while the film played.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gallery {
    pictures: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Gallery {
    /// Takes a picture of `area` now and then, up to a limit, and the first after `wait`.
    pub(crate) fn observer(&self, area: Rect, wait: Duration) -> Observer {
        let pictures = Arc::clone(&self.pictures);
        let mut due = Instant::now() + wait;
        Box::new(move |surface| {
            let now = Instant::now();
            if now < due || !area.fits(surface.size()) {
                return;
            }
            let mut pictures = pictures.lock().unwrap_or_else(PoisonError::into_inner);
            if pictures.len() < PICTURES_MAX {
                let rows = (0..area.height).flat_map(|row| surface.row(area, row));
                pictures.push(rows.copied().collect());
                due = now + PICTURE_GAP;
            }
        })
    }

    /// How long a film should be watched to fill the gallery.
    pub(crate) const TIME: Duration = Duration::from_secs(3);

    /// The mean over the pictures of how close each is to that of `film` which it resembles most,
    /// in dB; `None` when there is no picture.
    pub(crate) fn psnr_db(&self, film: &[Canvas]) -> Option<f64> {
        let pictures = self.pictures.lock().unwrap_or_else(PoisonError::into_inner);
        let each: Vec<f64> = pictures.iter().filter_map(|shown| best_db(shown, film)).collect();
        let count = u32::try_from(each.len()).ok().filter(|count| *count > 0)?;
        Some(each.iter().sum::<f64>() / f64::from(count))
    }
}

/// Peak signal-to-noise ratio of `shown` (RGBA) against the picture of the film that it resembles
/// most.
fn best_db(shown: &[u8], film: &[Canvas]) -> Option<f64> {
    let fitting = film.iter().filter(|frame| frame.bytes.len() == shown.len());
    let glance = |frame: &&Canvas| mean_square(shown, &frame.bytes, GLANCE_STEP);
    let frame = fitting.min_by(|one, other| glance(one).total_cmp(&glance(other)))?;
    let error = mean_square(shown, &frame.bytes, 1);
    Some(if error > 0.0 {
        (10.0 * (255.0 * 255.0 / error).log10()).min(EXACT_DB)
    } else {
        EXACT_DB
    })
}

/// Mean squared difference of the colours of every `step`th pixel; RGBA beside BGRX.
fn mean_square(shown: &[u8], drawn: &[u8], step: usize) -> f64 {
    let (mut sum, mut count) = (0_u64, 0_u32);
    let pairs = shown.as_chunks::<4>().0.iter().zip(drawn.as_chunks::<4>().0);
    for ([red, green, blue, _], [want_blue, want_green, want_red, _]) in pairs.step_by(step) {
        for (got, want) in [(red, want_red), (green, want_green), (blue, want_blue)] {
            let difference = u64::from(got.abs_diff(*want));
            sum += difference * difference;
        }
        count += 3;
    }
    crate::measure::whole(sum) / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Size, Surface};

    use super::*;

    fn rgba(canvas: &Canvas) -> Vec<u8> {
        let pixels = canvas.bytes.as_chunks::<4>().0.iter();
        pixels.flat_map(|[blue, green, red, _]| [*red, *green, *blue, 255]).collect()
    }

    #[test]
    fn finds_the_picture_and_its_faults() {
        let film: Vec<Canvas> =
            [[10, 20, 30], [200, 100, 50]].map(|colour| Canvas::new(64, 64, colour)).into();
        let mut shown = rgba(&film[1]);
        assert_eq!(best_db(&shown, &film), Some(EXACT_DB));
        // Every value off by one: 20 log 255.
        for pixel in shown.chunks_exact_mut(4) {
            pixel[..3].iter_mut().for_each(|value| *value += 1);
        }
        let db = best_db(&shown, &film).unwrap();
        assert!((db - 48.13).abs() < 0.01, "{db}");
        assert_eq!(best_db(&shown[4..], &film), None);
    }

    #[test]
    fn takes_pictures_of_its_area() {
        let gallery = Gallery::default();
        let mut observe = gallery.observer(Rect::new(1, 1, 2, 2), Duration::ZERO);
        let mut surface = Surface::new(Size::new(4, 4)).unwrap();
        surface.fill(Rect::new(1, 1, 2, 2), [1, 2, 3, 255]).unwrap();
        observe(&surface);
        // Too soon.
        observe(&surface);
        assert_eq!(gallery.psnr_db(&[Canvas::new(2, 2, [1, 2, 3])]), Some(EXACT_DB));
        assert_eq!(gallery.pictures.lock().unwrap().len(), 1);
        // The area is outside.
        let gallery = Gallery::default();
        gallery.observer(Rect::new(3, 3, 2, 2), Duration::ZERO)(&surface);
        assert_eq!(gallery.psnr_db(&[]), None);
    }
}

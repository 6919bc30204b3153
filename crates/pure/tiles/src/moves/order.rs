//! In which order copies can be carried out on one canvas.

use porthole_pixels::Copy;

use super::Found;

/// Appends the copies of `found` to `out` so that none overwrites what a later one reads.
/// Where two read what the other overwrites, the one that is worth less is left out.
pub(super) fn sort(mut found: Vec<Found>, out: &mut Vec<Copy>) {
    while !found.is_empty() {
        let harmless = (0..found.len()).find(|&index| {
            let target = found[index].copy.target;
            found.iter().enumerate().all(|(other, later)| {
                other == index || later.copy.source_rect().intersection(target).is_none()
            })
        });
        if let Some(index) = harmless {
            out.push(found.remove(index).copy);
        } else if let Some((index, _)) =
            found.iter().enumerate().min_by_key(|(_, found)| found.gain_px)
        {
            found.remove(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Copy, Point, Rect};

    use super::{Found, sort};

    fn found(source: (u16, u16), target: Rect, gain_px: u32) -> Found {
        Found { copy: Copy { source: Point { x: source.0, y: source.1 }, target }, gain_px }
    }

    fn sorted(all: &[Found]) -> Vec<Rect> {
        let mut out = Vec::new();
        sort(all.to_vec(), &mut out);
        out.into_iter().map(|copy| copy.target).collect()
    }

    #[test]
    fn reads_before_it_overwrites() {
        // Each one goes where the next one comes from.
        let chain = [10, 20, 30].map(|y| found((0, y - 10), Rect::new(0, y, 50, 10), 500));
        let want = [30, 20, 10].map(|y| Rect::new(0, y, 50, 10));
        assert_eq!(sorted(&chain), want);
    }

    #[test]
    fn leaves_out_the_lesser_of_a_swap() {
        let (left, right) = (Rect::new(0, 0, 50, 50), Rect::new(50, 0, 50, 50));
        let swap = [found((50, 0), left, 700), found((0, 0), right, 900)];
        assert_eq!(sorted(&swap), [right]);
    }
}

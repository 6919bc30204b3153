//! Where the desktop's monitors are (`[MS-RDPBCGR]` 2.2.12.1).

use ironrdp_pdu::gcc;
use ironrdp_pdu::rdp::finalization_messages::MonitorLayoutPdu;
use porthole_pixels::{Rect, Size};
use porthole_remote::Screen;
use porthole_wire::Reader;

use crate::RdpError;

/// Most monitors in one message (2.2.12.1, `monitorCount`).
const COUNT_MAX: u32 = 64;

/// One monitor: its first and last column and row, both inside, on a desktop whose primary monitor
/// begins at the origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Monitor {
    pub(crate) left: i32,
    pub(crate) top: i32,
    pub(crate) right: i32,
    pub(crate) bottom: i32,
}

/// Reads the body of a Monitor Layout PDU.
///
/// # Errors
///
/// It ends before its last monitor, or has too many.
pub(crate) fn read(body: &[u8]) -> Result<Vec<Monitor>, RdpError> {
    const SHORT: RdpError = RdpError::Short { message: "monitor layout PDU" };
    let mut input = Reader::new(body);
    let count = input.u32_le().ok_or(SHORT)?;
    RdpError::check_limit("monitorCount", count, COUNT_MAX)?;
    let side = |input: &mut Reader<'_>| input.array().map(i32::from_le_bytes).ok_or(SHORT);
    let mut monitor = || {
        let (left, top) = (side(&mut input)?, side(&mut input)?);
        let (right, bottom) = (side(&mut input)?, side(&mut input)?);
        let _flags = side(&mut input)?;
        Ok(Monitor { left, top, right, bottom })
    };
    (0..count).map(|_| monitor()).collect()
}

/// The monitors that the connection sequence was told of.
pub(crate) fn of_sequence(layout: Option<&MonitorLayoutPdu>) -> Vec<Monitor> {
    let monitors = layout.into_iter().flat_map(|layout| &layout.monitors);
    let sides = |&gcc::Monitor { left, top, right, bottom, .. }: &_| (left, top, right, bottom);
    let monitor = |(left, top, right, bottom)| Monitor { left, top, right, bottom };
    monitors.map(sides).map(monitor).collect()
}

/// The monitors as places on a surface of `size`, whose corner is the desktop's. What lies outside
/// of it is left out.
pub(crate) fn screens(monitors: &[Monitor], size: Size) -> Vec<Screen> {
    let first = |side: fn(&Monitor) -> i32| monitors.iter().map(side).min().unwrap_or(0);
    let (left, top) = (first(|monitor| monitor.left), first(|monitor| monitor.top));
    let span = |from: i32, to: i32, origin: i32| {
        let start = u16::try_from(i64::from(from) - i64::from(origin)).ok()?;
        let len = u16::try_from(i64::from(to) - i64::from(from) + 1).ok()?;
        Some((start, len))
    };
    let place = |(id, monitor): (u32, &Monitor)| {
        let (x, width) = span(monitor.left, monitor.right, left)?;
        let (y, height) = span(monitor.top, monitor.bottom, top)?;
        let rect = Rect { x, y, width, height }.intersection(size.rect())?;
        Some(Screen { id, rect, flags: 0 })
    };
    (0..).zip(monitors).filter_map(place).take(Screen::COUNT_MAX).collect()
}

#[cfg(test)]
mod tests {
    use porthole_pixels::{Rect, Size};

    use super::{Monitor, read, screens};

    #[test]
    fn monitors_are_places_on_the_surface() {
        let sides = [2_i32, 0, 0, 1279, 1023, 1, -1920, 24, -1, 1103, 0];
        let body: Vec<u8> = sides.iter().flat_map(|side| side.to_le_bytes()).collect();
        let monitors = read(&body).unwrap();
        let found: Vec<Rect> =
            screens(&monitors, Size::new(3200, 1104)).iter().map(|screen| screen.rect).collect();
        assert_eq!(found, [Rect::new(1920, 0, 1280, 1024), Rect::new(0, 24, 1920, 1080)]);
        for cut in 0..body.len() {
            assert!(read(&body[..cut]).is_err(), "{cut}");
        }
        assert!(read(&[65, 0, 0, 0]).is_err());
    }

    #[test]
    fn what_is_nowhere_is_left_out() {
        let odd = [
            Monitor { left: 0, top: 0, right: 799, bottom: 599 },
            Monitor { left: 5000, top: 0, right: 5999, bottom: 99 },
            Monitor { left: 9, top: 9, right: 3, bottom: 3 },
            Monitor { left: i32::MIN, top: i32::MIN, right: i32::MAX, bottom: i32::MAX },
        ];
        assert_eq!(screens(&odd, Size::new(800, 600)), []);
        assert_eq!(screens(&odd[..3], Size::new(800, 600)).len(), 1);
    }
}

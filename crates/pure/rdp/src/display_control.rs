//! Display control (`[MS-RDPEDISP]`): asking for another size of the desktop.

use bytes::BufMut;
use porthole_pixels::Size;
use porthole_remote::SizeWish;
use porthole_wire::Reader;

use crate::RdpError;
use crate::settings::served_size;

/// Message types (`[MS-RDPEDISP]` 2.2.1.1).
const MONITOR_LAYOUT: u32 = 2;
const CAPABILITIES: u32 = 5;

/// Bytes of a monitor's description.
const MONITOR_BYTES: u32 = 40;

/// What the server and we know of each other's sizes.
#[derive(Debug, Default)]
pub(crate) struct DisplayControl {
    /// Most pixels the server gives us, once the channel is open and it has said so.
    area_max: Option<u64>,
    /// What a viewer wants and has not been asked for.
    wanted: Option<SizeWish>,
    /// The size that was asked for last, and not granted yet.
    asked: Option<Size>,
    /// How large things are drawn, as far as we asked for it.
    scale_percent: u32,
}

impl DisplayControl {
    pub(crate) fn new(scale_percent: u32) -> Self {
        Self { scale_percent, ..Self::default() }
    }

    /// Reads a message of the server's. True: it is ready for sizes.
    ///
    /// # Errors
    ///
    /// It breaks its format.
    pub(crate) fn receive(&mut self, message: &[u8]) -> Result<bool, RdpError> {
        const SHORT: RdpError = RdpError::Short { message: "display control PDU" };
        let mut input = Reader::new(message);
        let kind = input.u32_le().ok_or(SHORT)?;
        let _len = input.u32_le().ok_or(SHORT)?;
        if kind != CAPABILITIES {
            return Ok(false);
        }
        let monitors = u64::from(input.u32_le().ok_or(SHORT)?);
        let factors = [input.u32_le().ok_or(SHORT)?, input.u32_le().ok_or(SHORT)?];
        let area = factors.into_iter().fold(monitors, |area, f| area.saturating_mul(f.into()));
        self.area_max = Some(area);
        Ok(true)
    }

    /// The channel is gone.
    pub(crate) fn close(&mut self) {
        self.area_max = None;
        self.asked = None;
    }

    /// A viewer wants a size.
    pub(crate) fn want(&mut self, wish: SizeWish) {
        self.wanted = Some(SizeWish { size: served_size(wish.size), ..wish });
    }

    /// The desktop has a size now.
    pub(crate) fn resized(&mut self) {
        self.asked = None;
    }

    /// The message to send, if the desktop, of size `current`, is to change and can.
    pub(crate) fn take_request(&mut self, current: Size) -> Option<Vec<u8>> {
        let area_max = self.area_max?;
        let SizeWish { size, scale_percent } = self.wanted.take()?;
        let known = (self.asked.unwrap_or(current), self.scale_percent);
        let wanted = (size, u32::from(scale_percent));
        if wanted == known || u64::from(size.area()) > area_max {
            return None;
        }
        (self.asked, self.scale_percent) = (Some(size), wanted.1);
        Some(self.layout(size))
    }

    /// One primary monitor (`[MS-RDPEDISP]` 2.2.2.2).
    fn layout(&self, size: Size) -> Vec<u8> {
        let mut message = Vec::new();
        message.put_u32_le(MONITOR_LAYOUT);
        message.put_u32_le(16 + MONITOR_BYTES);
        message.put_u32_le(MONITOR_BYTES);
        message.put_u32_le(1);
        // Primary, at the origin.
        message.put_u32_le(1);
        message.put_u32_le(0);
        message.put_u32_le(0);
        message.put_u32_le(size.width.into());
        message.put_u32_le(size.height.into());
        // No physical size, landscape.
        message.put_u32_le(0);
        message.put_u32_le(0);
        message.put_u32_le(0);
        let scale =
            if (100..=500).contains(&self.scale_percent) { self.scale_percent } else { 100 };
        message.put_u32_le(scale);
        // The device's own scale, for which servers know 100, 140 and 180.
        message.put_u32_le(100);
        message
    }
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Size;

    use porthole_remote::SizeWish;

    use super::DisplayControl;

    const NOW: Size = Size { width: 1024, height: 768 };

    fn capabilities() -> Vec<u8> {
        [5_u32, 20, 1, 4096, 2048].iter().flat_map(|field| field.to_le_bytes()).collect()
    }

    #[test]
    fn asks_once_for_what_is_new_and_possible() {
        let mut control = DisplayControl::new(150);
        let wish = |size| SizeWish { size, scale_percent: 150 };
        control.want(wish(Size::new(801, 601)));
        assert_eq!(control.take_request(NOW), None, "the channel is not open");
        assert_eq!(control.receive(&capabilities()), Ok(true));
        let message = control.take_request(NOW).unwrap();
        assert_eq!(message.len(), 56);
        assert_eq!(message[28..36], [32, 3, 0, 0, 89, 2, 0, 0], "800 x 601");
        assert_eq!(message[48], 150);
        control.want(wish(Size::new(800, 601)));
        assert_eq!(control.take_request(NOW), None, "it has been asked for");
        control.resized();
        control.want(wish(NOW));
        assert_eq!(control.take_request(NOW), None, "it is as large already");
        control.want(wish(Size::new(8192, 8192)));
        assert_eq!(control.take_request(NOW), None, "more than the server gives");
        // The window went to another screen, where things are drawn larger.
        for want in [true, false] {
            control.want(SizeWish { size: NOW, scale_percent: 200 });
            let asked = control.take_request(NOW);
            assert_eq!(asked.map(|message| message[48]), want.then_some(200));
            control.resized();
        }
    }

    #[test]
    fn short_messages_are_refused() {
        let message = capabilities();
        for cut in 0..message.len() {
            assert!(DisplayControl::default().receive(&message[..cut]).is_err(), "{cut}");
        }
    }
}

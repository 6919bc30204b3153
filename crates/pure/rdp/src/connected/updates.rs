//! Updates of the desktop, whichever way they come.

use std::time::Instant;

use porthole_pixels::Surface;
use porthole_wire::Reader;

use crate::RdpError;
use crate::frames::Frames;
use crate::graphics::{Graphics, Marker};
use crate::outbox::Outbox;
use crate::pointer::{PointerUpdate, Pointers};
use crate::share::{ShareWriter, kind};

/// Kinds of updates (`[MS-RDPBCGR]` 2.2.9.1.1.3.1, 2.2.9.1.2.1).
const ORDERS: u8 = 0;
const BITMAP: u8 = 1;
const PALETTE: u8 = 2;
const SURFACE_COMMANDS: u8 = 4;

const SHORT: RdpError = RdpError::Short { message: "update" };

/// Everything that is drawn, and what that needs.
#[derive(Debug, Default)]
pub(super) struct Updates {
    graphics: Graphics,
    pointers: Pointers,
    frames: Frames,
}

impl Updates {
    /// Takes a fast-path update.
    pub(super) fn fast(
        &mut self,
        now: Instant,
        code: u8,
        body: &[u8],
        surface: &mut Surface,
        share: ShareWriter,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let pointer = match code {
            SURFACE_COMMANDS => return self.commands(now, body, surface, share, outbox),
            BITMAP | PALETTE => return self.slow(body, surface),
            5 => PointerUpdate::Hidden,
            6 => PointerUpdate::Default,
            8 => PointerUpdate::Position,
            9 => PointerUpdate::Color,
            10 => PointerUpdate::Cached,
            11 => PointerUpdate::New,
            12 => PointerUpdate::Large,
            // Synchronize says nothing; orders of the old kind are not announced, and a server
            // that sends them anyway draws what we do not show.
            _ => return Ok(()),
        };
        self.pointers.update(pointer, body, outbox)
    }

    /// Takes an update that says itself what it is.
    pub(super) fn slow(&mut self, body: &[u8], surface: &mut Surface) -> Result<(), RdpError> {
        let mut input = Reader::new(body);
        let [kind, _high] = input.u16_le().ok_or(SHORT)?.to_le_bytes();
        match kind {
            BITMAP => {
                self.frames.draw_part(body.len());
                self.graphics.draw_bitmaps(input.take_rest(), surface)
            }
            PALETTE => self.graphics.set_palette(input.take_rest()),
            ORDERS.. => Ok(()),
        }
    }

    /// Takes a slow-path pointer update (`[MS-RDPBCGR]` 2.2.9.1.1.4).
    pub(super) fn slow_pointer(
        &mut self,
        body: &[u8],
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let mut input = Reader::new(body);
        let kind = input.u16_le().ok_or(SHORT)?;
        let _padding = input.u16_le().ok_or(SHORT)?;
        let update = match kind {
            1 if input.clone().u32_le() == Some(0) => PointerUpdate::Hidden,
            1 => PointerUpdate::Default,
            3 => PointerUpdate::Position,
            6 => PointerUpdate::Color,
            7 => PointerUpdate::Cached,
            8 => PointerUpdate::New,
            9 => PointerUpdate::Large,
            other => return Err(RdpError::BadField { field: "messageType", value: other.into() }),
        };
        self.pointers.update(update, input.take_rest(), outbox)
    }

    /// A share begins anew: no frame of the old one is open.
    pub(super) fn reset(&mut self) {
        self.frames.end();
        self.frames.draw();
    }

    /// See [`Frames::settle`].
    pub(super) fn settle(&mut self, now: Instant) -> bool {
        self.frames.settle(now)
    }

    /// See [`Frames::deadline`].
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.frames.deadline()
    }

    fn commands(
        &mut self,
        now: Instant,
        body: &[u8],
        surface: &mut Surface,
        share: ShareWriter,
        outbox: &mut Outbox,
    ) -> Result<(), RdpError> {
        let Self { graphics, frames, .. } = self;
        frames.draw();
        graphics.draw_commands(body, surface, &mut |marker| match marker {
            Marker::Begin => frames.begin(now),
            Marker::End(number) => {
                frames.end();
                // It is drawn, which is all that the server needs to know.
                if let Some(number) = number {
                    let number = number.to_le_bytes();
                    share.put(kind::FRAME_ACKNOWLEDGE, &number, outbox.bytes());
                }
            }
        })
    }
}

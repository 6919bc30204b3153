//! Frame acknowledgement (`[MS-RDPEGFX]` 2.2.2.13, 3.3.5.12): what paces the server.

use bytes::Bytes;

use super::messages::frame_acknowledge;

/// In place of a queue depth: acknowledgements stop after this one.
const SUSPEND: u32 = u32::MAX;

/// Largest depth that can be told.
const DEPTH_MAX: u32 = SUSPEND - 1;

/// Counts frames and says when to tell the server of them.
#[derive(Debug, Default)]
pub(crate) struct Acknowledgements {
    frames_decoded: u32,
    /// Bytes that arrived and wait to be decoded. 0: not known.
    queue_bytes: u32,
    should_suspend: bool,
    is_suspended: bool,
}

impl Acknowledgements {
    /// Bytes that wait behind the message at hand; the server slows down when there are many.
    pub(crate) fn set_queue_bytes(&mut self, bytes: usize) {
        self.queue_bytes = u32::try_from(bytes).unwrap_or(DEPTH_MAX).min(DEPTH_MAX);
    }

    /// Whether the server is to send without waiting for us.
    pub(crate) const fn suspend(&mut self, should_suspend: bool) {
        self.should_suspend = should_suspend;
    }

    /// Frame `number` is decoded: what to send, if anything.
    pub(crate) fn end_frame(&mut self, number: u32) -> Option<Bytes> {
        self.frames_decoded = self.frames_decoded.wrapping_add(1);
        let was_suspended = std::mem::replace(&mut self.is_suspended, self.should_suspend);
        if was_suspended && self.should_suspend {
            return None;
        }
        let depth = if self.should_suspend { SUSPEND } else { self.queue_bytes };
        Some(frame_acknowledge(depth, number, self.frames_decoded))
    }
}

#[cfg(test)]
mod tests {
    use ironrdp_core::decode;
    use ironrdp_egfx::pdu::{FrameAcknowledgePdu, GfxPdu, QueueDepth};

    use super::Acknowledgements;

    fn end(acknowledgements: &mut Acknowledgements, number: u32) -> Option<FrameAcknowledgePdu> {
        acknowledgements.end_frame(number).map(|message| match decode(&message).unwrap() {
            GfxPdu::FrameAcknowledge(pdu) => pdu,
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn counts_frames_and_tells_of_the_queue() {
        let mut acknowledgements = Acknowledgements::default();
        let first = end(&mut acknowledgements, 7).unwrap();
        assert_eq!((first.frame_id, first.total_frames_decoded), (7, 1));
        assert!(matches!(first.queue_depth, QueueDepth::Unavailable));
        acknowledgements.set_queue_bytes(5_000);
        let second = end(&mut acknowledgements, 9).unwrap();
        assert_eq!((second.frame_id, second.total_frames_decoded), (9, 2));
        assert!(matches!(second.queue_depth, QueueDepth::AvailableBytes(5_000)));
        acknowledgements.set_queue_bytes(usize::MAX);
        let third = end(&mut acknowledgements, 9).unwrap();
        assert!(matches!(third.queue_depth, QueueDepth::AvailableBytes(0xffff_fffe)));
    }

    #[test]
    fn suspends_once_and_takes_up_again() {
        let mut acknowledgements = Acknowledgements::default();
        acknowledgements.suspend(true);
        let last = end(&mut acknowledgements, 1).unwrap();
        assert!(matches!(last.queue_depth, QueueDepth::Suspend));
        assert!(end(&mut acknowledgements, 2).is_none());
        assert!(end(&mut acknowledgements, 3).is_none());
        acknowledgements.suspend(false);
        let again = end(&mut acknowledgements, 4).unwrap();
        assert_eq!((again.frame_id, again.total_frames_decoded), (4, 4));
        assert!(matches!(again.queue_depth, QueueDepth::Unavailable));
    }
}

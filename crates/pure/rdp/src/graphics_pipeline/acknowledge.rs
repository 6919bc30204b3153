//! Frame acknowledgement (`[MS-RDPEGFX]` 2.2.2.13, 3.3.5.12): what paces the server.

use bytes::Bytes;

use super::messages::frame_acknowledge;

/// Largest depth that can be told; one more would stop acknowledgements.
const DEPTH_MAX: u32 = u32::MAX - 1;

/// Counts frames and says when to tell the server of them.
#[derive(Debug, Default)]
pub(crate) struct Acknowledgements {
    frames_decoded: u32,
    /// Bytes that arrived and wait to be decoded. 0: not known.
    queue_bytes: u32,
}

impl Acknowledgements {
    /// Bytes that wait behind the message at hand; the server slows down when there are many.
    pub(crate) fn set_queue_bytes(&mut self, bytes: usize) {
        self.queue_bytes = u32::try_from(bytes).unwrap_or(DEPTH_MAX).min(DEPTH_MAX);
    }

    /// Frame `number` is decoded: what to send.
    pub(crate) fn end_frame(&mut self, number: u32) -> Bytes {
        self.frames_decoded = self.frames_decoded.wrapping_add(1);
        frame_acknowledge(self.queue_bytes, number, self.frames_decoded)
    }
}

#[cfg(test)]
mod tests {
    use ironrdp_core::decode;
    use ironrdp_egfx::pdu::{FrameAcknowledgePdu, GfxPdu, QueueDepth};

    use super::Acknowledgements;

    fn end(acknowledgements: &mut Acknowledgements, number: u32) -> FrameAcknowledgePdu {
        match decode(&acknowledgements.end_frame(number)).unwrap() {
            GfxPdu::FrameAcknowledge(pdu) => pdu,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn counts_frames_and_tells_of_the_queue() {
        let mut acknowledgements = Acknowledgements::default();
        let first = end(&mut acknowledgements, 7);
        assert_eq!((first.frame_id, first.total_frames_decoded), (7, 1));
        assert!(matches!(first.queue_depth, QueueDepth::Unavailable));
        acknowledgements.set_queue_bytes(5_000);
        let second = end(&mut acknowledgements, 9);
        assert_eq!((second.frame_id, second.total_frames_decoded), (9, 2));
        assert!(matches!(second.queue_depth, QueueDepth::AvailableBytes(5_000)));
        acknowledgements.set_queue_bytes(usize::MAX);
        let third = end(&mut acknowledgements, 9);
        assert!(matches!(third.queue_depth, QueueDepth::AvailableBytes(0xffff_fffe)));
    }
}

//! RDP's graphics channel, message by message.

use arbitrary::{Arbitrary, Result, Unstructured};
use porthole_pixels::{Rect, Size, Surface};
use porthole_rdp::graphics_pipeline::{GraphicsConfig, GraphicsOutput, GraphicsPipeline};
use porthole_remote::{Event, VideoChunk};

/// The desktop that the channel opens on.
const DESKTOP: Size = Size::new(100, 80);

/// Most messages of one case.
const MESSAGES_MAX: usize = 32;

/// Messages of the channel, as they lie in one segment without compression each.
///
/// As a fuzz input: a byte whose lowest bit says whether viewers show H.264; then for each message
/// its length in two bytes, of which the upper bit says that viewers change their minds first, and
/// its bytes. The last may be cut short.
#[derive(Debug, Clone)]
pub struct GraphicsCase {
    shows_video: bool,
    messages: Vec<(bool, Vec<u8>)>,
}

impl<'a> Arbitrary<'a> for GraphicsCase {
    fn arbitrary(input: &mut Unstructured<'a>) -> Result<Self> {
        let shows_video = u8::arbitrary(input)? & 1 != 0;
        let mut messages = Vec::new();
        while !input.is_empty() && messages.len() < MESSAGES_MAX {
            let head = u16::from_le_bytes(<[u8; 2]>::arbitrary(input)?);
            let len = usize::from(head & 0x7fff).min(input.len());
            messages.push((head & 0x8000 != 0, input.bytes(len)?.to_vec()));
        }
        Ok(Self { shows_video, messages })
    }
}

/// Whatever a server sends, it is drawn or refused, every pixel is opaque, and every piece of H.264
/// that is passed on covers once what it is painted in.
///
/// # Panics
///
/// One of these does not hold.
pub fn rdp_graphics_pipeline(case: &GraphicsCase) {
    let mut output = Surface::new(DESKTOP).expect("it is small");
    let config = GraphicsConfig { passes_video: true, open_decoder: None };
    let mut shows_video = case.shows_video;
    let mut pipeline = GraphicsPipeline::new(config, shows_video);
    let mut places = 0;
    for (changes_mind, message) in &case.messages {
        if *changes_mind {
            shows_video = !shows_video;
            pipeline.set_video_wanted(shows_video);
            pipeline.restart_video();
        }
        // One segment, not compressed (`[MS-RDPEGFX]` 2.2.5.1).
        let segment = [&[0xe0, 0x04][..], message].concat();
        let result = pipeline.handle(&segment, &mut output);
        while let Some(asked) = pipeline.poll() {
            match asked {
                GraphicsOutput::Event(Event::Video(piece)) => {
                    places += piece.places().len() as u64;
                    assert!(piece.parts.len() <= VideoChunk::PARTS_MAX, "{piece:?}");
                    let is_within = |place: &Rect| place.area() > 0 && piece.rect.contains(*place);
                    assert!(piece.places().iter().all(is_within), "{piece:?}");
                    assert!(!piece.data.is_empty(), "{piece:?}");
                }
                GraphicsOutput::Event(Event::Resized(size)) => {
                    assert!(size.area() > 0, "{size:?}");
                }
                GraphicsOutput::Redraw(rect) => assert!(rect.area() > 0, "{rect}"),
                _ => {}
            }
        }
        if result.is_err() {
            return;
        }
        assert_eq!(output.veils_count(), places, "a piece covers once");
        output.clear_changes();
    }
    if !output.size().rect().is_empty() {
        let opaque = output.bytes().as_chunks::<4>().0.iter().all(|pixel| pixel[3] == u8::MAX);
        assert!(opaque, "a pixel is not opaque");
    }
}

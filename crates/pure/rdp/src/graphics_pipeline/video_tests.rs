use std::sync::{Arc, Mutex};

use ironrdp_core::{decode, encode_vec};
use ironrdp_egfx::avc444::{Avc444Layout, Yuv444Frame};
use ironrdp_egfx::decode::Yuv420Frame;
use ironrdp_egfx::pdu::{
    Avc420BitmapStream, Avc444BitmapStream, Codec1Type, Encoding, GfxPdu, QuantQuality,
};
use porthole_pixels::{Rect, Size};
use porthole_remote::{Event, VideoChunk};

use crate::graphics_pipeline::testing::{
    Peer, create, edges, event, fill, map, picture, psnr, reset,
};
use crate::graphics_pipeline::{
    GraphicsConfig, GraphicsOutput, H264Decoder, H264Fault, OpenDecoder, YuvPicture,
};

const WHOLE: Rect = Rect::new(0, 0, 64, 48);
/// Parameter sets, of pictures of 64x48 and with all that is said of colours, and a picture that
/// refers to no other.
const START: [u8; 29] = [
    0x00, 0x00, 0x00, 0x01, 0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x04, 0x7a, 0x6e, 0x02, 0x1a, 0x02, 0x0f,
    0x08, 0x84, 0x64, 0x80, 0x00, 0x00, 0x01, 0x68, 0x00, 0x00, 0x01, 0x65, 0x00,
];
/// A picture that refers to others.
const NEXT: [u8; 5] = [0, 0, 1, 0x41, 0];

/// Gives pictures as they lie in the queue, whatever it is given; notes what that was.
struct Player {
    pictures: Arc<Mutex<Vec<Option<Yuv420Frame>>>>,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
}

struct Planes {
    size: Size,
    y: Vec<u8>,
    u: Vec<u8>,
    v: Vec<u8>,
}

impl H264Decoder for Player {
    fn decode(
        &mut self,
        annex_b: &[u8],
        show: &mut dyn FnMut(&YuvPicture<'_>),
    ) -> Result<(), H264Fault> {
        self.seen.lock().unwrap().push(annex_b.to_vec());
        let frame = self.pictures.lock().unwrap().remove(0);
        let frame = frame.ok_or_else(|| H264Fault("broken".to_owned()))?;
        let plane =
            |row: &dyn Fn(usize) -> Option<Vec<u8>>| (0..).map_while(row).flatten().collect();
        let planes = Planes {
            size: Size::new(frame.width(), frame.height()),
            y: plane(&|row| frame.luma_row(row).map(<[u8]>::to_vec)),
            u: plane(&|row| frame.u_row(row).map(<[u8]>::to_vec)),
            v: plane(&|row| frame.v_row(row).map(<[u8]>::to_vec)),
        };
        show(&YuvPicture {
            size: planes.size,
            y: &planes.y,
            u: &planes.u,
            v: &planes.v,
            luma_stride: planes.size.width.into(),
            chroma_stride: planes.size.width.div_ceil(2).into(),
        });
        Ok(())
    }
}

type Seen = Arc<Mutex<Vec<Vec<u8>>>>;

/// Decoders that give these pictures; and what they were given.
fn player(pictures: Vec<Option<Yuv420Frame>>) -> (OpenDecoder, Seen) {
    let pictures = Arc::new(Mutex::new(pictures));
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let open = OpenDecoder::new(move || {
        let (pictures, seen) = (Arc::clone(&pictures), Arc::clone(&noted));
        Ok(Box::new(Player { pictures, seen }))
    });
    (open, seen)
}

/// One brightness and no colour.
fn grey(luma: u8, size: Rect) -> Option<Yuv420Frame> {
    let (width, height) = (usize::from(size.width), usize::from(size.height));
    let half = width.div_ceil(2);
    let chroma = vec![128; half * height.div_ceil(2)];
    let y = vec![luma; width * height];
    Yuv420Frame::new(size.width, size.height, y, width, chroma.clone(), chroma, half).ok()
}

fn part<'a>(rects: &[Rect], data: &'a [u8]) -> Avc420BitmapStream<'a> {
    let quality = QuantQuality { quantization_parameter: 20, progressive: false, quality: 100 };
    Avc420BitmapStream {
        rectangles: rects.iter().map(|rect| edges(*rect)).collect(),
        quant_qual_vals: vec![quality; rects.len()],
        data,
    }
}

fn avc420(id: u16, rects: &[Rect], data: &[u8]) -> GfxPdu {
    picture(id, Codec1Type::Avc420, WHOLE, encode_vec(&part(rects, data)).unwrap())
}

fn passing() -> Peer {
    let config = GraphicsConfig { passes_video: true, ..GraphicsConfig::default() };
    let mut peer = Peer::with_surface(config, 64, 48);
    peer.pipeline.set_video_wanted(true);
    peer
}

fn video(stream: u32, rect: Rect, is_start: bool, data: &[u8]) -> GraphicsOutput {
    video_in(stream, rect, &[], is_start, data)
}

fn video_in(
    stream: u32,
    rect: Rect,
    parts: &[Rect],
    is_start: bool,
    data: &[u8],
) -> GraphicsOutput {
    let (parts, data) = (parts.to_vec(), data.to_vec().into());
    event(Event::Video(VideoChunk { stream, rect, parts, is_start, data }))
}

/// A picture covers what it names as new, and nothing beside it is drawn again.
#[test]
fn a_picture_covers_its_parts() {
    let mut peer = passing();
    let parts = [Rect::new(8, 8, 16, 16), Rect::new(40, 0, 24, 10)];
    peer.output.clear_changes();
    let outputs = peer.ok(&[avc420(1, &parts, &START)]);
    assert_eq!(outputs[0], video_in(0, WHOLE, &parts, true, &START));
    let veil = peer.output.veil().unwrap();
    assert!(parts.iter().all(|part| veil.hides(*part)));
    assert!(veil.open_parts(Rect::new(24, 10, 40, 38)).unwrap() == [Rect::new(24, 10, 40, 38)]);
    assert!(peer.output.changes().is_none());
    assert_eq!(peer.output.veils_count(), 2);
}

/// Newer drawings stay visible over a picture that names too much to be told apart, or nothing.
#[test]
fn what_is_newer_is_drawn_over_the_picture() {
    let mut peer = passing();
    peer.ok(&[avc420(1, &[WHOLE], &START)]);
    assert!(peer.output.veil().unwrap().hides(WHOLE));
    let (text, elsewhere) = (Rect::new(10, 10, 20, 5), Rect::new(40, 0, 8, 8));
    peer.ok(&[fill(1, text, [1, 2, 3, 255])]);
    peer.output.clear_changes();
    let many = [elsewhere; VideoChunk::PARTS_MAX + 1];
    let outputs = peer.ok(&[avc420(1, &many, &NEXT)]);
    assert_eq!(outputs[0], video(0, WHOLE, false, &NEXT));
    let veil = peer.output.veil().unwrap();
    assert!(!veil.hides(text) && veil.hides(Rect::new(0, 0, 64, 10)));
    assert!(veil.hides(Rect::new(0, 15, 64, 33)));
    let damage: Vec<Rect> = peer.output.changes().damage().iter().collect();
    assert_eq!(damage, [text]);
    peer.ok(&[avc420(1, &[text], &NEXT)]);
    assert!(peer.output.veil().unwrap().hides(WHOLE));
}

#[test]
fn passes_a_stream_on_from_its_start() {
    let mut peer = passing();
    let parts = [Rect::new(0, 0, 16, 16), Rect::new(20, 30, 44, 18)];
    // What came before cannot be shown by anybody; the server is asked once, and again later.
    let missed = peer.ok(&vec![avc420(1, &parts, &NEXT); 128]);
    assert_eq!(missed, [GraphicsOutput::Redraw(WHOLE), event(Event::FrameEnd)]);
    let end = event(Event::FrameEnd);
    let outputs = peer.ok(&[avc420(1, &[WHOLE], &START)]);
    assert_eq!(outputs, [video(0, WHOLE, true, &START), end.clone()]);
    let outputs = peer.ok(&[avc420(1, &parts, &NEXT)]);
    assert_eq!(outputs, [video_in(0, WHOLE, &parts, false, &NEXT), end.clone()]);
    // A later viewer needs a start, and so does one that lost something.
    peer.pipeline.restart_video();
    assert_eq!(peer.outputs(), [GraphicsOutput::Redraw(WHOLE)]);
    let outputs = peer.ok(&[avc420(1, &[WHOLE], &START)]);
    assert_eq!(outputs, [video(0, WHOLE, true, &START), end]);
}

#[test]
fn each_surface_has_its_stream_and_place() {
    let config = GraphicsConfig { passes_video: true, ..GraphicsConfig::default() };
    let mut peer = Peer::new(config, 128, 48);
    peer.pipeline.set_video_wanted(true);
    peer.ok(&[create(1, 64, 48), create(2, 64, 48), map(1, 64, 0), map(2, 0, 0)]);
    let part = Rect::new(2, 4, 6, 8);
    let outputs = peer.ok(&[avc420(1, &[part], &START), avc420(2, &[part], &START)]);
    let left = Rect::new(64, 0, 64, 48);
    let moved = Rect { x: 66, ..part };
    let want =
        [video_in(0, left, &[moved], true, &START), video_in(1, WHOLE, &[part], true, &START)];
    assert_eq!(outputs[..2], want);
    // A surface that is made anew ends its stream, one that moves too.
    assert_eq!(peer.ok(&[create(1, 64, 48)]), [event(Event::VideoEnded(0))]);
    peer.ok(&[map(2, 0, 0)]);
    let outputs = peer.ok(&[map(2, 64, 0), avc420(2, &[part], &NEXT)]);
    let redraw = GraphicsOutput::Redraw(left);
    assert_eq!(outputs, [event(Event::VideoEnded(1)), redraw, event(Event::FrameEnd)]);
}

#[test]
fn hidden_surfaces_are_not_passed_on() {
    let mut peer = passing();
    peer.ok(&[create(2, 64, 48)]);
    assert_eq!(peer.ok(&[avc420(2, &[WHOLE], &START)]), [event(Event::FrameEnd)]);
    peer.ok(&[reset(32, 32)]);
    assert_eq!(peer.ok(&[avc420(1, &[WHOLE], &START)]), [event(Event::FrameEnd)]);
}

#[test]
fn an_output_of_another_size_ends_streams() {
    let mut peer = passing();
    peer.ok(&[avc420(1, &[WHOLE], &START)]);
    let outputs = peer.ok(&[reset(100, 100), avc420(1, &[WHOLE], &NEXT)]);
    let resized = event(Event::Resized(Size::new(100, 100)));
    let redraw = GraphicsOutput::Redraw(WHOLE);
    assert_eq!(outputs, [event(Event::VideoEnded(0)), resized, redraw, event(Event::FrameEnd)]);
}

#[test]
fn decodes_when_nobody_else_does() {
    let (open, seen) = player(vec![grey(200, WHOLE), grey(90, WHOLE), None]);
    let config = GraphicsConfig { open_decoder: Some(open), ..GraphicsConfig::default() };
    let mut peer = Peer::with_surface(config, 64, 48);
    let odd = Rect::new(3, 5, 31, 17);
    peer.ok(&[avc420(1, &[WHOLE], &START), avc420(1, &[odd], &NEXT)]);
    assert_eq!(*seen.lock().unwrap(), [START.to_vec(), NEXT.to_vec()]);
    assert!(peer.is_all(odd, [90, 90, 90, 255]), "{:?}", peer.pixel(3, 5));
    assert!(peer.is_all(Rect::new(0, 0, 64, 5), [200, 200, 200, 255]));
    assert!(peer.is_all(Rect::new(0, 0, 3, 48), [200, 200, 200, 255]));
    assert!(peer.is_all(Rect::new(34, 0, 30, 48), [200, 200, 200, 255]));
    // A stream that breaks is asked for anew, and not decoded until it begins.
    let outputs = peer.ok(&[avc420(1, &[odd], &NEXT), avc420(1, &[odd], &NEXT)]);
    assert_eq!(outputs, [GraphicsOutput::Redraw(WHOLE), event(Event::FrameEnd)]);
    assert_eq!(seen.lock().unwrap().len(), 3);
}

fn both(pictures: Vec<Option<Yuv420Frame>>) -> (Peer, Seen) {
    let (open, seen) = player(pictures);
    let config = GraphicsConfig { passes_video: true, open_decoder: Some(open) };
    (Peer::with_surface(config, 64, 48), seen)
}

fn is_advertised(output: &GraphicsOutput) -> bool {
    let GraphicsOutput::Send(message) = output else { return false };
    matches!(decode(message), Ok(GfxPdu::CapabilitiesAdvertise(_)))
}

#[test]
fn goes_from_decoding_to_passing_on_and_back() {
    let (mut peer, seen) = both((1..=5).map(|luma| grey(luma, WHOLE)).collect());
    let redraw = GraphicsOutput::Redraw(WHOLE);
    peer.ok(&[avc420(1, &[WHOLE], &START)]);
    peer.pipeline.set_video_wanted(true);
    let outputs = peer.outputs();
    // What a decoder alone can put together is not wanted any more.
    assert!(is_advertised(&outputs[1]));
    assert_eq!(outputs[..1], std::slice::from_ref(&redraw)[..]);
    // Until it begins anew it is decoded.
    peer.ok(&[avc420(1, &[WHOLE], &NEXT)]);
    assert!(peer.is_all(WHOLE, [2, 2, 2, 255]));
    let outputs = peer.ok(&[avc420(1, &[WHOLE], &START), avc420(1, &[WHOLE], &NEXT)]);
    assert_eq!(outputs[0], video(0, WHOLE, true, &START));
    assert_eq!(outputs[1], video(0, WHOLE, false, &NEXT));
    assert!(peer.is_all(WHOLE, [2, 2, 2, 255]), "nobody decodes what is passed on");
    assert_eq!(seen.lock().unwrap().len(), 2);
    let text = Rect::new(4, 4, 8, 8);
    peer.ok(&[fill(1, text, [9, 9, 9, 255])]);
    peer.pipeline.set_video_wanted(false);
    assert_eq!(peer.outputs(), [event(Event::VideoEnded(0)), redraw]);
    // It catches up, beneath what was drawn since, and goes on.
    peer.pipeline.catch_up(&mut peer.output).unwrap();
    assert_eq!(peer.outputs(), [event(Event::FrameEnd)]);
    assert!(peer.is_all(Rect::new(12, 0, 52, 48), [4, 4, 4, 255]), "{:?}", peer.pixel(20, 20));
    assert!(peer.is_all(text, [9, 9, 9, 255]));
    assert!(peer.output.veil().is_none_or(|veil| !veil.touches(WHOLE)));
    peer.ok(&[avc420(1, &[WHOLE], &NEXT)]);
    assert!(peer.is_all(WHOLE, [5, 5, 5, 255]));
    assert_eq!(seen.lock().unwrap()[2..], [START.to_vec(), NEXT.to_vec(), NEXT.to_vec()]);
}

#[test]
fn whoever_comes_later_is_shown_pixels_until_the_stream_begins_anew() {
    let (mut peer, seen) = both((1..=4).map(|luma| grey(luma, WHOLE)).collect());
    peer.pipeline.set_video_wanted(true);
    peer.ok(&[avc420(1, &[WHOLE], &START)]);
    peer.pipeline.restart_video();
    assert_eq!(peer.outputs(), [GraphicsOutput::Redraw(WHOLE)]);
    let outputs = peer.ok(&[avc420(1, &[WHOLE], &NEXT)]);
    let (passed, end) = (video(0, WHOLE, false, &NEXT), event(Event::FrameEnd));
    assert_eq!(outputs, [end.clone(), passed, end]);
    assert_eq!(seen.lock().unwrap().len(), 1);
    // The decoder goes on from where it was.
    peer.pipeline.restart_video();
    peer.pipeline.catch_up(&mut peer.output).unwrap();
    assert!(peer.is_all(WHOLE, [2, 2, 2, 255]));
    assert_eq!(seen.lock().unwrap().len(), 2);
    // And nothing is drawn twice.
    peer.outputs();
    peer.pipeline.restart_video();
    peer.pipeline.catch_up(&mut peer.output).unwrap();
    assert_eq!(peer.outputs(), [GraphicsOutput::Redraw(WHOLE)]);
}

#[test]
fn where_nobody_shows_h264_any_more_the_server_is_told() {
    let mut peer = passing();
    peer.ok(&[avc420(1, &[WHOLE], &START)]);
    peer.pipeline.set_video_wanted(false);
    let outputs = peer.outputs();
    assert_eq!(outputs[..2], [event(Event::VideoEnded(0)), GraphicsOutput::Redraw(WHOLE)]);
    assert!(is_advertised(&outputs[2]));
    // What is on its way is no fault, and the surfaces stay until the server resets them.
    peer.ok(&[avc420(1, &[WHOLE], &NEXT), fill(1, WHOLE, [1, 2, 3, 255])]);
    assert!(peer.is_all(WHOLE, [1, 2, 3, 255]));
    peer.ok(&[reset(64, 48)]);
    assert!(peer.send(&[fill(1, WHOLE, [1, 2, 3, 255])]).is_err());
}

/// There is no decoder, and somebody lacks what was passed on.
#[test]
fn a_server_that_does_not_begin_anew_is_asked_to_do_without() {
    let redraw = GraphicsOutput::Redraw(WHOLE);
    let mut peer = passing();
    peer.ok(&[avc420(1, &[WHOLE], &START)]);
    peer.pipeline.restart_video();
    assert_eq!(peer.outputs(), std::slice::from_ref(&redraw));
    // It does, and so the next wish is a first one.
    peer.ok(&[avc420(1, &[WHOLE], &START)]);
    peer.pipeline.restart_video();
    assert_eq!(peer.outputs(), std::slice::from_ref(&redraw));
    peer.ok(&[avc420(1, &[WHOLE], &NEXT)]);
    peer.pipeline.restart_video();
    assert!(peer.outputs().iter().any(is_advertised));
    peer.pipeline.set_video_wanted(true);
    assert_eq!(peer.outputs(), []);
    // One that never begins is not waited for either.
    let mut peer = passing();
    peer.ok(&vec![avc420(1, &[WHOLE], &NEXT); 128]);
    assert!(peer.ok(&[avc420(1, &[WHOLE], &NEXT)]).iter().any(is_advertised));
}

#[test]
fn streams_larger_than_their_surface_are_not_begun() {
    let config = GraphicsConfig { passes_video: true, ..GraphicsConfig::default() };
    let mut peer = Peer::new(config, 64, 48);
    peer.ok(&[create(1, 20, 20), map(1, 0, 0)]);
    let small = Rect::new(0, 0, 20, 20);
    assert_eq!(peer.ok(&[avc420(1, &[small], &START)])[0], video(0, small, true, &START));
    // 64 columns are more than what 1 would be filled up to, as 16 rows are not.
    let start = [&[0, 0, 1, 0x67, 0x42, 0xc0, 0x0a, 0xd9, 0x02, 0x8c, 0x80][..], &START[20..]];
    let outputs = peer.ok(&[create(1, 20, 20), map(1, 0, 0), avc420(1, &[small], &start.concat())]);
    assert!(!outputs.iter().any(|output| matches!(output, GraphicsOutput::Event(Event::Video(_)))));
}

#[test]
fn combines_two_streams_into_444() {
    // Red, green and blue next to each other: 4:2:0 cannot tell them apart.
    let colours = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255]];
    let pixels: Vec<u8> =
        (0..64 * 48).flat_map(|at: usize| colours[(at % 64 + at / 64) % 3]).collect();
    let frame = Yuv444Frame::from_rgba(&pixels, 64, 48).unwrap();
    for (codec, layout) in
        [(Codec1Type::Avc444, Avc444Layout::V1), (Codec1Type::Avc444v2, Avc444Layout::V2)]
    {
        let (main, auxiliary) = frame.split(layout).unwrap();
        let pictures = [&main, &auxiliary, &main, &auxiliary].map(|view| Some(view.clone()));
        let (open, seen) = player(pictures.to_vec());
        let config = GraphicsConfig { open_decoder: Some(open), passes_video: false };
        let mut peer = Peer::with_surface(config, 64, 48);
        let send = |peer: &mut Peer, encoding, first, second: Option<&'static [u8]>| {
            let stream2 = second.map(|data| part(&[WHOLE], data));
            let stream1 = part(&[WHOLE], first);
            let data = encode_vec(&Avc444BitmapStream { encoding, stream1, stream2 }).unwrap();
            peer.ok(&[picture(1, codec, WHOLE, data)])
        };
        send(&mut peer, Encoding::LUMA_AND_CHROMA, &START, Some(&NEXT));
        let quality = psnr(peer.output.bytes(), &pixels);
        assert!(quality > 35.0, "{codec:?}: {quality} dB");
        // One after the other gives the same in the end.
        send(&mut peer, Encoding::LUMA, &NEXT, None);
        assert!(psnr(peer.output.bytes(), &pixels) < 20.0);
        send(&mut peer, Encoding::CHROMA, &NEXT, None);
        assert!((psnr(peer.output.bytes(), &pixels) - quality).abs() < 1e-9);
        assert_eq!(seen.lock().unwrap().len(), 4);
    }
}

/// The picture without its last `cut` columns, as an encoder makes it that crops: with U and V in the
/// halves of the width that is left.
fn crop_halves(view: &Yuv420Frame, cut: u16) -> Yuv420Frame {
    let (width, height) = (view.width() - cut, view.height());
    let crop = |rows: Vec<&[u8]>, cut: usize| -> Vec<u8> {
        let halves = rows.iter().map(|row| row.split_at(row.len() / 2));
        let keep = |half: &[u8]| half[..half.len() - cut / 2].to_vec();
        halves.flat_map(|(left, right)| [keep(left), keep(right)]).flatten().collect()
    };
    let y = crop((0..).map_while(|row| view.luma_row(row)).collect(), cut.into());
    let u = crop((0..).map_while(|row| view.u_row(row)).collect(), usize::from(cut) / 2);
    let v = crop((0..).map_while(|row| view.v_row(row)).collect(), usize::from(cut) / 2);
    let (stride, half) = (width.into(), usize::from(width / 2));
    Yuv420Frame::new(width, height, y, stride, u, v, half).unwrap()
}

#[test]
fn combines_streams_that_are_cut_to_their_surface() {
    // 56 columns are three macroblocks and a half. Colours change by columns and by rows.
    let colours = [[255, 0, 0, 255], [0, 255, 0, 255], [0, 0, 255, 255], [255, 255, 0, 255]];
    let pixels: Vec<u8> =
        (0..56 * 48).flat_map(|at: usize| colours[(at % 56 * 3 / 4 + at / 56 * 5) % 4]).collect();
    let frame = Yuv444Frame::from_rgba(&pixels, 56, 48).unwrap();
    let (main, auxiliary) = frame.split(Avc444Layout::V2).unwrap();
    assert_eq!(auxiliary.width(), 64);
    for auxiliary in [crop_halves(&auxiliary, 8), auxiliary] {
        let (open, _) = player(vec![Some(main.clone()), Some(auxiliary.clone())]);
        let config = GraphicsConfig { open_decoder: Some(open), passes_video: false };
        let mut peer = Peer::with_surface(config, 56, 48);
        let whole = Rect::new(0, 0, 56, 48);
        let stream2 = Some(part(&[whole], &NEXT));
        let (encoding, stream1) = (Encoding::LUMA_AND_CHROMA, part(&[whole], &START));
        let data = encode_vec(&Avc444BitmapStream { encoding, stream1, stream2 }).unwrap();
        peer.ok(&[picture(1, Codec1Type::Avc444v2, whole, data)]);
        let quality = psnr(peer.output.bytes(), &pixels);
        assert!(quality > 35.0, "{} columns: {quality} dB", auxiliary.width());
    }
}

#[test]
fn refuses_what_is_cut_short() {
    let data = encode_vec(&part(&[WHOLE, WHOLE], &START)).unwrap();
    for len in 0..4 + 20 {
        let mut peer = passing();
        let cut = picture(1, Codec1Type::Avc420, WHOLE, data[..len].to_vec());
        assert!(peer.send(&[cut]).is_err(), "{len} bytes");
    }
    // Parameters and rectangles without a stream say nothing.
    assert_eq!(passing().ok(&[avc420(1, &[WHOLE], &[])]), [event(Event::FrameEnd)]);
    let (open, _) = player(Vec::new());
    let config = GraphicsConfig { open_decoder: Some(open), passes_video: false };
    let mut peer = Peer::with_surface(config, 64, 48);
    for data in [vec![], vec![0, 0, 0], vec![9, 0, 0, 0, 1], vec![0, 0, 0, 0xc0, 0, 0, 0, 0]] {
        assert!(peer.send(&[picture(1, Codec1Type::Avc444, WHOLE, data)]).is_err());
    }
}

#[test]
fn bounds_streams() {
    let mut peer = passing();
    // More rectangles than bytes, and rectangles that paint too much.
    let many = [&u32::MAX.to_le_bytes()[..], &[0; 100]].concat();
    assert!(peer.send(&[picture(1, Codec1Type::Avc420, WHOLE, many)]).is_err());
    let long = [&START[..], &vec![7; VideoChunk::DATA_MAX_BYTES]].concat();
    assert!(peer.send(&[avc420(1, &[WHOLE], &long)]).is_err());
    // Rectangles are cut at the surface.
    let outputs = passing().ok(&[avc420(1, &[Rect::new(60, 40, 500, 500)], &START)]);
    assert_eq!(outputs[0], video_in(0, WHOLE, &[Rect::new(60, 40, 4, 8)], true, &START));
}

#[test]
fn planes_must_be_as_large_as_they_say() {
    let plane = [0; 100];
    let picture = YuvPicture {
        size: Size::new(10, 9),
        y: &plane[..90],
        u: &plane[..25],
        v: &plane[..25],
        luma_stride: 10,
        chroma_stride: 5,
    };
    assert!(picture.is_whole());
    for broken in [
        YuvPicture { y: &plane[..89], ..picture },
        YuvPicture { u: &plane[..24], ..picture },
        YuvPicture { v: &[], ..picture },
        YuvPicture { luma_stride: 9, ..picture },
        YuvPicture { chroma_stride: usize::MAX, ..picture },
    ] {
        assert!(!broken.is_whole());
    }
}

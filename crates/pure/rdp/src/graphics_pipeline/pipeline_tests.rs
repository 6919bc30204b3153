use ironrdp_core::decode;
use ironrdp_egfx::pdu::{
    CacheToSurfacePdu, CapabilitiesConfirmPdu, CapabilitiesV8Flags, CapabilitiesV10Flags,
    CapabilitySet, Codec1Type, DeleteSurfacePdu, EvictCacheEntryPdu, GfxPdu,
    MapSurfaceToScaledOutputPdu, QueueDepth, ResetGraphicsPdu, SurfaceToCachePdu,
};
use ironrdp_pdu::gcc::{Monitor, MonitorFlags};
use porthole_pixels::{Copy, Pixel, Point, Rect, Size};
use porthole_remote::{Event, Screen};

use crate::graphics_pipeline::testing::{
    Peer, acknowledgement, copy, create, desktop, edges, end, event, fill, map, message, picture,
    points, reset, start, swapped,
};
use crate::graphics_pipeline::{GraphicsConfig, GraphicsError, GraphicsOutput, GraphicsPipeline};

const RED: Pixel = [200, 10, 20, 255];
const BLUE: Pixel = [10, 20, 200, 255];
const BLACK: Pixel = [0, 0, 0, 255];

fn to_cache(id: u16, slot: u16, rect: Rect) -> GfxPdu {
    GfxPdu::SurfaceToCache(SurfaceToCachePdu {
        surface_id: id,
        cache_key: 1,
        cache_slot: slot,
        source_rectangle: edges(rect),
    })
}

fn from_cache(slot: u16, id: u16, at: &[(u16, u16)]) -> GfxPdu {
    GfxPdu::CacheToSurface(CacheToSurfacePdu {
        cache_slot: slot,
        surface_id: id,
        destination_points: points(at),
    })
}

fn delete(id: u16) -> GfxPdu {
    GfxPdu::DeleteSurface(DeleteSurfacePdu { surface_id: id })
}

fn bgrx(rect: Rect, pixel: Pixel) -> Vec<u8> {
    swapped(&pixel.repeat(rect.area() as usize))
}

#[test]
fn opens_with_what_it_can_do_and_takes_an_answer() {
    let mut pipeline = GraphicsPipeline::new(GraphicsConfig::default(), false);
    let Some(GraphicsOutput::Send(hello)) = pipeline.poll() else { panic!("nothing sent") };
    assert!(matches!(decode(&hello).unwrap(), GfxPdu::CapabilitiesAdvertise(_)));
    assert_eq!(pipeline.poll(), None);
    let mut peer = Peer::new(GraphicsConfig::default(), 8, 8);
    let v8 = CapabilitySet::V8 { flags: CapabilitiesV8Flags::SMALL_CACHE };
    let confirm = |set| GfxPdu::CapabilitiesConfirm(CapabilitiesConfirmPdu::from_typed(&set));
    // All of it: what was drawn until now may not have been.
    let asked = GraphicsOutput::Redraw(Rect::new(0, 0, u16::MAX, u16::MAX));
    assert_eq!(peer.ok(&[confirm(v8)]), [asked]);
    let config = GraphicsConfig { passes_video: true, ..GraphicsConfig::default() };
    let mut peer = Peer::new(config, 8, 8);
    let v10 = CapabilitySet::V10 { flags: CapabilitiesV10Flags::SMALL_CACHE };
    assert!(peer.send(&[confirm(v10)]).is_err());
}

#[test]
fn acknowledges_frames() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
    let outputs = peer.ok(&[start(5), fill(1, Rect::new(0, 0, 4, 4), RED)]);
    assert_eq!(outputs, [], "a frame that has not ended");
    peer.pipeline.set_queue_bytes(99);
    let outputs = peer.ok(&[end(5)]);
    assert!(outputs.contains(&event(Event::FrameEnd)));
    let sent = acknowledgement(&outputs);
    assert_eq!((sent.frame_id, sent.total_frames_decoded), (5, 1));
    assert!(matches!(sent.queue_depth, QueueDepth::AvailableBytes(99)));
}

#[test]
fn what_is_drawn_outside_of_frames_is_told_of() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
    let outputs = peer.ok(&[fill(1, Rect::new(0, 0, 4, 4), RED)]);
    assert_eq!(outputs, [event(Event::FrameEnd)]);
    assert_eq!(peer.ok(&[create(2, 9, 9)]), []);
}

#[test]
fn draws_uncompressed_pictures_and_fills_on_the_output() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 100, 80);
    let rect = Rect::new(7, 9, 71, 33);
    let pixels = desktop(71, 33, 5);
    peer.ok(&[picture(1, Codec1Type::Uncompressed, rect, swapped(&pixels))]);
    for y in 0..rect.height {
        let from = usize::from(y) * 71 * 4;
        assert_eq!(peer.output.row(rect, y), &pixels[from..from + 71 * 4], "row {y}");
    }
    assert!(peer.is_all(Rect::new(0, 0, 100, 9), BLACK));
    let rects = [Rect::new(0, 0, 100, 1), Rect::new(99, 79, 1, 1)];
    for rect in rects {
        peer.ok(&[fill(1, rect, BLUE)]);
        assert!(peer.is_all(rect, BLUE));
    }
}

#[test]
fn moves_on_the_output_are_copies() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 100, 80);
    peer.ok(&[fill(1, Rect::new(0, 0, 10, 10), RED)]);
    peer.output.clear_changes();
    peer.ok(&[copy(1, Rect::new(0, 0, 10, 10), 1, &[(50, 40), (5, 5)])]);
    let copies = [(50, 40), (5, 5)]
        .map(|(x, y)| Copy { source: Point { x: 0, y: 0 }, target: Rect::new(x, y, 10, 10) });
    assert_eq!(peer.output.changes().copies(), copies);
    assert!(peer.output.changes().damage().is_clean());
    assert!(peer.is_all(Rect::new(50, 40, 10, 10), RED));
    assert!(peer.is_all(Rect::new(5, 5, 10, 10), RED));
}

#[test]
fn two_surfaces_side_by_side_are_both_drawn_on_the_output() {
    let mut peer = Peer::new(GraphicsConfig::default(), 100, 50);
    peer.ok(&[create(1, 60, 50), create(2, 40, 50), map(1, 0, 0), map(2, 60, 0)]);
    peer.ok(&[fill(2, Rect::new(3, 4, 5, 6), RED)]);
    assert!(peer.is_all(Rect::new(63, 4, 5, 6), RED));
    peer.output.clear_changes();
    peer.ok(&[copy(2, Rect::new(3, 4, 5, 6), 1, &[(0, 0)])]);
    let want = Copy { source: Point { x: 63, y: 4 }, target: Rect::new(0, 0, 5, 6) };
    assert_eq!(peer.output.changes().copies(), [want]);
    // A surface ends where it ends, even though the output goes on.
    let over = peer.send(&[fill(1, Rect::new(59, 0, 2, 1), BLUE)]);
    assert!(matches!(over, Err(GraphicsError::OutsideSurface { .. })));
}

#[test]
fn a_hidden_surface_shows_when_it_is_mapped() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
    let rect = Rect::new(0, 0, 8, 8);
    peer.ok(&[create(2, 64, 64), fill(2, rect, RED)]);
    assert!(peer.is_all(rect, BLACK));
    peer.ok(&[copy(2, rect, 1, &[(20, 20)])]);
    assert!(peer.is_all(Rect::new(20, 20, 8, 8), RED));
    peer.ok(&[delete(1), map(2, 0, 0)]);
    assert!(peer.is_all(rect, RED));
    assert!(peer.is_all(Rect::new(20, 20, 8, 8), BLACK));
    // From here on it is drawn in place.
    peer.output.clear_changes();
    peer.ok(&[copy(2, rect, 2, &[(30, 30)])]);
    assert_eq!(peer.output.changes().copies().len(), 1);
}

#[test]
fn surfaces_that_overlap_are_copied_when_a_frame_ends() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
    peer.ok(&[fill(1, Rect::new(0, 0, 64, 64), BLUE)]);
    peer.ok(&[create(2, 32, 32), fill(2, Rect::new(0, 0, 32, 32), RED), map(2, 16, 16)]);
    assert!(peer.is_all(Rect::new(16, 16, 32, 32), RED));
    assert!(peer.is_all(Rect::new(0, 0, 64, 16), BLUE));
    peer.ok(&[start(1), fill(1, Rect::new(0, 0, 4, 4), RED)]);
    assert!(peer.is_all(Rect::new(0, 0, 4, 4), BLUE), "the frame has not ended");
    peer.ok(&[copy(1, Rect::new(0, 0, 4, 4), 1, &[(60, 0)]), end(1)]);
    assert!(peer.is_all(Rect::new(0, 0, 4, 4), RED));
    assert!(peer.is_all(Rect::new(60, 0, 4, 4), RED));
    // Once nothing is in the way any more, it is drawn in place again.
    peer.ok(&[delete(2), start(2), end(2)]);
    peer.output.clear_changes();
    peer.ok(&[copy(1, Rect::new(0, 0, 4, 4), 1, &[(0, 60)])]);
    assert_eq!(peer.output.changes().copies().len(), 1);
}

#[test]
fn a_surface_may_hang_over_the_edge() {
    let mut peer = Peer::new(GraphicsConfig::default(), 64, 64);
    peer.ok(&[create(1, 64, 64), map(1, 40, 50), fill(1, Rect::new(0, 0, 64, 64), RED)]);
    assert!(peer.is_all(Rect::new(40, 50, 24, 14), RED));
    assert!(peer.is_all(Rect::new(0, 0, 40, 64), BLACK));
    peer.ok(&[map(1, 0, 0)]);
    assert!(peer.is_all(Rect::new(0, 0, 64, 64), RED));
    assert!(peer.send(&[map(1, 70_000, 0)]).is_err());
}

#[test]
fn the_cache_gives_back_what_it_was_given() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 100, 80);
    let rect = Rect::new(3, 5, 20, 10);
    let pixels = desktop(20, 10, 8);
    peer.ok(&[picture(1, Codec1Type::Uncompressed, rect, swapped(&pixels))]);
    peer.ok(&[to_cache(1, 4_096, rect), fill(1, rect, RED)]);
    peer.ok(&[from_cache(4_096, 1, &[(40, 40), (80, 70)])]);
    for at in [Rect::new(40, 40, 20, 10), Rect::new(80, 70, 20, 10)] {
        let rows: Vec<u8> = (0..10).flat_map(|y| peer.output.row(at, y).to_vec()).collect();
        assert_eq!(rows, pixels);
    }
    let evict = GfxPdu::EvictCacheEntry(EvictCacheEntryPdu { cache_slot: 4_096 });
    peer.ok(&[evict.clone(), evict]);
    let error = peer.send(&[from_cache(4_096, 1, &[(0, 0)])]).unwrap_err();
    assert_eq!(error, GraphicsError::EmptySlot { slot: 4_096 });
}

#[test]
fn the_output_changes_its_size() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
    peer.ok(&[fill(1, Rect::new(0, 0, 64, 64), RED)]);
    let size = Size::new(32, 100);
    let outputs = peer.ok(&[reset(32, 100)]);
    assert_eq!(outputs, [event(Event::Resized(size)), event(Event::FrameEnd)]);
    assert_eq!(peer.output.size(), size);
    // The surface has kept what does not fit any more.
    assert_eq!(peer.ok(&[reset(64, 100)]).len(), 2);
    assert!(peer.is_all(Rect::new(0, 0, 64, 64), RED));
    assert_eq!(peer.ok(&[reset(64, 100)]), [event(Event::FrameEnd)], "the same size again");
    for (width, height) in [(65_536, 1), (1, u32::MAX), (20_000, 10), (16_000, 16_000)] {
        assert!(peer.send(&[reset_raw(width, height)]).is_err(), "{width} x {height}");
    }
}

/// IronRDP does not encode sizes over the specification's limit.
fn reset_raw(width: u32, height: u32) -> GfxPdu {
    reset(width.min(32_766), height.min(32_766))
}

#[test]
fn tells_of_screens() {
    let mut peer = Peer::new(GraphicsConfig::default(), 8, 8);
    let monitor = |left, right, bottom, flags| Monitor { left, top: 0, right, bottom, flags };
    let monitors = vec![
        monitor(0, 99, 49, MonitorFlags::PRIMARY),
        monitor(-40, -1, 59, MonitorFlags::empty()),
        // Ends before it begins, and is nowhere.
        monitor(5, 3, 3, MonitorFlags::empty()),
        monitor(1_000, 1_010, 3, MonitorFlags::empty()),
    ];
    let pdu = GfxPdu::ResetGraphics(ResetGraphicsPdu { width: 140, height: 60, monitors });
    let outputs = peer.ok(std::slice::from_ref(&pdu));
    let screens = vec![
        Screen { id: 0, rect: Rect::new(40, 0, 100, 50), flags: 1 },
        Screen { id: 1, rect: Rect::new(0, 0, 40, 60), flags: 0 },
    ];
    assert!(outputs.contains(&event(Event::Screens(screens))));
    assert_eq!(peer.ok(&[pdu]), [event(Event::FrameEnd)], "nothing new");
}

#[test]
fn takes_scaled_surfaces_that_are_not() {
    let mut peer = Peer::new(GraphicsConfig::default(), 64, 64);
    let scaled = |target_width| {
        GfxPdu::MapSurfaceToScaledOutput(MapSurfaceToScaledOutputPdu {
            surface_id: 1,
            output_origin_x: 0,
            output_origin_y: 0,
            target_width,
            target_height: 64,
        })
    };
    peer.ok(&[create(1, 64, 64), scaled(64), fill(1, Rect::new(0, 0, 9, 9), RED)]);
    assert!(peer.is_all(Rect::new(0, 0, 9, 9), RED));
    assert!(peer.send(&[scaled(128)]).is_err());
}

#[test]
fn surfaces_that_do_not_exist_are_refused() {
    let rect = Rect::new(0, 0, 1, 1);
    let cases = [
        map(9, 0, 0),
        fill(9, rect, RED),
        copy(9, rect, 1, &[(0, 0)]),
        copy(1, rect, 9, &[(0, 0)]),
        to_cache(9, 1, rect),
        from_cache(1, 9, &[(0, 0)]),
        picture(9, Codec1Type::Uncompressed, rect, bgrx(rect, RED)),
        picture(9, Codec1Type::Planar, rect, Vec::new()),
    ];
    for case in cases {
        let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
        peer.ok(&[to_cache(1, 1, rect)]);
        let error = peer.send(std::slice::from_ref(&case)).unwrap_err();
        assert_eq!(error, GraphicsError::NoSurface { id: 9 }, "{case:?}");
    }
    // Deleting one that is not there does no harm.
    Peer::with_surface(GraphicsConfig::default(), 8, 8).ok(&[delete(9), delete(1), delete(1)]);
}

#[test]
fn rectangles_stay_within_their_surface() {
    for at in [Rect::new(60, 0, 5, 1), Rect::new(0, 64, 1, 1), Rect::new(65_530, 65_530, 5, 5)] {
        let cases = [
            fill(1, at, RED),
            copy(1, at, 1, &[(0, 0)]),
            copy(1, Rect::new(0, 0, at.width, at.height), 1, &[(at.x, at.y)]),
            to_cache(1, 1, at),
            from_cache(2, 1, &[(at.x.max(61), at.y)]),
            picture(1, Codec1Type::Uncompressed, at, bgrx(at, RED)),
        ];
        for case in cases {
            let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
            peer.ok(&[to_cache(1, 2, Rect::new(0, 0, 5, 5))]);
            let error = peer.send(std::slice::from_ref(&case)).unwrap_err();
            assert!(matches!(error, GraphicsError::OutsideSurface { .. }), "{case:?}: {error}");
        }
    }
}

#[test]
fn surfaces_are_bounded_in_number_and_size() {
    let mut peer = Peer::new(GraphicsConfig::default(), 8, 8);
    assert!(peer.send(&[create(1, 0, 5)]).is_err());
    assert!(peer.send(&[create(1, 16_385, 1)]).is_err());
    assert!(peer.send(&[create(1, 8_000, 8_000)]).is_err());
    for id in 0..256 {
        peer.ok(&[create(id, 1, 1)]);
    }
    assert!(peer.send(&[create(256, 1, 1)]).is_err());
    peer.ok(&[create(255, 2, 2)]);
    let mut peer = Peer::new(GraphicsConfig::default(), 8, 8);
    peer.ok(&[create(1, 7_680, 4_300), create(1, 7_680, 4_300), create(2, 7_680, 20)]);
    assert!(peer.send(&[create(3, 1, 1)]).is_err());
}

#[test]
fn one_message_makes_only_so_much_work() {
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 2_000, 2_000);
    let whole = fill(1, Rect::new(0, 0, 2_000, 2_000), RED);
    assert!(peer.send(&vec![whole.clone(); 64]).is_ok());
    let error = peer.send(&vec![whole; 70]).unwrap_err();
    assert!(matches!(error, GraphicsError::OverLimit { .. }), "{error}");
    let mut peer = Peer::with_surface(GraphicsConfig::default(), 8, 8);
    let error = peer.send(&vec![end(1); 5_000]).unwrap_err();
    assert!(matches!(error, GraphicsError::OverLimit { .. }), "{error}");
}

#[test]
fn refuses_codecs_that_were_not_agreed_on() {
    let rect = Rect::new(0, 0, 16, 16);
    for codec in [Codec1Type::Avc420, Codec1Type::Avc444, Codec1Type::Avc444v2] {
        let mut peer = Peer::with_surface(GraphicsConfig::default(), 64, 64);
        let error = peer.send(&[picture(1, codec, rect, vec![0; 20])]).unwrap_err();
        assert!(matches!(error, GraphicsError::CodecNotAgreed { .. }), "{codec:?}");
    }
}

#[test]
fn no_cut_message_is_taken_for_whole() {
    let rect = Rect::new(0, 0, 3, 3);
    let whole = message(&[
        create(1, 64, 64),
        map(1, 0, 0),
        start(1),
        fill(1, rect, RED),
        picture(1, Codec1Type::Uncompressed, rect, bgrx(rect, BLUE)),
        to_cache(1, 1, rect),
        from_cache(1, 1, &[(9, 9)]),
        copy(1, rect, 1, &[(20, 20)]),
        end(1),
    ]);
    let mut ends = 0;
    for len in 2..whole.len() {
        let mut peer = Peer::new(GraphicsConfig::default(), 64, 64);
        // Where one ends and the next begins a message may be cut.
        ends += usize::from(peer.pipeline.handle(&whole[..len], &mut peer.output).is_ok());
    }
    assert_eq!(ends, 9);
}

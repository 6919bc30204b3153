use ironrdp_core::encode_vec;
use ironrdp_egfx::pdu::{
    CacheToSurfacePdu, CapabilitiesConfirmPdu, CapabilitiesV81Flags, CapabilitySet, Codec1Type,
    DeleteEncodingContextPdu, DeleteSurfacePdu, EvictCacheEntryPdu, GfxPdu,
    MapSurfaceToScaledOutputPdu, MapSurfaceToWindowPdu, ResetGraphicsPdu, SurfaceToCachePdu,
};
use ironrdp_pdu::gcc::{Monitor, MonitorFlags};
use porthole_pixels::{Point, Rect, Size};
use porthole_wire::Reader;

use super::{Message, Points, Rects, take_message};
use crate::graphics_pipeline::GraphicsError;
use crate::graphics_pipeline::testing::{
    copy, create, edges, end, fill, map, picture, points, progressive, start,
};

const RECT: Rect = Rect::new(1, 2, 30, 40);
const RECT_BYTES: [u8; 8] = [1, 0, 2, 0, 31, 0, 42, 0];
const POINT_BYTES: [u8; 8] = [5, 0, 6, 0, 7, 1, 8, 0];

/// What each of our messages looks like on the wire, as somebody else writes it.
fn pairs() -> Vec<(GfxPdu, Message<'static>)> {
    [drawing(), managing()].concat()
}

fn drawing() -> Vec<(GfxPdu, Message<'static>)> {
    let rects = Rects { bytes: &RECT_BYTES };
    let places = Points { bytes: &POINT_BYTES };
    let at = [(5, 6), (263, 8)];
    vec![
        (
            picture(3, Codec1Type::ClearCodec, RECT, vec![9, 8, 7]),
            Message::Picture { surface: 3, codec: 8, rect: RECT, data: &[9, 8, 7] },
        ),
        (
            progressive(4, vec![1, 2]),
            Message::PlacedPicture { surface: 4, codec: 9, data: &[1, 2] },
        ),
        (
            fill(5, RECT, [10, 20, 30, 255]),
            Message::SolidFill { surface: 5, pixel: [10, 20, 30, 255], rects },
        ),
        (
            copy(6, RECT, 7, &at),
            Message::SurfaceToSurface { source: 6, target: 7, rect: RECT, points: places },
        ),
        (
            GfxPdu::SurfaceToCache(SurfaceToCachePdu {
                surface_id: 8,
                cache_key: 0x1234_5678_9abc_def0,
                cache_slot: 9,
                source_rectangle: edges(RECT),
            }),
            Message::SurfaceToCache { surface: 8, slot: 9, rect: RECT },
        ),
        (
            GfxPdu::CacheToSurface(CacheToSurfacePdu {
                cache_slot: 9,
                surface_id: 8,
                destination_points: points(&at),
            }),
            Message::CacheToSurface { slot: 9, surface: 8, points: places },
        ),
    ]
}

fn managing() -> Vec<(GfxPdu, Message<'static>)> {
    let caps = CapabilitySet::V8_1 { flags: CapabilitiesV81Flags::SMALL_CACHE };
    vec![
        (
            GfxPdu::EvictCacheEntry(EvictCacheEntryPdu { cache_slot: 77 }),
            Message::EvictCacheEntry { slot: 77 },
        ),
        (create(10, 640, 480), Message::CreateSurface { id: 10, size: Size::new(640, 480) }),
        (
            GfxPdu::DeleteSurface(DeleteSurfacePdu { surface_id: 10 }),
            Message::DeleteSurface { id: 10 },
        ),
        (start(11), Message::StartFrame),
        (end(11), Message::EndFrame { frame: 11 }),
        (map(12, 100_000, 13), Message::MapSurfaceToOutput { id: 12, x: 100_000, y: 13 }),
        (
            GfxPdu::MapSurfaceToScaledOutput(MapSurfaceToScaledOutputPdu {
                surface_id: 1,
                output_origin_x: 2,
                output_origin_y: 3,
                target_width: 4,
                target_height: 5,
            }),
            Message::MapSurfaceToScaledOutput { id: 1, x: 2, y: 3, target: (4, 5) },
        ),
        (
            GfxPdu::CapabilitiesConfirm(CapabilitiesConfirmPdu::from_typed(&caps)),
            Message::CapsConfirm { version: 0x0008_0105 },
        ),
        (
            GfxPdu::DeleteEncodingContext(DeleteEncodingContextPdu {
                surface_id: 1,
                codec_context_id: 2,
            }),
            Message::Ignored,
        ),
        (
            GfxPdu::MapSurfaceToWindow(MapSurfaceToWindowPdu {
                surface_id: 1,
                window_id: 2,
                mapped_width: 3,
                mapped_height: 4,
            }),
            Message::Ignored,
        ),
    ]
}

#[test]
fn reads_what_another_writes() {
    let pairs = pairs();
    let all: Vec<u8> = pairs.iter().flat_map(|(pdu, _)| encode_vec(pdu).unwrap()).collect();
    let mut input = Reader::new(&all);
    for (pdu, want) in pairs {
        assert_eq!(take_message(&mut input).unwrap(), want, "{pdu:?}");
    }
    assert!(input.is_empty());
}

#[test]
fn refuses_what_is_cut_short_or_too_long() {
    for (pdu, want) in pairs() {
        let bytes = encode_vec(&pdu).unwrap();
        for len in 1..bytes.len() {
            let cut = take_message(&mut Reader::new(&bytes[..len]));
            assert!(matches!(cut, Err(GraphicsError::Short { .. })), "{pdu:?} at {len}");
            // The same where the length in the header agrees.
            let mut cut = bytes[..len].to_vec();
            if let Some(place) = cut.get_mut(4..8) {
                place.copy_from_slice(&u32::try_from(len).unwrap().to_le_bytes());
                let cut = take_message(&mut Reader::new(&cut));
                assert!(cut.is_err() || want == Message::Ignored, "{pdu:?} at {len}");
            }
        }
        let mut long = bytes.clone();
        long.push(0);
        long[4..8].copy_from_slice(&u32::try_from(bytes.len() + 1).unwrap().to_le_bytes());
        let long = take_message(&mut Reader::new(&long));
        assert!(long.is_err() || want == Message::Ignored, "{pdu:?}");
    }
    for len in 0..8_u8 {
        let shorter_than_its_header = [0x0c, 0, 0, 0, len, 0, 0, 0, 0, 0];
        assert!(take_message(&mut Reader::new(&shorter_than_its_header)).is_err());
    }
}

#[test]
fn reads_lists() {
    let rects: Vec<_> = Rects { bytes: &RECT_BYTES }.iter().map(Result::unwrap).collect();
    assert_eq!(rects, [RECT]);
    let places: Vec<_> = Points { bytes: &POINT_BYTES }.iter().collect();
    assert_eq!(places, [Point { x: 5, y: 6 }, Point { x: 263, y: 8 }]);
    let backwards = Rects { bytes: &[9, 0, 0, 0, 8, 0, 1, 0] };
    let error = backwards.iter().next().unwrap().unwrap_err();
    assert_eq!(error, GraphicsError::BadRect { left: 9, top: 0, right: 8, bottom: 1 });
}

#[test]
fn reads_monitors() {
    let monitors = vec![
        Monitor { left: -800, top: 0, right: -1, bottom: 599, flags: MonitorFlags::empty() },
        Monitor { left: 0, top: 0, right: 1_023, bottom: 767, flags: MonitorFlags::PRIMARY },
    ];
    let pdu = GfxPdu::ResetGraphics(ResetGraphicsPdu { width: 1_824, height: 768, monitors });
    let bytes = encode_vec(&pdu).unwrap();
    assert_eq!(bytes.len(), 340);
    let Message::ResetGraphics { width: 1_824, height: 768, monitors } =
        take_message(&mut Reader::new(&bytes)).unwrap()
    else {
        panic!("not a reset");
    };
    let edges: Vec<_> = monitors.iter().map(|m| (m.left, m.right, m.flags)).collect();
    assert_eq!(edges, [(-800, -1, 0), (0, 1_023, 1)]);
    // More of them than there are bytes.
    let mut bytes = bytes;
    bytes[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(take_message(&mut Reader::new(&bytes)).is_err());
}

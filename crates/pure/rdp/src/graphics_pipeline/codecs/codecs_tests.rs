use ironrdp_core::encode_vec;
use ironrdp_egfx::pdu::Codec1Type;
use ironrdp_graphics::clearcodec::ClearCodecEncoder;
use ironrdp_graphics::color_conversion::to_64x64_ycbcr_tile;
use ironrdp_graphics::image_processing::PixelFormat;
use ironrdp_graphics::progressive::encode_first_pass;
use ironrdp_graphics::rdp6::{BitmapStreamEncoder, RgbAChannels};
use ironrdp_graphics::rfx_encode_component;
use ironrdp_pdu::codecs::rfx::progressive::{
    ComponentCodecQuant, ProgressiveBlock, ProgressiveContextPdu, ProgressiveFrameBeginPdu,
    ProgressiveFrameEndPdu, ProgressiveRegion, ProgressiveSyncPdu, ProgressiveTile, TileSimple,
    TileUpgrade, encode_progressive_stream,
};
use ironrdp_pdu::codecs::rfx::{
    Block, CodecChannel, EntropyAlgorithm, FrameBeginPdu, FrameEndPdu, Quant, RegionPdu,
    RfxRectangle, Tile, TileSetPdu,
};
use porthole_pixels::Rect;

use crate::graphics_pipeline::testing::{
    Peer, create, desktop, end, picture, progressive, psnr, start, swapped,
};
use crate::graphics_pipeline::{GraphicsConfig, GraphicsError};

const WIDTH: u16 = 200;
const HEIGHT: u16 = 150;

fn peer() -> Peer {
    Peer::with_surface(GraphicsConfig::default(), WIDTH, HEIGHT)
}

/// What the output shows of `rect`.
fn shown(peer: &Peer, rect: Rect) -> Vec<u8> {
    (0..rect.height).flat_map(|y| peer.output.row(rect, y).to_vec()).collect()
}

/// A smooth picture, in which a lossy codec has no excuse.
fn smooth(width: u16, height: u16) -> Vec<u8> {
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    pixels.flat_map(|(x, y)| [x as u8, (x / 2 + y) as u8, (200 - y / 2) as u8, 255]).collect()
}

#[test]
fn planar_is_exact() {
    for is_run_length in [true, false] {
        for (seed, rect) in
            [(1, Rect::new(3, 4, 190, 100)), (2, Rect::new(0, 0, 1, 1)), (3, Rect::new(9, 0, 8, 5))]
        {
            let pixels = desktop(rect.width, rect.height, seed);
            let (width, height) = (usize::from(rect.width), usize::from(rect.height));
            let mut data = vec![0; pixels.len() * 2 + 64];
            let mut encoder = BitmapStreamEncoder::new(width, height);
            let len = encoder.encode_bitmap::<RgbAChannels>(&pixels, &mut data, is_run_length);
            data.truncate(len.unwrap());
            let mut peer = peer();
            peer.ok(&[picture(1, Codec1Type::Planar, rect, data.clone())]);
            assert_eq!(shown(&peer, rect), pixels, "{rect:?} {is_run_length}");
            every_cut(|peer, cut| peer.send(&[picture(1, Codec1Type::Planar, rect, cut)]), &data);
        }
    }
}

#[test]
fn clear_is_exact_and_remembers_glyphs() {
    let mut encoder = ClearCodecEncoder::new();
    let mut peer = peer();
    for (seed, rect) in [
        (1, Rect::new(3, 4, 190, 100)),
        (2, Rect::new(5, 5, 16, 16)),
        // The same again, elsewhere, is a few bytes.
        (2, Rect::new(50, 70, 16, 16)),
    ] {
        let pixels = desktop(rect.width, rect.height, seed);
        let data = encoder.encode(&swapped(&pixels), rect.width, rect.height);
        assert!(rect.x != 50 || data.len() < 10);
        peer.ok(&[picture(1, Codec1Type::ClearCodec, rect, data.clone())]);
        assert_eq!(shown(&peer, rect), pixels, "{rect:?}");
        if rect.x != 50 {
            let send =
                |peer: &mut Peer, cut| peer.send(&[picture(1, Codec1Type::ClearCodec, rect, cut)]);
            every_cut(send, &data);
        }
    }
}

/// A band of one column, and no first layer: the rest of the rectangle stays as it was.
#[test]
fn clear_leaves_what_it_does_not_cover() {
    let rect = Rect::new(10, 10, 4, 3);
    let mut peer = peer();
    let before = desktop(4, 3, 3);
    peer.ok(&[picture(1, Codec1Type::Uncompressed, rect, swapped(&before))]);
    let band: Vec<u8> = [
        // Columns 1 to 1, rows 0 to 2, and what is behind.
        &[1, 0, 1, 0, 0, 0, 2, 0, 10, 20, 30][..],
        // Not in the cache: row 1 to before row 2.
        &[1, 2, 40, 50, 60],
    ]
    .concat();
    let mut data = vec![0, 0];
    for len in [0, band.len() as u32, 0] {
        data.extend(len.to_le_bytes());
    }
    data.extend(band);
    peer.ok(&[picture(1, Codec1Type::ClearCodec, rect, data)]);
    let mut want = before;
    for (y, [blue, green, red]) in [[10, 20, 30], [40, 50, 60], [10, 20, 30]].iter().enumerate() {
        want[(y * 4 + 1) * 4..][..4].copy_from_slice(&[*red, *green, *blue, 255]);
    }
    assert_eq!(shown(&peer, rect), want);
}

#[test]
fn uncompressed_needs_all_its_bytes() {
    let rect = Rect::new(0, 0, 20, 2);
    let data = swapped(&desktop(20, 2, 1));
    every_cut(|peer, cut| peer.send(&[picture(1, Codec1Type::Uncompressed, rect, cut)]), &data);
}

#[test]
fn alpha_changes_nothing() {
    let rect = Rect::new(0, 0, WIDTH, HEIGHT);
    let mut peer = peer();
    let before = shown(&peer, rect);
    peer.ok(&[picture(1, Codec1Type::Alpha, rect, vec![1, 2, 3])]);
    assert_eq!(shown(&peer, rect), before);
}

/// The tile of `pixels`, a picture of the whole surface, at this column and row, padded.
fn tile_of(pixels: &[u8], column: usize, row: usize) -> Vec<u8> {
    let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
    let places = (0..64).flat_map(|y| (0..64).map(move |x| (x, y)));
    let clamped =
        places.map(|(x, y)| ((column * 64 + x).min(width - 1), (row * 64 + y).min(height - 1)));
    clamped.flat_map(|(x, y)| pixels[(y * width + x) * 4..][..4].to_vec()).collect()
}

/// Y, Cb and Cr with five bits of fraction.
fn ycbcr(tile: &[u8]) -> [Vec<i16>; 3] {
    let plane = || [0; 4096];
    let (mut y, mut cb, mut cr) = (plane(), plane(), plane());
    let format = PixelFormat::RgbA32;
    to_64x64_ycbcr_tile(tile, 64, 64, 256, format, &mut y, &mut cb, &mut cr).unwrap();
    [y.to_vec(), cb.to_vec(), cr.to_vec()]
}

#[test]
fn remote_fx_is_close() {
    let pixels = smooth(WIDTH, HEIGHT);
    let quant =
        Quant { ll3: 6, lh3: 6, hl3: 6, hh3: 6, lh2: 6, hl2: 6, hh2: 6, lh1: 6, hl1: 6, hh1: 6 };
    let places: Vec<_> = (0..3).flat_map(|row| (0..4).map(move |column| (column, row))).collect();
    let encoded: Vec<[Vec<u8>; 3]> = places
        .iter()
        .map(|(column, row)| {
            let tile = tile_of(&pixels, *column, *row);
            ycbcr(&tile).map(|mut plane| {
                let mut data = vec![0; 16_384];
                let entropy = EntropyAlgorithm::Rlgr3;
                let len = rfx_encode_component(&mut plane, &mut data, &quant, entropy).unwrap();
                data.truncate(len);
                data
            })
        })
        .collect();
    let tiles = places.iter().zip(&encoded).map(|((column, row), [y, cb, cr])| Tile {
        y_quant_index: 0,
        cb_quant_index: 0,
        cr_quant_index: 0,
        x: *column as u16,
        y: *row as u16,
        y_data: y,
        cb_data: cb,
        cr_data: cr,
    });
    let set = TileSetPdu {
        entropy_algorithm: EntropyAlgorithm::Rlgr3,
        quants: vec![quant.clone()],
        tiles: tiles.collect(),
    };
    let whole = RfxRectangle { x: 0, y: 0, width: 150, height: HEIGHT };
    let blocks = [
        CodecChannel::FrameBegin(FrameBeginPdu { index: 0, number_of_regions: 1 }),
        CodecChannel::Region(RegionPdu { rectangles: vec![whole] }),
        CodecChannel::TileSet(set),
        CodecChannel::FrameEnd(FrameEndPdu),
    ];
    let blocks = blocks.map(|block| encode_vec(&Block::CodecChannel(block)).unwrap());
    let data = blocks.concat();
    let rect = Rect::new(0, 0, WIDTH, HEIGHT);
    let mut peer = peer();
    peer.ok(&[picture(1, Codec1Type::RemoteFx, rect, data.clone())]);
    let inside = Rect::new(0, 0, 150, HEIGHT);
    let want: Vec<u8> = pixels.chunks(800).flat_map(|row| row[..600].to_vec()).collect();
    let quality = psnr(&shown(&peer, inside), &want);
    assert!(quality > 40.0, "{quality} dB");
    assert!(peer.is_all(Rect::new(150, 0, 50, HEIGHT), [0, 0, 0, 255]), "outside of the region");
    every_cut(|peer, cut| peer.send(&[picture(1, Codec1Type::RemoteFx, rect, cut)]), &data);
}

const fn quant(q: u8) -> ComponentCodecQuant {
    ComponentCodecQuant {
        ll3: q,
        hl3: q,
        lh3: q,
        hh3: q,
        hl2: q,
        lh2: q,
        hh2: q,
        hl1: q,
        lh1: q,
        hh1: q,
    }
}

/// What is told: no loss but of the fraction.
const QUANT: ComponentCodecQuant = quant(6);
/// The same for IronRDP's encoder, which thinks that samples have no fraction.
const ENCODER_QUANT: ComponentCodecQuant = quant(11);

/// A first pass of all tiles of `pixels`.
fn progressive_data(pixels: &[u8], extrapolates: bool) -> Vec<([u16; 2], [Vec<u8>; 3])> {
    let places = (0..3).flat_map(|row| (0..4).map(move |column| (column, row)));
    let encode = |(column, row): (usize, usize)| {
        let tile = tile_of(pixels, column, row);
        let data = ycbcr(&tile).map(|mut plane| {
            let mut data = vec![0; 16_384];
            let none = ComponentCodecQuant::LOSSLESS;
            let len = encode_first_pass(&mut plane, &mut data, &ENCODER_QUANT, &none, extrapolates);
            data.truncate(len.unwrap());
            data
        });
        ([column as u16, row as u16], data)
    };
    places.map(encode).collect()
}

fn progressive_stream(
    regions: Vec<(Rect, Vec<ProgressiveTile<'_>>)>,
    context: Option<bool>,
) -> Vec<u8> {
    let mut blocks = vec![ProgressiveBlock::Sync(ProgressiveSyncPdu)];
    blocks.extend(context.map(|extrapolates| {
        let flags = u8::from(extrapolates);
        ProgressiveBlock::Context(ProgressiveContextPdu { context_id: 0, tile_size: 64, flags })
    }));
    blocks.push(ProgressiveBlock::FrameBegin(ProgressiveFrameBeginPdu {
        frame_index: 0,
        region_count: 1,
    }));
    blocks.extend(regions.into_iter().map(|(rect, tiles)| {
        let Rect { x, y, width, height } = rect;
        ProgressiveBlock::Region(ProgressiveRegion {
            tile_size: 64,
            rects: vec![RfxRectangle { x, y, width, height }],
            quant_vals: vec![QUANT],
            quant_prog_vals: Vec::new(),
            flags: 0,
            tiles,
        })
    }));
    blocks.push(ProgressiveBlock::FrameEnd(ProgressiveFrameEndPdu));
    encode_progressive_stream(&blocks).unwrap()
}

fn simple((at, data): &([u16; 2], [Vec<u8>; 3]), flags: u8) -> ProgressiveTile<'_> {
    let ([x_idx, y_idx], [y_data, cb_data, cr_data]) = (*at, data);
    ProgressiveTile::Simple(TileSimple {
        quant_idx_y: 0,
        quant_idx_cb: 0,
        quant_idx_cr: 0,
        x_idx,
        y_idx,
        flags,
        y_data,
        cb_data,
        cr_data,
        tail_data: &[],
    })
}

#[test]
fn progressive_is_close_and_stays_in_its_region() {
    let pixels = smooth(WIDTH, HEIGHT);
    for extrapolates in [false, true] {
        let tiles = progressive_data(&pixels, extrapolates);
        let all = || tiles.iter().map(|tile| simple(tile, 0)).collect();
        let region = Rect::new(10, 20, 120, 110);
        let data = progressive_stream(vec![(region, all())], Some(extrapolates));
        let mut peer = peer();
        peer.ok(&[start(1), progressive(1, data.clone())]);
        let want: Vec<u8> =
            pixels.chunks(800).skip(20).take(110).flat_map(|row| row[40..520].to_vec()).collect();
        let quality = psnr(&shown(&peer, region), &want);
        assert!(quality > 45.0, "{quality} dB, {extrapolates}");
        assert!(peer.is_all(Rect::new(0, 0, 10, HEIGHT), [0, 0, 0, 255]));
        assert!(peer.is_all(Rect::new(130, 0, 70, HEIGHT), [0, 0, 0, 255]));
        // In the same frame another region shows more of these tiles, without sending them again,
        // and without a context.
        let whole = Rect::new(0, 0, WIDTH, HEIGHT);
        peer.ok(&[progressive(1, progressive_stream(vec![(whole, Vec::new())], None)), end(1)]);
        assert!(psnr(&shown(&peer, whole), &pixels) > 45.0);
        every_cut(|peer, cut| peer.send(&[progressive(1, cut)]), &data);
    }
}

#[test]
fn progressive_adds_differences() {
    let pixels = smooth(WIDTH, HEIGHT);
    let tiles = progressive_data(&pixels, false);
    let none = progressive_data(&vec![128; pixels.len()], false);
    let whole = Rect::new(0, 0, WIDTH, HEIGHT);
    let stream = |tiles: &[([u16; 2], [Vec<u8>; 3])], flags| {
        let tiles = tiles.iter().map(|tile| simple(tile, flags)).collect();
        progressive_stream(vec![(whole, tiles)], Some(false))
    };
    let mut peer = peer();
    // A difference to nothing has no meaning.
    let error = peer.send(&[progressive(1, stream(&none, 1))]).unwrap_err();
    assert!(matches!(error, GraphicsError::Codec { codec: "progressive", .. }), "{error}");
    peer.ok(&[progressive(1, stream(&tiles, 0))]);
    let before = shown(&peer, whole);
    // Grey of 128 is all zeroes: nothing is added.
    peer.ok(&[progressive(1, stream(&none, 1))]);
    assert_eq!(shown(&peer, whole), before);
    // Another surface of the same number begins anew.
    peer.ok(&[create(1, WIDTH, HEIGHT)]);
    assert!(peer.send(&[progressive(1, stream(&none, 1))]).is_err());
}

#[test]
fn progressive_refuses_nonsense() {
    let pixels = smooth(WIDTH, HEIGHT);
    let mut tiles = progressive_data(&pixels, false);
    let whole = Rect::new(0, 0, WIDTH, HEIGHT);
    let all = tiles.iter().map(|tile| simple(tile, 0)).collect();
    let no_context = progressive_stream(vec![(whole, all)], None);
    assert!(peer().send(&[progressive(1, no_context)]).is_err());
    for place in [[4, 0], [0, 3], [u16::MAX, u16::MAX], [3, u16::MAX]] {
        tiles[0].0 = place;
        let tile = vec![simple(&tiles[0], 0)];
        let data = progressive_stream(vec![(whole, tile)], Some(false));
        assert!(peer().send(&[progressive(1, data)]).is_err(), "{place:?}");
    }
    // Refining what was never sent does nothing; a quality must be in the table.
    let upgrade = |quality| {
        ProgressiveTile::Upgrade(TileUpgrade {
            quant_idx_y: 0,
            quant_idx_cb: 0,
            quant_idx_cr: 0,
            x_idx: 0,
            y_idx: 0,
            quality,
            y_srl_data: &[],
            y_raw_data: &[],
            cb_srl_data: &[],
            cb_raw_data: &[],
            cr_srl_data: &[],
            cr_raw_data: &[],
        })
    };
    let data = progressive_stream(vec![(whole, vec![upgrade(0)])], Some(false));
    peer().ok(&[progressive(1, data)]);
    tiles[0].0 = [0, 0];
    let both = vec![simple(&tiles[0], 0), upgrade(0)];
    let data = progressive_stream(vec![(whole, both)], Some(false));
    assert!(peer().send(&[progressive(1, data)]).is_err());
}

#[test]
fn many_regions_make_only_so_much_work() {
    let pixels = smooth(WIDTH, HEIGHT);
    let tiles = progressive_data(&pixels, false);
    let whole = Rect::new(0, 0, WIDTH, HEIGHT);
    let all = tiles.iter().map(|tile| simple(tile, 0)).collect();
    let mut regions = vec![(whole, all)];
    regions.extend(std::iter::repeat_n((whole, Vec::new()), 2_000));
    let error = peer().send(&[progressive(1, progressive_stream(regions, Some(false)))]);
    assert!(matches!(error, Err(GraphicsError::OverLimit { .. })), "{error:?}");
}

/// Nothing that is cut short brings a decoder down.
fn every_cut(mut send: impl FnMut(&mut Peer, Vec<u8>) -> Result<(), GraphicsError>, data: &[u8]) {
    let mut peer = peer();
    let step = (data.len() / 120).max(1);
    for len in (0..data.len()).step_by(step) {
        // Most are errors; some codecs take a picture without its end.
        let _is_taken = send(&mut peer, data[..len].to_vec());
    }
    // Nor does one whose bits were changed.
    for at in (0..data.len()).step_by(step) {
        for value in [0, 0xff, data[at] ^ 0x10, data[at].wrapping_add(1)] {
            let mut changed = data.to_vec();
            changed[at] = value;
            let _is_taken = send(&mut peer, changed);
        }
    }
}

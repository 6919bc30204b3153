//! The other end of the channel for tests, on IronRDP's encoders.

use ironrdp_core::{decode, encode_vec};
use ironrdp_egfx::pdu::{
    Codec1Type, Codec2Type, Color, CreateSurfacePdu, EndFramePdu, FrameAcknowledgePdu, GfxPdu,
    MapSurfaceToOutputPdu, PixelFormat, Point as WirePoint, ResetGraphicsPdu, SolidFillPdu,
    StartFramePdu, SurfaceToSurfacePdu, Timestamp, WireToSurface1Pdu, WireToSurface2Pdu,
};
use ironrdp_graphics::zgfx::wrap_uncompressed;
use ironrdp_pdu::geometry::ExclusiveRectangle;
use porthole_pixels::{Pixel, Rect, Size, Surface};
use porthole_remote::Event;

use super::{GraphicsConfig, GraphicsError, GraphicsOutput, GraphicsPipeline};

/// A client, its picture, and what it asked for.
pub(crate) struct Peer {
    pub(crate) pipeline: GraphicsPipeline,
    pub(crate) output: Surface,
}

impl Peer {
    /// A client of a desktop of `width` times `height` that nothing was drawn on. Viewers show
    /// H.264 if that can be passed on and nobody else can.
    pub(crate) fn new(config: GraphicsConfig, width: u16, height: u16) -> Self {
        let mut output = Surface::new(Size::new(width, height)).unwrap();
        output.clear_changes();
        let shows_video = config.passes_video && config.open_decoder.is_none();
        let mut pipeline = GraphicsPipeline::new(config, shows_video);
        assert!(matches!(pipeline.poll(), Some(GraphicsOutput::Send(_))));
        Self { pipeline, output }
    }

    /// The same with surface 1, which covers all of it.
    pub(crate) fn with_surface(config: GraphicsConfig, width: u16, height: u16) -> Self {
        let mut peer = Self::new(config, width, height);
        peer.ok(&[create(1, width, height), map(1, 0, 0)]);
        peer
    }

    /// The server sends this in one message.
    pub(crate) fn send(&mut self, pdus: &[GfxPdu]) -> Result<(), GraphicsError> {
        self.pipeline.handle(&message(pdus), &mut self.output)
    }

    /// It does, the client likes it, and wants this.
    pub(crate) fn ok(&mut self, pdus: &[GfxPdu]) -> Vec<GraphicsOutput> {
        self.send(pdus).unwrap();
        self.outputs()
    }

    pub(crate) fn outputs(&mut self) -> Vec<GraphicsOutput> {
        std::iter::from_fn(|| self.pipeline.poll()).collect()
    }

    pub(crate) fn pixel(&self, x: u16, y: u16) -> Pixel {
        self.output.row(Rect::new(x, y, 1, 1), 0).try_into().unwrap()
    }

    /// Whether all of `rect` has this colour.
    pub(crate) fn is_all(&self, rect: Rect, pixel: Pixel) -> bool {
        (0..rect.height).all(|y| self.output.row(rect, y).as_chunks().0.iter().all(|p| *p == pixel))
    }
}

/// One message of the channel.
pub(crate) fn message(pdus: &[GfxPdu]) -> Vec<u8> {
    let bytes: Vec<u8> = pdus.iter().flat_map(|pdu| encode_vec(pdu).unwrap()).collect();
    wrap_uncompressed(&bytes)
}

/// The acknowledgement among `outputs`, which hold one.
pub(crate) fn acknowledgement(outputs: &[GraphicsOutput]) -> FrameAcknowledgePdu {
    let sent = outputs.iter().find_map(|output| match output {
        GraphicsOutput::Send(message) => Some(decode(message).unwrap()),
        _ => None,
    });
    match sent.unwrap() {
        GfxPdu::FrameAcknowledge(pdu) => pdu,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn event(event: Event) -> GraphicsOutput {
    GraphicsOutput::Event(event)
}

pub(crate) fn create(id: u16, width: u16, height: u16) -> GfxPdu {
    let pixel_format = PixelFormat::XRgb;
    GfxPdu::CreateSurface(CreateSurfacePdu { surface_id: id, width, height, pixel_format })
}

pub(crate) fn map(id: u16, x: u32, y: u32) -> GfxPdu {
    GfxPdu::MapSurfaceToOutput(MapSurfaceToOutputPdu {
        surface_id: id,
        output_origin_x: x,
        output_origin_y: y,
    })
}

pub(crate) fn reset(width: u32, height: u32) -> GfxPdu {
    GfxPdu::ResetGraphics(ResetGraphicsPdu { width, height, monitors: Vec::new() })
}

pub(crate) fn start(frame: u32) -> GfxPdu {
    let timestamp = Timestamp { milliseconds: 0, seconds: 0, minutes: 0, hours: 0 };
    GfxPdu::StartFrame(StartFramePdu { timestamp, frame_id: frame })
}

pub(crate) fn end(frame: u32) -> GfxPdu {
    GfxPdu::EndFrame(EndFramePdu { frame_id: frame })
}

pub(crate) fn edges(rect: Rect) -> ExclusiveRectangle {
    ExclusiveRectangle {
        left: rect.x,
        top: rect.y,
        right: rect.x + rect.width,
        bottom: rect.y + rect.height,
    }
}

pub(crate) fn fill(id: u16, rect: Rect, [red, green, blue, _]: Pixel) -> GfxPdu {
    GfxPdu::SolidFill(SolidFillPdu {
        surface_id: id,
        fill_pixel: Color { b: blue, g: green, r: red, xa: 0 },
        rectangles: vec![edges(rect)],
    })
}

pub(crate) fn points(points: &[(u16, u16)]) -> Vec<WirePoint> {
    points.iter().map(|(x, y)| WirePoint { x: *x, y: *y }).collect()
}

pub(crate) fn copy(from: u16, rect: Rect, to: u16, at: &[(u16, u16)]) -> GfxPdu {
    GfxPdu::SurfaceToSurface(SurfaceToSurfacePdu {
        source_surface_id: from,
        destination_surface_id: to,
        source_rectangle: edges(rect),
        destination_points: points(at),
    })
}

pub(crate) fn picture(id: u16, codec: Codec1Type, rect: Rect, data: Vec<u8>) -> GfxPdu {
    GfxPdu::WireToSurface1(WireToSurface1Pdu {
        surface_id: id,
        codec_id: codec,
        pixel_format: PixelFormat::XRgb,
        destination_rectangle: edges(rect),
        bitmap_data: data,
    })
}

pub(crate) fn progressive(id: u16, data: Vec<u8>) -> GfxPdu {
    GfxPdu::WireToSurface2(WireToSurface2Pdu {
        surface_id: id,
        codec_id: Codec2Type::RemoteFxProgressive,
        codec_context_id: 7,
        pixel_format: PixelFormat::XRgb,
        bitmap_data: data,
    })
}

/// Pixels that look like a desktop, R, G, B, 255: flat parts, edges, and some noise.
pub(crate) fn desktop(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    let mut pixels = Vec::new();
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let block = (x / 9 + y / 7 * 3 + seed) % 5;
            let [r, g, b] = match block {
                0 => [250, 250, 250],
                1 => [30, 60, 90],
                2 => [x as u8, y as u8, seed as u8],
                3 if x % 3 == 0 => [0, 0, 0],
                3 => [200, 220, 255],
                _ => [(state >> 24) as u8, (state >> 16) as u8, (state >> 8) as u8],
            };
            pixels.extend([r, g, b, u8::MAX]);
        }
    }
    pixels
}

/// R and B exchanged.
pub(crate) fn swapped(pixels: &[u8]) -> Vec<u8> {
    pixels.as_chunks().0.iter().flat_map(|&[a, b, c, d]| [c, b, a, d]).collect()
}

/// Peak signal to noise, in dB, of the three colours.
pub(crate) fn psnr(a: &[u8], b: &[u8]) -> f64 {
    assert_eq!(a.len(), b.len());
    let pairs = a.iter().zip(b).enumerate().filter(|(at, _)| at % 4 != 3);
    let sum: f64 = pairs.map(|(_, (a, b))| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    10.0 * (65_025.0 / (sum / (a.len() as f64 * 0.75)).max(1e-9)).log10()
}

//! What must hold for every input, however strange.
//!
//! Each function here takes one case and panics when a promise is broken. The fuzz targets in
//! `fuzz/` find them in [`TARGETS`] and call them with inputs that libFuzzer invents; the same
//! inputs, once saved, are replayed under plain `cargo test`.
#![allow(
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "an oracle's only way to speak is to panic"
)]

mod clipboard;
mod cut_stream;
mod desktop_sizes;
mod devices;
mod encoding;
mod graphics_pipeline;
mod kubernetes;
mod link;
mod moves;
mod rdp;
mod rdp_clipboard;
mod rdp_redirection;
mod rfb;
mod sftp;
mod sound;
mod telnet;
mod terminal;
mod terminal_pictures;
mod tiles;
mod token;
mod tsgu;

use arbitrary::{Arbitrary, Unstructured};
pub use clipboard::{ClipboardCase, rfb_clipboard};
pub use cut_stream::CutStream;
pub use desktop_sizes::{DesktopSizesCase, rfb_desktop_sizes};
pub use devices::{DevicesCase, rdp_devices};
pub use encoding::{CURSORS, EncodingCase, H264, rfb_encoding};
pub use graphics_pipeline::{GraphicsCase, rdp_graphics_pipeline};
pub use kubernetes::kubernetes_frames;
pub use link::{link_to_browser, link_to_gateway};
pub use moves::{MovesCase, tiles_moves};
use porthole_rfb::EncodingKind;
pub use rdp::{rdp_bitmaps, rdp_handshake, rdp_pointers, rdp_session};
pub use rdp_clipboard::rdp_clipboard;
pub use rdp_redirection::rdp_redirection;
pub use rfb::{rfb_handshake, rfb_session};
pub use sftp::sftp_paths;
pub use sound::rdp_sound;
pub use telnet::telnet_negotiation;
pub use terminal::terminal_input;
pub use terminal_pictures::terminal_pictures;
pub use tiles::{TilesCase, tiles_decode, tiles_round_trip};
pub use token::token;
pub use tsgu::tsgu;

/// A fuzz target: the name of its folder under `fuzz/seeds`, and the check of one input as
/// libFuzzer hands it over.
pub type Target = (&'static str, fn(&[u8]));

/// Every fuzz target.
pub const TARGETS: [Target; 36] = [
    ("rfb_raw", |bytes| rectangle(bytes, &[EncodingKind::Raw.number()])),
    ("rfb_copy_rect", |bytes| rectangle(bytes, &[EncodingKind::CopyRect.number()])),
    ("rfb_rre", |bytes| rectangle(bytes, &[EncodingKind::Rre.number()])),
    ("rfb_hextile", |bytes| rectangle(bytes, &[EncodingKind::Hextile.number()])),
    ("rfb_zlib", |bytes| rectangle(bytes, &[EncodingKind::Zlib.number()])),
    ("rfb_trle", |bytes| rectangle(bytes, &[EncodingKind::Trle.number()])),
    ("rfb_zrle", |bytes| rectangle(bytes, &[EncodingKind::Zrle.number()])),
    ("rfb_tight", |bytes| rectangle(bytes, &[EncodingKind::Tight.number()])),
    ("rfb_tight_png", |bytes| rectangle(bytes, &[EncodingKind::TightPng.number()])),
    ("rfb_h264", |bytes| rectangle(bytes, &[H264])),
    ("rfb_cursors", |bytes| rectangle(bytes, &CURSORS)),
    ("rfb_clipboard", |bytes| with(bytes, rfb_clipboard)),
    ("rfb_desktop_sizes", |bytes| with(bytes, rfb_desktop_sizes)),
    ("rdp_redirection", rdp_redirection),
    ("rfb_handshake", |bytes| with(bytes, rfb_handshake)),
    ("rfb_session", |bytes| with(bytes, rfb_session)),
    ("rdp_clipboard", rdp_clipboard),
    ("rdp_graphics_pipeline", |bytes| with(bytes, rdp_graphics_pipeline)),
    ("rdp_sound", rdp_sound),
    ("rdp_devices", |bytes| with(bytes, rdp_devices)),
    ("rdp_handshake", |bytes| with(bytes, rdp_handshake)),
    ("rdp_session", |bytes| with(bytes, rdp_session)),
    ("rdp_bitmaps", rdp_bitmaps),
    ("rdp_pointers", rdp_pointers),
    ("link_to_gateway", link_to_gateway),
    ("link_to_browser", link_to_browser),
    ("terminal_input", terminal_input),
    ("terminal_pictures", terminal_pictures),
    ("token", token),
    ("telnet_negotiation", telnet_negotiation),
    ("kubernetes_frames", kubernetes_frames),
    ("tsgu", tsgu),
    ("sftp_paths", sftp_paths),
    ("tiles_decode", |bytes| with(bytes, tiles_decode)),
    ("tiles_moves", |bytes| with(bytes, tiles_moves)),
    ("tiles_round_trip", |bytes| with(bytes, tiles_round_trip)),
];

fn rectangle(bytes: &[u8], encodings: &[i32]) {
    with(bytes, |case| rfb_encoding(case, encodings));
}

fn with<'a, T: Arbitrary<'a>>(bytes: &'a [u8], check: impl FnOnce(&T)) {
    // Bytes too few for a case are no case.
    if let Ok(case) = T::arbitrary_take_rest(Unstructured::new(bytes)) {
        check(&case);
    }
}

#[cfg(test)]
mod tests;

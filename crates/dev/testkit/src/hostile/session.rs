//! A sound VNC session as its server sends it, and the pieces that scripts are made of.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// A handshake of version 3.8 without security, up to and including the desktop's name.
pub fn opening(width: u16, height: u16, name: &[u8]) -> Vec<u8> {
    let mut bytes = admission();
    bytes.extend(desktop(width, height));
    bytes.extend(u32::try_from(name.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend(name);
    bytes
}

/// A session of a few updates that uses most of the protocol: every common encoding, a pointer,
/// a title, a bell, clipboard text, a change of size.
pub fn valid_session() -> Vec<u8> {
    let mut bytes = opening(32, 16, b"sound");
    bytes.extend(update(5));
    bytes.extend(rect(0, 0, 4, 2, 0));
    bytes.extend([7; 32]);
    bytes.extend(rect(8, 8, 4, 2, 1));
    bytes.extend([0; 4]);
    bytes.extend(rect(0, 8, 4, 4, 2)); // RRE: a background and one rectangle.
    bytes.extend([0, 0, 0, 1, 1, 2, 3, 0, 4, 5, 6, 0, 0, 1, 0, 1, 0, 2, 0, 2]);
    bytes.extend(rect(16, 0, 8, 8, 5)); // Hextile: a background, a foreground, one rectangle.
    bytes.extend([0b1110, 1, 2, 3, 0, 9, 8, 7, 0, 1, 0x11, 0x22]);
    bytes.extend(rect(24, 0, 4, 4, 6));
    bytes.extend(with_length(&deflate(&[3; 64])));
    bytes.push(2);

    bytes.extend(update(4));
    bytes.extend(rect(0, 0, 32, 16, 16)); // ZRLE: one tile in one colour.
    bytes.extend(with_length(&deflate(&[1, 40, 50, 60])));
    bytes.extend(rect(4, 4, 8, 8, 7)); // Tight: a fill.
    bytes.extend([0x80, 10, 20, 30]);
    bytes.extend(rect(4, 4, 8, 8, 7)); // Tight: 192 bytes of pixels through a stream.
    bytes.push(0);
    let packed = deflate(&[9; 192]);
    bytes.push(u8::try_from(packed.len()).unwrap_or(0x7F));
    bytes.extend(packed);
    bytes.extend(rect(1, 1, 2, 2, -239));
    bytes.extend([5; 16]);
    bytes.extend([0b1100_0000, 0b0100_0000]);

    bytes.extend([3, 0, 0, 0, 0, 0, 0, 4]);
    bytes.extend(b"clip");
    bytes.extend(update(2));
    bytes.extend(rect(0, 0, 0, 0, -307));
    bytes.extend(with_length(b"renamed"));
    bytes.extend(rect(0, 0, 40, 30, -223));
    bytes
}

/// From the version to the word that we are let in.
pub(super) fn admission() -> Vec<u8> {
    b"RFB 003.008\n\x01\x01\0\0\0\0".to_vec()
}

/// The desktop's size and pixel format, before the length of its name.
pub(super) fn desktop(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0]);
    bytes
}

/// The head of an update of so many rectangles.
pub(super) fn update(count: u16) -> Vec<u8> {
    let [high, low] = count.to_be_bytes();
    vec![0, 0, high, low]
}

/// The head of a rectangle.
pub(super) fn rect(x: u16, y: u16, width: u16, height: u16, encoding: i32) -> Vec<u8> {
    let mut bytes: Vec<u8> = [x, y, width, height].iter().flat_map(|v| v.to_be_bytes()).collect();
    bytes.extend(encoding.to_be_bytes());
    bytes
}

/// `bytes` behind their length in four bytes.
pub(super) fn with_length(bytes: &[u8]) -> Vec<u8> {
    let mut all = u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    all.extend(bytes);
    all
}

/// `bytes` behind their length in three bytes, as Tight writes it.
pub(super) fn with_compact_length(bytes: &[u8]) -> Vec<u8> {
    let [low, middle, high, ..] = [0, 7, 14].map(|shift| {
        let [byte, ..] = (bytes.len() >> shift).to_le_bytes();
        byte
    });
    let mut all = vec![low | 0x80, middle | 0x80, high];
    all.extend(bytes);
    all
}

/// A zlib stream that is flushed and goes on.
pub(super) fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::best());
    // Writing to a vector cannot fail.
    let _infallible = stream.write_all(plain).and_then(|()| stream.flush());
    stream.get_ref().clone()
}

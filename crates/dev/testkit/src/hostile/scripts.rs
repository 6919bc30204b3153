//! What every client must survive.

use super::Script;
use super::session::{
    admission, deflate, desktop, opening, rect, update, valid_session, with_compact_length,
    with_length,
};

/// What the client may do about a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It must end the connection, and blame the remote.
    Refused,
    /// The server does nothing wrong, however much of it: the client may go on.
    Endured,
}

/// A script and what is to come of it.
#[derive(Debug, Clone)]
pub struct Attack {
    /// A name for the test's output.
    pub name: &'static str,
    /// What the server does.
    pub script: Script,
    /// What the client may do.
    pub after: After,
}

/// Pixels or letters that a bomb unpacks to, in bytes.
const BOMB_BYTES: usize = 128 << 20;

/// Bytes that an endless script sends at most, so that a test ends even when a client reads on.
const ENDLESS_BYTES: u64 = 1 << 30;

/// Everything here.
pub fn scripts() -> Vec<Attack> {
    [handshakes(), sizes(), rectangles(), bombs(), endless(), floods()].concat()
}

fn refused(name: &'static str, script: Script) -> Attack {
    Attack { name, script, after: After::Refused }
}

fn endured(name: &'static str, script: Script) -> Attack {
    Attack { name, script, after: After::Endured }
}

/// A session that sends these bytes after its opening.
fn then(bytes: impl Into<Vec<u8>>) -> Script {
    Script::new().send(opening(64, 64, b"hostile")).send(bytes)
}

fn one_rect(width: u16, height: u16, encoding: i32, body: &[u8]) -> Vec<u8> {
    [update(1), rect(0, 0, width, height, encoding), body.to_vec()].concat()
}

fn handshakes() -> Vec<Attack> {
    let version = || Script::new().send(*b"RFB 003.008\n");
    vec![
        refused("closes at once", Script::new()),
        refused("garbage", Script::new().send(noise(4096))),
        refused("another protocol", Script::new().send(*b"SSH-2.0-OpenSSH_9.2\r\n").hang()),
        refused("a web server", Script::new().send(*b"HTTP/1.1 400 Bad Request\r\n\r\n")),
        refused("an old version", Script::new().send(*b"RFB 002.000\n").hang()),
        refused(
            "unknown types",
            version().send([vec![121], (134..=254).collect()].concat()).hang(),
        ),
        refused("a strange result", version().send([1, 1, 0, 0, 0, 7]).hang()),
        refused("endless tunnels", version().send([1, 16, 255, 255, 255, 255]).hang()),
        refused("tunnels elsewhere", version().send([1, 16, 0, 0, 0, 1]).send([b'x'; 16]).hang()),
        refused(
            "endless ways in",
            version().send([1, 16, 0, 0, 0, 0]).repeat([255, 255, 255, 255], ENDLESS_BYTES / 4),
        ),
        refused("an empty refusal", version().send([0, 0, 0, 0, 0])),
        refused("an unfinished refusal", version().send([0, 0, 0, 1, 0]).send(*b"because")),
        refused(
            "an endless refusal",
            version().send([0, 255, 255, 255, 255]).repeat(*b"no ", ENDLESS_BYTES / 3),
        ),
        refused(
            "an endless name",
            Script::new()
                .send(admission())
                .send(desktop(64, 64))
                .send([255; 4])
                .repeat(*b"name", ENDLESS_BYTES / 4),
        ),
    ]
}

fn sizes() -> Vec<Attack> {
    let giant = || opening(u16::MAX, u16::MAX, b"giant");
    vec![
        refused("a giant desktop", Script::new().send(giant()).hang()),
        refused("a resize to a giant", then(one_rect(u16::MAX, u16::MAX, -223, &[])).hang()),
        refused(
            "a giant among screens",
            then(one_rect(u16::MAX, u16::MAX, -308, &[1, 0, 0, 0])).send([0; 16]).hang(),
        ),
        refused("a giant pointer", then(one_rect(u16::MAX, u16::MAX, -239, &[])).hang()),
        refused(
            "a giant pointer with alpha",
            then(one_rect(u16::MAX, u16::MAX, -314, &[0; 4])).hang(),
        ),
        refused("a giant title", then(one_rect(0, 0, -307, &[255; 4])).hang()),
    ]
}

fn rectangles() -> Vec<Attack> {
    let outside = [update(1), rect(60, 60, 5, 5, 0)].concat();
    let far = [update(1), rect(u16::MAX, u16::MAX, u16::MAX, u16::MAX, 0)].concat();
    let copy_outside = one_rect(10, 10, 1, &[0, 60, 0, 60]);
    let tight_filter = one_rect(8, 8, 7, &[0x40, 9]);
    let hextile = one_rect(16, 16, 5, &[0b1_1010, 1, 1, 1, 0, 1, 2, 3, 4, 0, 0xFF, 0xFF]);
    let rre = one_rect(8, 8, 2, &[0, 0, 0, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 7, 0, 7, 0, 2, 0, 2]);
    vec![
        refused("a rectangle outside", then(outside).hang()),
        refused("a rectangle far outside", then(far).hang()),
        refused("a copy from outside", then(copy_outside).hang()),
        refused("an unknown encoding", then(one_rect(8, 8, 0x7FFF_0000, &[])).hang()),
        refused("an unknown message", then([99]).hang()),
        refused("an unknown filter", then(tight_filter).hang()),
        refused("hextile past its tile", then(hextile).hang()),
        refused("rre past its rectangle", then(rre).hang()),
        refused("zlib that is none", then(one_rect(8, 8, 6, &with_length(&noise(64)))).hang()),
        refused("zrle that is none", then(one_rect(8, 8, 16, &with_length(&noise(64)))).hang()),
        refused("jpeg that is none", then(one_rect(8, 8, 7, &jpeg(&noise(100)))).hang()),
        refused("jpeg of another size", then(one_rect(8, 8, 7, &jpeg(&GIANT_JPEG))).hang()),
        refused("png of another size", then(one_rect(8, 8, -260, &png(&giant_png()))).hang()),
        refused("garbage messages", then(noise(64 << 10))),
        refused("a session that stops in a message", then(one_rect(8, 8, 0, &[1, 2, 3]))),
    ]
}

/// Little in, much out.
fn bombs() -> Vec<Attack> {
    let bomb = deflate(&vec![0; BOMB_BYTES]);
    let clipboard = |format: u8, said: u32, plain: &[u8]| {
        let body = [vec![0x10, 0, 0, format], deflate(&[&said.to_be_bytes()[..], plain].concat())]
            .concat();
        let len = i32::try_from(body.len()).unwrap_or(i32::MAX);
        [vec![3, 0, 0, 0], (-len).to_be_bytes().to_vec(), body].concat()
    };
    // The head of a bitmap of 60,000 x 60,000 pixels, with 1 MiB behind it.
    let mut bitmap = vec![0; 1 << 20];
    for (at, field) in [(0, 40), (4, 60_000_u32), (8, 60_000), (12, 0x20_0001)] {
        bitmap.splice(at..at + 4, field.to_le_bytes());
    }
    let tight = [&[0][..], &with_compact_length(&bomb)].concat();
    vec![
        refused("a zlib bomb", then(one_rect(16, 16, 6, &with_length(&bomb))).hang()),
        refused("a zrle bomb", then(one_rect(16, 16, 16, &with_length(&bomb))).hang()),
        refused("a tight bomb", then(one_rect(16, 16, 7, &tight)).hang()),
        endured("a clipboard bomb", then(clipboard(1, u32::MAX, &vec![b'a'; BOMB_BYTES])).hang()),
        endured("a huge bitmap", then(clipboard(8, 1 << 20, &bitmap)).hang()),
    ]
}

/// Lengths that nothing could hold, and bytes that do not end.
fn endless() -> Vec<Attack> {
    let endless = |bytes: Vec<u8>| then(bytes).repeat([1, 2, 3, 4], ENDLESS_BYTES / 4);
    let subrects = one_rect(64, 64, 2, &[255, 255, 255, 255, 0, 0, 0, 0]);
    vec![
        refused("an endless zlib length", endless(one_rect(8, 8, 6, &[255; 4]))),
        refused("an endless zrle length", endless(one_rect(8, 8, 16, &[255; 4]))),
        refused("an endless tight length", endless(one_rect(8, 8, 7, &[0, 255, 255, 255]))),
        refused("endless rre", endless(subrects)),
        endured("endless clipboard text", endless(vec![3, 0, 0, 0, 0x7F, 255, 255, 255])),
        endured(
            "an endless extended clipboard",
            endless(vec![3, 0, 0, 0, 0x80, 0, 0, 0, 0x10, 0, 0, 1]),
        ),
    ]
}

/// Sound messages, very many of them.
fn floods() -> Vec<Attack> {
    let start = || then([]);
    let fills =
        [update(u16::MAX), [rect(0, 0, 64, 64, 7), vec![0x80, 1, 2, 3]].concat().repeat(5000)]
            .concat();
    let sizes = [one_rect(2000, 2000, -223, &[]), one_rect(64, 64, -223, &[])].concat();
    let fence = [&[248, 0, 0, 0, 0x80, 0, 0, 0, 4][..], b"ping"].concat();
    vec![
        refused("an update that never ends", then(fills).hang()),
        endured("bells", start().repeat([2], 1 << 20).hang()),
        endured("empty updates", start().repeat(update(0), 1 << 18).hang()),
        endured("fences", start().repeat(fence, 1 << 18).hang()),
        endured("sizes", start().repeat(sizes, 200).hang()),
        endured(
            "titles",
            start().repeat(one_rect(0, 0, -307, &with_length(b"title")), 1 << 16).hang(),
        ),
        endured("a sound session", Script::new().send(valid_session()).hang()),
    ]
}

/// A Tight rectangle that holds a JPEG file.
fn jpeg(file: &[u8]) -> Vec<u8> {
    [&[0x90][..], &with_compact_length(file)].concat()
}

/// A Tight rectangle that holds a PNG file.
fn png(file: &[u8]) -> Vec<u8> {
    [&[0xA0][..], &with_compact_length(file)].concat()
}

/// The head of a JPEG file of 65,500 pixels a side: a frame header and the start of a scan.
const GIANT_JPEG: [u8; 33] = [
    0xFF, 0xD8, 0xFF, 0xC0, 0, 17, 8, 0xFF, 0xDC, 0xFF, 0xDC, 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11,
    0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0xFF, 0xD9,
];

/// The head of a PNG file of 65,535 pixels a side.
fn giant_png() -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
    file.extend(65_535_u32.to_be_bytes());
    file.extend(65_535_u32.to_be_bytes());
    file.extend([8, 2, 0, 0, 0]);
    file.extend([0; 4]); // A checksum, which is wrong.
    file.extend(noise(64));
    file
}

/// Bytes without a pattern, the same each time.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x1234_5678_9ABC_DEF1_u64;
    let step = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let [byte, ..] = state.to_be_bytes();
        byte
    };
    std::iter::repeat_with(step).take(len).collect()
}

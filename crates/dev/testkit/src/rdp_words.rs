//! What an RDP server says, byte by byte, for servers that are scripts and for fuzzing.
//!
//! The connection sequence of `[MS-RDPBCGR]` 1.3.1.1 with TLS: no log-on of its own, no channel
//! for messages, a desktop of [`DESKTOP`]. The server need not hear what the client says but for
//! one thing: how many static channels it asks for.

use porthole_pixels::Size;

/// Columns and rows of the desktop. Not a multiple of any tile's side.
pub const DESKTOP: Size = Size::new(100, 70);

/// The channels that are there whatever the client asks for, and the first of those it asks for.
const USER: u16 = 1100;
const IO_CHANNEL: u16 = 1003;
const FIRST_CHANNEL: u16 = 1004;

/// What the server calls itself in shares.
const SERVER: u16 = 1002;

/// Most static channels that a client may ask for (`[MS-RDPBCGR]` 2.2.1.3.4).
const CHANNELS_MAX: u32 = 31;

/// The server's first words: TLS it shall be.
pub fn confirm() -> Vec<u8> {
    let mut body = vec![14, 0xd0, 0, 0, 0x12, 0x34, 0];
    // A negotiation response of eight bytes, with protocol 1.
    body.extend([2, 0, 8, 0, 1, 0, 0, 0]);
    tpkt(&body)
}

/// The server cannot do what is asked of it, for this reason.
pub fn refusal(code: u32) -> Vec<u8> {
    let mut body = vec![14, 0xd0, 0, 0, 0x12, 0x34, 0, 3, 0, 8, 0];
    body.extend(code.to_le_bytes());
    tpkt(&body)
}

/// How many static channels a client asks for in what it has said inside TLS; `None` while that
/// cannot be known.
pub fn channels_asked(said: &[u8]) -> Option<u16> {
    // A block of network data: its kind, its length, and the count that agrees with it.
    said.windows(8).find_map(|window| {
        let &[3, 0xc0, len_low, len_high, a, b, c, d] = window else { return None };
        let (len, count) =
            (u16::from_le_bytes([len_low, len_high]), u32::from_le_bytes([a, b, c, d]));
        (count <= CHANNELS_MAX && u32::from(len) == 8 + 12 * count)
            .then(|| u16::try_from(count).unwrap_or_default())
    })
}

/// Everything from the first answer inside TLS until there is a desktop, with the name of what each
/// message is about.
pub fn opening(channels: u16) -> Vec<(&'static str, Vec<u8>)> {
    let mut messages = vec![
        ("the settings", connect_response(channels)),
        ("the user", dt(&[&[0x2e, 0][..], &user()].concat())),
    ];
    for channel in [USER, IO_CHANNEL].into_iter().chain((0..channels).map(|at| FIRST_CHANNEL + at))
    {
        let id = channel.to_be_bytes();
        messages.push(("a channel", dt(&[&[0x3e, 0][..], &user(), &id, &id].concat())));
    }
    // No licence is needed: an error alert of the code that says so.
    let licence = [0x80, 0, 0, 0, 0xff, 3, 16, 0, 7, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0];
    messages.push(("the licence", send(IO_CHANNEL, &licence)));
    messages.push(("the capabilities", send(IO_CHANNEL, &demand_active())));
    let [user_low, user_high] = USER.to_le_bytes();
    let [server_low, server_high] = SERVER.to_le_bytes();
    let granted = [2, 0, user_low, user_high, server_low, server_high, 0, 0];
    messages.push(("the synchronization", share_data(31, &[1, 0, user_low, user_high])));
    messages.push(("the cooperation", share_data(20, &[4, 0, 0, 0, 0, 0, 0, 0])));
    messages.push(("the control", share_data(20, &granted)));
    messages.push(("the fonts", share_data(40, &[0, 0, 0, 0, 3, 0, 4, 0])));
    messages
}

/// Some of what a session may bring: bitmaps in three forms, a pointer in two, a frame, locks, a
/// bell, and the wish to be left.
pub fn session() -> Vec<(&'static str, Vec<u8>)> {
    let pointer = [&[24, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2, 0, 4, 0, 16, 0][..], &[9; 20]].concat();
    vec![
        ("a plain bitmap", fast_path(1, &bitmap_update(&[([3, 2, 4, 3], 24, 0, &[7; 16])]))),
        ("runs", fast_path(1, &bitmap_update(&[([0, 0, 1, 1], 16, 0x401, &[0x64, 0, 0xf8])]))),
        (
            "planes",
            fast_path(1, &bitmap_update(&[([0, 0, 1, 0], 32, 0x401, &[0x20, 1, 2, 3, 4, 5, 6])])),
        ),
        ("a pointer", fast_path(11, &pointer)),
        ("a pointer of before", fast_path(10, &[0, 0])),
        ("no pointer", fast_path(5, &[])),
        ("a palette", fast_path(2, &palette())),
        ("a frame", fast_path(4, &[4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 1, 0, 1, 0, 0, 0])),
        ("a slow bitmap", share_data(2, &bitmap_update(&[([5, 5, 5, 5], 24, 0, &[1, 2, 3, 0])]))),
        ("locks", share_data(41, &[0, 0, 2, 0])),
        ("a bell", share_data(34, &[1, 0, 0, 0, 2, 0, 0, 0])),
        ("an ultimatum", dt(&[0x21, 0x80])),
    ]
}

/// A bitmap update of rectangles: left, top, right and bottom, bits of a pixel, flags, and pixels.
/// The bitmap has as many columns and rows as the rectangle.
pub fn bitmap_update(rectangles: &[([u16; 4], u16, u16, &[u8])]) -> Vec<u8> {
    let count = u16::try_from(rectangles.len()).unwrap_or(u16::MAX);
    let mut body = [1, count].map(u16::to_le_bytes).concat();
    for ([left, top, right, bottom], bits, flags, pixels) in rectangles {
        let side = |near: &u16, far: &u16| far.wrapping_sub(*near).wrapping_add(1);
        let len = u16::try_from(pixels.len()).unwrap_or(u16::MAX);
        let (width, height) = (side(left, right), side(top, bottom));
        for field in [*left, *top, *right, *bottom, width, height, *bits, *flags, len] {
            body.extend(field.to_le_bytes());
        }
        body.extend(*pixels);
    }
    body
}

/// One fast-path message with one update of this code in it; at most 16 KiB.
pub fn fast_path(code: u8, body: &[u8]) -> Vec<u8> {
    let [len_low, len_high] = u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes();
    let [high, low] = u16::try_from(body.len() + 6).unwrap_or(0x7fff).to_be_bytes();
    [&[0, 0x80 | high, low, code, len_low, len_high][..], body].concat()
}

/// Data on a channel: the I/O channel is 1003, those that the client asks for count from 1004.
pub fn send(channel: u16, data: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(data.len()).unwrap_or(0x7fff).to_be_bytes();
    let head = [&[0x68, 0, 1][..], &channel.to_be_bytes(), &[0x70, 0x80 | high, low]].concat();
    dt(&[&head[..], data].concat())
}

/// A message of a share.
pub fn share_data(kind: u8, body: &[u8]) -> Vec<u8> {
    let [len_low, len_high] = u16::try_from(body.len() + 18).unwrap_or(u16::MAX).to_le_bytes();
    let [source_low, source_high] = SERVER.to_le_bytes();
    // The control header, the share's number, a priority, the length again, and no compression.
    let head = [
        len_low,
        len_high,
        0x17,
        0,
        source_low,
        source_high,
        1,
        0,
        0,
        0,
        0,
        1,
        len_low,
        len_high,
        kind,
        0,
        0,
        0,
    ];
    send(IO_CHANNEL, &[&head[..], body].concat())
}

fn user() -> [u8; 2] {
    (USER - 1001).to_be_bytes()
}

fn tpkt(body: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(body.len() + 4).unwrap_or(u16::MAX).to_be_bytes();
    [&[3, 0, high, low][..], body].concat()
}

fn dt(body: &[u8]) -> Vec<u8> {
    tpkt(&[&[2, 0xf0, 0x80][..], body].concat())
}

/// `bytes` behind their length, as BER has it.
fn ber(tag: &[u8], bytes: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes();
    [tag, &[0x82, high, low], bytes].concat()
}

fn connect_response(channels: u16) -> Vec<u8> {
    // Version 10, and the protocol that the client asked for.
    let mut blocks = vec![1, 0x0c, 12, 0, 4, 0, 8, 0, 1, 0, 0, 0];
    // No encryption but that of TLS.
    blocks.extend([2, 0x0c, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    let padding = channels % 2;
    let len = 8 + 2 * (channels + padding);
    for field in [0x0c03, len, IO_CHANNEL, channels] {
        blocks.extend(field.to_le_bytes());
    }
    blocks.extend((0..channels).flat_map(|at| (FIRST_CHANNEL + at).to_le_bytes()));
    blocks.extend(vec![0; usize::from(2 * padding)]);
    let [high, low] = u16::try_from(blocks.len()).unwrap_or(0x7fff).to_be_bytes();
    let mut conference =
        vec![0, 5, 0, 0x14, 0x7c, 0, 1, 0x2a, 0x14, 0x76, 0x0a, 1, 1, 0, 1, 0xc0, 0];
    conference.extend(b"McDn");
    conference.extend([0x80 | high, low]);
    conference.extend(blocks);
    let domain = [
        0x30, 0x1a, 2, 1, 0x22, 2, 1, 3, 2, 1, 0, 2, 1, 1, 2, 1, 0, 2, 1, 1, 2, 3, 0, 0xff, 0xf8,
        2, 1, 2,
    ];
    let fields = [&[0x0a, 1, 0, 2, 1, 0][..], &domain, &ber(&[4], &conference)].concat();
    dt(&ber(&[0x7f, 0x66], &fields))
}

fn demand_active() -> Vec<u8> {
    let [width, height] = [DESKTOP.width, DESKTOP.height];
    // Fast-path output, long credentials, reconnecting, and bitmaps without a header of sizes.
    let general = [1, 24, 1, 3, 0x200, 0, 0, 0x041d, 0, 0, 0, 0x0101];
    let bitmap = [2, 28, 32, 1, 1, 1, width, height, 0, 1, 1, 0, 1, 0];
    let mut sets: Vec<u8> = general.iter().chain(&bitmap).flat_map(|it| it.to_le_bytes()).collect();
    // Scan codes, five buttons, Unicode and fast-path input; then a keyboard of no kind.
    sets.extend([13, 0, 88, 0, 0x35, 0]);
    sets.extend([0; 82]);
    let combined = u16::try_from(sets.len() + 4).unwrap_or(u16::MAX);
    let total = combined + 6 + 4 + 4 + 4 + 4;
    let mut share = Vec::new();
    for field in [total, 0x11, SERVER, 1, 0, 4, combined] {
        share.extend(field.to_le_bytes());
    }
    share.extend(b"RDP\0");
    share.extend([3, 0, 0, 0]);
    share.extend(sets);
    share.extend([0; 4]);
    share
}

fn palette() -> Vec<u8> {
    let mut body = vec![2, 0, 0, 0, 0, 1, 0, 0];
    body.extend((0..=u8::MAX).flat_map(|grey| [grey; 3]));
    body
}

//! What every RDP client must survive.

use std::sync::Arc;

use super::rdp::RdpScript;
use super::{After, Script};
use crate::rdp_words::{
    bitmap_update, confirm, fast_path, opening, refusal, send, session, share_data,
};

/// Bytes that an endless script sends at most, so that a test ends even when a client reads on.
const ENDLESS_BYTES: u64 = 256 << 20;

/// A script and what is to come of it.
#[derive(Debug, Clone)]
pub struct RdpAttack {
    /// A name for the test's output.
    pub name: String,
    /// What the server does.
    pub script: RdpScript,
    /// What the client may do.
    pub after: After,
}

/// Everything here.
pub fn rdp_scripts() -> Vec<RdpAttack> {
    [first_words(), sequences(), drawings(), channels(), floods()].concat()
}

/// A sound connection that is cut off after so many bytes inside TLS.
pub fn rdp_cut(len: usize) -> RdpScript {
    secured(move |channels| {
        let whole = sound(channels).concat();
        Script::new().send(whole.get(..len).unwrap_or(&whole))
    })
}

/// The messages of a sound connection.
pub fn sound(channels: u16) -> Vec<Vec<u8>> {
    opening(channels).into_iter().chain(session()).map(|(_, message)| message).collect()
}

fn attack(name: impl Into<String>, script: RdpScript, after: After) -> RdpAttack {
    RdpAttack { name: name.into(), script, after }
}

fn plain(name: &str, script: Script) -> RdpAttack {
    attack(name, RdpScript { plain: script, secured: None }, After::Refused)
}

fn secured(script: impl Fn(u16) -> Script + Send + Sync + 'static) -> RdpScript {
    RdpScript { plain: Script::new().send(confirm()), secured: Some(Arc::new(script)) }
}

/// A desktop, and then this.
fn then(script: impl Fn(Script) -> Script + Send + Sync + 'static) -> RdpScript {
    secured(move |channels| {
        let whole: Vec<Vec<u8>> = opening(channels).into_iter().map(|(_, it)| it).collect();
        script(Script::new().send(whole.concat()))
    })
}

fn refused(name: &str, bytes: Vec<u8>) -> RdpAttack {
    attack(name, then(move |script| script.send(bytes.clone()).hang()), After::Refused)
}

fn endured(name: &str, bytes: Vec<u8>) -> RdpAttack {
    attack(name, then(move |script| script.send(bytes.clone()).hang()), After::Endured)
}

fn first_words() -> Vec<RdpAttack> {
    vec![
        plain("closes at once", Script::new()),
        plain("garbage", Script::new().send(vec![0x5a; 4096])),
        plain("another protocol", Script::new().send(*b"SSH-2.0-OpenSSH_9.2\r\n").hang()),
        plain("a packet that never ends", Script::new().send([3, 0, 0xff, 0xff]).hang()),
        plain("a packet shorter than its header", Script::new().send([3, 0, 0, 2]).hang()),
        plain("half a confirm", {
            let confirm = confirm();
            Script::new().send(confirm.get(..9).unwrap_or(&confirm))
        }),
        plain("a refusal without a known reason", Script::new().send(refusal(0xffff_ffff))),
        plain("garbage for TLS", Script::new().send(confirm()).send(vec![0x5a; 4096])),
        // No negotiation at all: the security of old.
        plain("no security", Script::new().send([3, 0, 0, 11, 6, 0xd0, 0, 0, 0x12, 0x34, 0])),
    ]
}

/// Each message of the connection sequence in turn, made into nonsense, and said with a length of
/// its own that lies.
fn sequences() -> Vec<RdpAttack> {
    let mut attacks = Vec::new();
    for (at, (name, _)) in opening(0).into_iter().enumerate() {
        for (how, spoil) in [("nonsense", nonsense as fn(&mut [u8])), ("giants", giants)] {
            let script = secured(move |channels| {
                let mut messages = opening(channels);
                if let Some((_, message)) = messages.get_mut(at) {
                    spoil(message);
                }
                let all: Vec<Vec<u8>> = messages.into_iter().map(|(_, it)| it).collect();
                Script::new().send(all.concat())
            });
            attacks.push(attack(format!("{how} in {name} ({at})"), script, After::Refused));
        }
    }
    attacks
}

/// Keeps the packet's own header, so that what is in it is read.
fn nonsense(message: &mut [u8]) {
    message.iter_mut().skip(7).for_each(|byte| *byte = 0x5a);
}

fn giants(message: &mut [u8]) {
    message.iter_mut().skip(7).for_each(|byte| *byte = 0xff);
}

fn drawings() -> Vec<RdpAttack> {
    let black = [0xf0_u8, 0x20, 0x13];
    let giant = |bits| bitmap_update(&[([0, 0, 0xfffe, 0xfffe], bits, 0x401, &black)]);
    let pointer = |code, fields: &[u16]| {
        fast_path(code, &fields.iter().flat_map(|field| field.to_le_bytes()).collect::<Vec<_>>())
    };
    let outside = bitmap_update(&[
        ([90, 60, 120, 90], 24, 0, &[7; 31 * 96]),
        ([900, 900, 901, 900], 24, 0, &[7; 8]),
    ]);
    vec![
        refused("a giant of runs", fast_path(1, &giant(24))),
        refused("a giant of planes", fast_path(1, &giant(32))),
        refused(
            "edges the wrong way round",
            fast_path(1, &bitmap_update(&[([9, 9, 3, 3], 24, 0, &[0; 64])])),
        ),
        refused("more rectangles than there are", fast_path(1, &[1, 0, 0xff, 0xff])),
        refused(
            "a bitmap without pixels",
            fast_path(1, &bitmap_update(&[([0, 0, 9, 9], 24, 0, &[])])),
        ),
        refused(
            "a depth of no use",
            fast_path(1, &bitmap_update(&[([0, 0, 1, 1], 7, 0, &[0; 64])])),
        ),
        refused("a giant pointer", pointer(11, &[24, 0, 0, 0, 0xffff, 0xffff, 0xffff, 0xffff])),
        refused("a pointer of no depth", pointer(11, &[0, 0, 0, 0, 2, 2, 4, 16])),
        refused("a slow bitmap that is short", share_data(2, &[1, 0, 1, 0, 0, 0])),
        // One that is not there is nothing worse than a pointer as usual.
        endured("a pointer kept far away", pointer(10, &[0xffff])),
        endured("rectangles outside", fast_path(1, &outside)),
        endured("an update of no known kind", fast_path(14, &[0; 64])),
        endured("half of a frame", fast_path(4, &[4, 0, 0, 0, 1, 0, 0, 0])),
    ]
}

/// A message on a static channel, whose head says how long it is in all, and which part this is.
fn chunk(channel: u16, total: u32, flags: u32, data: &[u8]) -> Vec<u8> {
    send(channel, &[&total.to_le_bytes()[..], &flags.to_le_bytes(), data].concat())
}

fn channels() -> Vec<RdpAttack> {
    const FIRST_AND_LAST: u32 = 3;
    let mut attacks = Vec::new();
    // Whatever is on the first channels: each must cope.
    for channel in 1004..1008 {
        let cases: [(&str, Vec<u8>); 4] = [
            ("a giant in one part", chunk(channel, u32::MAX, FIRST_AND_LAST, &[0x5a; 64])),
            ("a giant that begins", chunk(channel, u32::MAX, 1, &[0x5a; 64])),
            ("nonsense", chunk(channel, 64, FIRST_AND_LAST, &[0x5a; 64])),
            ("no head", send(channel, &[1, 2, 3])),
        ];
        for (what, bytes) in cases {
            // A client may refuse the session for it, or leave the channel be.
            attacks.push(endured(&format!("{what} on channel {channel}"), bytes));
        }
    }
    attacks.push(endured("data on a channel of nobody", chunk(4000, 64, FIRST_AND_LAST, &[0; 64])));
    attacks
}

fn floods() -> Vec<RdpAttack> {
    let flood = |name: &str, bytes: Vec<u8>, most: u64| {
        let times = most / bytes.len() as u64;
        attack(name, then(move |script| script.repeat(bytes.clone(), times).hang()), After::Endured)
    };
    let fragment = {
        let mut bytes = fast_path(1, &[0; 16_000]);
        // A first fragment, and then ever more of it.
        if let Some(code) = bytes.get_mut(3) {
            *code = 0x31;
        }
        bytes
    };
    let begin = {
        let mut bytes = fast_path(1, &[1, 0]);
        if let Some(code) = bytes.get_mut(3) {
            *code = 0x21;
        }
        bytes
    };
    let endless = then(move |script| {
        script.send(begin.clone()).repeat(fragment.clone(), ENDLESS_BYTES / 16_000).hang()
    });
    let open = |channel: u8| chunk(1004, 5, 3, &[0x10, channel, b'x', b'y', 0]);
    let many: Vec<u8> = (0..=u8::MAX).flat_map(open).collect();
    vec![
        attack("an update that never ends", endless, After::Refused),
        flood("bells", share_data(34, &[0; 8]), 4 << 20),
        flood("locks", share_data(41, &[0, 0, 7, 0]), 4 << 20),
        flood("frames", fast_path(4, &[4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 1, 0, 1, 0, 0, 0]), 4 << 20),
        flood("empty updates", fast_path(3, &[]), 4 << 20),
        flood("pointers", fast_path(5, &[]), 4 << 20),
        flood("dynamic channels", many, 1 << 20),
        flood("shares that end", send(1003, &[6, 0, 0x16, 0, 0xea, 3]), 4 << 20),
    ]
}

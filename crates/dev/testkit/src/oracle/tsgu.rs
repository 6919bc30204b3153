//! An RD Gateway's side of the tunnel.

use bytes::BytesMut;
use porthole_tsgu::{PACKET_MAX_BYTES, TsguError, Tunnel, TunnelConfig};

/// What came of a gateway's words.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    data: BytesMut,
    result: Result<(), TsguError>,
    packets: usize,
    left: usize,
}

/// A gateway says all of `bytes` but the first, which says how the network cuts them. Cuts change
/// nothing; the desktop's bytes and our packets are no more than what came allows; no more than one
/// packet is hoarded.
pub fn tsgu(bytes: &[u8]) {
    let Some((cut, said)) = bytes.split_first() else { return };
    let whole = hear([said]);
    let cut = hear(said.chunks(usize::from(*cut) + 1));
    assert_eq!(cut, whole, "cutting the stream changed its meaning");
    assert!(whole.data.len() <= said.len(), "data from nowhere");
    // A packet has eight bytes at least, and makes one at most; ours comes first.
    assert!(whole.packets <= 1 + said.len() / 8, "{} packets", whole.packets);
    assert!(whole.result.is_err() || whole.left <= PACKET_MAX_BYTES, "{} hoarded", whole.left);
}

fn hear<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut tunnel = Tunnel::new(TunnelConfig {
        client_name: "us".to_owned(),
        host: "desk".to_owned(),
        port: 3389,
        reauth: None,
    });
    let (mut arrived, mut data) = (BytesMut::new(), BytesMut::new());
    let result = pieces.into_iter().try_for_each(|piece| {
        arrived.extend_from_slice(piece);
        tunnel.handle_bytes(&mut arrived, &mut data)
    });
    let packets = std::iter::from_fn(|| tunnel.take_packet()).count();
    // After a fault the rest of the stream is nobody's.
    let left = if result.is_ok() { arrived.len() } else { 0 };
    Outcome { data, result, packets, left }
}

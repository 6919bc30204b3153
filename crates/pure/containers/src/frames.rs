//! Frames of an exec or attach stream: one byte for the channel, and what it carries.
//!
//! A WebSocket message is one frame. The subprotocols are `v4.channel.k8s.io` and, with a way to close
//! a channel, `v5.channel.k8s.io`.

use bytes::{BufMut as _, Bytes, BytesMut};

/// What to offer, best first, as one header: a server that does not know the first refuses it alone.
pub const SUBPROTOCOLS: &str = "v5.channel.k8s.io, v4.channel.k8s.io";

/// Says in version 5 that no more input follows.
pub const CLOSE_STDIN: [u8; 2] = [CLOSE, STDIN];

const STDIN: u8 = 0;
const STDOUT: u8 = 1;
const STDERR: u8 = 2;
const STATUS: u8 = 3;
const RESIZE: u8 = 4;
const CLOSE: u8 = 255;

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// What the program wrote; may be empty, as the first frame is.
    Output(Bytes),
    /// What it wrote to its standard error. A terminal has none.
    Errors(Bytes),
    /// How it ended: [`crate::Outcome`] reads it.
    Status(Bytes),
    /// No more follows on a channel.
    Closed,
    /// Nothing that means anything to us. Channels that we do not know are not a fault.
    Other,
}

impl Frame {
    /// Reads a message.
    pub fn read(mut message: Bytes) -> Self {
        if message.is_empty() {
            return Self::Other;
        }
        let channel = message.split_to(1);
        match channel.first() {
            Some(&STDOUT) => Self::Output(message),
            Some(&STDERR) => Self::Errors(message),
            Some(&STATUS) => Self::Status(message),
            Some(&CLOSE) => Self::Closed,
            _ => Self::Other,
        }
    }
}

/// Input for the program.
pub fn stdin(bytes: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(1 + bytes.len());
    frame.put_u8(STDIN);
    frame.put_slice(bytes);
    frame.freeze()
}

/// Another size for the program's terminal.
pub fn resize(columns: u16, rows: u16) -> Bytes {
    let mut frame = vec![RESIZE];
    frame.extend_from_slice(format!("{{\"Width\":{columns},\"Height\":{rows}}}").as_bytes());
    frame.into()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{Frame, resize, stdin};

    #[test]
    fn reads_every_channel() {
        let read = |bytes: &'static [u8]| Frame::read(Bytes::from_static(bytes));
        assert_eq!(read(b"\x01"), Frame::Output(Bytes::new()), "the first frame is empty");
        assert_eq!(read(b"\x01hi"), Frame::Output("hi".into()));
        assert_eq!(read(b"\x02no"), Frame::Errors("no".into()));
        assert_eq!(read(b"\x03{}"), Frame::Status("{}".into()));
        assert_eq!(read(b"\xff\x01"), Frame::Closed);
        for other in [&b""[..], b"\x00x", b"\x04{}", b"\x09"] {
            assert_eq!(read(other), Frame::Other, "{other:?}");
        }
    }

    #[test]
    fn writes_what_servers_read() {
        assert_eq!(stdin(b"ls\n"), &b"\x00ls\n"[..]);
        assert_eq!(resize(120, 40), &b"\x04{\"Width\":120,\"Height\":40}"[..]);
    }
}

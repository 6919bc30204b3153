//! What is between a terminal's text and the remote's stream.

use bytes::{Buf, BytesMut};
use porthole_remote::{Cells, RemoteError};

/// A protocol that carries a terminal's bytes. Nothing here waits.
pub trait Line: Send {
    /// The first words, for a terminal of this size.
    fn start(&mut self, size: Cells, out: &mut BytesMut);

    /// Takes what is whole off the front of `arrived`: the terminal's bytes go to `text`, answers
    /// for the remote to `out`. Takes nothing when nothing is whole.
    ///
    /// # Errors
    ///
    /// The remote broke the protocol, or refused us.
    fn receive(
        &mut self,
        arrived: &mut BytesMut,
        text: &mut BytesMut,
        out: &mut BytesMut,
    ) -> Result<(), RemoteError>;

    /// Appends `bytes` of the terminal to `out`, as the protocol carries them.
    fn send(&mut self, bytes: &[u8], out: &mut BytesMut);

    /// The same of what a person typed. What the line shows of it itself, because the remote does
    /// not, goes to `text`.
    fn typed(&mut self, typed: &[u8], _text: &mut BytesMut, out: &mut BytesMut) {
        self.send(typed, out);
    }

    /// The remote will write no more: what was held back of what it wrote goes to `text`.
    fn end(&mut self, _text: &mut BytesMut) {}

    /// The terminal has another size. False: the protocol has no words for it, and the transport
    /// is to be told.
    fn resize(&mut self, size: Cells, out: &mut BytesMut) -> bool;
}

/// Nothing in between: the stream is the terminal's bytes, as SSH's channel and Kubernetes' stream are.
#[derive(Debug, Clone, Copy, Default)]
pub struct RawLine;

impl Line for RawLine {
    fn start(&mut self, _size: Cells, _out: &mut BytesMut) {}

    fn receive(
        &mut self,
        arrived: &mut BytesMut,
        text: &mut BytesMut,
        _out: &mut BytesMut,
    ) -> Result<(), RemoteError> {
        text.extend_from_slice(arrived);
        arrived.advance(arrived.len());
        Ok(())
    }

    fn send(&mut self, bytes: &[u8], out: &mut BytesMut) {
        out.extend_from_slice(bytes);
    }

    fn resize(&mut self, _size: Cells, _out: &mut BytesMut) -> bool {
        false
    }
}

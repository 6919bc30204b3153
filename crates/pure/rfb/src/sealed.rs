//! The stream inside RSA-AES: frames of AES in EAX mode, in both directions.
//!
//! A frame is its length (two bytes, big-endian, authenticated and not encrypted), so many
//! encrypted bytes, and a tag of sixteen. The nonce is the number of the frame in its direction,
//! little-endian (the community specification's "RSA-AES Security Type").

use std::fmt;

use aes::cipher::{Array, consts::U16};
use aes::{Aes128, Aes256};
use bytes::{BufMut, BytesMut};
use eax::Eax;
use eax::aead::{AeadInOut, KeyInit};
use porthole_wire::Reader;
use zeroize::Zeroizing;

use crate::RfbError;

/// Longest frame that we send, without length and tag. Known servers take no more at a time.
const SENT_MAX_BYTES: usize = 8192;

const TAG_BYTES: usize = 16;

/// A nonce, or a tag.
type Block = Array<u8, U16>;

/// A key of one direction.
pub(crate) enum Key {
    Aes128(Zeroizing<[u8; 16]>),
    Aes256(Zeroizing<[u8; 32]>),
}

/// Keys of both directions.
#[derive(Debug)]
pub(crate) struct Keys {
    /// For what we send.
    pub(crate) client: Key,
    /// For what the server sends.
    pub(crate) server: Key,
}

/// One direction of a stream.
#[derive(Debug)]
struct Frames {
    key: Key,
    count: u128,
}

/// Turns what we send into frames.
#[derive(Debug)]
pub(crate) struct Sealer(Frames);

/// Turns frames from the server into what it sent.
#[derive(Debug)]
pub(crate) struct Opener(Frames);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes128(_) => "Aes128",
            Self::Aes256(_) => "Aes256",
        })
    }
}

impl Keys {
    /// Both directions, from their first frame on.
    pub(crate) fn start(self) -> (Sealer, Opener) {
        let frames = |key| Frames { key, count: 0 };
        (Sealer(frames(self.client)), Opener(frames(self.server)))
    }
}

impl Sealer {
    /// Writes `plain` to `out`, in as many frames as it takes.
    pub(crate) fn seal(&mut self, plain: &[u8], out: &mut BytesMut) {
        for part in plain.chunks(SENT_MAX_BYTES) {
            // At most SENT_MAX_BYTES.
            let len = u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes();
            out.put_slice(&len);
            let start = out.len();
            out.put_slice(part);
            let nonce = self.0.nonce();
            let buffer = out.get_mut(start..).unwrap_or_default();
            // It fails on messages of 2^36 bytes and more.
            let Ok(tag) = self.0.key.seal(&nonce, len, buffer) else { return };
            out.put_slice(&tag);
        }
    }
}

impl Opener {
    /// Opens one frame into `plain`, where it comes last. False: it has not all arrived, and
    /// nothing is taken. A frame has at most 65,535 bytes, because its length field has two.
    ///
    /// # Errors
    ///
    /// [`RfbError::Tampered`].
    pub(crate) fn open(
        &mut self,
        input: &mut Reader<'_>,
        plain: &mut BytesMut,
    ) -> Result<bool, RfbError> {
        let mut ahead = input.clone();
        let Some(len) = ahead.array::<2>() else { return Ok(false) };
        let (Some(body), Some(tag)) =
            (ahead.take(u16::from_be_bytes(len).into()), ahead.array::<TAG_BYTES>())
        else {
            return Ok(false);
        };
        *input = ahead;
        let start = plain.len();
        plain.put_slice(body);
        let nonce = self.0.nonce();
        let buffer = plain.get_mut(start..).unwrap_or_default();
        self.0.key.open(&nonce, len, buffer, &tag.into())?;
        Ok(true)
    }
}

impl Frames {
    /// The number of the next frame.
    fn nonce(&mut self) -> Block {
        let nonce = self.count.to_le_bytes();
        self.count = self.count.wrapping_add(1);
        nonce.into()
    }
}

impl Key {
    fn seal(
        &self,
        nonce: &Block,
        len: [u8; 2],
        buffer: &mut [u8],
    ) -> Result<Block, eax::aead::Error> {
        match self {
            Self::Aes128(key) => Eax::<Aes128>::new((&**key).into()).encrypt_inout_detached(
                nonce,
                &len,
                buffer.into(),
            ),
            Self::Aes256(key) => Eax::<Aes256>::new((&**key).into()).encrypt_inout_detached(
                nonce,
                &len,
                buffer.into(),
            ),
        }
    }

    fn open(
        &self,
        nonce: &Block,
        len: [u8; 2],
        buffer: &mut [u8],
        tag: &Block,
    ) -> Result<(), RfbError> {
        match self {
            Self::Aes128(key) => Eax::<Aes128>::new((&**key).into()).decrypt_inout_detached(
                nonce,
                &len,
                buffer.into(),
                tag,
            ),
            Self::Aes256(key) => Eax::<Aes256>::new((&**key).into()).decrypt_inout_detached(
                nonce,
                &len,
                buffer.into(),
                tag,
            ),
        }
        .map_err(|_forged| RfbError::Tampered)
    }
}

#[cfg(test)]
#[path = "sealed_tests.rs"]
mod tests;

//! The contract every protocol driver meets.
//!
//! A driver is a state machine: bytes, input and time go in ([`Remote`]'s `handle_*`), and
//! what to do next comes out ([`Remote::poll`]). It owns no socket, clock or task, and never
//! learns who is watching. Pixels it decodes straight into the [`Surface`] it is lent.

mod clipboard;
mod credentials;
mod drive;
mod error;
mod event;
mod input;
mod peer;
mod questions;
mod redirect;
mod sound;
mod terminal;

use std::time::Instant;

use bytes::{Bytes, BytesMut};
pub use clipboard::Clipboard;
pub use credentials::{CredentialFields, Credentials};
pub use drive::{
    Disposition, DriveAct, DriveDone, DriveEntry, DriveError, DriveReply, DriveRequest, Wanted,
};
pub use error::{Blame, RemoteError};
pub use event::{Cursor, Event, Screen, VideoChunk};
pub use input::{Buttons, Input, Notches, SizeWish, TouchPhase};
pub use peer::PeerIdentity;
use porthole_pixels::Surface;
pub use questions::{Question, Questions, Replies};
pub use redirect::{Redirect, Ticket};
pub use sound::{Sound, SoundFormat};
pub use terminal::{Cells, Ending, TerminalInput, TerminalLook, TerminalNews, TerminalScreen};

/// One connection to a remote as a state machine.
///
/// INVARIANT: after a `handle_*` call, the caller polls until [`Output::Wait`] or
/// [`Output::Closed`] before it makes the next one.
pub trait Remote: Send {
    /// Takes whole messages off the front of `arrived`; leaves a partial one in place.
    ///
    /// # Errors
    ///
    /// The remote broke its protocol or refused us. The connection is over.
    fn handle_bytes(
        &mut self,
        now: Instant,
        arrived: &mut BytesMut,
        surface: &mut Surface,
    ) -> Result<(), RemoteError>;

    /// The remote will send no more.
    ///
    /// # Errors
    ///
    /// It stopped inside a message, or before the connection was up.
    fn handle_end(&mut self, now: Instant) -> Result<(), RemoteError>;

    /// The upgrade asked for by [`Output::Secure`] is done; bytes from here on are inside TLS, and
    /// `peer` is who has proved to be at the other end.
    ///
    /// # Errors
    ///
    /// The driver had not asked, or cannot go on with this peer.
    fn handle_secured(&mut self, now: Instant, peer: &PeerIdentity) -> Result<(), RemoteError>;

    /// The answer to [`Output::Exchange`], or why there is none: one printable line without an
    /// address.
    ///
    /// # Errors
    ///
    /// The driver had not asked, or cannot go on.
    fn handle_exchanged(
        &mut self,
        _now: Instant,
        _answer: Result<Bytes, String>,
    ) -> Result<(), RemoteError> {
        let message = "an answer that nobody asked for".to_owned();
        Err(RemoteError::new("exchanged_unasked", Blame::Operator, message))
    }

    /// A key, pointer move, size request or clipboard change from a viewer.
    fn handle_input(&mut self, now: Instant, input: Input);

    /// The moment named by the last [`Output::Wait`] has come.
    ///
    /// # Errors
    ///
    /// The remote has been silent for longer than the protocol allows.
    fn handle_timeout(&mut self, now: Instant) -> Result<(), RemoteError>;

    /// The answer to [`Output::Draw`].
    ///
    /// # Errors
    ///
    /// The picture does not fit. The connection is over.
    fn handle_draw(&mut self, _now: Instant, _surface: &mut Surface) -> Result<(), RemoteError> {
        Ok(())
    }

    /// The next thing to do.
    fn poll(&mut self) -> Output;
}

/// What a [`Remote`] asks of its caller.
#[derive(Debug)]
pub enum Output {
    /// Write these bytes to the remote, in this order.
    Send(Bytes),
    /// Write what was sent so far, then turn the stream into TLS, then call
    /// [`Remote::handle_secured`]. Bytes that arrived and were left in place belong to TLS.
    Secure(Secure),
    /// Bring these bytes to the authority that the connection's configuration names beside the
    /// remote, Kerberos's KDC, and its answer to [`Remote::handle_exchanged`]; one at a time.
    Exchange(Bytes),
    /// Tell the remote, beside the stream, that its terminal has this size. For transports that have
    /// such a way: SSH and Kubernetes.
    Resize(Cells),
    /// Lend the surface: call [`Remote::handle_draw`]. For drivers that draw at a time of their own.
    Draw,
    /// Pass this on to the session.
    Event(Event),
    /// Nothing until bytes, input, or this moment.
    Wait(Option<Instant>),
    /// The connection ended in good order.
    Closed,
}

/// How to turn a stream into TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secure {
    /// The server proves who it is with a certificate, checked as the connection's
    /// configuration says.
    Certificate,
    /// Anonymous key exchange (RFC 5246 appendix F.1.1.1): hidden from listeners, open to
    /// anyone in the middle. VeNCrypt's TLS flavours have nothing better.
    Anonymous,
}

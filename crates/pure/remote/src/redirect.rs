//! Connections that go on elsewhere, or once more.

use std::fmt;

use bytes::Bytes;

/// What a driver wants to be told when its remote is dialled again. Only drivers of the same
/// protocol can read it; it may hold secrets, and does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Ticket(Bytes);

impl Ticket {
    /// Longest ticket, in bytes.
    pub const BYTES_MAX: usize = 1 << 16;

    /// A ticket in its driver's own words. `None` when it has more than [`Ticket::BYTES_MAX`].
    pub fn new(bytes: impl Into<Bytes>) -> Option<Self> {
        let bytes = bytes.into();
        (bytes.len() <= Self::BYTES_MAX).then_some(Self(bytes))
    }

    /// The driver's words.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ticket({} bytes)", self.0.len())
    }
}

/// Where a remote sends its clients. None of it is to be trusted: whether it may be dialled is for
/// the operator's policy to say, and who answers there has to prove that it has the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// Names and addresses of one machine, best first; the port stays as it is. At most
    /// [`Redirect::HOSTS_MAX`] of them. Empty: the same machine again.
    pub hosts: Vec<String>,
    /// The name that the machine's certificate is for, when it is not the host's own.
    pub server_name: Option<String>,
    /// What to tell the driver of the next connection.
    pub ticket: Ticket,
}

impl Redirect {
    /// Most names and addresses of one machine.
    pub const HOSTS_MAX: usize = 8;
}

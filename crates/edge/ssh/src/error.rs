//! What went wrong, in the words of the connection's user.

use porthole_dial::DialError;
use porthole_remote::{Blame, RemoteError};

/// A fault for the page and the log, without an address.
pub(crate) fn fault(cause: &'static str, blame: Blame, message: impl Into<String>) -> RemoteError {
    RemoteError::new(cause, blame, message.into())
}

/// What russh says, when it is not the host key.
pub(crate) fn of_russh(error: russh::Error) -> DialError {
    let words = |text: &dyn std::fmt::Display| porthole_wire::text(text.to_string().as_bytes());
    let remote = |cause, message: String| fault(cause, Blame::Remote, message).into();
    match error {
        russh::Error::NoCommonAlgo { kind, theirs, .. } => {
            let offered = porthole_wire::text(theirs.join(", ").as_bytes());
            let message = format!(
                "the SSH server has no {} that is safe enough; it offers {offered}",
                algorithm(&kind)
            );
            remote("ssh_no_common", message)
        }
        russh::Error::Version => {
            remote("not_ssh", "another protocol than SSH answers on that port".into())
        }
        russh::Error::KeepaliveTimeout => {
            let message = "the SSH server no longer answers";
            fault("ssh_silent", Blame::Remote, message).by_loss().into()
        }
        russh::Error::HUP | russh::Error::Disconnect => {
            let message = "the SSH server closed the connection";
            fault("ssh_closed", Blame::Remote, message).by_loss().into()
        }
        russh::Error::IO(error) => DialError::broken(error),
        russh::Error::SendError | russh::Error::RecvError => {
            let message = "the connection to the SSH server is over";
            fault("ssh_closed", Blame::Remote, message).by_loss().into()
        }
        other => remote("ssh_protocol", format!("SSH: {}", words(&other))),
    }
}

fn algorithm(kind: &russh::AlgorithmKind) -> &'static str {
    match kind {
        russh::AlgorithmKind::Kex => "key exchange",
        russh::AlgorithmKind::Key => "host key of a known kind",
        russh::AlgorithmKind::Cipher => "cipher",
        russh::AlgorithmKind::Compression => "compression",
        russh::AlgorithmKind::Mac => "message authentication",
    }
}

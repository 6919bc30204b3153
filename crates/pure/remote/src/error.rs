//! Why a connection to a remote ended badly.

use crate::CredentialFields;

/// Who has to act on a fault. Picks the log level and what the page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// Wrong or missing credentials: the user, or whoever configured the connection.
    Credentials,
    /// Configuration or policy: the operator.
    Operator,
    /// The remote broke its protocol or went away: whoever runs it.
    Remote,
}

/// A fault that ends a connection to a remote, in the words of its driver.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RemoteError {
    cause: &'static str,
    blame: Blame,
    message: String,
    lacks: CredentialFields,
    is_loss: bool,
}

impl RemoteError {
    /// `cause` is a short, stable name; `message` is fit to print and holds no secret.
    pub const fn new(cause: &'static str, blame: Blame, message: String) -> Self {
        Self { cause, blame, message, lacks: CredentialFields(0), is_loss: false }
    }

    /// The same, for want of credentials that somebody at the screen could give.
    #[must_use]
    pub const fn lacking(mut self, fields: CredentialFields) -> Self {
        self.lacks = fields;
        self
    }

    /// The same, of a connection that broke off without anybody's having wanted it to.
    #[must_use]
    pub const fn by_loss(mut self) -> Self {
        self.is_loss = true;
        self
    }

    /// Whether the connection just broke off, so that dialling again may help.
    pub const fn is_loss(&self) -> bool {
        self.is_loss
    }

    /// The credentials that were wanted and not given; none when that was not the matter.
    pub const fn lacks(&self) -> CredentialFields {
        self.lacks
    }

    /// A short, stable name: the `cause` label on the error counter.
    pub const fn cause(&self) -> &'static str {
        self.cause
    }

    /// Who has to act.
    pub const fn blame(&self) -> Blame {
        self.blame
    }
}

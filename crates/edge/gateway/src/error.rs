//! Everything that can go wrong for one viewer, and what the page is told about it.

use porthole_dial::DialError;
use porthole_link::{Category, ErrorRecord, LinkError};
use porthole_session::AttachError;
use porthole_token::TokenError;

use crate::parameters::ParameterError;

/// Why a viewer is turned away, or a session ends badly.
///
/// `Display` is for the log; [`GatewayError::public_message`] is for the page. Neither holds a
/// token or a secret.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GatewayError {
    /// The browser brought no token.
    #[error("the request carries no token")]
    NoToken,
    /// The token was refused.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The token names a connection that the configuration does not have.
    #[error("the configuration has no connection {name:?}")]
    UnknownConnection {
        /// Its name, made fit to print.
        name: String,
    },
    /// The token asks for something that this gateway does not do.
    #[error("{what}")]
    NotOffered {
        /// What it does not do.
        what: &'static str,
    },
    /// A parameter that cannot be honoured.
    #[error(transparent)]
    Parameter(#[from] ParameterError),
    /// The remote could not be reached, or was lost.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The gateway is about to leave.
    #[error("the gateway is draining")]
    Draining,
    /// There are as many sessions as the configuration allows.
    #[error("there are {limit} sessions already")]
    Full {
        /// `session.max`.
        limit: usize,
    },
    /// As many viewers as the configuration allows.
    #[error("the session has {limit} viewers already")]
    ViewersFull {
        /// `session.viewers_max`.
        limit: usize,
    },
    /// The session to come back to is gone, was opened with another token, or the secret is
    /// wrong; which of them is nobody's business.
    #[error("the session to come back to has ended")]
    SessionEnded,
    /// The browser broke the link protocol.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The browser speaks another version of the link protocol.
    #[error("the browser speaks version {version} of the link protocol")]
    Version {
        /// The version in its Hello.
        version: u16,
    },
    /// The browser's first record was not a Hello, or it sent none in time.
    #[error("the browser sent no hello")]
    NoHello,
    /// The browser said nothing for too long.
    #[error("the browser has gone silent")]
    Silent,
    /// A task of the gateway's own failed.
    #[error("internal fault: {what}")]
    Internal {
        /// Which one.
        what: &'static str,
    },
}

/// Who has to act. Picks the log level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The viewer: a new link, other credentials, another browser.
    Viewer,
    /// Whoever minted the token.
    Issuer,
    /// Whoever runs the gateway.
    Operator,
    /// Whoever runs the remote.
    Remote,
}

impl GatewayError {
    /// A short, stable name: the `cause` label on the error counter and in the Error record.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::NoToken => "no_token",
            Self::Token(error) => error.cause(),
            Self::UnknownConnection { .. } => "unknown_connection",
            Self::NotOffered { .. } => "not_offered",
            Self::Parameter(_) => "parameter",
            Self::Dial(error) => error.cause(),
            Self::Draining => "draining",
            Self::Full { .. } => "full",
            Self::ViewersFull { .. } => "viewers_full",
            Self::SessionEnded => "session_ended",
            Self::Link(error) => error.cause(),
            Self::Version { .. } => "link_version",
            Self::NoHello => "no_hello",
            Self::Silent => "silent",
            Self::Internal { .. } => "internal",
        }
    }

    /// Who has to act.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Token(error) => match error.blame() {
                porthole_token::Blame::Holder => Blame::Viewer,
                porthole_token::Blame::Issuer => Blame::Issuer,
                porthole_token::Blame::Operator => Blame::Operator,
            },
            Self::Dial(error) => match error.blame() {
                porthole_remote::Blame::Credentials => Blame::Viewer,
                porthole_remote::Blame::Operator => Blame::Operator,
                porthole_remote::Blame::Remote => Blame::Remote,
            },
            Self::NoToken
            | Self::SessionEnded
            | Self::Link(_)
            | Self::Version { .. }
            | Self::NoHello
            | Self::Silent => Blame::Viewer,
            Self::Parameter(_) | Self::NotOffered { .. } => Blame::Issuer,
            Self::UnknownConnection { .. }
            | Self::Draining
            | Self::Full { .. }
            | Self::ViewersFull { .. }
            | Self::Internal { .. } => Blame::Operator,
        }
    }

    /// The category in the link's Error record; the close code is 4000 more.
    pub fn category(&self) -> Category {
        match self {
            Self::NoToken => Category::Token,
            Self::Token(TokenError::SpentFull { .. } | TokenError::SpentFailed { .. })
            | Self::Draining
            | Self::Full { .. }
            | Self::ViewersFull { .. }
            | Self::Internal { .. } => Category::Gateway,
            Self::Token(error) => match error.blame() {
                porthole_token::Blame::Operator => Category::Policy,
                _ => Category::Token,
            },
            Self::UnknownConnection { .. } | Self::NotOffered { .. } | Self::Parameter(_) => {
                Category::Policy
            }
            Self::Dial(error) => match error.blame() {
                porthole_remote::Blame::Credentials => Category::Credentials,
                porthole_remote::Blame::Operator => Category::Policy,
                porthole_remote::Blame::Remote => Category::Remote,
            },
            Self::SessionEnded => Category::Ended,
            Self::Link(_) | Self::Version { .. } | Self::NoHello | Self::Silent => {
                Category::Protocol
            }
        }
    }

    /// Whether connecting again by itself may help.
    pub fn retry(&self) -> bool {
        match self {
            Self::Draining
            | Self::Full { .. }
            | Self::Silent
            | Self::Token(TokenError::SpentFull { .. } | TokenError::SpentFailed { .. }) => true,
            Self::Dial(error) => error.blame() == porthole_remote::Blame::Remote,
            _ => false,
        }
    }

    /// What the page may say: nothing about the operator's network or rules.
    pub fn public_message(&self) -> String {
        match self {
            Self::NoToken => "this link is incomplete: it carries no token".into(),
            Self::Token(error) => token_message(error).into(),
            Self::UnknownConnection { .. } => {
                "this link names a connection that the gateway does not have".into()
            }
            Self::Dial(error) => error.public_message(),
            Self::Draining => "the gateway is being restarted; try again in a moment".into(),
            Self::Full { .. } => "the gateway is full; try again later".into(),
            Self::ViewersFull { .. } => "this session has no room for another viewer".into(),
            Self::SessionEnded => "the session has ended".into(),
            Self::Internal { .. } => "something went wrong in the gateway".into(),
            Self::NotOffered { .. }
            | Self::Parameter(_)
            | Self::Link(_)
            | Self::Version { .. }
            | Self::NoHello
            | Self::Silent => self.to_string(),
        }
    }

    /// The link's last record.
    pub fn record(&self) -> ErrorRecord {
        ErrorRecord {
            category: self.category(),
            retry: self.retry(),
            cause: self.cause().to_owned(),
            message: self.public_message(),
        }
    }
}

/// What a person can do about a refused token.
fn token_message(error: &TokenError) -> &'static str {
    match error {
        TokenError::Expired { .. } => "this link has expired; ask for a new one",
        TokenError::AlreadySpent => "this link has been used already; ask for a new one",
        TokenError::NotYetValid { .. } => "this link is not valid yet",
        TokenError::SpentFull { .. } | TokenError::SpentFailed { .. } => {
            "the gateway cannot check links right now; try again later"
        }
        _ => "this link is not accepted by the gateway; ask for a new one",
    }
}

impl From<AttachError> for GatewayError {
    fn from(error: AttachError) -> Self {
        match error {
            AttachError::Full { limit } => Self::ViewersFull { limit },
            AttachError::Ended => Self::SessionEnded,
        }
    }
}

#[cfg(test)]
mod tests {
    use porthole_link::Category;
    use porthole_token::TokenError;

    use super::{Blame, GatewayError};

    #[test]
    fn tells_the_page_who_must_act() {
        let expired = TokenError::Expired { expired_unix_s: 1, now_unix_s: 2 };
        let cases: [(GatewayError, Category, Blame, bool); 5] = [
            (expired.into(), Category::Token, Blame::Viewer, false),
            (TokenError::BadSignature.into(), Category::Token, Blame::Issuer, false),
            (TokenError::SpentFull { limit: 1 }.into(), Category::Gateway, Blame::Operator, true),
            (GatewayError::Draining, Category::Gateway, Blame::Operator, true),
            (GatewayError::SessionEnded, Category::Ended, Blame::Viewer, false),
        ];
        for (error, category, blame, retry) in cases {
            let record = error.record();
            assert_eq!(record.category, category, "{error}");
            assert_eq!(error.blame(), blame, "{error}");
            assert_eq!(record.retry, retry, "{error}");
            assert!(!record.cause.is_empty() && record.cause.len() <= 64);
        }
    }

    #[test]
    fn says_nothing_about_the_inside() {
        let error = GatewayError::UnknownConnection { name: "finance-db".into() };
        assert!(!error.public_message().contains("finance"));
        let error =
            GatewayError::from(TokenError::WrongIssuer { expected: vec!["https://id".into()] });
        assert!(!error.public_message().contains("id"), "{}", error.public_message());
    }
}

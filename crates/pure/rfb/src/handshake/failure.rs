//! Why the server will not have us (RFC 6143 §7.1.2, §7.1.3).

use porthole_wire::Reader;

use crate::RfbError;
use crate::words::Words;

/// Bad news that is arriving.
#[derive(Debug)]
pub(super) struct Failure {
    kind: FailureKind,
    /// Its length comes first.
    reason: Option<Words>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum FailureKind {
    Refused,
    Authentication,
    TooMany,
}

impl Failure {
    /// Expects a reason.
    pub(super) const fn new(kind: FailureKind) -> Self {
        Self { kind, reason: None }
    }

    /// Takes what has arrived of the reason. It ends with an error, or waits.
    ///
    /// # Errors
    ///
    /// What the server said.
    pub(super) fn read(&mut self, input: &mut Reader<'_>) -> Result<(), RfbError> {
        let words = match &mut self.reason {
            Some(words) => words,
            none => {
                let Some(len) = input.u32_be() else { return Ok(()) };
                none.insert(Words::new(len))
            }
        };
        words.read(input);
        // The server is about to leave, so what we would not keep is not worth waiting for.
        if words.is_head_complete() { Err(self.error()) } else { Ok(()) }
    }

    /// What there is to say of it now.
    pub(super) fn error(&self) -> RfbError {
        let reason = match &self.reason {
            Some(words) if !words.text().is_empty() => words.text(),
            _ => "no reason given".to_owned(),
        };
        match self.kind {
            FailureKind::Refused => RfbError::Refused { reason },
            FailureKind::Authentication => RfbError::AuthenticationFailed { reason },
            FailureKind::TooMany => RfbError::TooManyAttempts { reason },
        }
    }
}

//! Logging on by what the remote writes, as Guacamole's parameters describe it.

use bytes::BytesMut;
use porthole_remote::{Blame, CredentialFields, RemoteError};
use secrecy::SecretString;

use crate::prompt::{Pattern, PromptLine};

/// Most text that is searched for prompts, and held back until the log-on's outcome is known, in
/// bytes. What has not shown a prompt by then will not.
const SEARCHED_MAX_BYTES: usize = 64 << 10;

/// How to log on. Each prompt is answered once, the first time that it is seen; what is not
/// configured, the person at the screen types. As soon as somebody types, the rest is theirs: an
/// answer of ours that came in between could be shown where a user name is.
#[derive(Debug, Clone)]
pub struct Logon {
    /// The answer to [`Logon::username_prompt`].
    pub username: Option<String>,
    /// The answer to [`Logon::password_prompt`].
    pub password: Option<SecretString>,
    /// What finds the prompt for a user name, usually [`Pattern::USERNAME`]. Without it none is found.
    pub username_prompt: Option<Pattern>,
    /// What finds the prompt for a password, usually [`Pattern::PASSWORD`]. Without it none is found.
    pub password_prompt: Option<Pattern>,
    /// How to tell what came of it. With this, nothing is shown until then.
    pub verdict: Option<Verdict>,
}

/// What the remote writes once it has checked the credentials.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// When they are right. What was held back is shown.
    pub success: Pattern,
    /// When they are wrong. The connection ends with a fault of the credentials.
    pub failure: Pattern,
}

/// An answer to a prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Username,
    Password,
}

/// A log-on that is under way.
#[derive(Debug)]
pub(crate) struct Watch {
    line: PromptLine,
    awaits_username: bool,
    awaits_password: bool,
    awaits_verdict: bool,
    searched: usize,
    held: BytesMut,
}

impl Watch {
    pub(crate) fn new(logon: &Logon) -> Self {
        Self {
            line: PromptLine::new(),
            awaits_username: logon.username.is_some() && logon.username_prompt.is_some(),
            awaits_password: logon.password.is_some() && logon.password_prompt.is_some(),
            awaits_verdict: logon.verdict.is_some(),
            searched: 0,
            held: BytesMut::new(),
        }
    }

    /// Whether there is nothing left to wait for.
    pub(crate) const fn is_over(&self) -> bool {
        !self.awaits_username && !self.awaits_password && !self.awaits_verdict
    }

    /// Looks at what the remote wrote, which is everything in `text` from `start` on, and holds it
    /// back or lets what was held back go. The answers to give go to `answers`, in their order.
    ///
    /// # Errors
    ///
    /// The remote refuses the credentials.
    pub(crate) fn look(
        &mut self,
        logon: &Logon,
        text: &mut BytesMut,
        start: usize,
        answers: &mut Vec<Answer>,
    ) -> Result<(), RemoteError> {
        let mut written = text.split_off(start);
        for &byte in &written {
            if self.is_over() {
                break;
            }
            self.searched += 1;
            if self.line.push(byte) {
                self.search(logon, answers)?;
            }
            if self.searched == SEARCHED_MAX_BYTES {
                self.end();
            }
        }
        if self.awaits_verdict {
            self.held.unsplit(written);
        } else if self.held.is_empty() {
            text.unsplit(written);
        } else {
            text.unsplit(self.held.split());
            text.unsplit(written.split());
        }
        Ok(())
    }

    /// Waits for nothing more, and lets go what was held back.
    pub(crate) fn give_up(&mut self, text: &mut BytesMut) {
        self.end();
        text.unsplit(self.held.split());
    }

    const fn end(&mut self) {
        self.awaits_username = false;
        self.awaits_password = false;
        self.awaits_verdict = false;
    }

    fn search(&mut self, logon: &Logon, answers: &mut Vec<Answer>) -> Result<(), RemoteError> {
        let line = self.line.bytes();
        if self.awaits_username && is_in(logon.username_prompt.as_ref(), line) {
            self.awaits_username = false;
            answers.push(Answer::Username);
        }
        if self.awaits_password && is_in(logon.password_prompt.as_ref(), line) {
            // Who is asked for a password is past the user name.
            self.awaits_username = false;
            self.awaits_password = false;
            answers.push(Answer::Password);
        }
        let Some(verdict) = logon.verdict.as_ref().filter(|_verdict| self.awaits_verdict) else {
            return Ok(());
        };
        if verdict.failure.is_in(line) {
            return Err(refused());
        }
        if verdict.success.is_in(line) {
            self.end();
        }
        Ok(())
    }
}

fn is_in(pattern: Option<&Pattern>, line: &[u8]) -> bool {
    pattern.is_some_and(|pattern| pattern.is_in(line))
}

fn refused() -> RemoteError {
    let message = "the remote does not accept the user name or the password".to_owned();
    let fields = CredentialFields::USERNAME.with(CredentialFields::PASSWORD);
    RemoteError::new("authentication_failed", Blame::Credentials, message).lacking(fields)
}

#[cfg(test)]
#[path = "logon_tests.rs"]
mod tests;

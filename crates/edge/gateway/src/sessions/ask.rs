//! Whether asking the person at the screen may help, and for what.

use porthole_dial::DialError;
use porthole_remote::{Blame, CredentialFields};

/// Most questions of one session. More is guessing, and a burden for the remote.
const QUESTIONS_MAX: u32 = 10;

/// What was asked for so far.
#[derive(Debug, Default)]
pub(super) struct Asking {
    asked: CredentialFields,
    questions: u32,
}

/// A question to ask.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) fields: CredentialFields,
    /// Why the last answer did not do; empty at first.
    pub(super) reason: String,
}

impl Asking {
    /// What to ask for after `error`: what neither token nor configuration has, or, when what was
    /// typed is wrong, the same again and why. Wrong credentials that nobody typed are the operator's.
    pub(super) fn after(&mut self, error: &DialError) -> Option<Question> {
        let lacks = error.lacks();
        let is_wrong = error.blame() == Blame::Credentials && self.asked.contains(lacks);
        let fields = if is_wrong { self.asked } else { lacks };
        if fields.is_empty() || self.questions >= QUESTIONS_MAX {
            return None;
        }
        self.asked = self.asked.with(fields);
        self.questions += 1;
        let reason = if is_wrong { error.public_message() } else { String::new() };
        Some(Question { fields: self.asked, reason })
    }

    /// What was answered was right: another question is a new one.
    pub(super) const fn handle_up(&mut self) {
        self.asked = CredentialFields(0);
    }

    /// What was asked for.
    pub(super) const fn asked(&self) -> CredentialFields {
        self.asked
    }
}

#[cfg(test)]
mod tests {
    use porthole_dial::DialError;
    use porthole_remote::{Blame, CredentialFields, RemoteError};

    use super::{Asking, QUESTIONS_MAX};

    fn lacking(fields: CredentialFields) -> DialError {
        RemoteError::new("missing", Blame::Credentials, "more".into()).lacking(fields).into()
    }

    fn wrong() -> DialError {
        RemoteError::new("wrong", Blame::Credentials, "not right".into()).into()
    }

    #[test]
    fn asks_for_what_is_missing_and_again_when_it_is_wrong() {
        let mut asking = Asking::default();
        assert_eq!(asking.after(&wrong()), None, "nobody typed it");
        let first = asking.after(&lacking(CredentialFields::PASSWORD)).unwrap();
        assert_eq!((first.fields, first.reason.as_str()), (CredentialFields::PASSWORD, ""));
        let second = asking.after(&wrong()).unwrap();
        assert_eq!(second.fields, CredentialFields::PASSWORD);
        assert_eq!(second.reason, "not right");
        let third = asking.after(&lacking(CredentialFields::USERNAME)).unwrap();
        assert_eq!(third.fields, CredentialFields::USERNAME.with(CredentialFields::PASSWORD));
        assert_eq!(asking.asked(), third.fields);
        let gone = RemoteError::new("gone", Blame::Remote, "gone".into()).into();
        assert_eq!(asking.after(&gone), None);
    }

    #[test]
    fn does_not_ask_for_ever() {
        let mut asking = Asking::default();
        asking.after(&lacking(CredentialFields::PASSWORD)).unwrap();
        let more: Vec<_> = (0..100).map_while(|_| asking.after(&wrong())).collect();
        assert_eq!(more.len() + 1, QUESTIONS_MAX as usize);
    }
}

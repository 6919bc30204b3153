//! Asking the person at the screen.

use porthole_dial::{Caller, DialError};
use porthole_remote::{Blame, CredentialFields, Question, Questions};
use russh::{
    MethodKind,
    client::{KeyboardInteractiveAuthResponse as Response, Prompt},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::{LogOn, Outcome, PasswordState, answered, missing, refused};
use crate::{config::Login, error::fault, handler::printable_lines};

/// Most times that a server may ask in one log-on by questions.
const INQUIRIES_MAX: u32 = 16;

/// Who is logged on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where the connection leads.
    Target,
    /// The jump host of this number, counted from 1.
    Hop(usize),
}

impl Place {
    /// For the head of a question: a line of its own, or nothing.
    pub(super) fn heading(self) -> String {
        match self {
            Self::Target => String::new(),
            Self::Hop(number) => format!("Jump host {number}"),
        }
    }
}

/// Somebody who may be asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asking<'a> {
    pub(super) caller: &'a Caller,
    pub(super) place: Place,
}

impl Asking<'_> {
    /// Whether user name and password are asked for here. The target's are asked for by whoever
    /// dials it, who keeps them for the next time.
    pub(super) fn may_ask(&self) -> bool {
        matches!(self.place, Place::Hop(_))
    }

    pub(super) async fn username(&self, login: &Login) -> Result<String, DialError> {
        let given = login.credentials.username.as_deref().filter(|name| !name.is_empty());
        if let Some(name) = given {
            return Ok(name.to_owned());
        }
        if !self.may_ask() {
            let has_keys = !login.keys.is_empty() || login.agent.is_some();
            let has_password = login.credentials.password.is_some();
            return Err(missing(if has_keys || has_password {
                CredentialFields::USERNAME
            } else {
                CredentialFields::USERNAME.with(CredentialFields::PASSWORD)
            }));
        }
        let name = self.one("User name", true, String::new()).await?;
        Ok(name.expose_secret().to_owned())
    }

    pub(super) async fn password(
        &self,
        banner: &str,
        is_again: bool,
    ) -> Result<SecretString, DialError> {
        let why = if is_again { "The password was not accepted." } else { "" };
        self.one("Password", false, joined(&[banner, why])).await
    }

    /// Asks one question; `about` is said above it.
    pub(super) async fn one(
        &self,
        text: &str,
        echo: bool,
        about: String,
    ) -> Result<SecretString, DialError> {
        let questions = vec![Question { text: text.to_owned(), echo }];
        let mut answers = self.all(&about, questions).await?;
        answers.pop().ok_or(DialError::Unasked)
    }

    /// Asks several together. There are as many answers as questions.
    async fn all(
        &self,
        about: &str,
        questions: Vec<Question>,
    ) -> Result<Vec<SecretString>, DialError> {
        let count = questions.len();
        let mut instruction = joined(&[&self.place.heading(), about]);
        truncate(&mut instruction, Questions::WORDS_MAX_BYTES);
        let replies = self.caller.ask(Questions { instruction, questions }).await?;
        if replies.0.len() == count { Ok(replies.0) } else { Err(DialError::Unasked) }
    }
}

/// The pieces that are not empty, each on lines of its own.
fn joined(pieces: &[&str]) -> String {
    let pieces: Vec<&str> = pieces.iter().copied().filter(|piece| !piece.is_empty()).collect();
    pieces.join("\n")
}

fn truncate(text: &mut String, max: usize) {
    text.truncate(text.floor_char_boundary(max));
}

impl LogOn<'_> {
    /// Logs on by the server's own questions (RFC 4256). What asks for the password is answered with
    /// it where it is known; everything else, the person at the screen is asked.
    pub(super) async fn answer_questions(&mut self) -> Result<Outcome, DialError> {
        let started = self.handle.authenticate_keyboard_interactive_start(self.user.clone(), None);
        let mut response = answered(self.fate, started).await?;
        let mut was_asked = false;
        let mut password_said = false;
        for _inquiry in 0..INQUIRIES_MAX {
            let (name, instructions, prompts) = match response {
                Response::Success => return Ok(Outcome::In),
                Response::Failure { mut remaining_methods, partial_success } => {
                    self.note(partial_success, was_asked, password_said);
                    if !was_asked && !password_said && !partial_success {
                        // It had no question for us: there is no use in trying that again.
                        remaining_methods.remove(MethodKind::KeyboardInteractive);
                    }
                    return Ok(Outcome::Next {
                        methods: remaining_methods,
                        counts: partial_success,
                    });
                }
                Response::InfoRequest { name, instructions, prompts } => {
                    (name, instructions, prompts)
                }
            };
            self.hear_banner();
            let known = self.known_answer(&prompts).filter(|_| !password_said);
            let answers = match known {
                Some(password) => {
                    password_said = true;
                    vec![password.expose_secret().to_owned()]
                }
                None if prompts.is_empty() => Vec::new(),
                None => {
                    was_asked = true;
                    self.ask(&name, &instructions, &prompts).await?
                }
            };
            let responded = self.handle.authenticate_keyboard_interactive_respond(answers);
            response = answered(self.fate, responded).await?;
        }
        Err(refused("the SSH server does not come to an end with its questions"))
    }

    /// What became of an attempt.
    fn note(&mut self, counts: bool, was_asked: bool, password_said: bool) {
        if counts {
            return;
        }
        if was_asked {
            self.questions += 1;
        } else if password_said {
            self.password = PasswordState::Refused;
        }
        if !was_asked && !password_said {
            self.questions = super::QUESTIONS_MAX;
        }
    }

    /// The password, if it is known and the only thing that is asked for.
    fn known_answer(&self, prompts: &[Prompt]) -> Option<SecretString> {
        let [Prompt { prompt, echo: false }] = prompts else { return None };
        let is_password = prompt.to_ascii_lowercase().contains("password");
        let is_known = is_password && self.password == PasswordState::Untried;
        self.login.credentials.password.clone().filter(|_| is_known)
    }

    async fn ask(
        &self,
        name: &str,
        instructions: &str,
        prompts: &[Prompt],
    ) -> Result<Vec<String>, DialError> {
        if prompts.len() > Questions::COUNT_MAX {
            let message = format!(
                "the SSH server asks {} questions at once, the limit is {}",
                prompts.len(),
                Questions::COUNT_MAX
            );
            return Err(fault("ssh_questions", Blame::Remote, message).into());
        }
        let why = if self.questions > 0 { "That was not accepted." } else { "" };
        let (name, words) = (porthole_wire::text(name.as_bytes()), head(instructions));
        let about = joined(&[&self.banner, &name, &words, why]);
        let questions = prompts.iter().map(|prompt| Question {
            text: porthole_wire::text(prompt.prompt.as_bytes()),
            echo: prompt.echo,
        });
        let answers = self.asking.all(&about, questions.collect()).await?;
        Ok(answers.iter().map(|answer| answer.expose_secret().to_owned()).collect())
    }
}

/// The first of a server's words, fit to print.
fn head(words: &str) -> String {
    let end = words.floor_char_boundary(Questions::WORDS_MAX_BYTES);
    printable_lines(words.get(..end).unwrap_or_default().as_bytes())
}

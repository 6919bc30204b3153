//! Credentials that only a person at a screen has.

use std::time::Instant;

use porthole_link::{Answer, Category, ErrorRecord, Prompt};
use porthole_remote::{CredentialFields, Credentials};

use super::{EndCause, Output, Session};
use crate::Permissions;
use crate::viewer::Viewer;

impl Session {
    /// Whether a viewer is there that may be asked: one that may give input.
    pub fn can_ask(&self) -> bool {
        self.viewers.iter().any(may_answer)
    }

    /// Asks whoever may give input for `fields`; `reason` is why the last answer did not do. The
    /// first answer comes as [`Output::Credentials`], or none comes in time, and the session ends.
    pub fn handle_prompt(&mut self, now: Instant, fields: CredentialFields, reason: String) {
        self.withdraw_questions();
        self.shown.prompt = Some(Prompt { fields: fields.0, reason });
        self.prompt_until = Some(now + self.config.prompt_max);
        self.tell_prompt();
    }

    /// What somebody typed. Without a question, or from someone who may not answer it, it is
    /// nothing.
    pub(super) fn answer(&mut self, now: Instant, may_answer: bool, answer: &Answer) {
        let Some(prompt) = self.shown.prompt.take_if(|_| may_answer) else { return };
        self.prompt_until = None;
        self.input_at = now;
        self.tell_prompt();
        let asked = |field| CredentialFields(prompt.fields).contains(field);
        let text = |field, text: &str| asked(field).then(|| text.to_owned());
        self.outputs.push_back(Output::Credentials(Credentials {
            username: text(CredentialFields::USERNAME, &answer.username),
            password: asked(CredentialFields::PASSWORD).then(|| answer.password.as_str().into()),
            domain: text(CredentialFields::DOMAIN, &answer.domain).filter(|name| !name.is_empty()),
        }));
    }

    /// Ends the session when nobody has answered in time; else says when that will be.
    pub(super) fn check_prompt(&mut self, now: Instant) -> Option<Instant> {
        let until = self.prompt_until?;
        if until <= now {
            let error = ErrorRecord {
                category: Category::Credentials,
                retry: false,
                cause: "prompt_timeout".into(),
                message: "nobody has answered what the remote wants to know".into(),
            };
            self.end(EndCause::Unanswered, &error);
        }
        Some(until)
    }

    fn tell_prompt(&mut self) {
        self.for_each_viewer(|viewer| viewer.owed.prompt = may_answer(viewer));
    }
}

pub(super) fn may_answer(viewer: &Viewer) -> bool {
    viewer.permissions.allow(Permissions::INPUT)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use porthole_link::{Answer, Prompt, ToBrowser, ToGateway};
    use porthole_remote::CredentialFields;

    use crate::testing::{ALL, Stage};
    use crate::{EndCause, Permissions, SessionConfig};

    const WATCHING: Permissions = Permissions(0b100);

    fn prompts(stage: &Stage, at: usize) -> Vec<Prompt> {
        let told = stage.viewers[at].told.iter();
        told.filter_map(|record| match record {
            ToBrowser::Prompt(prompt) => Some(prompt.clone()),
            _ => None,
        })
        .collect()
    }

    fn answer() -> ToGateway {
        ToGateway::Answer(Answer {
            username: "eve".into(),
            password: String::from("geheim").into(),
            domain: "LAB".into(),
        })
    }

    fn asking() -> Stage {
        let mut stage = Stage::new(SessionConfig::default());
        stage.attach(1, ALL, None).unwrap();
        stage.attach(2, WATCHING, None).unwrap();
        let fields = CredentialFields::PASSWORD.with(CredentialFields::DOMAIN);
        stage.session.handle_prompt(stage.now, fields, "no".into());
        stage.pass(Duration::from_millis(1));
        stage
    }

    #[test]
    fn asks_those_who_may_give_input_and_takes_the_first_answer() {
        let mut stage = asking();
        let question = Prompt { fields: 0b110, reason: "no".into() };
        assert_eq!(prompts(&stage, 0), std::slice::from_ref(&question));
        assert_eq!(prompts(&stage, 1), []);
        // Who comes later is asked too.
        stage.attach(3, ALL, None).unwrap();
        stage.pass(Duration::from_millis(1));
        assert_eq!(prompts(&stage, 2), [question]);
        stage.say(2, answer());
        assert!(stage.answers.is_empty(), "it may only watch");
        stage.say(3, answer());
        stage.say(1, answer());
        stage.pass(Duration::from_millis(1));
        let [given] = &stage.answers[..] else { panic!("{} answers", stage.answers.len()) };
        assert_eq!((given.username.as_deref(), given.domain.as_deref()), (None, Some("LAB")));
        assert!(given.password.is_some());
        for at in [0, 2] {
            assert_eq!(prompts(&stage, at).last(), Some(&Prompt::default()), "it is over");
        }
    }

    #[test]
    fn nobody_answers_for_ever() {
        let mut stage = asking();
        stage.pass(Duration::from_secs(299));
        assert_eq!(stage.ended, None);
        stage.pass(Duration::from_secs(2));
        assert_eq!(stage.ended, Some(EndCause::Unanswered));
        assert_eq!(stage.closed[0].1, "prompt_timeout");
    }

    #[test]
    fn can_ask_only_who_may_answer() {
        let mut stage = Stage::new(SessionConfig::default());
        stage.attach(1, WATCHING, None).unwrap();
        assert!(!stage.session.can_ask());
        stage.attach(2, ALL, None).unwrap();
        assert!(stage.session.can_ask());
    }
}

//! What the tests have in common: a person at the screen, and a policy that opens the loopback.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use porthole_dial::{
    Caller, CallerNews, DialError, Protocol, Rule, Target, TargetPolicy, Timeouts, TlsSettings,
    Transport,
};
use porthole_remote::{Credentials, Questions, Replies};
use porthole_ssh::{HostKeys, Login, SshConfig, SshSession, open_shell};
use porthole_testkit::servers::Sshd;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// How long anything may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// What somebody at the screen was told and asked.
#[derive(Debug, Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Person>>);

#[derive(Debug, Default)]
pub(crate) struct Person {
    pub(crate) questions: Vec<Questions>,
    pub(crate) progress: Vec<String>,
    pub(crate) unverified: Vec<String>,
    answers: VecDeque<Vec<&'static str>>,
}

impl Heard {
    /// A person who answers these, in their order, and then nothing.
    pub(crate) fn with_answers(answers: &[&[&'static str]]) -> Self {
        let answers = answers.iter().map(|answers| answers.to_vec()).collect();
        Self(Arc::new(Mutex::new(Person { answers, ..Person::default() })))
    }

    pub(crate) fn caller(&self) -> Caller {
        let (caller, mut news) = Caller::new();
        let person = Arc::clone(&self.0);
        tokio::spawn(async move {
            while let Some(news) = news.recv().await {
                let mut person = person.lock().unwrap();
                match news {
                    CallerNews::Progress(words) => person.progress.push(words),
                    CallerNews::Unverified(words) => person.unverified.push(words),
                    CallerNews::Ask(questions, reply) => {
                        person.questions.push(questions);
                        if let Some(answers) = person.answers.pop_front() {
                            let answers = answers.into_iter().map(SecretString::from).collect();
                            reply.send(Replies(answers)).unwrap();
                        }
                    }
                }
            }
        });
        caller
    }

    pub(crate) fn look<T>(&self, look: impl FnOnce(&Person) -> T) -> T {
        look(&self.0.lock().unwrap())
    }
}

/// Everything on the loopback address, and names behind other hosts.
pub(crate) fn policy() -> TargetPolicy {
    let rule = Rule {
        protocols: vec![Protocol::Ssh],
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        names: vec!["localhost".parse().unwrap()],
        ports: vec![1..=65535],
        allow_special: true,
    };
    TargetPolicy { rules: vec![rule], unix_dirs: vec![] }
}

pub(crate) fn target(port: u16) -> Target {
    Target {
        protocol: Protocol::Ssh,
        transport: Transport::Tcp { host: "127.0.0.1".into(), port },
        tls: TlsSettings::default(),
    }
}

pub(crate) fn credentials(user: &str, password: &str) -> Credentials {
    Credentials {
        username: Some(user.into()),
        password: Some(password.into()).filter(|it: &String| !it.is_empty()).map(Into::into),
        domain: None,
    }
}

/// What logs on to `server` with its password, and knows its host key.
pub(crate) fn config(server: &Sshd) -> SshConfig {
    let (user, password) = server.login();
    SshConfig {
        login: Login { credentials: credentials(user, password), ..Login::default() },
        host_keys: HostKeys::Pinned(vec![server.host_key().unwrap().parse().unwrap()]),
        ..SshConfig::default()
    }
}

pub(crate) async fn open(
    port: u16,
    config: &SshConfig,
    heard: &Heard,
) -> Result<SshSession, DialError> {
    let timeouts = Timeouts::default();
    let opening = async {
        let caller = heard.caller();
        open_shell(&target(port), config, &policy(), &timeouts, &caller).await
    };
    tokio::time::timeout(PATIENCE, opening).await.expect("it takes too long")
}

/// Types `line` and Enter.
pub(crate) async fn type_line(session: &mut SshSession, line: &str) {
    session.stream.write_all(format!("{line}\r").as_bytes()).await.unwrap();
    session.stream.flush().await.unwrap();
}

/// Reads until `wanted` has come; everything that came.
pub(crate) async fn read_until(session: &mut SshSession, wanted: &str) -> String {
    let mut seen = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let reading = async {
        while !String::from_utf8_lossy(&seen).contains(wanted) {
            let len = session.stream.read(&mut buffer).await.unwrap();
            assert!(len > 0, "it ended: {:?}", String::from_utf8_lossy(&seen));
            seen.extend_from_slice(&buffer[..len]);
        }
    };
    let read = tokio::time::timeout(PATIENCE, reading).await;
    let seen = String::from_utf8_lossy(&seen).into_owned();
    assert!(read.is_ok(), "no {wanted:?} in {seen:?}");
    seen
}

/// Reads to the end.
pub(crate) async fn read_to_end(session: &mut SshSession) -> String {
    let mut seen = Vec::new();
    let reading = session.stream.read_to_end(&mut seen);
    tokio::time::timeout(PATIENCE, reading).await.expect("it does not end").unwrap();
    String::from_utf8_lossy(&seen).into_owned()
}

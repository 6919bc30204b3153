//! Logging on to a real OpenSSH server, in every way.

use std::{path::Path, process::Command};

use crate::support::{Heard, PATIENCE, config, credentials, open, read_until, type_line};
use porthole_remote::{Blame, CredentialFields};
use porthole_ssh::{HostKeys, KeyText, KnownHosts, Login, SshConfig};
use porthole_testkit::servers::{Process, Sshd, SshdOptions, ssh_keygen, ssh_sign, wait_until};

const KBD: [&str; 2] = ["KbdInteractiveAuthentication yes", "PasswordAuthentication no"];

fn lines(lines: &[&str]) -> SshdOptions {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    SshdOptions { lines, ..SshdOptions::default() }
}

fn key(file: &Path, passphrase: Option<&str>) -> KeyText {
    KeyText {
        text: std::fs::read_to_string(file).unwrap().into(),
        passphrase: passphrase.map(Into::into),
        certificate: None,
    }
}

fn with_keys(server: &Sshd, keys: Vec<KeyText>) -> SshConfig {
    let login = Login { credentials: credentials("tester", ""), keys, agent: None };
    SshConfig { login, ..config(server) }
}

fn public(file: &Path) -> String {
    std::fs::read_to_string(file.with_extension("pub")).unwrap()
}

#[tokio::test]
async fn passwords_are_missing_wrong_and_right() {
    let server = Sshd::start().unwrap();
    let heard = Heard::default();
    let mut config = config(&server);
    config.login.credentials.password = Some("wrong".into());
    let error = open(server.port(), &config, &heard).await.unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("authentication_failed", Blame::Credentials));
    assert!(error.lacks().is_empty());
    config.login.credentials.password = None;
    let error = open(server.port(), &config, &heard).await.unwrap_err();
    assert_eq!(error.lacks(), CredentialFields::PASSWORD);
    config.login.credentials.username = None;
    let error = open(server.port(), &config, &heard).await.unwrap_err();
    assert_eq!(error.lacks(), CredentialFields::USERNAME.with(CredentialFields::PASSWORD));
    config.login.credentials = credentials("nobody-such", "correct horse");
    let error = open(server.port(), &config, &heard).await.unwrap_err();
    assert_eq!(error.cause(), "authentication_failed");
    config.login.credentials = credentials("tester", "correct horse");
    open(server.port(), &config, &heard).await.unwrap();
    assert!(heard.look(|person| person.questions.is_empty() && person.unverified.is_empty()));
}

#[tokio::test]
async fn keys_of_every_kind_open_a_shell() {
    let server = Sshd::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kinds: [&[&str]; 5] = [
        &["-t", "ed25519"],
        &["-t", "ecdsa", "-b", "256"],
        &["-t", "ecdsa", "-b", "384"],
        &["-t", "ecdsa", "-b", "521"],
        &["-t", "rsa", "-b", "3072"],
    ];
    for (number, kind) in kinds.iter().enumerate() {
        let file = folder.path().join(format!("key{number}"));
        ssh_keygen(&file, "", kind).unwrap();
        let config = with_keys(&server, vec![key(&file, None)]);
        let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
        assert_eq!(error.lacks(), CredentialFields::PASSWORD, "{kind:?}: {error}");
        server.authorize(&public(&file)).unwrap();
        let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
        read_until(&mut session, "ready$ ").await;
    }
}

#[tokio::test]
async fn a_passphrase_is_asked_for_until_it_fits() {
    let server = Sshd::start_with(&lines(&["PasswordAuthentication no"])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    ssh_keygen(&file, "geheim7", &["-t", "ed25519"]).unwrap();
    server.authorize(&public(&file)).unwrap();
    let config = with_keys(&server, vec![key(&file, Some("geheim7"))]);
    open(server.port(), &config, &Heard::default()).await.unwrap();

    let config = with_keys(&server, vec![key(&file, None)]);
    let heard = Heard::with_answers(&[&["geheim6"], &["geheim7"]]);
    open(server.port(), &config, &heard).await.unwrap();
    heard.look(|person| {
        assert_eq!(person.questions.len(), 2);
        assert_eq!(person.questions[0].questions[0].text, "Passphrase");
        assert!(!person.questions[0].questions[0].echo);
        assert!(person.questions[1].instruction.contains("not its passphrase"));
    });

    let heard = Heard::with_answers(&[&["1"], &["2"], &["3"], &["geheim7"]]);
    let error = open(server.port(), &config, &heard).await.unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("passphrase_wrong", Blame::Credentials));
    // Nobody is there.
    let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.cause(), "unasked");
    let wrong = with_keys(&server, vec![key(&file, Some("geheim8"))]);
    let error = open(server.port(), &wrong, &Heard::default()).await.unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("private_key", Blame::Operator));
}

#[tokio::test]
async fn certificates_of_every_kind_open_a_shell() {
    let server = Sshd::start_with(&lines(&["PasswordAuthentication no"])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        let file = folder.path().join(kind);
        ssh_keygen(&file, "", &["-t", kind]).unwrap();
        ssh_sign(&server.authority(), &file, &["-n", "tester"]).unwrap();
        let certificate = folder.path().join(format!("{kind}-cert.pub"));
        let mut signed = key(&file, None);
        signed.certificate = Some(std::fs::read_to_string(certificate).unwrap());
        let config = with_keys(&server, vec![signed.clone()]);
        open(server.port(), &config, &Heard::default()).await.unwrap();
        // The key alone is not known there.
        signed.certificate = Some(public(&file));
        let config = with_keys(&server, vec![signed]);
        let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
        assert_eq!(error.cause(), "authentication_failed", "{kind}");
    }
    let (one, other) = (folder.path().join("ed25519"), folder.path().join("ecdsa"));
    let mut mixed = key(&one, None);
    mixed.certificate =
        Some(std::fs::read_to_string(other.with_file_name("ecdsa-cert.pub")).unwrap());
    let error = open(server.port(), &with_keys(&server, vec![mixed]), &Heard::default()).await;
    assert_eq!(error.unwrap_err().cause(), "private_key");
}

#[tokio::test]
async fn rsa_signs_with_what_a_server_takes() {
    // Both are said to be known for the server as a whole.
    let line = "PubkeyAcceptedAlgorithms rsa-sha2-256,rsa-sha2-256-cert-v01@openssh.com";
    let server = Sshd::start_with(&lines(&["MaxAuthTries 6", line])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = ["known", "signed", "unknown"].map(|name| folder.path().join(name));
    files.iter().for_each(|file| ssh_keygen(file, "", &["-t", "rsa", "-b", "2048"]).unwrap());
    let [known, signed, unknown] = &files;
    server.authorize(&public(known)).unwrap();
    let open = async |config: &SshConfig| open(server.port(), config, &Heard::default()).await;
    open(&with_keys(&server, vec![key(known, None)])).await.unwrap();

    ssh_sign(&server.authority(), signed, &["-n", "tester"]).unwrap();
    let mut certified = key(signed, None);
    certified.certificate =
        Some(std::fs::read_to_string(folder.path().join("signed-cert.pub")).unwrap());
    open(&with_keys(&server, vec![certified])).await.unwrap();

    let socket = folder.path().join("agent");
    let _agent = Process::start(Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket)).unwrap();
    wait_until("the agent", PATIENCE, || Ok(socket.exists().then_some(()))).unwrap();
    let mut add = Command::new("ssh-add");
    assert!(add.arg("-q").arg(known).env("SSH_AUTH_SOCK", &socket).status().unwrap().success());
    let mut agents = with_keys(&server, vec![]);
    agents.login.agent = Some(socket);
    open(&agents).await.unwrap();

    // Keys that are not known do not use up the tries that a password needs.
    let mut many = with_keys(&server, vec![key(unknown, None); 5]);
    many.login.credentials.password = Some("correct horse".into());
    open(&many).await.unwrap();

    // SHA-1 is not offered.
    let line = "PubkeyAcceptedAlgorithms ssh-rsa";
    let old = Sshd::start_with(&lines(&["PasswordAuthentication no", line])).unwrap();
    old.authorize(&public(known)).unwrap();
    let config = with_keys(&old, vec![key(known, None)]);
    let error = crate::support::open(old.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.cause(), "authentication_failed");
}

#[tokio::test]
async fn the_servers_own_questions_are_asked() {
    let options = SshdOptions { second_factor: true, ..lines(&KBD) };
    let server = Sshd::start_with(&options).unwrap();
    let mut config = config(&server);
    config.login.credentials.password = None;
    let [first, second, ..] = Sshd::CODES;
    let heard = Heard::with_answers(&[&["correct horse"], &[first]]);
    open(server.port(), &config, &heard).await.unwrap();
    heard.look(|person| {
        let texts: Vec<_> = person.questions.iter().map(|it| &it.questions[0]).collect();
        assert_eq!(texts.len(), 2);
        assert_eq!((texts[0].text.as_str(), texts[0].echo), ("Password:", false));
        assert!(texts[1].text.starts_with("One-time password (OATH)"), "{:?}", texts[1]);
    });

    // A password that is known is said, and the code alone is asked for.
    config.login.credentials.password = Some("correct horse".into());
    let heard = Heard::with_answers(&[&[second]]);
    open(server.port(), &config, &heard).await.unwrap();
    assert_eq!(heard.look(|person| person.questions.len()), 1);
}

#[tokio::test]
async fn a_password_that_has_expired_is_set_anew() {
    let server = Sshd::start_with(&SshdOptions { expired: true, ..lines(&KBD) }).unwrap();
    let mut config = config(&server);
    let new = "staple battery 42";
    let heard = Heard::with_answers(&[&["correct horse"], &[new], &[new]]);
    open(server.port(), &config, &heard).await.unwrap();
    heard.look(|person| {
        let texts: Vec<_> = person.questions.iter().map(|it| it.questions[0].text.trim()).collect();
        let wanted = ["Current password:", "New password:", "Retype new password:"];
        assert_eq!(texts.len(), wanted.len(), "{texts:?}");
        assert!(texts.iter().zip(wanted).all(|(text, end)| text.ends_with(end)), "{texts:?}");
        // OpenSSH says why in the question itself.
        assert!(texts[0].contains("change your password"), "{texts:?}");
    });
    // It is the other one from then on.
    let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.cause(), "authentication_failed");
    config.login.credentials.password = Some(new.into());
    open(server.port(), &config, &Heard::default()).await.unwrap();

    // By the password alone one is in, and the shell asks.
    let options = SshdOptions { expired: true, ..SshdOptions::default() };
    let server = Sshd::start_with(&options).unwrap();
    let config = crate::support::config(&server);
    let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
    read_until(&mut session, "Current password:").await;
}

#[tokio::test]
async fn wrong_answers_are_asked_for_again_three_times() {
    let server = Sshd::start_with(&lines(&KBD)).unwrap();
    let mut config = config(&server);
    config.login.credentials.password = None;
    let heard = Heard::with_answers(&[&["wrong"], &["correct horse"]]);
    open(server.port(), &config, &heard).await.unwrap();
    heard.look(|person| {
        assert_eq!(person.questions[0].instruction, "");
        assert!(person.questions[1].instruction.contains("not accepted"));
    });
    let heard = Heard::with_answers(&[&["1"], &["2"], &["3"], &["correct horse"]]);
    let error = open(server.port(), &config, &heard).await.unwrap_err();
    assert_eq!(error.cause(), "authentication_failed");
    assert_eq!(heard.look(|person| person.questions.len()), 3);
    // A wrong password counts once against the user.
    config.login.credentials.password = Some("wrong".into());
    let heard = Heard::default();
    let error = open(server.port(), &config, &heard).await.unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("authentication_failed", Blame::Credentials));
}

#[tokio::test]
async fn several_proofs_may_be_wanted() {
    let both = ["AuthenticationMethods publickey,keyboard-interactive", KBD[0]];
    let server = Sshd::start_with(&lines(&both)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    ssh_keygen(&file, "", &["-t", "ed25519"]).unwrap();
    server.authorize(&public(&file)).unwrap();
    let config = with_keys(&server, vec![key(&file, None)]);
    let heard = Heard::with_answers(&[&["correct horse"]]);
    open(server.port(), &config, &heard).await.unwrap();

    let server = Sshd::start_with(&lines(&["AuthenticationMethods publickey,password"])).unwrap();
    server.authorize(&public(&file)).unwrap();
    let mut config = with_keys(&server, vec![key(&file, None)]);
    let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.lacks(), CredentialFields::PASSWORD);
    config.login.credentials.password = Some("correct horse".into());
    open(server.port(), &config, &Heard::default()).await.unwrap();
}

#[tokio::test]
async fn an_agent_signs_and_is_lent() {
    let server = Sshd::start_with(&lines(&["PasswordAuthentication no"])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("agent");
    let _agent = Process::start(Command::new("ssh-agent").args(["-D", "-a"]).arg(&socket)).unwrap();
    wait_until("the agent", PATIENCE, || Ok(socket.exists().then_some(()))).unwrap();
    for kind in ["rsa", "ed25519"] {
        let file = folder.path().join(kind);
        ssh_keygen(&file, "", &["-t", kind]).unwrap();
        let mut add = Command::new("ssh-add");
        let added = add.arg("-q").arg(&file).env("SSH_AUTH_SOCK", &socket).status().unwrap();
        assert!(added.success());
    }
    server.authorize(&public(&folder.path().join("rsa"))).unwrap();
    let mut config = with_keys(&server, vec![]);
    config.login.agent = Some(socket);
    let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
    type_line(&mut session, "ssh-add -l; echo do''ne").await;
    let seen = read_until(&mut session, "done").await;
    assert!(!seen.contains("ED25519"), "it was not lent: {seen}");

    config.terminal.forward_agent = true;
    let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
    type_line(&mut session, "ssh-add -l; echo do''ne").await;
    let seen = read_until(&mut session, "done").await;
    assert!(seen.contains("(ED25519)") && seen.contains("(RSA)"), "{seen}");
    // One that is not there has no keys.
    config.login.agent = Some(folder.path().join("nowhere"));
    let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.cause(), "authentication_failed");
}

#[tokio::test]
async fn the_banner_is_shown() {
    let folder = tempfile::tempdir().unwrap();
    let banner = folder.path().join("banner");
    std::fs::write(&banner, "Keep \x1b[31mout\n  if you can\n").unwrap();
    let line = format!("Banner {}", banner.display());
    let server = Sshd::start_with(&lines(&[&line, KBD[0], KBD[1]])).unwrap();
    let mut session = open(server.port(), &config(&server), &Heard::default()).await.unwrap();
    let seen = read_until(&mut session, "ready$ ").await;
    assert!(seen.starts_with("Keep  [31mout\r\nif you can\r\n"), "{seen:?}");
    let mut config = config(&server);
    config.login.credentials.password = None;
    let heard = Heard::with_answers(&[&["correct horse"]]);
    open(server.port(), &config, &heard).await.unwrap();
    heard.look(|person| {
        assert_eq!(person.questions[0].instruction, "Keep  [31mout\nif you can");
    });
}

#[tokio::test]
async fn host_keys_are_pinned_known_and_learned() {
    let folder = tempfile::tempdir().unwrap();
    let server = Sshd::start().unwrap();
    let other = Sshd::start().unwrap();
    let mut config = config(&server);
    let cause =
        async |config: &SshConfig| match open(server.port(), config, &Heard::default()).await {
            Ok(_) => "open",
            Err(error) => {
                assert_eq!(error.blame(), Blame::Operator, "{error}");
                assert!(!error.public_message().contains("SHA256"), "{error}");
                error.cause()
            }
        };
    config.host_keys = HostKeys::Unknown;
    assert_eq!(cause(&config).await, "host_key_unset");
    config.host_keys = HostKeys::Pinned(vec![other.host_key().unwrap().parse().unwrap()]);
    assert_eq!(cause(&config).await, "host_key_changed");

    let path = folder.path().join("known_hosts");
    let file = KnownHosts::new(&path);
    config.host_keys = HostKeys::Known { file: file.clone(), learn: false };
    assert_eq!(cause(&config).await, "host_key_unknown");
    let scanned = Command::new("ssh-keyscan")
        .args(["-H", "-T", "30", "-p", &server.port().to_string(), "127.0.0.1"])
        .output()
        .unwrap();
    std::fs::write(&path, scanned.stdout).unwrap();
    assert_eq!(cause(&config).await, "open");
    std::fs::write(&path, format!("[127.0.0.*]:{} {}\n", server.port(), other.host_key().unwrap()))
        .unwrap();
    assert_eq!(cause(&config).await, "host_key_changed");

    std::fs::remove_file(&path).unwrap();
    config.host_keys = HostKeys::Known { file, learn: true };
    let heard = Heard::default();
    open(server.port(), &config, &heard).await.unwrap();
    assert_eq!(heard.look(|person| person.unverified.len()), 1);
    let learned = std::fs::read_to_string(&path).unwrap();
    assert!(learned.starts_with(&format!("[127.0.0.1]:{} ssh-ed25519 ", server.port())));
    assert_eq!(cause(&config).await, "open");
    std::fs::write(
        &path,
        learned.replace(server_part(&learned), server_part(&other.host_key().unwrap())),
    )
    .unwrap();
    assert_eq!(cause(&config).await, "host_key_changed");

    config.host_keys = HostKeys::Off;
    let heard = Heard::default();
    open(server.port(), &config, &heard).await.unwrap();
    assert!(heard.look(|person| person.unverified[0].contains("SHA256:")));
}

/// The base64 of a key in a line.
fn server_part(line: &str) -> &str {
    line.split_ascii_whitespace().find(|word| word.starts_with("AAAA")).unwrap()
}

#[tokio::test]
async fn host_certificates_are_taken() {
    let folder = tempfile::tempdir().unwrap();
    let (ca, host) = (folder.path().join("ca"), folder.path().join("host"));
    ssh_keygen(&ca, "", &["-t", "ed25519"]).unwrap();
    ssh_keygen(&host, "", &["-t", "ecdsa"]).unwrap();
    ssh_sign(&ca, &host, &["-h", "-n", "127.0.0.1"]).unwrap();
    let line = format!("HostCertificate {}-cert.pub", host.display());
    let options = SshdOptions { host_key: Some(host), ..lines(&[&line]) };
    let server = Sshd::start_with(&options).unwrap();
    let path = folder.path().join("known_hosts");
    std::fs::write(&path, format!("@cert-authority [127.*]:* {}", public(&ca))).unwrap();
    let mut config = config(&server);
    config.host_keys = HostKeys::Known { file: KnownHosts::new(&path), learn: false };
    open(server.port(), &config, &Heard::default()).await.unwrap();
    std::fs::write(&path, format!("@cert-authority [other]:* {}", public(&ca))).unwrap();
    let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.cause(), "host_key_unknown");
}

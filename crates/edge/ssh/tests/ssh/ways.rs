//! Ways to a server: over jump hosts, and none.

use crate::support::{
    Heard, config, credentials, open, policy, read_to_end, read_until, target, type_line,
};
use porthole_remote::{Blame, Ending};
use porthole_ssh::{Hop, HostKeys, KeyText, Login, SshConfig};
use porthole_testkit::servers::{Dropbear, Sshd, SshdOptions, free_port, ssh_keygen};
use tokio::io::AsyncWriteExt as _;

fn hop(server: &Sshd, host: &str, password: &str) -> Hop {
    Hop {
        host: host.into(),
        port: server.port(),
        login: Login { credentials: credentials("tester", password), ..Login::default() },
        host_keys: HostKeys::Pinned(vec![server.host_key().unwrap().parse().unwrap()]),
    }
}

#[tokio::test]
async fn two_jump_hosts_lead_to_a_third() {
    let (one, two, three) =
        (Sshd::start().unwrap(), Sshd::start().unwrap(), Sshd::start().unwrap());
    let mut config = config(&three);
    config.hops =
        vec![hop(&one, "127.0.0.1", "correct horse"), hop(&two, "localhost", "correct horse")];
    let heard = Heard::default();
    let mut session = open(three.port(), &config, &heard).await.unwrap();
    type_line(&mut session, "echo $SSH_CONNECTION").await;
    let seen = read_until(&mut session, &format!("127.0.0.1 {}", three.port())).await;
    assert!(seen.contains("127.0.0.1 "), "{seen}");
    heard.look(|person| {
        assert_eq!(
            person.progress,
            ["connecting to jump host 1", "connecting to jump host 2", "connecting"]
        );
    });

    // A jump host's password is asked for by its number, and again when it is wrong.
    config.hops[1].login.credentials.password = None;
    let heard = Heard::with_answers(&[&["wrong"], &["correct horse"]]);
    open(three.port(), &config, &heard).await.unwrap();
    heard.look(|person| {
        assert_eq!(person.questions[0].instruction, "Jump host 2");
        assert!(person.questions[1].instruction.contains("not accepted"));
    });

    // One that is somebody else is not told a password.
    config.hops[1] = hop(&three, "localhost", "correct horse");
    config.hops[1].port = two.port();
    let error = open(three.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.cause(), "host_key_changed");
}

#[tokio::test]
async fn the_policy_holds_behind_a_jump_host() {
    let server = Sshd::start().unwrap();
    let mut config = config(&server);
    config.hops = vec![hop(&server, "127.0.0.1", "correct horse")];
    let mut elsewhere = target(server.port());
    let timeouts = porthole_dial::Timeouts::default();
    for host in ["192.0.2.1", "elsewhere", "127.1"] {
        elsewhere.transport =
            porthole_dial::Transport::Tcp { host: host.into(), port: server.port() };
        let caller = Heard::default().caller();
        let opened =
            porthole_ssh::open_shell(&elsewhere, &config, &policy(), &timeouts, &caller).await;
        assert_eq!(opened.unwrap_err().cause(), "policy", "{host}");
    }
    // What it permits and nobody serves.
    let error = open(free_port().unwrap(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!((error.cause(), error.blame()), ("jump_refused", Blame::Remote));
    assert!(!error.public_message().contains("127.0.0.1"), "{error}");

    let lines = vec!["AllowTcpForwarding no".to_owned()];
    let closed = Sshd::start_with(&SshdOptions { lines, ..SshdOptions::default() }).unwrap();
    config.hops = vec![hop(&closed, "127.0.0.1", "correct horse")];
    let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
    assert_eq!(error.cause(), "jump_refused");
}

#[tokio::test]
async fn what_is_no_ssh_server_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answers = tokio::spawn(async move {
        let much = vec![b'x'; 3 << 20];
        for words in [&b"RFB 003.008\n"[..], b"SSH-1.5-old\r\n", b"", &much] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _gone = stream.write_all(words).await;
            let _gone = stream.shutdown().await;
        }
    });
    let server = Sshd::start().unwrap();
    for _ in 0..4 {
        let error = open(port, &config(&server), &Heard::default()).await.unwrap_err();
        assert_eq!(error.blame(), Blame::Remote, "{error}");
        assert!(["not_ssh", "ssh_closed", "broken"].contains(&error.cause()), "{error}");
    }
    answers.await.unwrap();
}

#[tokio::test]
async fn dropbear_is_a_server_too() {
    let server = Dropbear::start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    ssh_keygen(&file, "", &["-t", "rsa", "-b", "2048"]).unwrap();
    server.authorize(&std::fs::read_to_string(file.with_extension("pub")).unwrap()).unwrap();
    let key = KeyText {
        text: std::fs::read_to_string(&file).unwrap().into(),
        passphrase: None,
        certificate: None,
    };
    let by_password =
        Login { credentials: credentials("tester", "correct horse"), ..Login::default() };
    let by_key =
        Login { credentials: credentials("tester", ""), keys: vec![key], ..Login::default() };
    for login in [by_password, by_key] {
        let mut config = SshConfig {
            login,
            host_keys: HostKeys::Pinned(vec![server.host_key().parse().unwrap()]),
            ..SshConfig::default()
        };
        let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
        type_line(&mut session, "stty size; exit 5").await;
        let seen = read_to_end(&mut session).await;
        assert!(seen.contains("24 80"), "{seen}");
        assert_eq!(session.control.ending(), Some(Ending::Exited(5)));
        config.login.keys.clear();
        config.login.credentials.password = Some("wrong".into());
        let error = open(server.port(), &config, &Heard::default()).await.unwrap_err();
        assert_eq!(error.cause(), "authentication_failed");
    }
}

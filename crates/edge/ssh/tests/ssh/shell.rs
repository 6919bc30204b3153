//! Shells on a real OpenSSH server.

use std::time::Duration;

use crate::support::{Heard, PATIENCE, config, open, read_to_end, read_until, type_line};
use porthole_dial::DialError;
use porthole_remote::{Blame, Cells, Ending};
use porthole_testkit::servers::{Sshd, wait_until};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn a_password_opens_a_shell() {
    let server = Sshd::start().unwrap();
    let mut session = open(server.port(), &config(&server), &Heard::default()).await.unwrap();
    read_until(&mut session, "ready$ ").await;
    type_line(&mut session, "echo $((6 * 7)); stty size; echo $TERM").await;
    let seen = read_until(&mut session, "linux").await;
    assert!(seen.contains("42\r\n24 80\r\n"), "{seen}");
    type_line(&mut session, "exit 3").await;
    read_to_end(&mut session).await;
    assert_eq!(session.control.ending(), Some(Ending::Exited(3)));
}

#[tokio::test]
async fn the_terminal_is_what_was_asked_for() {
    let server = Sshd::start().unwrap();
    let mut config = config(&server);
    config.terminal.term = "xterm-256color".into();
    config.terminal.size = Cells { columns: 101, rows: 33 };
    config.terminal.erase = 8;
    config.terminal.env =
        vec![("LANG".into(), "C.UTF-8".into()), ("TZ".into(), "Asia/Tokyo".into())];
    let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
    type_line(&mut session, "stty size; echo $TERM $LANG $TZ; stty -a | grep -o 'erase = [^;]*'; stty -a | grep -o '.iutf8'; echo en''d").await;
    let seen = read_until(&mut session, "end\r\n").await;
    assert!(seen.contains("33 101\r\nxterm-256color C.UTF-8 Asia/Tokyo\r\n"), "{seen}");
    assert!(seen.contains("erase = ^H"), "{seen}");
    assert!(seen.contains(" iutf8"), "{seen}");
    session.control.resize(Cells { columns: 132, rows: 50 });
    type_line(
        &mut session,
        "while [ \"$(stty size)\" != '50 132' ]; do sleep 0.01; done; echo si''zed",
    )
    .await;
    read_until(&mut session, "sized").await;
    type_line(&mut session, "echo gr\u{fc}n \u{1f600}").await;
    read_until(&mut session, "\rgr\u{fc}n \u{1f600}\r\n").await;
}

#[tokio::test]
async fn commands_end_with_a_code_or_a_signal() {
    let server = Sshd::start().unwrap();
    let mut config = config(&server);
    let cases = [
        ("echo out; echo err >&2; exit 7", Some(Ending::Exited(7)), "out\r\nerr\r\n"),
        ("true", Some(Ending::Exited(0)), ""),
        ("kill -TERM $$", Some(Ending::Killed("TERM".into())), ""),
        ("kill -USR2 $$", Some(Ending::Killed("USR2".into())), ""),
    ];
    for (command, ending, output) in cases {
        config.terminal.command = Some(command.into());
        let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
        assert_eq!(read_to_end(&mut session).await, output, "{command}");
        match (session.control.ending(), ending) {
            // OpenSSH names the signals that RFC 4254 knows, and codes the others as it likes.
            (Some(Ending::Killed(name)), Some(Ending::Killed(want))) if want == "TERM" => {
                assert_eq!(name, want);
            }
            (Some(Ending::Killed(_)), Some(Ending::Killed(_))) => {}
            (got, want) => assert_eq!(got, want, "{command}"),
        }
        assert_eq!(session.control.ending(), None, "once");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_ends_with_its_last_holder() {
    let server = Sshd::start().unwrap();
    let mark = server.home().join("gone");
    let mut config = config(&server);
    let trap = format!("trap 'echo > {}; exit' HUP", mark.display());
    config.terminal.command = Some(format!("{trap}; echo ready; while :; do sleep 0.05; done"));
    let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
    read_until(&mut session, "ready\r\n").await;
    let connection = session.connection.clone();
    drop(session);
    wait_until("the shell's end", PATIENCE, || Ok(mark.exists().then_some(()))).unwrap();
    // The connection lives on for other channels.
    assert!(!connection.is_closed());
    connection.open_subsystem("sftp").await.unwrap();
    let error = connection.open_subsystem("no-such").await.unwrap_err();
    assert_eq!(error.cause(), "ssh_no_subsystem");
}

#[tokio::test]
async fn a_server_that_leaves_is_noticed() {
    let mut server = Sshd::start().unwrap();
    let mut session = open(server.port(), &config(&server), &Heard::default()).await.unwrap();
    read_until(&mut session, "ready$ ").await;
    server.process().kill().unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, session.stream.read_to_end(&mut rest)).await;
    let error = DialError::broken(read.unwrap().unwrap_err());
    assert_eq!(error.blame(), Blame::Remote, "{error}");
    assert!(["ssh_closed", "broken"].contains(&error.cause()), "{error}");
    assert_eq!(session.control.ending(), None);
}

#[tokio::test]
async fn a_server_that_falls_silent_is_noticed() {
    let server = Sshd::start().unwrap();
    let mut config = config(&server);
    config.keepalive = Some(Duration::from_millis(200));
    let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
    read_until(&mut session, "ready$ ").await;
    server.freeze().unwrap();
    let mut rest = Vec::new();
    let read = tokio::time::timeout(PATIENCE, session.stream.read_to_end(&mut rest)).await;
    let error = DialError::broken(read.unwrap().unwrap_err());
    assert_eq!(error.cause(), "ssh_silent", "{error}");
}

#[tokio::test]
async fn a_flood_is_interrupted() {
    let server = Sshd::start().unwrap();
    let mut session = open(server.port(), &config(&server), &Heard::default()).await.unwrap();
    read_until(&mut session, "ready$ ").await;
    type_line(&mut session, "yes").await;
    read_until(&mut session, "y\r\ny\r\n").await;
    // Nobody reads for a while: what the server writes meanwhile is bounded.
    tokio::time::sleep(Duration::from_millis(300)).await;
    session.stream.write_all(b"\x03").await.unwrap();
    let mut seen = 0;
    let mut buffer = vec![0; 256 << 10];
    let mut tail = String::new();
    while !tail.ends_with("ready$ ") {
        let reading = session.stream.read(&mut buffer);
        let len = tokio::time::timeout(PATIENCE, reading).await.unwrap().unwrap();
        assert!(len > 0);
        seen += len;
        let text = String::from_utf8_lossy(&buffer[len.saturating_sub(64)..len]).into_owned();
        tail = format!("{tail}{text}");
        tail = tail.chars().rev().take(64).collect::<Vec<_>>().into_iter().rev().collect();
    }
    // Window, messages that wait, and what the kernel holds for both sides.
    assert!(seen < 24 << 20, "{seen} bytes after Ctrl-C");
}

#[tokio::test]
async fn much_text_comes_whole() {
    let server = Sshd::start().unwrap();
    let mut config = config(&server);
    config.terminal.command = Some("head -c 100000000 /dev/zero | tr '\\0' x".into());
    let mut session = open(server.port(), &config, &Heard::default()).await.unwrap();
    let mut buffer = vec![0; 256 << 10];
    let mut seen = 0;
    loop {
        match session.stream.read(&mut buffer).await.unwrap() {
            0 => break,
            len => seen += len,
        }
    }
    assert_eq!(seen, 100_000_000);
    assert_eq!(session.control.ending(), Some(Ending::Exited(0)));
}

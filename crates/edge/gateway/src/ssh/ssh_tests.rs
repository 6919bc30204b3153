use std::time::Duration;

use porthole_remote::Credentials;
use porthole_ssh::HostKeys;

use super::SshParameters;
use crate::parameters::{Strictness, Vocabulary as _};
use crate::terminal::TerminalParameters;

const HOST_KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

fn read_all(parameters: &[(&'static str, &str)]) -> Result<SshParameters, String> {
    let given = parameters.iter().map(|(name, value)| (*name, (*value).to_owned()));
    let read = SshParameters::read(given, Strictness::Configuration);
    let mut read = read.map_err(|error| error.to_string())?;
    let hop = SshParameters::default().hop("hop".into(), 22, Credentials::default());
    let hops = ["a", "b"].map(|name| (name.to_owned(), hop.clone())).into();
    read.settle(Some("/known".as_ref()), &hops).map_err(|error| error.to_string())?;
    Ok(read)
}

fn read(name: &'static str, value: &str) -> Result<SshParameters, String> {
    read_all(&[(name, value)])
}

fn config(parameters: &[(&'static str, &str)]) -> porthole_ssh::SshConfig {
    read_all(parameters).unwrap().config()
}

#[test]
fn honours_what_it_knows() {
    assert_eq!(config(&[("server-alive-interval", "0")]).keepalive, None);
    let alive = config(&[("server-alive-interval", "1")]).keepalive;
    assert_eq!(alive, Some(Duration::from_secs(2)));
    let terminal = config(&[("command", "top"), ("locale", "de_DE.UTF-8")]).terminal;
    assert_eq!(terminal.command.as_deref(), Some("top"));
    assert_eq!(terminal.env, [("LANG".to_owned(), "de_DE.UTF-8".to_owned())]);
    let zone = config(&[("timezone", "Europe/Berlin")]).terminal.env;
    assert_eq!(zone, [("TZ".to_owned(), "Europe/Berlin".to_owned())]);
    let lent = config(&[("enable-agent", "true"), ("agent-socket", "/run/agent")]);
    assert!(lent.terminal.forward_agent && lent.login.agent.is_some());
    assert_eq!(config(&[("jump-hosts", "a, b")]).hops.len(), 2);
    assert!(read("jump-hosts", "a, c").unwrap_err().contains("\"c\""));
    assert_eq!(config(&[("terminal-type", "vt220")]).terminal.term, "vt220");
    assert_eq!(config(&[]).terminal.erase, 127);
    assert_eq!(config(&[("backspace", "8")]).terminal.erase, 8);
    assert!(read("read-only", "true").unwrap().text.screen.read_only);
    for (name, value) in [
        ("color-scheme", "green-black"),
        ("font-name", "DejaVu Sans Mono"),
        ("font-size", "14"),
        ("scrollback", "500"),
        ("backspace", "8"),
        ("func-keys-and-keypad", "vt100"),
    ] {
        let changed = read(name, value).unwrap().text.terminal;
        assert_ne!(changed, TerminalParameters::default(), "{name}");
    }
}

#[test]
fn host_keys_are_said_once() {
    let keys = |parameters: &[(&'static str, &str)], known: Option<&str>| {
        let given = parameters.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let mut read = SshParameters::read(given, Strictness::Configuration).unwrap();
        read.server.settle(known.map(AsRef::as_ref)).map(|()| read.server.host_keys())
    };
    assert!(matches!(keys(&[("host-key", HOST_KEY)], None), Ok(HostKeys::Pinned(_))));
    let two = format!("box,192.0.2.7 ssh-ed25519 {HOST_KEY}\n{HOST_KEY}");
    let Ok(HostKeys::Pinned(pins)) = keys(&[("host-key", &two)], Some("/k")) else { panic!() };
    assert_eq!(pins.len(), 2);
    assert!(matches!(keys(&[("ignore-host-key", "true")], Some("/k")), Ok(HostKeys::Off)));
    let learned = keys(&[("host-key-tofu", "true")], Some("/k"));
    assert!(matches!(learned, Ok(HostKeys::Known { learn: true, .. })));
    assert!(matches!(keys(&[], Some("/k")), Ok(HostKeys::Known { learn: false, .. })));
    assert_eq!(keys(&[], None).unwrap_err().name, "host-key");
    assert_eq!(keys(&[("host-key-tofu", "true")], None).unwrap_err().name, "host-key-tofu");
}

/// Guacamole's list for SSH connections, without those that are keys of their own here.
#[test]
fn every_name_means_something() {
    let names = "host-key timeout private-key passphrase public-key enable-agent command locale \
        timezone server-alive-interval enable-sftp sftp-root-directory sftp-disable-download \
        sftp-disable-upload color-scheme font-name font-size scrollback backspace terminal-type \
        func-keys-and-keypad read-only typescript-path typescript-name create-typescript-path \
        typescript-write-existing recording-path recording-name create-recording-path \
        recording-write-existing recording-exclude-output recording-exclude-mouse \
        recording-include-keys recording-include-clipboard clipboard-buffer-size disable-copy \
        disable-paste wol-send-packet wol-mac-addr wol-broadcast-addr wol-udp-port wol-wait-time";
    for name in names.split_ascii_whitespace() {
        // Honoured, refused with a reason, or a detail of what is off; never unheard of.
        if let Err(error) = read(name, "?") {
            assert!(!error.contains("is not a parameter"), "{error}");
        }
    }
}

#[test]
fn refuses_what_it_cannot_honour() {
    for (name, value) in [
        ("host-key", "box"),
        ("host-key-tofu", "yes"),
        ("private-key", "hunter2"),
        ("passphrase", "geheim7"),
        ("public-key", "hunter2"),
        ("enable-agent", "true"),
        ("agent-socket", "run/agent"),
        ("jump-hosts", "a,,b"),
        ("jump-hosts", "1,2,3,4,5,6,7,8,9"),
        ("locale", "C;reboot"),
        ("timezone", "Mars/Olympus"),
        ("server-alive-interval", "-1"),
        ("timeout", "0"),
        ("terminal-type", "vt 100"),
        ("wol-send-packet", "true"),
        ("recording-path", "/x"),
        ("typescript-path", "/x"),
        ("no-such-thing", "1"),
    ] {
        let error = read(name, value).unwrap_err();
        assert!(error.contains(name), "{error}");
    }
    let both = [("host-key", HOST_KEY), ("ignore-host-key", "true")];
    assert!(read_all(&both).unwrap_err().contains("beside another way"));
}

#[test]
fn some_are_for_the_operator_alone() {
    for (name, value) in [
        ("jump-hosts", "a"),
        ("agent-socket", "/run/agent"),
        ("host-key-tofu", "true"),
        ("ignore-host-key", "true"),
    ] {
        assert_eq!(read(name, value).unwrap().operators_alone().as_deref(), Some(name));
    }
    assert_eq!(read("host-key", HOST_KEY).unwrap().operators_alone(), None);
}

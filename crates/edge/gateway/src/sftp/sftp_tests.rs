use porthole_dial::{Protocol, Target, TlsSettings, Transport};
use porthole_ssh::HostKeys;

use super::{SftpBeside, SftpBesideParameters};
use crate::parameters::ParameterError;

const HOST_KEY: &str = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";

const PUBLIC_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

fn desktop() -> Target {
    let transport = Transport::Tcp { host: "desk".into(), port: 5900 };
    Target { protocol: Protocol::Vnc, transport, tls: TlsSettings::default() }
}

fn read(parameters: &[(&str, &str)]) -> SftpBesideParameters {
    let mut read = SftpBesideParameters::default();
    for (name, value) in parameters {
        assert!(read.take(name, value).unwrap(), "{name}");
    }
    read
}

/// As a gateway with or without a file of known hosts makes it.
fn beside(
    mut parameters: SftpBesideParameters,
    known_hosts: Option<&str>,
) -> Result<Option<SftpBeside>, ParameterError> {
    parameters.settle(known_hosts.map(AsRef::as_ref))?;
    parameters.beside(&desktop(), None, false)
}

#[test]
fn is_beside_the_desktop_unless_told_otherwise() {
    assert!(read(&[]).beside(&desktop(), None, false).unwrap().is_none());
    let own = [("enable-sftp", "true"), ("sftp-host-key", HOST_KEY), ("sftp-password", "x")];
    let beside = read(&own).beside(&desktop(), Some("ada"), false).unwrap().unwrap();
    let at = |host: &str, port| Transport::Tcp { host: host.into(), port };
    assert_eq!(format!("{:?}", beside.target.transport), format!("{:?}", at("desk", 22)));
    assert_eq!(beside.root, "/");
    assert_eq!(beside.config.login.credentials.username.as_deref(), Some("ada"));
    assert_eq!(beside.target.protocol, Protocol::Ssh);
    let elsewhere = [
        ("sftp-hostname", "store"),
        ("sftp-port", "2222"),
        ("sftp-username", "bob"),
        ("sftp-root-directory", "/srv"),
        ("sftp-timeout", "7"),
        ("sftp-server-alive-interval", "1"),
        ("sftp-disable-upload", "true"),
    ];
    let mut read = read(&[&own[..], &elsewhere].concat());
    read.settle(None).unwrap();
    let beside = read.beside(&desktop(), Some("ada"), false).unwrap().unwrap();
    assert_eq!(format!("{:?}", beside.target.transport), format!("{:?}", at("store", 2222)));
    assert_eq!(beside.root, "/srv");
    assert_eq!(beside.config.login.credentials.username.as_deref(), Some("bob"));
    assert_eq!(beside.connect_max.map(|it| it.as_secs()), Some(7));
    assert_eq!(beside.config.keepalive.map(|it| it.as_secs()), Some(2));
    assert!(matches!(beside.config.host_keys, HostKeys::Pinned(_)));
    let drive = read.files.drive().unwrap();
    assert!(drive.download && !drive.upload);
}

#[test]
fn refuses_what_cannot_be_reached_or_trusted() {
    let on = ("enable-sftp", "true");
    let key = ("sftp-host-key", HOST_KEY);
    let user = ("sftp-username", "ada");
    let password = ("sftp-password", "x");
    for (want, parameters) in [
        ("sftp-host-key", vec![on, user, password]),
        ("sftp-username", vec![on, key, password]),
        ("sftp-password", vec![on, key, user]),
        ("sftp-passphrase", vec![on, key, user, password, ("sftp-passphrase", "x")]),
        ("sftp-public-key", vec![on, key, user, password, ("sftp-public-key", PUBLIC_KEY)]),
        ("sftp-private-key", vec![on, key, user, ("sftp-private-key", "nonsense")]),
        ("sftp-host-key-tofu", vec![on, user, password, ("sftp-host-key-tofu", "true")]),
        ("sftp-ignore-host-key", vec![on, key, user, password, ("sftp-ignore-host-key", "true")]),
    ] {
        let error = beside(read(&parameters), None).unwrap_err();
        assert_eq!(error.name, want);
    }
    let all = read(&[on, key, user, password]);
    assert_eq!(all.beside(&desktop(), None, true).unwrap_err().name, "enable-sftp");
    let transport = Transport::Unix { path: "/run/vnc".into() };
    let socket = Target { transport, ..desktop() };
    assert_eq!(all.beside(&socket, None, false).unwrap_err().name, "sftp-hostname");
    let mut parameters = SftpBesideParameters::default();
    // Words of the SSH connection's own are none here.
    assert_eq!(parameters.take("host-key", HOST_KEY), Ok(false));
    for (name, value) in [
        ("enable-sftp", "yes"),
        ("sftp-port", "0"),
        ("sftp-port", "ssh"),
        ("sftp-timeout", "0"),
        ("sftp-host-key", "!"),
        ("sftp-public-key", "nonsense"),
        ("sftp-server-alive-interval", "often"),
        ("sftp-root-directory", "a\nb"),
    ] {
        assert!(parameters.take(name, value).is_err(), "{name}");
    }
}

#[test]
fn the_server_is_checked_as_on_an_ssh_connection() {
    let own = [("enable-sftp", "true"), ("sftp-username", "ada"), ("sftp-password", "x")];
    let keys = |more: &[(&str, &str)], known: Option<&str>| {
        let beside = beside(read(&[&own[..], more].concat()), known)?;
        Ok::<_, ParameterError>(beside.unwrap().config.host_keys)
    };
    assert!(matches!(keys(&[("sftp-host-key", HOST_KEY)], Some("/k")), Ok(HostKeys::Pinned(_))));
    assert!(matches!(keys(&[], Some("/k")), Ok(HostKeys::Known { learn: false, .. })));
    let first = [("sftp-host-key-tofu", "true")];
    assert!(matches!(keys(&first, Some("/k")), Ok(HostKeys::Known { learn: true, .. })));
    assert!(matches!(keys(&[("sftp-ignore-host-key", "true")], None), Ok(HostKeys::Off)));
    let missing = keys(&[], None).unwrap_err();
    assert_eq!(missing.name, "sftp-host-key");
    for way in ["server.known_hosts", "sftp-ignore-host-key"] {
        assert!(missing.reason.contains(way), "{missing}");
    }
    // What is not asked for need not be trusted.
    read(&own[1..]).settle(None).unwrap();
    for name in ["sftp-host-key-tofu", "sftp-ignore-host-key"] {
        assert_eq!(read(&[(name, "true")]).operators_alone().as_deref(), Some(name));
    }
    assert_eq!(read(&own).operators_alone(), None);
}

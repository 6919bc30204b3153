use std::time::Duration;

use porthole_dial::{Transport, Verify};
use porthole_token::{
    Address, Claims, Desktop, Grant, Parameters, Permission, Permissions, Protocol, Secrets, Target,
};

use porthole_rfb::RfbConfig;
use secrecy::ExposeSecret as _;

use super::Plan;
use crate::{GatewayError, config::testing, driver::DriverConfig};

const CONFIG: &str = "
[session]
session_max_s = 3600
clipboard_max_bytes = 1000
[connections.lab]
protocol = \"vnc\"
hostname = \"lab.example\"
port = 5901
username = \"user\"
password = \"geheim\"
tls.verify = \"off\"
security = { require_encryption = true, allow_plaintext_password = true }
parameters = { quality-level = 3, compress-level = 4, encodings = \"zrle\" }
[connections.far]
protocol = \"rdp\"
hostname = \"far.example\"
username = \"user\"
password = \"geheim\"
[connections.shown]
protocol = \"vnc\"
socket = \"/run/x\"
[connections.shown.parameters]
read-only = true
force-lossless = true
disable-copy = true
disable-display-resize = true
clipboard-buffer-size = 10
quality-level = 9
";

fn claims(target: Target, allow: Permissions, session_max_s: Option<u32>) -> Claims {
    Claims {
        iss: "portal".to_owned(),
        aud: vec!["desk".to_owned()],
        sub: Some("ada\n".to_owned()),
        name: None,
        jti: "id-1".to_owned(),
        exp: 1,
        nbf: None,
        iat: None,
        porthole: Grant { target, allow, session_max_s },
    }
}

fn plan(target: Target, allow: Permissions) -> Result<Plan, GatewayError> {
    planned(&claims(target, allow, None), &testing::config(CONFIG))
}

fn planned(claims: &Claims, config: &crate::config::Config) -> Result<Plan, GatewayError> {
    Plan::from_claims(claims, &Secrets::default(), config)
}

fn rfb(plan: &Plan) -> &RfbConfig {
    let DriverConfig::Vnc { config, .. } = &plan.driver else { panic!("{plan:?}") };
    config
}

fn connection(name: &str) -> Target {
    Target::Connection { connection: name.to_owned() }
}

fn address(protocol: Protocol, hostname: &str, parameters: &[(&str, &str)]) -> Target {
    let parameters = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    Target::Address(Address {
        protocol,
        hostname: hostname.to_owned(),
        port: None,
        parameters: Parameters::new(parameters).unwrap(),
    })
}

#[test]
fn takes_a_connection_from_the_configuration() {
    let plan = plan(connection("lab"), Permissions::default()).unwrap();
    assert_eq!(plan.label, "lab");
    assert!(matches!(&plan.target.transport,
        Transport::Tcp { host, port: 5901 } if host == "lab.example"));
    assert_eq!(plan.tls().verify, Verify::Off);
    assert_eq!(plan.permissions, 0b111);
    assert!(!plan.view_only && plan.lossy && plan.resize);
    assert_eq!(plan.clipboard_max_bytes, 1000);
    assert_eq!(plan.session_max, Some(Duration::from_secs(3600)));
    assert_eq!(
        (plan.user.as_str(), plan.issuer.as_str(), plan.jti.as_str()),
        ("ada", "portal", "id-1")
    );
    assert_eq!(rfb(&plan).credentials.username.as_deref(), Some("user"));
    assert!(rfb(&plan).credentials.password.is_some());
    assert!(rfb(&plan).require_encryption && rfb(&plan).allow_plaintext_password);
    assert_eq!((rfb(&plan).quality, rfb(&plan).compression), (Some(3), Some(4)));
    assert_eq!(rfb(&plan).encodings, [porthole_rfb::EncodingKind::Zrle]);
    assert!(!format!("{plan:?}").contains("geheim"));
}

#[test]
fn a_connection_withholds_what_a_token_grants() {
    let plan = plan(connection("shown"), Permission::ALL.into_iter().collect()).unwrap();
    assert_eq!(plan.permissions, 0);
    assert!(plan.view_only && rfb(&plan).view_only && !plan.lossy && !plan.resize);
    assert_eq!(rfb(&plan).quality, None);
    assert_eq!((plan.clipboard_max_bytes, rfb(&plan).clipboard_max_bytes), (10, 10));
}

#[test]
fn a_token_grants_no_more_than_it_says() {
    let plan = plan(connection("lab"), [Permission::ClipboardOut].into_iter().collect()).unwrap();
    assert_eq!(plan.permissions, 0b100);
    // Another viewer of the same session may have input, so the driver must not refuse it.
    assert!(plan.view_only && !rfb(&plan).view_only);
}

#[test]
fn the_shorter_life_counts() {
    let config = testing::config(CONFIG);
    for (asked, want) in [(60, 60), (7200, 3600)] {
        let claims = claims(connection("lab"), Permissions::default(), Some(asked));
        let plan = planned(&claims, &config).unwrap();
        assert_eq!(plan.session_max, Some(Duration::from_secs(want)));
    }
    let config = testing::config("[connections.lab]\nprotocol = \"vnc\"\nhostname = \"h\"\n");
    let claims = claims(connection("lab"), Permissions::default(), None);
    assert_eq!(planned(&claims, &config).unwrap().session_max, None);
}

#[test]
fn takes_an_address_from_the_token() {
    let parameters = [("username", "ada"), ("read-only", "true"), ("no-such-thing", "1")];
    let plan =
        plan(address(Protocol::Vnc, "fd00::7", &parameters), Permissions::default()).unwrap();
    assert_eq!(plan.label, "vnc://[fd00::7]:5900");
    assert!(matches!(&plan.target.transport,
        Transport::Tcp { host, port: 5900 } if host == "fd00::7"));
    assert_eq!(rfb(&plan).credentials.username.as_deref(), Some("ada"));
    assert_eq!(plan.permissions, 0b100);
    // Only the operator may lower these.
    assert_eq!(plan.tls().verify, Verify::SystemRoots);
    assert!(!rfb(&plan).allow_plaintext_password);
}

#[test]
fn refuses_what_is_not_offered() {
    let parameters = Parameters::default();
    for (target, want) in [
        (connection("absent"), "unknown_connection"),
        (Target::Desktop(Desktop { desktop: "d".to_owned(), parameters }), "not_offered"),
        (Target::Session { session: "s".to_owned() }, "not_offered"),
        (address(Protocol::Ssh, "h", &[]), "parameter"),
        (address(Protocol::Rdp, "h", &[("ignore-cert", "true")]), "parameter"),
        (address(Protocol::Vnc, "h", &[("recording-path", "/x")]), "parameter"),
        (address(Protocol::Vnc, "h", &[("read-only", "yes")]), "parameter"),
    ] {
        let error = plan(target, Permissions::default()).unwrap_err();
        assert_eq!(error.cause(), want);
        assert_eq!(error.category(), porthole_link::Category::Policy);
    }
}

#[test]
fn a_token_does_not_say_that_a_server_need_not_prove_itself() {
    for (protocol, name) in [
        (Protocol::Ssh, "host-key-tofu"),
        (Protocol::Ssh, "ignore-host-key"),
        (Protocol::Vnc, "sftp-host-key-tofu"),
        (Protocol::Rdp, "sftp-ignore-host-key"),
    ] {
        let target = address(protocol, "h", &[(name, "true"), ("enable-sftp", "true")]);
        let error = plan(target, Permissions::default()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("operator"), "{error}");
    }
}

#[test]
fn files_go_where_token_connection_and_configuration_let_them() {
    let root = tempfile::tempdir().unwrap();
    let plan = |parameters: &str, allow: Permissions| {
        let text = format!(
            "[files]\nroot = \"{}\"\n[connections.a]\nprotocol = \"vnc\"\nhostname = \"a\"\n\
             [connections.a.parameters]\ndrive-path = \"a\"\n{parameters}",
            root.path().display()
        );
        planned(&claims(connection("a"), allow, None), &testing::config(&text)).unwrap()
    };
    let files: Permissions = [Permission::FilesIn, Permission::FilesOut].into_iter().collect();
    assert_eq!(plan("enable-drive = true", files).permissions, 0b11000);
    assert!(plan("enable-drive = true", Permissions::NONE).drive.is_some());
    for (parameters, allow, want) in [
        ("enable-drive = true", Permissions::NONE, 0),
        ("enable-drive = false", files, 0),
        ("enable-drive = true\ndisable-upload = true", files, 0b10000),
        ("enable-drive = true\ndisable-download = true", files, 0b01000),
        ("enable-drive = true\nread-only = true", files, 0b10000),
    ] {
        assert_eq!(plan(parameters, allow).permissions, want, "{parameters}");
    }
    // A token names its own folder, below the root and nowhere else.
    let with =
        |path| address(Protocol::Vnc, "a", &[("enable-drive", "true"), ("drive-path", path)]);
    let config = format!("[files]\nroot = \"{}\"\n", root.path().display());
    let config = testing::config(&config);
    assert!(planned(&claims(with("ada"), files, None), &config).is_ok());
    for path in ["/etc", "../x"] {
        let error = planned(&claims(with(path), files, None), &config).unwrap_err();
        assert_eq!(error.cause(), "parameter");
    }
}

#[test]
fn credentials_are_kept_where_the_remote_may_be_dialled_again() {
    for (name, is_kept) in [("lab", false), ("far", true)] {
        let mut plan = plan(connection(name), Permissions::default()).unwrap();
        assert!(plan.driver.credentials().password.is_some());
        plan.forget_credentials();
        assert_eq!(plan.driver.credentials().password.is_some(), is_kept, "{name}");
    }
}

#[test]
fn secrets_of_a_token_go_where_configured_ones_go() {
    let known = tempfile::tempdir().unwrap();
    let known = known.path().join("known");
    let text = format!("[server]\nknown_hosts = \"{}\"\n", known.display());
    let config = testing::config(&text);
    let with = |protocol, parameters: &[(&str, &str)], list: &[(&str, &str)]| {
        let list = list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let claims = claims(address(protocol, "h", parameters), Permissions::default(), None);
        Plan::from_claims(&claims, &Secrets::new(list).unwrap(), &config)
    };
    for protocol in [Protocol::Vnc, Protocol::Rdp, Protocol::Ssh, Protocol::Telnet] {
        let plan = with(protocol, &[("username", "ada")], &[("password", "geheim")]).unwrap();
        let credentials = plan.driver.credentials();
        assert_eq!(credentials.username.as_deref(), Some("ada"));
        assert_eq!(credentials.password.as_ref().unwrap().expose_secret(), "geheim");
        // An RDP server is dialled again with it.
        assert_eq!(plan.configured.password.is_some(), protocol == Protocol::Rdp);
        assert!(!format!("{plan:?}").contains("geheim"), "{plan:?}");
    }

    let key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let plan = with(Protocol::Ssh, &[("username", "ada")], &[("private-key", &key)]).unwrap();
    assert!(!format!("{plan:?}").contains(&key[40..60]));
    let error = with(Protocol::Ssh, &[], &[("private-key", "geheim")]).unwrap_err();
    assert_eq!(error.cause(), "parameter");
    assert!(!format!("{error} {error:?}").contains("geheim"));

    let beside = [("enable-sftp", "true"), ("sftp-username", "ada"), ("sftp-host-key", HOST_KEY)];
    assert!(with(Protocol::Vnc, &beside, &[("sftp-password", "geheim")]).unwrap().sftp.is_some());
    assert!(with(Protocol::Vnc, &beside, &[]).is_err());

    let gate = [("gateway-hostname", "gate"), ("gateway-username", "ada")];
    let plan = with(Protocol::Rdp, &gate, &[("gateway-password", "geheim")]).unwrap();
    assert!(matches!(&plan.target.transport, Transport::RdGateway(gateway)
        if gateway.credentials.password.is_some()));

    let pair = rcgen::generate_simple_self_signed(vec!["ada".to_owned()]).unwrap();
    let (certificate, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
    let pod = [("pod", "one"), ("use-ssl", "true"), ("client-cert", certificate.as_str())];
    let plan = with(Protocol::Kubernetes, &pod, &[("client-key", &key)]).unwrap();
    assert!(plan.tls().client.is_some());
    assert!(with(Protocol::Kubernetes, &pod[..2], &[("token", "geheim")]).is_ok());
    // Nothing goes in clear, and no file of the gateway's is named.
    assert!(with(Protocol::Kubernetes, &pod[..1], &[("token", "geheim")]).is_err());
    let files = [("pod", "one"), ("kubeconfig", "/etc/kubeconfig")];
    assert!(with(Protocol::Kubernetes, &files, &[]).is_err());
}

const HOST_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

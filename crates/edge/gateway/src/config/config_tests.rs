use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use porthole_dial::{Transport, Verify};

use crate::driver::DriverSettings;

use super::{
    Config,
    testing::{TOKENS, config, problems},
};

#[test]
fn defaults_are_what_the_documentation_says() {
    let config = config("");
    assert_eq!(config.server.listen, "127.0.0.1:8080".parse().unwrap());
    assert_eq!(config.server.frame_ancestors, "'self'");
    assert_eq!(config.server.drain.as_secs(), 30);
    assert_eq!(config.metrics_listen, None);
    assert_eq!(config.session.max, 500);
    assert_eq!(config.session.each, porthole_session::SessionConfig::default());
    assert_eq!(config.timeouts, porthole_dial::Timeouts::default());
    assert_eq!(config.policy, porthole_dial::TargetPolicy::default());
    assert!(config.tokens.single_use);
}

#[test]
fn names_the_line_of_what_is_wrong() {
    for (text, want) in [
        ("[server]\nlisen = \"x\"\n", "test.toml:2: unknown field `lisen`"),
        ("\n\n[servers]\n", "test.toml:3: unknown field `servers`"),
        ("[server]\nlisten = 80\n", "test.toml:2: invalid type"),
        ("[server]\nlisten = \"localhost:80\"\n", "test.toml:2: server.listen must be an address"),
        ("[server\n", "test.toml:1: "),
        ("[connections.a]\nprotocol = \"vnc\"\n", "test.toml:1: connections.a.hostname is missing"),
        (
            "[connections.a]\nprotocol = \"ssh\"\nhostname = \"h\"\n",
            "test.toml:1: connections.a.parameters.host-key: is missing",
        ),
        ("[connections.a]\nhost = \"x\"\n", "test.toml:2: unknown field `host`"),
        ("[[policy.allow]]\nprotocol = \"vnc\"\nports = [1]\n", "test.toml:1: policy.allow[0].net"),
        (
            "[connections.\"a.b\"]\nprotocol = \"vnc\"\nhostname = \"h\"\n\
             parameters.recording-path = \"/x\"\n",
            "test.toml:4: connections.\"a.b\".parameters.recording-path: is not offered",
        ),
        ("[server]\ntls.cert_file = \"absent.pem\"\n", "test.toml:2: server.tls.key_file is mis"),
        (
            "[server.tls]\ncert_file = \"absent.pem\"\nkey_file = \"k\"\n",
            "test.toml:2: server.tls.cert_file: cannot read \"absent.pem\"",
        ),
    ] {
        let found = problems(text, &[]);
        assert!(found.starts_with(want), "{found}\nis not\n{want}");
    }
}

#[test]
fn refuses_values_outside_their_ranges() {
    for (section, line) in [
        ("server", "connections_max = 0"),
        ("server", "header_timeout_s = 0"),
        ("server", "header_timeout_s = 301"),
        ("server", "drain_s = 86401"),
        ("server", "worker_threads = 1025"),
        ("server", "encode_threads = 513"),
        ("server", "congestion_control = \"b b r\""),
        ("pacing", "cells_max = 4097"),
        ("pacing", "openh264 = \"/nonexistent/libopenh264.so\""),
        ("server", "public_url = \"ftp://x\""),
        ("server", "public_url = \"https://user@x\""),
        ("server", "public_url = \"https://x/?a=b\""),
        ("server", "public_url = \"https://x/#f\""),
        ("server", "allowed_origins = [\"*\"]"),
        ("server", "allowed_origins = [\"https://*.example.org\"]"),
        ("server", "allowed_origins = [\"https://example.org/path\"]"),
        ("server", "allowed_origins = [\"https://example.org:99999\"]"),
        ("server", "allowed_origins = [\"example.org\"]"),
        ("server", "frame_ancestors = []"),
        ("server", "frame_ancestors = [\"none\", \"self\"]"),
        ("server", "frame_ancestors = [\"https://x; script-src *\"]"),
        ("server", "frame_ancestors = [\"*\"]"),
        ("server", "trusted_proxies = [\"10.1.2.3/8\"]"),
        ("server", "trusted_proxies = [\"proxy\"]"),
        ("metrics", "listen = \":9090\""),
        ("log", "format = \"xml\""),
        ("log", "level = \"\""),
        ("log", "level = \"info,=\""),
        ("policy", "unix_dirs = [\"relative\"]"),
        ("timeouts", "resolve_s = 0"),
        ("timeouts", "connect_s = 301"),
        ("timeouts", "tls_s = 0"),
        ("timeouts", "handshake_s = 0"),
        ("session", "max = 0"),
        ("session", "viewers_max = 0"),
        ("session", "linger_s = 86401"),
        ("session", "idle_max_s = 0"),
        ("session", "session_max_s = 9"),
        ("session", "clipboard_max_bytes = 0"),
        ("session", "clipboard_max_bytes = 4194305"),
        ("pacing", "frame_gap_min_ms = 3"),
        ("pacing", "frame_gap_min_ms = 1001"),
        ("pacing", "unacked_max_bytes = 65535"),
        ("pacing", "refine_after_ms = 401"),
    ] {
        let key = line.split(' ').next().unwrap();
        let found = problems(&format!("[{section}]\n{line}\n"), &[]);
        let place = format!("test.toml:2: {section}.{key}");
        assert!(found.starts_with(&place), "{line}: {found}");
        assert_eq!(found.lines().count(), 1, "{found}");
    }
}

#[test]
fn tells_every_section_at_once() {
    let found = problems("[log]\nformat = \"x\"\n[session]\nmax = 0\n[timeouts]\ntls_s = 0\n", &[]);
    assert_eq!(found.lines().count(), 3, "{found}");
}

#[test]
fn refuses_keys_that_cannot_serve() {
    let tokens = |keys: &str| {
        let text = format!("[tokens]\nissuers = [\"a\"]\naudiences = [\"b\"]\n{keys}");
        Config::from_text(Path::new("t"), &text, []).map(drop).unwrap_err().to_string()
    };
    for (keys, want) in [
        ("", "tokens.keys is missing"),
        ("[[tokens.keys]]\nfile = \"x\"\n", "t:4: tokens.keys[0].kind is missing"),
        ("[[tokens.keys]]\nkind = \"der\"\n", "t:5: tokens.keys[0].kind must be"),
        ("[[tokens.keys]]\nkind = \"pem\"\n", "tokens.keys[0].file is missing"),
        (
            "[[tokens.keys]]\nkind = \"pem\"\nfile = \"absent\"\n",
            "t:6: tokens.keys[0].file: cannot",
        ),
        (
            "[[tokens.keys]]\nkind = \"pem\"\nurl = \"http://x\"\n",
            "a key of kind \"pem\" has no url",
        ),
        ("[[tokens.keys]]\nkind = \"secret\"\nsecret = \"short\"\n", "at least 32"),
        ("[[tokens.keys]]\nkind = \"secret\"\n", "tokens.keys[0].secret_file is missing"),
        ("[[tokens.keys]]\nkind = \"jwks-url\"\nurl = \"file:///x\"\n", "t:6: tokens.keys[0].url"),
        (
            "[[tokens.keys]]\nkind = \"secret\"\nsecret = \"0123456789abcdef0123456789abcdef\"\n",
            "tokens.algorithms: a key in tokens.keys is for HS256",
        ),
    ] {
        let found = tokens(keys);
        assert!(found.contains(want), "{found}\nhas no\n{want}");
        assert!(!found.contains("0123456789abcdef"), "{found}");
    }
}

#[test]
fn reads_keys_that_decrypt() {
    let dir = tempfile::tempdir().unwrap();
    let pair = rcgen::KeyPair::generate().unwrap();
    std::fs::write(dir.path().join("key.pem"), pair.serialize_pem()).unwrap();
    std::fs::write(dir.path().join("public.pem"), pair.public_key_pem()).unwrap();
    let read = |keys: &str| {
        let text = format!("{TOKENS}{keys}");
        Config::from_text(&dir.path().join("t"), &text, [])
    };
    let config = read(
        "[[tokens.decryption_keys]]\nkind = \"pem\"\nfile = \"key.pem\"\nkid = \"2026-01\"\n\
         [[tokens.decryption_keys]]\nkind = \"pem\"\nfile = \"key.pem\"\n",
    );
    let keys = config.unwrap().tokens.verifier.decryption_keys().clone();
    let kids: Vec<_> = keys.iter().map(porthole_token::DecryptionKey::kid).collect();
    assert_eq!(kids, [Some("2026-01"), None]);
    for (key, want) in [
        ("file = \"x\"", "tokens.decryption_keys[0].kind is missing"),
        ("kind = \"secret\"", "tokens.decryption_keys[0].kind must be"),
        ("kind = \"pem\"", "tokens.decryption_keys[0].file is missing"),
        ("kind = \"pem\"\nfile = \"x\"", "tokens.decryption_keys[0].file: cannot read"),
        ("kind = \"pem\"\nfile = \"public.pem\"", "decryption_keys[0].file: the decryption key"),
        ("kind = \"jwk\"\nfile = \"key.pem\"", "decryption_keys[0].file: the decryption key"),
        ("kind = \"pem\"\nfile = \"key.pem\"\nkid = \"\"", "tokens.decryption_keys[0].kid"),
        ("kind = \"pem\"\nalgorithm = \"ES256\"", "unknown field `algorithm`"),
    ] {
        let found = read(&format!("[[tokens.decryption_keys]]\n{key}\n")).unwrap_err().to_string();
        assert!(found.contains(want), "{found}\nhas no\n{want}");
    }
}

#[test]
fn signing_must_fit_what_is_accepted() {
    let found = problems("", &[("PORTHOLE_TOKENS__SIGNING__ISSUER", "x")]);
    assert!(found.contains("tokens.signing.secret_file is missing"), "{found}");
    let signing = "[tokens.signing]\nsecret = \"0123456789abcdef0123456789abcdef\"\n";
    let text = format!("{TOKENS}{signing}issuer = \"other\"\n");
    let found = Config::from_text(Path::new("t"), &text, []).unwrap_err().to_string();
    assert!(found.contains("tokens.signing.issuer: this gateway would refuse"), "{found}");
    let config = Config::from_text(Path::new("t"), &format!("{TOKENS}{signing}"), []).unwrap();
    assert_eq!(config.tokens.signing.unwrap().audience, "desk");
}

#[test]
fn reads_connections_of_every_kind() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("password"), "geheim\n").unwrap();
    let text = format!(
        "{TOKENS}
        [connections.tcp]
        protocol = \"vnc\"
        hostname = \"desk-7.example\"
        password_file = \"password\"
        parameters = {{ read-only = true, quality-level = 6, compress-level = \"2\" }}
        tls = {{ verify = \"pin\", pins = [\"{pin}\"] }}
        [connections.socket]
        protocol = \"vnc\"
        socket = \"/run/vnc/7\"
        [connections.\"web socket\"]
        protocol = \"vnc\"
        url = \"wss://kube.example/vnc?ticket=7\"
        tls.verify = \"off\"
        ",
        pin = "AB:".repeat(32).trim_end_matches(':'),
    );
    let config = Config::from_text(&dir.path().join("porthole.toml"), &text, []).unwrap();
    let tcp = &config.connections["tcp"];
    assert!(
        matches!(&tcp.target.transport, Transport::Tcp { host, port: 5900 } if host == "desk-7.example")
    );
    assert_eq!(tcp.target.tls.verify, Verify::Pinned(vec![[0xab; 32]]));
    let DriverSettings::Vnc(vnc) = &tcp.driver else { panic!("{tcp:?}") };
    assert!(vnc.parameters.screen.read_only);
    assert_eq!(vnc.parameters.quality_level, Some(6));
    let password = tcp.credentials.password.as_ref().unwrap();
    assert_eq!(secrecy::ExposeSecret::expose_secret(password), "geheim");
    assert!(!format!("{config:?}").contains("geheim"));
    let socket = &config.connections["socket"].target.transport;
    assert!(matches!(socket, Transport::Unix { path } if path == Path::new("/run/vnc/7")));
    let web = &config.connections["web socket"].target;
    assert!(matches!(&web.transport, Transport::WebSocket(_)));
    assert_eq!(web.tls.verify, Verify::Off);
}

#[test]
fn refuses_connections_that_make_no_sense() {
    for (lines, want) in [
        ("hostname = \"a b\"", ".hostname must be"),
        ("hostname = \"http://x\"", ".hostname must be"),
        ("hostname = \"x\"\nport = 0", ".port must be"),
        ("hostname = \"x\"\nsocket = \"/x\"", "exclude each other"),
        ("socket = \"x\"", ".socket must be an absolute path"),
        ("socket = \"/x\"\nport = 1", ".port: a port belongs"),
        ("url = \"http://x\"", ".url must be"),
        ("url = \"ws://user:pw@x\"", ".url must be"),
        ("hostname = \"x\"\npassword = \"a\"\npassword_file = \"b\"", "exclude each other"),
        ("hostname = \"x\"\nparameters.color = \"a\"", "is not a parameter"),
        ("hostname = \"x\"\nparameters.hostname = \"y\"", "is not a parameter"),
        ("hostname = \"x\"\nparameters.read-only = \"yes\"", "must be true or false"),
        ("hostname = \"x\"\nparameters.read-only = []", "test.toml:4: text, a whole number"),
        ("hostname = \"x\"\ntls.verify = \"no\"", ".tls.verify must be"),
        ("hostname = \"x\"\ntls.verify = \"ca\"", ".tls.ca_file is missing"),
        ("hostname = \"x\"\ntls.verify = \"pin\"", ".tls.pins is missing"),
        ("hostname = \"x\"\ntls.pins = [\"ab\"]", ".tls.pins: they are used with"),
        ("hostname = \"x\"\ntls = { verify = \"pin\", pins = [\"ab\"] }", ".tls.pins must be"),
    ] {
        let found = problems(&format!("[connections.a]\nprotocol = \"vnc\"\n{lines}\n"), &[]);
        assert!(found.contains(want), "{lines}: {found}");
    }
}

#[test]
fn the_environment_overrides_and_is_named_when_wrong() {
    let text = format!("[server]\nlisten = \"127.0.0.1:1\"\n{TOKENS}");
    let variables = [("PORTHOLE_SERVER__LISTEN".to_owned(), "127.0.0.1:2".to_owned())];
    let config = Config::from_text(Path::new("t"), &text, variables).unwrap();
    assert_eq!(config.server.listen.port(), 2);
    let found = problems("", &[("PORTHOLE_SERVER__LISEN", "x")]);
    assert!(found.starts_with("environment variable PORTHOLE_SERVER__LISEN: unknown"), "{found}");
}

fn documentation() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../docs/configuration.md");
    std::fs::read_to_string(path).unwrap()
}

/// Field names as serde tells them when it meets one that it does not know.
fn fields_of(section: &str) -> BTreeSet<String> {
    let text = match section {
        "" => "nonsense_ = 1".to_owned(),
        section => format!("{section}\nnonsense_ = 1"),
    };
    let error = toml::from_str::<super::raw::RawConfig>(&text).err().unwrap().to_string();
    let (_, expected) = error.split_once("expected").unwrap();
    let names: BTreeSet<_> = expected.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    assert!(!names.is_empty(), "{error}");
    names
}

#[test]
fn the_documentation_has_every_key() {
    let documentation = documentation();
    for section in [
        "",
        "[server]",
        "[server.tls]",
        "[metrics]",
        "[log]",
        "[tokens]",
        "[[tokens.keys]]",
        "[tokens.signing]",
        "[policy]",
        "[[policy.allow]]",
        "[timeouts]",
        "[session]",
        "[pacing]",
        "[files]",
        "[connections.NAME]",
        "[connections.NAME.tls]",
        "[connections.NAME.gateway_tls]",
        "[connections.NAME.security]",
    ] {
        let part = if section.is_empty() {
            documentation.as_str()
        } else {
            let heading = format!("`{section}`\n");
            let (_, rest) = documentation.split_once(&heading).unwrap_or_else(|| {
                panic!("docs/configuration.md has no heading that ends in {section}")
            });
            rest.split("\n#").next().unwrap()
        };
        for name in fields_of(section) {
            let is_there = if section.is_empty() {
                part.contains(&format!("[{name}")) || part.contains(&format!("[[{name}"))
            } else {
                part.contains(&format!("| `{name}` |"))
            };
            // A table of its own has a heading of its own.
            let has_heading = documentation.contains(&format!(
                "{}.{name}]",
                section.trim_matches(['[', ']']).trim_start_matches('.')
            ));
            assert!(is_there || has_heading, "docs/configuration.md lacks {section} {name}");
        }
    }
}

#[test]
fn the_documented_examples_load() {
    let documentation = documentation();
    let dir = tempfile::tempdir().unwrap();
    let pair = rcgen::generate_simple_self_signed(["desk.example.org".to_owned()]).unwrap();
    std::fs::write(dir.path().join("tls.crt"), pair.cert.pem()).unwrap();
    std::fs::write(dir.path().join("tls.key"), pair.signing_key.serialize_pem()).unwrap();
    std::fs::write(dir.path().join("lab-ca.pem"), pair.cert.pem()).unwrap();
    std::fs::write(dir.path().join("lab-1.password"), "geheim\n").unwrap();
    let portal = rcgen::KeyPair::generate().unwrap();
    std::fs::write(dir.path().join("portal.pub.pem"), portal.public_key_pem()).unwrap();
    std::fs::create_dir(dir.path().join("files")).unwrap();
    std::fs::write(dir.path().join("portal.key.pem"), portal.serialize_pem()).unwrap();
    std::fs::write(dir.path().join("token-key.pem"), portal.serialize_pem()).unwrap();
    std::fs::write(dir.path().join("bastion-key"), portal.serialize_pem()).unwrap();

    let examples: Vec<_> = documentation.split("```toml\n").skip(1).collect();
    assert!(examples.len() >= 2);
    for example in examples {
        let example = example.split("```").next().unwrap();
        if let Err(problems) = Config::from_text(&dir.path().join("porthole.toml"), example, []) {
            panic!("{problems}\nin\n{example}");
        }
    }
}

#[test]
fn files_are_below_a_directory_that_is_there() {
    let root = tempfile::tempdir().unwrap();
    let root = root.path().display();
    let drive = "[connections.a]\nprotocol = \"vnc\"\nhostname = \"a\"\n\
                 [connections.a.parameters]\nenable-drive = true\n";
    assert!(super::testing::config("").files.is_none());
    let config = super::testing::config(&format!(
        "[files]\nroot = \"{root}\"\nquota_bytes = 500\n{drive}drive-path = \"{root}/a\"\n"
    ));
    assert_eq!(config.files.unwrap().limits.file_bytes, 500);
    for (text, want) in [
        ("[files]\nquota_bytes = 1\n".to_owned(), "without files.root"),
        ("[files]\nroot = \"/nonexistent/files\"\n".to_owned(), "no such directory"),
        (format!("[files]\nroot = \"{root}\"\nfile_max_bytes = 0\n"), "files.file_max_bytes"),
        (format!("{drive}drive-path = \"a\"\n"), "connections.a.parameters.enable-drive"),
        (format!("[files]\nroot = \"{root}\"\n{drive}"), "needs drive-path"),
        (
            format!("[files]\nroot = \"{root}\"\n{drive}drive-path = \"../b\"\n"),
            "connections.a.parameters.drive-path",
        ),
    ] {
        let problems = super::testing::problems(&text, &[]);
        assert!(problems.contains(want), "{problems}");
    }
}

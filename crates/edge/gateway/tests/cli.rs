//! The binary as an operator uses it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has failed; Clippy exempts only the test functions"
)]

use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
};

use porthole_gateway::{Plan, config::Config, tokens::TokenService};

const CONFIG: &str = r#"
[server]
listen = "127.0.0.1:0"
[log]
format = "json"
[tokens]
issuers = ["portal"]
audiences = ["desk"]
algorithms = ["HS256"]
[[tokens.keys]]
kind = "secret"
secret_file = "secret"
[tokens.signing]
secret_file = "secret"
[[policy.allow]]
protocol = "vnc"
networks = ["127.0.0.0/8"]
ports = ["5900-5999"]
allow_special = true
[connections.lab]
protocol = "vnc"
hostname = "127.0.0.1"
port = 5901
"#;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("secret"), "0123456789abcdef0123456789abcdef\n").unwrap();
        std::fs::write(dir.path().join("porthole.toml"), config).unwrap();
        Self(dir)
    }

    fn config(&self) -> PathBuf {
        self.0.path().join("porthole.toml")
    }

    fn run(&self, command: &str, arguments: &[&str]) -> Output {
        porthole(command, &self.config()).args(arguments).output().unwrap()
    }
}

fn porthole(command: &str, config: &Path) -> Command {
    let mut porthole = Command::new(env!("CARGO_BIN_EXE_porthole"));
    porthole.arg(command).arg("--config").arg(config).stdin(Stdio::null());
    porthole
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A running gateway; killed when dropped.
struct Serving {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    address: String,
}

impl Serving {
    fn start(folder: &Folder) -> Self {
        let mut child = porthole("serve", &folder.config()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("\"listening\"") {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "the gateway ended");
        }
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = event["address"].as_str().unwrap().to_owned();
        Self { child, log, address }
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &pid]).status().unwrap().success());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn mints_a_link_that_verifies_and_plans() {
    let folder = Folder::new(CONFIG);
    let output = folder.run(
        "token",
        &["--connection", "lab", "--user", "ada", "--ttl", "5m", "--allow", "input,clipboard-in"],
    );
    assert!(output.status.success(), "{}", text(&output.stderr));
    let link = text(&output.stdout);
    let (base, token) = link.trim_end().split_once("s#token=").unwrap();
    assert_eq!(base, "http://127.0.0.1:0/");

    let config = Config::load(&folder.config()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let service = TokenService::new(&config.tokens);
    let verified = runtime.block_on(service.verify(token)).unwrap();
    let claims = verified.claims();
    assert_eq!(claims.exp - claims.iat.unwrap(), 300);
    let plan = Plan::new(&verified, &config).unwrap();
    assert_eq!((plan.label.as_str(), plan.user.as_str(), plan.permissions), ("lab", "ada", 0b11));
}

#[test]
fn mints_a_link_that_is_encrypted() {
    let arguments = ["--connection", "lab", "--user", "ada", "--encrypt"];
    let output = Folder::new(CONFIG).run("token", &arguments);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("tokens.decryption_keys is missing"));

    let key = "[[tokens.decryption_keys]]\nkind = \"pem\"\nfile = \"key.pem\"\nkid = \"k1\"\n";
    let folder =
        Folder::new(&CONFIG.replace("[tokens.signing]", &format!("{key}[tokens.signing]")));
    let pair = rcgen::KeyPair::generate().unwrap();
    std::fs::write(folder.config().with_file_name("key.pem"), pair.serialize_pem()).unwrap();
    let output = folder.run("token", &arguments);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let link = text(&output.stdout);
    let (_, token) = link.trim_end().split_once("s#token=").unwrap();
    assert_eq!(token.split('.').count(), 5);

    let config = Config::load(&folder.config()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let verified = runtime.block_on(TokenService::new(&config.tokens).verify(token)).unwrap();
    assert_eq!(Plan::new(&verified, &config).unwrap().label, "lab");
}

#[test]
fn refuses_to_mint_what_would_be_refused() {
    let folder = Folder::new(CONFIG);
    for (arguments, want) in [
        (vec!["--connection", "lob", "--user", "a"], "known are: lab"),
        (vec!["--connection", "lab", "--user", "a", "--ttl", "2d"], "tokens.lifetime_max_s"),
        (vec!["--connection", "lab", "--user", "a", "--ttl", "soon"], "such as 10m"),
        (vec!["--connection", "lab", "--user", "a", "--allow", "everything"], "known are input"),
        (vec!["--connection", "lab", "--user", ""], "sub"),
        (vec!["--connection", "lab"], "--user"),
    ] {
        let output = folder.run("token", &arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(text(&output.stderr).contains(want), "{}", text(&output.stderr));
        assert!(output.stdout.is_empty());
    }
    let without = CONFIG.replace("[tokens.signing]\nsecret_file = \"secret\"\n", "");
    let output = Folder::new(&without).run("token", &["--connection", "lab", "--user", "a"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("tokens.signing is missing"));
}

#[test]
fn checks_the_configuration_and_what_it_names() {
    let output = Folder::new(CONFIG).run("check", &[]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("is in order"));
    for (broken, want) in [
        (CONFIG.replace("drain", "x").replace("listen =", "listn ="), "porthole.toml:3: unknown"),
        (CONFIG.replace("allow_special = true", ""), "connections.lab: 127.0.0.1:5901 is"),
        (CONFIG.replace("port = 5901", "port = 22"), "connections.lab: "),
        (CONFIG.replace("\"secret\"\n[tokens", "\"absent\"\n[tokens"), "porthole.toml:12: tokens"),
    ] {
        let output = Folder::new(&broken).run("check", &[]);
        assert_eq!(output.status.code(), Some(1), "{want}");
        assert!(text(&output.stderr).contains(want), "{}", text(&output.stderr));
    }
}

#[test]
fn serves_answers_health_checks_and_drains_on_sigterm() {
    let folder = Folder::new(CONFIG);
    let mut serving = Serving::start(&folder);
    let health = porthole("health", &folder.config())
        .env("PORTHOLE_SERVER__LISTEN", &serving.address)
        .output()
        .unwrap();
    assert!(health.status.success(), "{}", text(&health.stderr));

    serving.signal("TERM");
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut serving.log, &mut rest).unwrap();
    assert!(rest.contains("\"draining\"") && rest.contains("\"stopped\""), "{rest}");

    let health = porthole("health", &folder.config())
        .env("PORTHOLE_SERVER__LISTEN", &serving.address)
        .output()
        .unwrap();
    assert_eq!(health.status.code(), Some(2));
}

#[test]
fn a_taken_port_is_a_failure_at_run_time() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let folder = Folder::new(&CONFIG.replace("127.0.0.1:0", &listen));
    let output = folder.run("serve", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("server.listen"), "{}", text(&output.stderr));
}

#[test]
fn wrong_usage_ends_with_one_and_help_with_zero() {
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_porthole")).args(arguments).output().unwrap()
    };
    assert_eq!(run(&["serv"]).status.code(), Some(1));
    assert_eq!(run(&["--help"]).status.code(), Some(0));
    assert_eq!(run(&["--version"]).status.code(), Some(0));
    let output = run(&["serve", "--config", "/nonexistent/porthole.toml"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("/nonexistent/porthole.toml"));
}

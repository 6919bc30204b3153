//! Secrets inside of tokens: real servers let in who brings them, and nobody else learns of them.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use porthole_link::Category;
use porthole_testkit::kubernetes::{FakeCluster, Papers, Release, running_pod};
use porthole_testkit::servers::{
    Sshd, TelnetKind, Telnetd, Xrdp, XtigerVnc, XvncOptions, ssh_keygen,
};
use porthole_testkit::tokens;
use porthole_testkit::viewer::{TokenPlace, Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON, Setup};
use porthole_token::{Address, Claims, Parameters, Permission, Protocol, Secrets, Target};
use serde_json::json;

use crate::refuse::expect;

/// A gateway that knows no connection and takes encrypted tokens. The key is read when it starts.
fn lab(setup: Setup) -> Result<Lab> {
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("decryption-key.pem");
    std::fs::write(&key, tokens::DECRYPTION_KEY)?;
    setup.decrypting(&key).start()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn claims(protocol: Protocol, address: SocketAddr, parameters: &[(&str, &str)]) -> Result<Claims> {
    Ok(tokens::claims(Target::Address(Address {
        protocol,
        hostname: address.ip().to_string(),
        port: Some(address.port()),
        parameters: Parameters::new(pairs(parameters))?,
    })))
}

fn encrypted(claims: &Claims, secrets: &[(&str, &str)]) -> Result<String> {
    tokens::mint_encrypted(claims, &Secrets::new(pairs(secrets))?)
}

async fn view(lab: &Lab, token: String) -> Result<Viewer> {
    Viewer::open(&ViewerOptions::new(lab.address(), token).drawing_text()).await
}

fn to_server(server: &Sshd) -> Result<Claims> {
    let host_key = server.host_key()?;
    let known = [("username", server.login().0), ("host-key", host_key.as_str())];
    claims(Protocol::Ssh, server.address(), &known)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_for_ssh() -> Result<()> {
    let server = Sshd::start()?;
    let password = server.login().1;
    let mut lab = lab(Setup::new())?;
    let token = encrypted(&to_server(&server)?, &[("password", password)])?;
    let mut viewer = view(&lab, token.clone()).await?;
    viewer.wait_for_text("ready$ ", SOON).await?;

    // It opens one session like any other, and coming back takes the session's own secret.
    let again = ViewerOptions::new(lab.address(), token.clone());
    expect(&lab, &again, Category::Token, "already_spent").await?;
    let mut back = Viewer::open(&again.resuming(viewer.resume()).drawing_text()).await?;
    back.type_text("echo ba''ck\r").await?;
    back.wait_for_text("back\r\n", SOON).await?;
    lab.check_sound(&[password, &token])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_private_key_for_ssh() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = lab(Setup::new())?;
    let folder = tempfile::tempdir()?;
    for (passphrase, kind) in [("", "ed25519"), ("open sesame", "rsa")] {
        let (key, public) = new_key(&folder.path().join(kind), passphrase, kind)?;
        server.authorize(&public)?;
        let secrets = [("private-key", key.as_str()), ("passphrase", passphrase)];
        let token = encrypted(&to_server(&server)?, &secrets)?;
        view(&lab, token).await?.wait_for_text("ready$ ", SOON).await?;
        // The body of a key in the middle of it: the first line is the same for all.
        let line = key.lines().nth(3).context("a short key")?;
        lab.check_sound(&[line, "sesame"])?;
    }
    Ok(())
}

/// A key pair in OpenSSH's form: private, public.
fn new_key(file: &Path, passphrase: &str, kind: &str) -> Result<(String, String)> {
    ssh_keygen(file, passphrase, &["-t", kind])?;
    let public = std::fs::read_to_string(file.with_extension("pub"))?;
    Ok((std::fs::read_to_string(file)?, public))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_for_a_desktop_and_the_files_beside_it() -> Result<()> {
    let options = XvncOptions { security_types: &["VncAuth"], ..XvncOptions::default() };
    let (desktop, server) = (XtigerVnc::start(options)?, Sshd::start()?);
    std::fs::write(server.home().join("there"), "there")?;
    let (user, password) = server.login();
    let (port, host_key) = (server.port().to_string(), server.host_key()?);
    let beside = [
        ("enable-sftp", "true"),
        ("sftp-hostname", "127.0.0.1"),
        ("sftp-port", &port),
        ("sftp-username", user),
        ("sftp-host-key", &host_key),
        ("sftp-root-directory", "."),
    ];
    let mut lab = lab(Setup::new())?;
    let mut claims = claims(Protocol::Vnc, desktop.address(), &beside)?;
    claims.porthole.allow = [Permission::FilesOut].into_iter().collect();
    let secrets = [("password", options.password), ("sftp-password", password)];
    let token = encrypted(&claims, &secrets)?;
    let mut viewer = Viewer::open(&ViewerOptions::new(lab.address(), token)).await?;
    let is_there = |viewer: &Viewer| viewer.picture().size().width == options.geometry.0;
    viewer.wait_until("the desktop", SOON, is_there).await?;
    let names = viewer.list("").await?;
    ensure!(names.iter().any(|name| name == "there"), "{names:?}");

    // The server is one that asks.
    let wrong =
        encrypted(&self::claims(Protocol::Vnc, desktop.address(), &[])?, &[("password", "other")])?;
    let mut viewer = Viewer::open(&ViewerOptions::new(lab.address(), wrong)).await?;
    let (error, _code) = viewer.wait_for_error(SOON).await?;
    ensure!(error.cause == "authentication_failed", "{error:?}");
    lab.check_sound(&[password])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_for_rdp() -> Result<()> {
    let server = Xrdp::start()?;
    let (user, password) = server.login();
    let pin = server.certificate().sha256_hex()?;
    let mut lab = lab(Setup::new().allowing("rdp", "127.0.0.0/8"))?;
    let open = [("username", user), ("cert-fingerprints", pin.as_str())];
    let claims = || claims(Protocol::Rdp, server.address(), &open);
    // The session's screen comes after the log-on with the right password alone.
    let session = || server.display().root().is_ok();
    let wrong = encrypted(&claims()?, &[("password", "guess")])?;
    let mut viewer = Viewer::open(&ViewerOptions::new(lab.address(), wrong)).await?;
    let is_refused = |viewer: &Viewer| viewer.picture().size().width > 0;
    viewer.wait_until("the log-on screen", SOON, is_refused).await?;
    ensure!(!session(), "a wrong password let somebody in");

    let token = encrypted(&claims()?, &[("password", password)])?;
    let mut viewer = Viewer::open(&ViewerOptions::new(lab.address(), token)).await?;
    viewer.wait_until("the session", SOON, |_| session()).await?;
    lab.check_sound(&[password, "guess"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_for_telnet() -> Result<()> {
    let server = Telnetd::start(TelnetKind::Inetutils)?;
    let mut lab = lab(Setup::new().allowing("telnet", "127.0.0.0/8"))?;
    let open = [("username", Telnetd::USER)];
    let claims = || claims(Protocol::Telnet, server.address(), &open);
    let token = encrypted(&claims()?, &[("password", Telnetd::PASSWORD)])?;
    let mut viewer = view(&lab, token).await?;
    viewer.wait_for_text(Telnetd::PROMPT, SOON).await?;

    // The server is one that asks.
    let wrong = encrypted(&claims()?, &[("password", "guess")])?;
    view(&lab, wrong).await?.wait_for_text("incorrect", SOON).await?;
    lab.check_sound(&[Telnetd::PASSWORD, "guess"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_token_has_a_place() -> Result<()> {
    let server = Sshd::start()?;
    let mut lab = lab(Setup::new())?;
    // As long as a chain of certificates; no protocol knows the name.
    let (password, long) = (server.login().1, "x".repeat(15 << 10));
    for token_place in [TokenPlace::Subprotocol, TokenPlace::Query] {
        let token =
            encrypted(&to_server(&server)?, &[("password", password), ("unheard-secret", &long)])?;
        ensure!(token.len() > 27 << 10, "{}", token.len());
        let options = ViewerOptions { token_place, ..ViewerOptions::new(lab.address(), token) };
        let mut viewer = Viewer::open(&options.drawing_text()).await?;
        viewer.wait_for_text("ready$ ", SOON).await?;
    }
    lab.check_sound(&[password, "xxxx"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signed_token_keeps_no_secret() -> Result<()> {
    let server = Sshd::start()?;
    let password = server.login().1;
    let mut lab = lab(Setup::new())?;
    let claims = to_server(&server)?;
    let mut open = serde_json::to_value(&claims)?;
    open["porthole"]["target"]["parameters"]["password"] = password.into();
    let signed = tokens::forge(
        &json!({"alg": "HS256"}),
        open.to_string().as_bytes(),
        tokens::SECRET.as_bytes(),
    );
    let options = |token: &str| ViewerOptions::new(lab.address(), token.to_owned());
    expect(&lab, &options(&signed), Category::Token, "secret_in_signed_token").await?;

    let good = encrypted(&claims, &[("password", password)])?;
    let (head, tag) = good.rsplit_once('.').context("five parts")?;
    let forged = format!("{head}.{}", tag.chars().rev().collect::<String>());
    expect(&lab, &options(&forged), Category::Token, "undecryptable").await?;
    ensure!(lab.metric("porthole_tokens_rejected_total{cause=\"undecryptable\"}")? == 1);

    // A gateway without a key takes none.
    let without = Setup::new().start()?;
    let options = ViewerOptions::new(without.address(), good);
    expect(&without, &options, Category::Token, "encrypted").await?;
    lab.check_sound(&[password])
}

/// A cluster with the pod `web`, and who gets in.
async fn cluster() -> (FakeCluster, Papers) {
    let (cluster, papers) = FakeCluster::start_guarded(Release::New).await;
    cluster.put_pod(running_pod("web"));
    (cluster, papers)
}

fn to_pod(cluster: &FakeCluster, more: &[(&str, &str)]) -> Result<Claims> {
    let program = "sh -c 'echo entered; read word; echo $word out'";
    let pod = [("pod", "web"), ("exec-command", program), ("use-ssl", "true")];
    claims(Protocol::Kubernetes, cluster.address(), &[&pod[..], more].concat())
}

/// With the program of [`to_pod`], which then ends.
async fn talk(viewer: &mut Viewer) -> Result<()> {
    viewer.wait_for_text("entered", SOON).await?;
    viewer.type_text("get\r").await?;
    viewer.wait_for_text("get out", SOON).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bearer_token_for_kubernetes() -> Result<()> {
    let (cluster, papers) = cluster().await;
    let mut lab = lab(Setup::new().allowing("kubernetes", "127.0.0.0/8"))?;
    let claims = || to_pod(&cluster, &[("ca-cert", &papers.authority_pem)]);
    let token = encrypted(&claims()?, &[("token", &papers.token)])?;
    talk(&mut view(&lab, token).await?).await?;
    ensure!(cluster.seen().iter().all(|seen| !seen.has_certificate), "{:?}", cluster.seen());

    // The server is one that asks.
    let wrong = encrypted(&claims()?, &[("token", "another")])?;
    let options = ViewerOptions::new(lab.address(), wrong);
    expect(&lab, &options, Category::Policy, "kubernetes_unauthorized").await?;
    lab.check_sound(&[&papers.token])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_certificate_for_kubernetes() -> Result<()> {
    let (cluster, papers) = cluster().await;
    let mut lab = lab(Setup::new().allowing("kubernetes", "127.0.0.0/8"))?;
    let open = [
        ("ca-cert", papers.authority_pem.as_str()),
        ("client-cert", papers.client.certificate_pem.as_str()),
    ];
    let secrets = [("client-key", papers.client.key_pem.as_str())];
    let token = encrypted(&to_pod(&cluster, &open)?, &secrets)?;
    talk(&mut view(&lab, token).await?).await?;
    ensure!(cluster.seen().iter().all(|seen| seen.has_certificate), "{:?}", cluster.seen());
    let line = papers.client.key_pem.lines().nth(1).context("a short key")?;
    lab.check_sound(&[line])
}

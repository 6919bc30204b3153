//! Security types of their own: RSA-AES, Apple's, MS-Logon II, and Tight's negotiation.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context as _, Result, ensure};
use porthole_link::Category;
use porthole_pixels::Size;
use porthole_testkit::logins::{LoginKind, LoginOptions, LoginServer, Ra2};
use porthole_testkit::servers::TightVnc;
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

const RIGHT: &str = "rightone";
const WRONG: &str = "wrongone";
const SIZE: Size = Size { width: 320, height: 200 };

async fn server(kind: LoginKind) -> Result<LoginServer> {
    LoginServer::start(LoginOptions {
        kind,
        user: "alice".into(),
        password: RIGHT.into(),
        geometry: (SIZE.width, SIZE.height),
    })
    .await
}

/// A viewer of the connection `name` sees a desktop, or learns this category and cause.
async fn check(lab: &Lab, name: &str, refused: Option<(Category, &str)>) -> Result<()> {
    let mut viewer = Viewer::connect(&lab.options(name)?).await?;
    let Some((category, cause)) = refused else {
        let has_size = |viewer: &Viewer| viewer.size() == SIZE;
        return viewer.wait_until("the picture", SOON, has_size).await;
    };
    let (error, _code) = viewer.wait_for_error(SOON).await?;
    let is_so = error.category == category && error.cause == cause;
    ensure!(is_so, "{error:?} in place of {category:?} {cause}");
    Ok(())
}

fn login(password: &str, more: &str) -> String {
    format!("username = \"alice\"\npassword = \"{password}\"\n{more}")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rsa_aes_lets_in_who_knows_the_password() -> Result<()> {
    let mut setup = Setup::new();
    let mut servers = Vec::new();
    let mut names = Vec::new();
    for (is_256, seals_all, asks_name) in
        [(false, true, true), (false, false, false), (true, true, false), (true, false, true)]
    {
        let server = server(LoginKind::Ra2(Ra2 { is_256, seals_all, asks_name })).await?;
        let name = format!("c{}", servers.len());
        setup = setup.connection(&name, server.address(), &login(RIGHT, "")).connection(
            &format!("{name}w"),
            server.address(),
            &login(WRONG, ""),
        );
        servers.push(server);
        names.push(name);
    }
    let mut lab = setup.start()?;
    for name in names {
        check(&lab, &name, None).await.context(name.clone())?;
        let wrong = (Category::Credentials, "authentication_failed");
        check(&lab, &format!("{name}w"), Some(wrong)).await.context(name)?;
    }
    lab.check_sound(&[RIGHT, WRONG])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rsa_keys_can_be_pinned() -> Result<()> {
    let kind = LoginKind::Ra2(Ra2 { is_256: true, seals_all: true, asks_name: true });
    let server = server(kind).await?;
    let pin = |text: &str| {
        login(RIGHT, &format!("\n[parameters]\nserver-key-fingerprints = \"{text}\"\n"))
    };
    let other = "00".repeat(32);
    let mut lab = Setup::new()
        .connection("right", server.address(), &pin(server.fingerprint()))
        .connection("wrong", server.address(), &pin(&other))
        .connection("either", server.address(), &pin(&format!("{other},{}", server.fingerprint())))
        .start()?;
    check(&lab, "right", None).await?;
    check(&lab, "either", None).await?;
    check(&lab, "wrong", Some((Category::Policy, "server_key_not_pinned"))).await?;
    lab.check_sound(&[RIGHT])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn diffie_hellman_logins() -> Result<()> {
    let mac = server(LoginKind::Apple(128)).await?;
    let ultra = server(LoginKind::MsLogon).await?;
    let open = "\n[security]\nallow_plaintext_password = true\n";
    let mut lab = Setup::new()
        .connection("mac", mac.address(), &login(RIGHT, ""))
        .connection("macw", mac.address(), &login(WRONG, ""))
        .connection("ultra", ultra.address(), &login(RIGHT, open))
        .connection("ultraw", ultra.address(), &login(WRONG, open))
        .connection("shy", ultra.address(), &login(RIGHT, ""))
        .start()?;
    let wrong = Some((Category::Credentials, "authentication_failed"));
    check(&lab, "mac", None).await?;
    check(&lab, "macw", wrong).await?;
    check(&lab, "ultra", None).await?;
    check(&lab, "ultraw", wrong).await?;
    check(&lab, "shy", Some((Category::Policy, "security_not_allowed"))).await?;
    lab.check_sound(&[RIGHT, WRONG])
}

/// Stands before a server and hides all of its security types but Tight's.
async fn tight_alone(server: SocketAddr) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((client, _peer)) = listener.accept().await {
            tokio::spawn(hide_types(client, server));
        }
    });
    Ok(address)
}

async fn hide_types(mut client: TcpStream, server: SocketAddr) -> Result<()> {
    const TIGHT: u8 = 16;
    let mut server = TcpStream::connect(server).await?;
    let mut version = [0; 12];
    server.read_exact(&mut version).await?;
    client.write_all(&version).await?;
    client.read_exact(&mut version).await?;
    server.write_all(&version).await?;
    let mut types = vec![0; server.read_u8().await?.into()];
    server.read_exact(&mut types).await?;
    ensure!(types.contains(&TIGHT), "the server has no Tight: {types:?}");
    client.write_all(&[1, TIGHT]).await?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tightvncs_negotiation() -> Result<()> {
    let tight = TightVnc::start((SIZE.width, SIZE.height), RIGHT, &[])?;
    let address = tight_alone(tight.address()).await?;
    let password = |word: &str| format!("password = \"{word}\"\n");
    let mut lab = Setup::new()
        .connection("right", address, &password(RIGHT))
        .connection("wrong", address, &password(WRONG))
        .start()?;
    check(&lab, "right", None).await?;
    check(&lab, "wrong", Some((Category::Credentials, "authentication_failed"))).await?;
    lab.check_sound(&[RIGHT, WRONG])
}

//! Every refusal says who must act, and the log says why.

use std::time::Duration;

use anyhow::{Result, ensure};
use porthole_link::{Category, ToGateway};
use porthole_testkit::hostile::{HostileServer, Script};
use porthole_testkit::servers::{XtigerVnc, XvncOptions, free_port};
use porthole_testkit::tokens;
use porthole_testkit::viewer::{TokenPlace, Viewer, ViewerOptions};
use porthole_tests::{Lab, SOON, Setup};
use porthole_token::Target;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

/// Expects the last record and the close code to be of this kind, and the log to name the cause.
pub(crate) async fn expect(
    lab: &Lab,
    options: &ViewerOptions,
    category: Category,
    cause: &str,
) -> Result<()> {
    let mut viewer = Viewer::connect(options).await?;
    let (error, code) = viewer.wait_for_error(SOON).await?;
    let what = format!("{error:?} and {code} in place of {category:?} {cause:?}");
    ensure!(error.category == category && error.cause == cause, "{what}");
    ensure!(code == 4000 + category as u16, "{what}");
    ensure!(!error.message.is_empty() && !error.message.contains("127.0.0.1"), "{what}");
    let log = lab.log()?;
    ensure!(log.contains(&format!("\"cause\":\"{cause}\"")), "{cause} is not in the log: {log}");
    Ok(())
}

fn connection(name: &str) -> Target {
    Target::Connection { connection: name.into() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_that_do_not_count() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions::default())?;
    let mut lab = Setup::new().connection("lab", server.address(), "").start()?;
    let now = tokens::now_unix_s();
    let options = |token: String| ViewerOptions::new(lab.address(), token);
    let signed = |header, change: &dyn Fn(&mut porthole_token::Claims)| -> Result<_> {
        let mut claims = tokens::claims(connection("lab"));
        change(&mut claims);
        let payload = serde_json::to_vec(&claims)?;
        Ok(options(tokens::forge(&header, &payload, tokens::SECRET.as_bytes())))
    };
    let hs256 = || json!({"alg": "HS256"});

    let expired = signed(hs256(), &|claims| {
        claims.iat = Some(now - 100);
        claims.exp = now - 10;
    })?;
    expect(&lab, &expired, Category::Token, "expired").await?;
    let audience = signed(hs256(), &|claims| claims.aud = vec!["another.test".into()])?;
    expect(&lab, &audience, Category::Token, "wrong_audience").await?;
    let issuer = signed(hs256(), &|claims| claims.iss = "https://another.test".into())?;
    expect(&lab, &issuer, Category::Token, "wrong_issuer").await?;
    let algorithm = signed(json!({"alg": "RS256"}), &|_claims| {})?;
    expect(&lab, &algorithm, Category::Token, "algorithm_not_permitted").await?;
    let unsigned = signed(json!({"alg": "none"}), &|_claims| {})?;
    expect(&lab, &unsigned, Category::Token, "unsigned").await?;
    let payload = serde_json::to_vec(&tokens::claims(connection("lab")))?;
    let forged = options(tokens::forge(&hs256(), &payload, &[7; 40]));
    expect(&lab, &forged, Category::Token, "bad_signature").await?;

    let once = lab.options("lab")?;
    let _first = Viewer::open(&once).await?;
    expect(&lab, &once, Category::Token, "already_spent").await?;

    let none = ViewerOptions { token: None, ..lab.options("lab")? };
    expect(&lab, &none, Category::Token, "no_token").await?;
    lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_in_the_query_count_too() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions::default())?;
    let mut lab = Setup::new().connection("lab", server.address(), "").start()?;
    let query = ViewerOptions { token_place: TokenPlace::Query, ..lab.options("lab")? };
    Viewer::open(&query).await?;
    let foreign = ViewerOptions { origin: Some("https://evil.test".into()), ..lab.options("lab")? };
    ensure!(Viewer::connect(&foreign).await.is_err(), "a foreign origin was let in");
    lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn targets_that_cannot_be_had() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions {
        security_types: &["VncAuth"],
        password: "rightone",
        ..XvncOptions::default()
    })?;
    let hanging = HostileServer::playing(Script::new().hang()).await?;
    let garbage = HostileServer::playing(Script::new().send([0xA5; 64])).await?;
    let dead = (std::net::Ipv4Addr::LOCALHOST, free_port()?).into();
    let mut lab = Setup::new()
        .timeouts("handshake_s = 1")
        .connection("wrong", server.address(), "password = \"wrongone\"")
        .connection("without", server.address(), "")
        .connection("dead", dead, "")
        .connection("hanging", hanging.address(), "")
        .connection("garbage", garbage.address(), "")
        .start()?;
    let cases = [
        ("wrong", Category::Credentials, "authentication_failed"),
        ("unheard-of", Category::Policy, "unknown_connection"),
        ("dead", Category::Remote, "connect"),
        ("hanging", Category::Remote, "handshake_timeout"),
        ("garbage", Category::Remote, "not_rfb"),
    ];
    for (name, category, cause) in cases {
        expect(&lab, &lab.options(name)?, category, cause).await?;
    }
    // Who may only watch cannot be asked for a password either.
    let mut watching = lab.options("without")?;
    watching.hello.view_only = true;
    expect(&lab, &watching, Category::Credentials, "credentials_missing").await?;
    ensure!(hanging.connections() == 1, "one attempt, not {}", hanging.connections());
    lab.check_sound(&["rightone", "wrongone"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn policy_is_asked_before_anything_is_dialled() -> Result<()> {
    let server = HostileServer::playing(Script::new().hang()).await?;
    let mut lab = Setup::new().closed().connection("lab", server.address(), "").start()?;
    expect(&lab, &lab.options("lab")?, Category::Policy, "policy").await?;
    let address = serde_json::from_value(json!({
        "protocol": "vnc", "hostname": "127.0.0.1", "port": server.address().port()
    }))?;
    let token = tokens::mint(&tokens::claims(address))?;
    expect(&lab, &ViewerOptions::new(lab.address(), token), Category::Policy, "policy").await?;
    ensure!(server.connections() == 0, "it was dialled all the same");
    lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_that_break_the_protocol() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions::default())?;
    let mut lab = Setup::new().connection("lab", server.address(), "").start()?;
    let cases: [(Message, &str); 5] = [
        (Message::Binary(vec![0x7E, 0, 0, 0].into()), "link_unknown_kind"),
        (Message::Binary(vec![0x03, 1, 0, 0, 1].into()), "link_short"),
        (Message::Binary(vec![0x03, 0xFF, 0xFF, 0xFF].into()), "link_cut"),
        (Message::Binary(vec![0x04, 1, 0, 0, 0xFF].into()), "link_not_text"),
        (Message::Text("hello".into()), "link_not_binary"),
    ];
    for (message, cause) in cases {
        let mut viewer = lab.view("lab").await?;
        // Of no meaning to this version, and so skipped.
        viewer.send_message(Message::Binary(vec![0xFE, 1, 0, 0, 9].into())).await?;
        viewer.send_message(message).await?;
        let (error, code) = viewer.wait_for_error(SOON).await?;
        ensure!(error.cause == cause && code == 4006, "{error:?} {code} in place of {cause}");
    }
    // Longer than a message to the gateway may be: whatever becomes of it, only this link ends.
    let mut viewer = lab.view("lab").await?;
    let long = Message::Binary(vec![0x81; 3 << 20].into());
    let _refused = viewer.send_message(long).await;
    viewer.wait_until("the end", SOON, |viewer| viewer.seen().close_code.is_some()).await?;

    let mut polite = lab.view("lab").await?;
    polite.send(&ToGateway::Ping(7)).await?;
    polite.wait_until("the pong", SOON, |viewer| viewer.seen().pongs == [7]).await?;
    polite.read_for(Duration::from_millis(1)).await?;
    lab.check_sound(&[])
}

//! Servers that mean harm end their own session, and nothing else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use porthole_link::Category;
use porthole_testkit::hostile::{After, Attack, HostileServer, Script, scripts, valid_session};
use porthole_testkit::servers::wait_until;
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

/// How much more memory the gateway may hold after all attacks than before, in bytes. Allocators
/// keep some of what was used.
const GROWTH_MAX_BYTES: u64 = 96 << 20;

/// Links open at a time.
const AT_ONCE: usize = 4;

async fn suffer(lab: &Lab, number: usize, attack: &Attack) -> Result<()> {
    let mut viewer = Viewer::connect(&lab.options(&format!("c{number}"))?).await?;
    match attack.after {
        After::Refused => {
            let (error, _code) = viewer.wait_for_error(SOON).await?;
            ensure!(error.category == Category::Remote, "{error:?}");
            ensure!(error.cause != "panicked", "{error:?}");
        }
        // The session lives and the picture has come, or it was refused for good reason.
        After::Endured => {
            let done =
                |viewer: &Viewer| viewer.seen().error.is_some() || viewer.seen().title.is_some();
            viewer.wait_until("a title", SOON, done).await?;
            viewer.read_for(Duration::from_millis(500)).await?;
            let error = viewer.seen().error.as_ref();
            ensure!(error.is_none_or(|error| error.category == Category::Remote), "{error:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_is_survived() -> Result<()> {
    let attacks = scripts();
    let mut servers = Vec::new();
    let mut setup = Setup::new().session("linger_s = 0").timeouts("handshake_s = 5");
    for (number, attack) in attacks.iter().enumerate() {
        let server = HostileServer::playing(attack.script.clone()).await?;
        setup = setup.connection(&format!("c{number}"), server.address(), "");
        servers.push(server);
    }
    let mut lab = setup.start()?;
    let before = lab.resident_bytes()?;
    let mut failures = Vec::new();
    for (number, attack) in attacks.iter().enumerate() {
        if let Err(error) = suffer(&lab, number, attack).await {
            failures.push(format!("{}: {error:#}", attack.name));
        }
        lab.check_sound(&[]).context(attack.name)?;
        ensure!(servers.get(number).is_some_and(|server| server.connections() == 1));
    }
    ensure!(failures.is_empty(), "{failures:#?}");
    check_recovered(&mut lab, before)
}

/// The sessions end, and the gateway holds little more than the `before` bytes.
pub(crate) fn check_recovered(lab: &mut Lab, before: u64) -> Result<()> {
    wait_until("the sessions to end", SOON, || {
        Ok((lab.metric("porthole_sessions")? == 0).then_some(()))
    })?;
    let after = lab.resident_bytes()?;
    let grown = after.saturating_sub(before);
    ensure!(grown < GROWTH_MAX_BYTES, "{before} bytes before, {after} after");
    Ok(())
}

/// A sound session that ends at every one of its bytes: each time the viewer is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_truncation_is_told() -> Result<()> {
    let whole = valid_session();
    let len = whole.len();
    let server = HostileServer::start(move |client| {
        let cut = client.min(whole.len());
        Script::new().send(whole.get(..cut).unwrap_or_default())
    })
    .await?;
    let mut lab =
        Setup::new().session("linger_s = 0").connection("cut", server.address(), "").start()?;
    let mut first = 0;
    while first <= len {
        let mut viewers = Vec::new();
        for _ in first..(first + AT_ONCE).min(len + 1) {
            viewers.push(Viewer::connect(&lab.options("cut")?).await?);
        }
        for mut viewer in viewers {
            let (error, _code) = viewer.wait_for_error(SOON).await?;
            let told = matches!(error.category, Category::Remote | Category::Ended);
            ensure!(told && error.cause != "panicked", "{error:?}");
        }
        first += AT_ONCE;
    }
    ensure!(server.connections() == len + 1, "{} connections", server.connections());
    lab.check_sound(&[])
}

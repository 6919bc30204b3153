//! RDP servers that mean harm end their own session, and nothing else.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use porthole_link::Category;
use porthole_testkit::hostile::{After, HostileRdp, RdpAttack, rdp_cut, rdp_scripts, sound};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

use crate::hostile::check_recovered;

/// Links open at a time.
const AT_ONCE: usize = 4;

/// Nobody vouches for these servers, and without them there is nothing to sign in to.
const MORE: &str = "username = \"ada\"\npassword = \"any\"\n\n[tls]\nverify = \"off\"\n";

async fn suffer(lab: &Lab, name: &str, attack: &RdpAttack) -> Result<()> {
    let mut viewer = Viewer::connect(&lab.options(name)?).await?;
    match attack.after {
        After::Refused => {
            let (error, _code) = viewer.wait_for_error(SOON).await?;
            let told = matches!(error.category, Category::Remote | Category::Policy);
            ensure!(told && error.cause != "panicked", "{error:?}");
        }
        // The session lives, or it was refused for good reason.
        After::Endured => {
            viewer.read_for(Duration::from_millis(500)).await?;
            let error = viewer.seen().error.as_ref();
            let blamed = |error: &porthole_link::ErrorRecord| {
                error.category == Category::Remote && error.cause != "panicked"
            };
            ensure!(error.is_none_or(blamed), "{error:?}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_attack_over_rdp_is_survived() -> Result<()> {
    let attacks = rdp_scripts();
    let mut servers = Vec::new();
    let mut setup = Setup::new().session("linger_s = 0").timeouts("handshake_s = 5");
    for (number, attack) in attacks.iter().enumerate() {
        let script = attack.script.clone();
        let server = HostileRdp::start(move |_client| script.clone()).await?;
        setup = setup.speaking("rdp", &format!("c{number}"), server.address(), MORE);
        servers.push(server);
    }
    let mut lab = setup.start()?;
    let before = lab.resident_bytes()?;
    let mut failures = Vec::new();
    for (number, attack) in attacks.iter().enumerate() {
        if let Err(error) = suffer(&lab, &format!("c{number}"), attack).await {
            failures.push(format!("{}: {error:#}", attack.name));
        }
        lab.check_sound(&[]).with_context(|| attack.name.clone())?;
    }
    ensure!(failures.is_empty(), "{failures:#?}");
    check_recovered(&mut lab, before)
}

/// A sound connection that ends before, in and after each of its messages: each time the viewer is
/// told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_stage_of_rdp_may_be_the_last() -> Result<()> {
    // How many channels there are decides where messages end; any number will do for cuts.
    let mut cuts = vec![0];
    let mut end = 0;
    for message in sound(4) {
        cuts.extend([end + 1, end + message.len() / 2, end + message.len()]);
        end += message.len();
    }
    let script = cuts.clone();
    let server =
        HostileRdp::start(move |client| rdp_cut(script.get(client).copied().unwrap_or(0))).await?;
    let mut lab = Setup::new()
        .session("linger_s = 0")
        .speaking("rdp", "cut", server.address(), MORE)
        .start()?;
    for some in cuts.chunks(AT_ONCE) {
        let mut viewers = Vec::new();
        for _ in some {
            viewers.push(Viewer::connect(&lab.options("cut")?).await?);
        }
        for mut viewer in viewers {
            let (error, _code) = viewer.wait_for_error(SOON).await?;
            let told = matches!(error.category, Category::Remote | Category::Ended);
            ensure!(told && error.cause != "panicked", "{error:?}");
        }
    }
    lab.check_sound(&[])
}

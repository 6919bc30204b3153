//! `porthole demo`: a desktop on this machine, and a link to it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use porthole_token::{HmacSecret, Permissions, SigningKey};

use super::{
    CliError,
    demo_desktop::{self, Desktop},
    demo_vnc, demo_xrdp, runtime, say,
    token::{Minting, link, random_hex},
};
use crate::{
    config::Config,
    logging,
    serve::{Gateway, Signals},
};

/// How long the link stays good. The gateway forgets its key long before that.
const TTL: Duration = Duration::from_secs(7 * 24 * 3600);

const CONNECTION: &str = "demo";
const NAME: &str = "porthole-demo";

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// The port to listen on, on this machine alone. 0 lets the system choose.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Size of the desktop, in pixels.
    #[arg(long, default_value = "1280x800", value_name = "WIDTHxHEIGHT", value_parser = geometry)]
    geometry: (u16, u16),
    /// Show a desktop of xrdp's in place of one over VNC. It has the size of the browser's window.
    #[arg(long, conflicts_with = "geometry")]
    rdp: bool,
    /// Print the link and nothing else.
    #[arg(long)]
    print_only_link: bool,
}

/// Runs until a signal, or until the desktop ends.
pub(super) fn run(arguments: &DemoArgs) -> Result<(), CliError> {
    let needed: &[_] = if arguments.rdp { &demo_xrdp::NEEDED } else { &demo_vnc::NEEDED };
    demo_desktop::check_programs(needed)?;
    // On this thread, so that children that die with their parent's thread die with the process.
    let runtime = runtime(None, None)?;
    let result = runtime.block_on(demo(arguments));
    runtime.shutdown_background();
    result
}

async fn demo(arguments: &DemoArgs) -> Result<(), CliError> {
    // Before the first child: from here on a signal ends the demo in order.
    let mut signals = Signals::new()?;
    let dir = tempfile::Builder::new()
        .prefix("porthole-demo-")
        .tempdir()
        .map_err(|error| CliError::run("cannot make a temporary directory", error))?;
    let demonstrated = async {
        let mut desktop = if arguments.rdp {
            demo_xrdp::start(dir.path()).await?
        } else {
            demo_vnc::start(dir.path(), arguments.geometry).await?
        };
        let shown = show(arguments, &mut desktop).await;
        desktop.stop().await;
        shown
    };
    // Dropping it half way kills the children too.
    tokio::select! {
        result = demonstrated => result,
        () = signals.next() => Ok(()),
    }
}

/// Serves the desktop until it ends.
async fn show(arguments: &DemoArgs, desktop: &mut Desktop) -> Result<(), CliError> {
    let secret = random_hex::<32>()?;
    let text = configuration(arguments.port, &secret, desktop);
    let config = Arc::new(Config::from_text(&PathBuf::from("demo.toml"), &text, [])?);
    logging::start(&config.log);
    let gateway = Gateway::bind(config).await?;
    let address =
        gateway.local_addr().map_err(|error| CliError::run("the listener is gone", error))?;

    let usage = |error| CliError::run("the demo's key does not fit", error);
    let key = SigningKey::from_secret(&HmacSecret::new(secret.as_bytes()).map_err(usage)?);
    let token = Minting {
        key: &key,
        issuer: NAME,
        audience: NAME,
        user: "demo",
        connection: CONNECTION,
        ttl: TTL,
        allow: Permissions::default(),
    }
    .mint()?;
    if !arguments.print_only_link {
        say(format_args!("A desktop runs on this machine. Open it with:"))?;
    }
    say(link(&format!("http://{address}/"), &token))?;
    if !arguments.print_only_link {
        say("Ctrl-C ends it.")?;
    }
    tokio::select! {
        ended = desktop.ended() => Err(CliError::Run(format!("the desktop ended: {ended}"))),
        () = gateway.run_until(std::future::pending()) => Ok(()),
    }
}

/// Written as a file would be, so that the demo runs what everybody runs.
fn configuration(port: u16, secret: &str, desktop: &Desktop) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n\
         [log]\nlevel = \"warn\"\n\
         [tokens]\nissuers = [\"{NAME}\"]\naudiences = [\"{NAME}\"]\nalgorithms = [\"HS256\"]\n\
         lifetime_max_s = {lifetime_s}\nsingle_use = false\n\
         [[tokens.keys]]\nkind = \"secret\"\nsecret = \"{secret}\"\n\
         [policy]\n{policy}\
         [connections.{CONNECTION}]\n{connection}",
        lifetime_s = TTL.as_secs(),
        policy = desktop.policy,
        connection = desktop.connection,
    )
}

/// `1280x800`.
fn geometry(text: &str) -> Result<(u16, u16), String> {
    let side = |text: &str| text.parse().ok().filter(|side| (64..=16_384).contains(side));
    text.split_once('x')
        .and_then(|(width, height)| Some((side(width)?, side(height)?)))
        .ok_or_else(|| "write it like 1280x800, each side from 64 to 16384".to_owned())
}

#[cfg(test)]
mod tests {
    use super::geometry;

    #[test]
    fn reads_geometry() {
        assert_eq!(geometry("1280x800"), Ok((1280, 800)));
        for wrong in ["", "1280", "1280x", "x800", "63x800", "1280x16385", "1280x800+0", "-1x800"] {
            assert!(geometry(wrong).is_err(), "{wrong:?}");
        }
    }
}

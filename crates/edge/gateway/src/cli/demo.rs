//! `porthole demo`: a desktop or a shell on this machine, and a link to it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use clap::Args;
use porthole_token::{HmacSecret, Permission, Permissions, SigningKey};

use super::{
    CliError,
    demo_remote::{self, Remote},
    demo_ssh, demo_vnc, demo_xrdp, runtime, say,
    token::{Minting, link, random_hex},
};
use crate::{
    config::Config,
    logging,
    serve::{Gateway, Signals},
};

/// How long the link stays good. The gateway forgets its key long before that.
const TTL: Duration = Duration::from_secs(7 * 24 * 3600);

pub(super) const CONNECTION: &str = "demo";
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
    /// Show a shell over SSH, of whoever runs this, in place of a desktop.
    #[arg(long, conflicts_with_all = ["geometry", "rdp"])]
    ssh: bool,
    /// Print the link and nothing else.
    #[arg(long)]
    print_only_link: bool,
}

/// Runs until a signal, or until what is shown ends.
pub(super) fn run(arguments: &DemoArgs) -> Result<(), CliError> {
    let needed: &[_] = match (arguments.ssh, arguments.rdp) {
        (true, _) => &demo_ssh::NEEDED,
        (_, true) => &demo_xrdp::NEEDED,
        _ => &demo_vnc::NEEDED,
    };
    demo_remote::check_programs(needed, !arguments.ssh)?;
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
        let mut remote = match (arguments.ssh, arguments.rdp) {
            (true, _) => demo_ssh::start(dir.path()).await?,
            (_, true) => demo_xrdp::start(dir.path()).await?,
            _ => demo_vnc::start(dir.path(), arguments.geometry).await?,
        };
        let shown = show(arguments, &mut remote).await;
        remote.stop().await;
        shown
    };
    // Dropping it half way kills the children too.
    tokio::select! {
        result = demonstrated => result,
        () = signals.next() => Ok(()),
    }
}

/// Serves the desktop or the shell until it ends.
async fn show(arguments: &DemoArgs, remote: &mut Remote) -> Result<(), CliError> {
    let secret = random_hex::<32>()?;
    let text = configuration(arguments.port, &secret, remote);
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
        allow: allowed(arguments.ssh),
        reader: None,
    }
    .mint()?;
    if !arguments.print_only_link {
        let what = if arguments.ssh { "shell" } else { "desktop" };
        say(format_args!("A {what} runs on this machine. Open it with:"))?;
    }
    say(link(&format!("http://{address}/"), &token))?;
    if !arguments.print_only_link {
        say("Ctrl-C ends it.")?;
    }
    tokio::select! {
        ended = remote.ended() => Err(CliError::Run(format!("the server ended: {ended}"))),
        () = gateway.run_until(std::future::pending()) => Ok(()),
    }
}

/// What the link's holder may do: a shell has files, too.
fn allowed(has_files: bool) -> Permissions {
    let files = [Permission::FilesIn, Permission::FilesOut];
    Permissions::default().iter().chain(files.into_iter().filter(|_| has_files)).collect()
}

/// Written as a file would be, so that the demo runs what everybody runs.
fn configuration(port: u16, secret: &str, remote: &Remote) -> String {
    format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n\
         [log]\nlevel = \"warn\"\n\
         [tokens]\nissuers = [\"{NAME}\"]\naudiences = [\"{NAME}\"]\nalgorithms = [\"HS256\"]\n\
         lifetime_max_s = {lifetime_s}\nsingle_use = false\n\
         [[tokens.keys]]\nkind = \"secret\"\nsecret = \"{secret}\"\n\
         [policy]\n{policy}\
         [connections.{CONNECTION}]\n{connection}",
        lifetime_s = TTL.as_secs(),
        policy = remote.policy,
        connection = remote.connection,
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
    use porthole_token::{Permission, Permissions};

    use super::{allowed, geometry};

    #[test]
    fn a_shell_has_files() {
        assert_eq!(allowed(false), Permissions::default());
        for permission in [Permission::Input, Permission::FilesIn, Permission::FilesOut] {
            assert!(allowed(true).contains(permission), "{permission:?}");
        }
    }

    #[test]
    fn reads_geometry() {
        assert_eq!(geometry("1280x800"), Ok((1280, 800)));
        for wrong in ["", "1280", "1280x", "x800", "63x800", "1280x16385", "1280x800+0", "-1x800"] {
            assert!(geometry(wrong).is_err(), "{wrong:?}");
        }
    }
}

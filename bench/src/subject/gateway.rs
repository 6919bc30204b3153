//! The gateway, and viewers that speak the link.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use porthole_link::{Feature, ToGateway};
use porthole_pixels::{Rect, Size, Surface};
use porthole_testkit::servers::Gateway;
use porthole_testkit::tokens;
use porthole_testkit::viewer::{Counts as LinkCounts, Viewer as LinkViewer, ViewerOptions};
use tokio::runtime::Runtime;
use tokio::time::{MissedTickBehavior, interval};

use super::Subject;
use crate::remote::Place;
use crate::scene::SPOT;
use crate::viewer::{Counts, Images, Seat, Sight, Viewer};

/// How often the viewer shows that it lives.
const PING_GAP: Duration = Duration::from_secs(5);

/// The kinds of images, in the order in which the viewer counts them.
const KINDS: [&str; 3] = ["jpeg", "palette", "rgb"];

/// The gateway's environment, as `deploy/` has it.
const AS_DEPLOYED: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "131072");

/// Connections that are not viewers, and some to spare.
const CONNECTIONS_SPARE: usize = 64;

/// How to run the gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GatewayOptions {
    /// The program.
    pub(crate) bin: PathBuf,
    /// Connection parameters, by Guacamole's names.
    pub(crate) parameters: Vec<(String, String)>,
    /// Keys of `[pacing]`.
    pub(crate) pacing: Vec<(String, String)>,
}

/// A running gateway.
pub(crate) struct GatewaySubject {
    gateway: Gateway,
    process_id: u32,
    /// What the viewers of remotes of more than one size wish for.
    size: Size,
}

impl GatewaySubject {
    /// Starts a gateway that may reach `remotes`, with the limits that it has by default, or
    /// with room for this many sessions. Viewers have windows of the size given.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub(crate) fn start(
        options: &GatewayOptions,
        remotes: &[Place],
        (width, height): (u16, u16),
        sessions: Option<usize>,
    ) -> Result<Self> {
        let toml = configuration(options, remotes, sessions)?;
        let mut gateway = Gateway::start_with(&options.bin, &toml, |command| {
            command.env(AS_DEPLOYED.0, AS_DEPLOYED.1);
        })?;
        let process_id = gateway.process().id();
        Ok(Self { gateway, process_id, size: Size::new(width, height) })
    }

    /// For viewers that draw the text of the remote at `remote` themselves, and see its files.
    ///
    /// # Errors
    ///
    /// No token can be made.
    pub(crate) fn text_options(&self, remote: SocketAddr) -> Result<ViewerOptions> {
        let token = tokens::for_files_of(&connection(remote))?;
        Ok(ViewerOptions::new(self.gateway.address(), token).drawing_text().skipping_pixels())
    }
}

fn configuration(
    options: &GatewayOptions,
    remotes: &[Place],
    sessions: Option<usize>,
) -> Result<String> {
    let mut toml = "[server]\nlisten = \"127.0.0.1:0\"\n".to_owned();
    if let Some(sessions) = sessions {
        let connections = sessions + CONNECTIONS_SPARE;
        writeln!(toml, "connections_max = {connections}\n[session]\nmax = {sessions}")?;
    }
    toml.push_str("[pacing]\n");
    for (name, value) in &options.pacing {
        writeln!(toml, "{name} = {value}")?;
    }
    toml.push_str(&tokens::config_toml());
    for protocol in ["vnc", "rdp", "ssh"] {
        let here = remotes.iter().filter(|remote| remote.protocol == protocol);
        let mut ports: Vec<u16> = here.map(|remote| remote.address.port()).collect();
        if ports.is_empty() {
            continue;
        }
        ports.sort_unstable();
        writeln!(
            toml,
            "[[policy.allow]]\nprotocol = \"{protocol}\"\nnetworks = [\"127.0.0.1/32\"]\n\
             ports = {ports:?}\nallow_special = true"
        )?;
    }
    for Place { address, protocol, keys, login, parameters } in remotes {
        let (host, port) = (address.ip(), address.port());
        writeln!(
            toml,
            "[connections.{}]\nprotocol = \"{protocol}\"\nhostname = \"{host}\"\nport = {port}\n\
             {keys}",
            connection(*address),
        )?;
        if let Some((username, password)) = login {
            writeln!(toml, "username = {username:?}\npassword = {password:?}")?;
        }
        for (name, value) in options.parameters.iter().chain(parameters) {
            writeln!(toml, "parameters.{name} = {value:?}")?;
        }
    }
    Ok(toml)
}

/// The name of a remote in the configuration.
fn connection(remote: SocketAddr) -> String {
    format!("remote-{}", remote.port())
}

impl Subject for GatewaySubject {
    fn process_id(&self) -> Option<u32> {
        Some(self.process_id)
    }

    fn attach(&self, runtime: &Runtime, remote: SocketAddr, sight: Sight) -> Result<Viewer> {
        let token = tokens::for_connection(&connection(remote))?;
        let mut options = ViewerOptions::new(self.gateway.address(), token).wishing(self.size);
        if !sight.has_pixels() {
            // Nobody looks, so nobody minds that it cannot decode what the remote encoded.
            options.hello.features |= Feature::VIDEO;
        }
        let options = if sight.has_pixels() { options } else { options.skipping_pixels() };
        Ok(Viewer::start(runtime, sight, |seat| watch(options, seat)))
    }
}

/// Watches a session until the seat's viewer is dropped. Every frame is acknowledged as soon as
/// it is here.
async fn watch(options: ViewerOptions, mut seat: Seat) -> Result<()> {
    let mut viewer = LinkViewer::open(&options).await?;
    let mut spot = spot_of(viewer.picture());
    let mut counted = LinkCounts::default();
    let mut pings = interval(PING_GAP);
    pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        // Whatever wakes this, an acknowledgement under way has at least been queued.
        tokio::select! {
            open = viewer.next() => {
                ensure!(open?, "the gateway closed the link: {:?}", viewer.seen());
                let new = viewer.counts().since(&counted);
                counted = *viewer.counts();
                seat.count(|counts| add(counts, &new));
                if new.frames > 0 {
                    let now = spot_of(viewer.picture());
                    seat.frame_ended(now != spot);
                    seat.show(viewer.picture());
                    spot = now;
                }
            }
            pressed = seat.next_press() => {
                let Some(keysym) = pressed else { return Ok(()) };
                seat.press();
                viewer.press(keysym, 0).await?;
            }
            _ = pings.tick() => viewer.send(&ToGateway::Ping(0)).await?,
        }
    }
}

/// The pixel in the corner of the spot; nothing when no pixels are kept.
fn spot_of(picture: &Surface) -> Vec<u8> {
    let corner = Rect { width: 1, height: 1, ..SPOT };
    if corner.fits(picture.size()) { picture.row(corner, 0).to_vec() } else { Vec::new() }
}

fn add(counts: &mut Counts, new: &LinkCounts) {
    counts.bytes += new.bytes;
    counts.fills += new.fills;
    counts.copies += new.copies;
    let amounts = new.images.iter().zip(new.image_bytes.iter().zip(&new.image_pixels));
    for (kind, (count, (bytes, pixels))) in KINDS.into_iter().zip(amounts) {
        counts.add_images(kind, Images { count: *count, bytes: *bytes, pixels: *pixels });
    }
    let [stores, recalls] = new.cells;
    let videos = Images { count: new.videos, bytes: new.video_bytes, pixels: 0 };
    counts.add_images("video", videos);
    counts.add_images("store", Images { count: stores, ..Images::default() });
    counts.add_images("recall", Images { count: recalls, ..Images::default() });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configuration_names_every_remote() {
        let options = GatewayOptions {
            bin: PathBuf::new(),
            parameters: vec![("encodings".into(), "zrle".into())],
            pacing: vec![("lossy".into(), "false".into())],
        };
        let remotes =
            ["127.0.0.1:5902", "127.0.0.1:5901"].map(|at| Place::vnc(at.parse().unwrap()));
        let toml = configuration(&options, &remotes, None).unwrap();
        assert!(toml.contains("ports = [5901, 5902]\n"), "{toml}");
        assert!(toml.contains("[connections.remote-5902]\n"), "{toml}");
        assert_eq!(toml.matches("parameters.encodings = \"zrle\"").count(), 2, "{toml}");
        assert!(toml.contains("[pacing]\nlossy = false\n"), "{toml}");
        assert!(!toml.contains("[session]"), "{toml}");
        let roomy = configuration(&options, &remotes, Some(1000)).unwrap();
        assert!(roomy.contains("connections_max = 1064\n[session]\nmax = 1000\n"), "{roomy}");
    }
}

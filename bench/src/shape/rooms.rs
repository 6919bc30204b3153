//! Two network namespaces with one TUN device each, and nothing else that reaches out of them.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::process::Command;

use anyhow::{Context as _, Result, anyhow, ensure};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use tun_rs::{DeviceBuilder, SyncDevice};

/// One side of the network.
pub(crate) struct Room {
    /// The namespace's name, for `ip netns exec`.
    pub(crate) name: String,
    /// Its address. Both sides' exist inside the namespaces alone.
    pub(crate) address: &'static str,
    /// Where its packets come out.
    pub(crate) device: SyncDevice,
    /// The kind of TCP there.
    pub(crate) congestion: String,
}

/// The browser's address and the server's.
const ADDRESSES: [&str; 2] = ["10.77.0.1", "10.77.0.2"];

/// Whether a machine lets us do this: `Err` says what it lacks.
pub(crate) fn check_machine() -> Result<()> {
    ensure!(rustix::process::geteuid().is_root(), "only root may make network namespaces");
    ensure!(std::fs::exists("/dev/net/tun")?, "there is no /dev/net/tun");
    ip(&["netns", "list"]).context("network namespaces are not available")
}

impl Room {
    /// Makes both sides: the browser's, then the server's. `congestion` names kinds of TCP, of
    /// which the kernel's first is used.
    ///
    /// # Errors
    ///
    /// The system refuses something. What was made until then is removed.
    pub(crate) fn pair(congestion: &[String]) -> Result<[Self; 2]> {
        Ok([Self::make(0, congestion)?, Self::make(1, congestion)?])
    }

    fn make(side: usize, congestion: &[String]) -> Result<Self> {
        let process = std::process::id();
        let suffix = if side == 0 { "near" } else { "far" };
        let name = format!("porthole-{process}-{suffix}");
        let device_name = format!("pt{process}{side}");
        let (Some(address), Some(peer)) = (ADDRESSES.get(side), ADDRESSES.get(1 - side)) else {
            return Err(anyhow!("a network has two sides"));
        };
        // A device without an address, down, until it is in its namespace.
        let device = DeviceBuilder::new()
            .name(&device_name)
            .enable(false)
            .build_sync()
            .context("cannot make a TUN device")?;
        device.set_nonblocking(true)?;
        ip(&["netns", "add", &name])?;
        // From here on dropping the room removes the namespace.
        let mut room = Self { name, address, device, congestion: String::new() };
        let name = room.name.clone();
        let name = name.as_str();
        ip(&["link", "set", &device_name, "netns", name])?;
        ip(&["-n", name, "link", "set", "lo", "up"])?;
        ip(&["-n", name, "addr", "add", address, "peer", peer, "dev", &device_name])?;
        ip(&["-n", name, "link", "set", &device_name, "mtu", "1500", "up"])?;
        let congestion = congestion.to_vec();
        room.congestion = room.inside(move || set_up_tcp(&congestion))?;
        Ok(room)
    }

    /// Runs something in this namespace, on a thread of its own. Sockets opened there stay there.
    ///
    /// # Errors
    ///
    /// The namespace cannot be entered, or `work` fails.
    pub(crate) fn inside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let path = format!("/run/netns/{}", self.name);
        let thread = std::thread::spawn(move || {
            let space = File::open(&path).with_context(|| path.clone())?;
            move_into_link_name_space(space.as_fd(), Some(LinkNameSpaceType::Network))
                .with_context(|| format!("cannot enter {path}"))?;
            work()
        });
        thread.join().map_err(|_panic| anyhow!("a thread in a namespace panicked"))?
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if let Err(error) = ip(&["netns", "delete", &self.name]) {
            eprintln!("cannot remove namespace {}: {error:#}", self.name);
        }
    }
}

/// Chooses the kind of TCP in the namespace of this thread, and has it learn nothing.
fn set_up_tcp(congestion: &[String]) -> Result<String> {
    let tcp = "/proc/sys/net/ipv4";
    // What one connection learns would make the next one another measurement.
    std::fs::write(format!("{tcp}/tcp_no_metrics_save"), "1")?;
    let chosen = congestion
        .iter()
        // A kernel whose own choice is another one keeps some kinds from namespaces.
        .find(|name| std::fs::write(format!("{tcp}/tcp_congestion_control"), name).is_ok());
    chosen.cloned().with_context(|| format!("the kernel lends none of {congestion:?}"))
}

/// Removes what shapers left behind that were killed before they could clean up.
pub(crate) fn remove_leftovers() -> Result<()> {
    let Ok(entries) = std::fs::read_dir("/run/netns") else {
        return Ok(());
    };
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        let owner = name.strip_prefix("porthole-").and_then(|rest| rest.split('-').next());
        let Some(owner) = owner.and_then(|digits| digits.parse::<u32>().ok()) else {
            continue;
        };
        if !std::fs::exists(format!("/proc/{owner}"))? {
            ip(&["netns", "delete", &name])?;
        }
    }
    Ok(())
}

fn ip(arguments: &[&str]) -> Result<()> {
    let output = Command::new("ip").args(arguments).output().context("cannot run `ip`")?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "ip {}: {}", arguments.join(" "), complaint.trim());
    Ok(())
}

//! Ports that nobody uses, and servers that are ready.

use std::io::{ErrorKind, Read as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::Process;
use super::process::{READY_MAX, wait_until};

/// How often another port is tried when the first was taken between our look and its use.
const ATTEMPTS: u32 = 5;

/// How long a server may take to send the banner after accepting.
const BANNER_MAX: Duration = Duration::from_secs(10);

/// Length of an RFB banner, in bytes (RFC 6143 §7.1.1).
const BANNER_LEN_BYTES: usize = 12;

/// A TCP port on the loopback address that was free a moment ago.
///
/// # Errors
///
/// The system has none to give.
pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}

/// The address of `port` on this machine.
pub(super) fn loopback(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}

/// Reads the RFB banner of the server at `address`, such as `"RFB 003.008\n"`.
///
/// # Errors
///
/// Nobody listens there, or it is not an RFB server.
pub fn read_banner(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, BANNER_MAX)?;
    // Connecting to a free port may meet itself: the system may pick the same port for our end.
    ensure!(stream.local_addr()? != address, "nobody listens at {address}");
    stream.set_read_timeout(Some(BANNER_MAX))?;
    let mut banner = [0; BANNER_LEN_BYTES];
    stream.read_exact(&mut banner).with_context(|| format!("no banner from {address}"))?;
    let banner = String::from_utf8_lossy(&banner).into_owned();
    ensure!(banner.starts_with("RFB "), "{address} sent {banner:?}");
    Ok(banner)
}

/// Waits until the server that `process` is answers with a banner on `port`.
pub(super) fn wait_for_banner(process: &mut Process, port: u16) -> Result<()> {
    wait_until(&format!("a banner on port {port}"), READY_MAX, || {
        process.check_running()?;
        Ok(is_listening(port)?.then_some(()))
    })
    .with_context(|| format!("the log so far: {}", process.log_tail()))?;
    read_banner(loopback(port))?;
    // Whoever answered, it was not our server if that has ended meanwhile.
    process.check_running()
}

/// Waits until something listens on `port` while `process` runs.
pub(super) fn wait_for_listener(process: &mut Process, port: u16) -> Result<()> {
    wait_until(&format!("a listener on port {port}"), READY_MAX, || {
        process.check_running()?;
        Ok(is_listening(port)?.then_some(()))
    })
    .with_context(|| format!("the log so far: {}", process.log_tail()))
}

/// Looks for a listening socket without connecting to it: some servers count connections.
fn is_listening(port: u16) -> Result<bool> {
    let table = std::fs::read_to_string("/proc/net/tcp").context("cannot list sockets")?;
    Ok(lists_listener(&table, port))
}

/// Whether the system's table of IPv4 sockets has a listener on `port`.
fn lists_listener(table: &str, port: u16) -> bool {
    let wanted = format!(":{port:04X}");
    table.lines().skip(1).any(|row| {
        let mut cells = row.split_ascii_whitespace().skip(1);
        let local_ends_so = cells.next().is_some_and(|local| local.ends_with(&wanted));
        // 0A is TCP_LISTEN.
        local_ends_so && cells.nth(1) == Some("0A")
    })
}

/// Calls `start` with a free port, and with another when that was taken meanwhile.
pub(super) fn with_free_port<T>(mut start: impl FnMut(u16) -> Result<T>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match start(free_port()?) {
            Err(error) if attempt < ATTEMPTS && is_port_taken(&error) => attempt += 1,
            other => return other,
        }
    }
}

/// Whether a server's log, which is in the error, says that its port was taken.
fn is_port_taken(error: &anyhow::Error) -> bool {
    if let Some(fault) = error.downcast_ref::<std::io::Error>() {
        return fault.kind() == ErrorKind::AddrInUse;
    }
    let text = format!("{error:#}");
    ["Address already in use", "could not obtain listening port"]
        .iter()
        .any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn reads_the_system_table() {
        let table = "  sl  local_address rem_address   st\n\
            0: 0100007F:170C 00000000:0000 0A 0\n\
            1: 0100007F:170D 0100007F:0001 01 0\n";
        assert!(lists_listener(table, 0x170C));
        assert!(!lists_listener(table, 0x170D), "connected, not listening");
        assert!(!lists_listener(table, 0x170E));
    }

    #[test]
    fn sees_a_listener_of_its_own() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        assert!(is_listening(listener.local_addr().unwrap().port()).unwrap());
    }

    #[test]
    fn tries_another_port_only_when_the_first_is_taken() {
        let mut calls = 0;
        let got = with_free_port(|port| {
            calls += 1;
            if calls < 3 { Err(anyhow!("bind: Address already in use")) } else { Ok(port) }
        });
        assert!(got.unwrap() > 0);
        assert_eq!(calls, 3);

        calls = 0;
        let got = with_free_port(|_port| -> Result<()> {
            calls += 1;
            Err(anyhow!("broken"))
        });
        assert!(got.is_err());
        assert_eq!(calls, 1);
    }
}

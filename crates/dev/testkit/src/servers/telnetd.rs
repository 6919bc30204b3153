//! Telnet servers, one process for each connection, as inetd starts them.

use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use anyhow::Result;
use tempfile::TempDir;

use super::process::interruptible;

/// What asks for a name and a password in `login`'s place, and then becomes a shell. The name and the
/// password are in it, so no user of the machine is needed.
const LOGIN: &str = r#"#!/bin/sh
for attempt in 1 2 3; do
    printf 'host login: '
    IFS= read -r name || exit 1
    stty -echo
    printf 'Password: '
    IFS= read -r word || exit 1
    stty echo
    printf '\n'
    if [ "$name" = 'USER' ] && [ "$word" = 'PASSWORD' ]; then
        cd /
        PS1='ready$ ' ENV= exec /bin/sh -i
    fi
    printf 'Login incorrect\n'
done
exit 1
"#;

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TelnetKind {
    /// GNU inetutils', which is Debian's.
    Inetutils,
    /// busybox's, which many devices have.
    Busybox,
}

/// A listener whose connections are handed to telnet servers.
#[derive(Debug)]
pub struct Telnetd {
    address: SocketAddr,
    is_over: Arc<AtomicBool>,
    servers: Arc<Mutex<Vec<Child>>>,
    accepting: Option<JoinHandle<()>>,
    _folder: TempDir,
}

impl Telnetd {
    /// The user who may log on.
    pub const USER: &str = "ada";
    /// The user's password.
    pub const PASSWORD: &str = "correct horse";
    /// What the user's shell prompts with.
    pub const PROMPT: &str = "ready$ ";

    /// Listens on the loopback address.
    ///
    /// # Errors
    ///
    /// The system has no port to give.
    pub fn start(kind: TelnetKind) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let login = folder.path().join("login");
        let script = LOGIN.replace("USER", Self::USER).replace("PASSWORD", Self::PASSWORD);
        fs::write(&login, script)?;
        fs::set_permissions(&login, Permissions::from_mode(0o755))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let (is_over, servers) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let (ending, started) = (Arc::clone(&is_over), Arc::clone(&servers));
        let accepting =
            std::thread::spawn(move || accept(&listener, kind, &login, &ending, &started));
        Ok(Self { address, is_over, servers, accepting: Some(accepting), _folder: folder })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many connections are served at the moment.
    pub fn connections(&self) -> usize {
        let mut servers = self.servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.retain_mut(|server| matches!(server.try_wait(), Ok(None)));
        servers.len()
    }
}

impl Drop for Telnetd {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread, which then looks.
        let _woken = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ended = accepting.join();
        }
        for server in self.servers.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            // Its terminal goes with it, and the shell hangs up.
            let _killed = server.kill();
            let _reaped = server.wait();
        }
    }
}

fn accept(
    listener: &TcpListener,
    kind: TelnetKind,
    login: &Path,
    is_over: &AtomicBool,
    servers: &Mutex<Vec<Child>>,
) {
    while let Ok((stream, _peer)) = listener.accept() {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        // A server that cannot be started leaves its client without a word: the test will say so.
        if let Ok(server) = serve(stream, kind, login) {
            servers.lock().unwrap_or_else(PoisonError::into_inner).push(server);
        }
    }
}

fn serve(stream: TcpStream, kind: TelnetKind, login: &Path) -> Result<Child> {
    let mut command = match kind {
        TelnetKind::Inetutils => {
            let mut command = interruptible("/usr/sbin/telnetd");
            command.arg("-E");
            command
        }
        TelnetKind::Busybox => {
            let mut command = interruptible("busybox");
            command.args(["telnetd", "-i", "-l"]);
            command
        }
    };
    let input = Stdio::from(OwnedFd::from(stream.try_clone()?));
    let output = Stdio::from(OwnedFd::from(stream));
    Ok(command.arg(login).stdin(input).stdout(output).stderr(Stdio::null()).spawn()?)
}

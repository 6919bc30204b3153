//! xrdp with its session manager and Xorg: a desktop made when somebody logs on.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::port::{free_port, loopback, wait_for_listener, with_free_port};
use super::{Certificate, Display, Process};

/// The first of the ports that the system chooses.
const PORT_FIRST: u16 = 32_768;

/// Where display numbers begin, and how many there are. The session manager passes over a display
/// with whose number and 5900, 6000 or 6200 more a port is in use: none of these is one that the
/// system chooses for anybody.
const DISPLAY_FIRST: u16 = 100;
/// See [`DISPLAY_FIRST`].
const DISPLAYS: u16 = 26_000;

/// The folder of redirected drives, in the user's home.
const DRIVES: &str = "thinclient_drives";

/// Sessions that there may be: so many displays are the server's, from the first on.
const SESSIONS_MAX: u16 = 10;

/// How long the server may take to end.
const END_MAX: Duration = Duration::from_secs(5);

/// The user whose session it is.
const USER: &str = "tester";
/// The user's password.
const PASSWORD: &str = "correct horse";

/// What the session's program reads a line from before it ends.
const WAY_OUT: &str = "way-out";

/// Everything the server reads of the machine's settings, replaced in a mount namespace of its own;
/// and a process namespace, so that sessions, which leave the server's process group, end with it.
const START: &str = "\
mount --bind \"$0/xrdp\" /etc/xrdp && \
mount --bind \"$0/pam.d\" /etc/pam.d && \
mount --bind \"$0/passwd\" /etc/passwd && \
mount -t tmpfs -o mode=755 tmpfs /run && \
mkdir -p /run/xrdp/sockdir && chmod 3777 /run/xrdp/sockdir && cd \"$0\" && \
{ xrdp-sesman --nodaemon & exec xrdp --nodaemon; }";

/// A running xrdp. It needs root, or a machine where a user may make namespaces.
#[derive(Debug)]
pub struct Xrdp {
    process: Process,
    certificate: Certificate,
    port: u16,
    /// The settings, and the user's home.
    folder: TempDir,
}

impl Xrdp {
    /// Starts a server on the loopback address, with TLS. Its users' sessions show an empty screen.
    ///
    /// # Errors
    ///
    /// It does not start.
    pub fn start() -> Result<Self> {
        with_free_port(Self::start_at)
    }

    fn start_at(port: u16) -> Result<Self> {
        let certificate = Certificate::for_localhost()?;
        let folder = tempfile::tempdir()?;
        write_settings(folder.path(), port, &certificate)?;
        let mut command = Command::new("unshare");
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command
            .args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", START])
            .arg(folder.path());
        let mut process = Process::start(&mut command)?;
        wait_for_listener(&mut process, port)?;
        Ok(Self { process, certificate, port, folder })
    }

    /// The display of the first session.
    pub fn display(&self) -> Display {
        Display::new(u32::from(first_display(self.port)))
    }

    /// Ends the user's session from within, as logging off does.
    ///
    /// # Errors
    ///
    /// There is no session.
    pub fn log_off(&self) -> Result<()> {
        let way_out = self.folder.path().join("home").join(WAY_OUT);
        fs::write(way_out, "\n").context("the session does not wait for it")
    }

    /// Where programs of the first session leave what is to be heard, once its channel server runs.
    /// Messages: `u32` 0, `u32` length with these eight bytes, 44.1 kHz stereo of 16 bits.
    pub fn sound_socket(&self) -> Option<PathBuf> {
        self.audio_socket("out")
    }

    /// Where programs of the first session fetch what its user says.
    pub fn microphone_socket(&self) -> Option<PathBuf> {
        self.audio_socket("in")
    }

    fn audio_socket(&self, way: &str) -> Option<PathBuf> {
        let display = first_display(self.port);
        let name = format!("/run/xrdp/sockdir/xrdp_chansrv_audio_{way}_socket_{display}");
        Some(self.inside(Path::new(&name))).filter(|path| path.exists())
    }

    /// User name and password of the one who may log on.
    pub const fn login(&self) -> (&'static str, &'static str) {
        (USER, PASSWORD)
    }

    /// Its certificate.
    pub const fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Where sessions see the drives of who is connected, once one is: in the server's own view of
    /// the file system. It needs FUSE.
    pub fn drives(&self) -> PathBuf {
        self.inside(&home(self.folder.path()).join(DRIVES))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        loopback(self.port)
    }

    /// How to reach from here a file by the name that it has in sessions, which have mounts of their
    /// own.
    pub fn inside(&self, path: &Path) -> PathBuf {
        let root = PathBuf::from(format!("/proc/{}/root", self.process.id()));
        root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// The server itself.
    pub const fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl Drop for Xrdp {
    fn drop(&mut self) {
        // `unshare` ignores SIGTERM while it waits for the server, whose end is the end of both and
        // of everything in the process namespace. Should this fail, `unshare` is killed, and the
        // namespace with it.
        let id = self.process.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        for child in children.unwrap_or_default().split_ascii_whitespace() {
            if let Some(child) = child.parse().ok().and_then(Pid::from_raw) {
                let _ = kill_process(child, Signal::TERM);
            }
        }
        // X servers that are killed with their namespace leave these behind.
        if self.process.wait(END_MAX).is_ok() {
            let first = first_display(self.port);
            for number in first..first.saturating_add(SESSIONS_MAX) {
                let _ = fs::remove_file(format!("/tmp/.X{number}-lock"));
                let _ = fs::remove_file(format!("/tmp/.X11-unix/X{number}"));
            }
        }
    }
}

fn home(folder: &Path) -> PathBuf {
    folder.join("home")
}

const fn first_display(port: u16) -> u16 {
    DISPLAY_FIRST + port.wrapping_sub(PORT_FIRST) % DISPLAYS
}

fn write_settings(folder: &Path, port: u16, certificate: &Certificate) -> Result<()> {
    let home = home(folder);
    fs::create_dir(&home)?;
    write_program(
        &home.join("startwm.sh"),
        &format!("#!/bin/sh\nmkfifo \"$HOME/{WAY_OUT}\"\nread _ <\"$HOME/{WAY_OUT}\"\n"),
    )?;

    let xrdp = folder.join("xrdp");
    fs::create_dir(&xrdp)?;
    for entry in fs::read_dir("/etc/xrdp").context("xrdp is not installed")? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            fs::copy(entry.path(), xrdp.join(entry.file_name()))?;
        }
    }
    let manager_port = free_port()?;
    // A relative path would be taken below the system's own logs.
    let logs = folder.display();
    let key = certificate.key_file();
    let cert = certificate.file();
    fs::write(
        xrdp.join("xrdp.ini"),
        format!(
            "[Globals]\nini_version=1\nfork=true\nport=tcp://127.0.0.1:{port}\n\
             security_layer=tls\ncertificate={}\nkey_file={}\nssl_protocols=TLSv1.2, TLSv1.3\n\
             autorun=Xorg\nallow_channels=true\nbitmap_compression=true\nbulk_compression=true\n\
             max_bpp=32\nnew_cursors=true\nuse_fastpath=both\ntcp_nodelay=true\n\
             [Logging]\nLogFile={logs}/xrdp.log\nLogLevel=INFO\nEnableSyslog=false\n\
             [Channels]\ncliprdr=true\ndrdynvc=true\nrdpdr=true\nrdpsnd=true\nrail=false\n\
             [Xorg]\nname=Xorg\nlib=libxup.so\nusername=ask\npassword=ask\nip=127.0.0.1\n\
             port=-1\ncode=20\n",
            cert.display(),
            key.display()
        ),
    )?;
    fs::write(
        xrdp.join("sesman.ini"),
        format!(
            "[Globals]\nListenAddress=127.0.0.1\nListenPort={manager_port}\n\
             EnableUserWindowManager=true\nUserWindowManager=startwm.sh\n\
             DefaultWindowManager=startwm.sh\nReconnectScript=reconnectwm.sh\n\
             [Security]\nAllowRootLogin=true\nMaxLoginRetry=4\n\
             [Sessions]\nX11DisplayOffset={}\nMaxSessions={SESSIONS_MAX}\nKillDisconnected=false\n\
             Policy=Default\n\
             [Logging]\nLogFile={logs}/sesman.log\nLogLevel=INFO\nEnableSyslog=false\n\
             [Xorg]\nparam=/usr/lib/xorg/Xorg\nparam=-config\nparam=xrdp/xorg.conf\n\
             param=-noreset\nparam=-nolisten\nparam=tcp\nparam=-logfile\nparam=.xorgxrdp.%s.log\n\
             param=-ac\n\
             [Chansrv]\nFuseMountName={DRIVES}\n\
             [SessionVariables]\nLANG=C.UTF-8\n",
            first_display(port)
        ),
    )?;

    let passwd = fs::read_to_string("/etc/passwd")?;
    let user = format!("{USER}:x:0:0::{}:/bin/sh\n", home.display());
    // By number the first one counts, so the user comes last.
    fs::write(folder.join("passwd"), format!("{passwd}{user}"))?;
    write_sign_in(folder)
}

/// Rules by which PAM lets in our user with our password, and nobody else.
fn write_sign_in(folder: &Path) -> Result<()> {
    let check = folder.join("check");
    write_program(
        &check,
        &format!(
            "#!/bin/sh\nword=$(tr -d '\\000')\n\
             [ \"$PAM_USER\" = '{USER}' ] && [ \"$word\" = '{PASSWORD}' ]\n"
        ),
    )?;
    let services = folder.join("pam.d");
    fs::create_dir(&services)?;
    // The first module has no say when credentials are handed out, and somebody must.
    let rules = format!(
        "auth required pam_exec.so expose_authtok quiet {}\nauth required pam_permit.so\naccount required pam_permit.so\n\
         session required pam_permit.so\n",
        check.display()
    );
    for service in ["xrdp-sesman", "other"] {
        fs::write(services.join(service), &rules)?;
    }
    Ok(())
}

fn write_program(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, Permissions::from_mode(0o755))?;
    Ok(())
}

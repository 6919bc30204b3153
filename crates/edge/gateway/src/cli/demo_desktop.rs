//! The demo's desktop: an X server that speaks VNC, and a few programs on it.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
};

use super::{CliError, token::random_hex};

/// How long the X server may take to start.
const START_MAX: Duration = Duration::from_secs(15);

/// How long a program has to end after SIGTERM.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Without these there is no desktop; beside each, the Debian package that has it.
const NEEDED: [(&str, &str); 2] =
    [("Xtigervnc", "tigervnc-standalone-server"), ("tigervncpasswd", "tigervnc-tools")];

/// At least one of these must be there to have something to look at.
const WANTED: [(&str, &str); 2] = [("xterm", "xterm"), ("xclock", "x11-apps")];

/// Programs to start, with their arguments, in this order, as far as they are installed.
const PROGRAMS: [(&str, &[&str]); 5] = [
    ("openbox", &[]),
    ("xsetroot", &["-solid", "#2e4057"]),
    ("xterm", &["-geometry", "90x28+40+60"]),
    ("xclock", &["-geometry", "220x220-60+60", "-update", "1"]),
    ("xeyes", &["-geometry", "220x140-60+340"]),
];

/// A running desktop. Dropping it kills its programs.
pub(super) struct Desktop {
    server: Child,
    programs: Vec<Child>,
    socket: PathBuf,
    password: String,
}

/// Says what is missing, and how to get it.
pub(super) fn check_programs() -> Result<(), CliError> {
    let is_missing = |(program, _): &&(&str, &str)| find(program).is_none();
    let mut missing: Vec<_> = NEEDED.iter().filter(is_missing).collect();
    if WANTED.iter().all(|wanted| is_missing(&wanted)) {
        missing.extend(WANTED.iter());
    }
    if missing.is_empty() {
        return Ok(());
    }
    let programs: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    Err(CliError::Usage(format!(
        "the demo needs {}, which cannot be found; on Debian or Ubuntu:\n\
         sudo apt-get install openbox {}",
        programs.join(", "),
        packages.join(" ")
    )))
}

impl Desktop {
    /// Starts the X server and then its programs. What was started is killed if this fails.
    pub(super) async fn start(dir: &Path, geometry: (u16, u16)) -> Result<Self, CliError> {
        // VNC passwords end after eight characters.
        let password = random_hex::<4>()?;
        let password_file = dir.join("passwd");
        write_password(&password_file, &password).await?;
        let authority = dir.join("authority");
        write_authority(&authority)?;
        let socket = dir.join("vnc.sock");

        let mut server = command("Xtigervnc")
            .args(["-displayfd", "1", "-rfbport", "-1", "-rfbunixmode", "0600", "-rfbunixpath"])
            .arg(&socket)
            .args(["-SecurityTypes", "VncAuth", "-PasswordFile"])
            .arg(&password_file)
            .arg("-auth")
            .arg(&authority)
            .args(["-geometry", &format!("{}x{}", geometry.0, geometry.1)])
            .args([
                "-depth",
                "24",
                "-desktop",
                "Porthole demo",
                "-AlwaysShared",
                "-nolisten",
                "tcp",
            ])
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| CliError::run("cannot start Xtigervnc", error))?;
        let display = display_number(&mut server).await?;

        let mut programs = Vec::new();
        for (program, arguments) in PROGRAMS {
            if find(program).is_none() {
                continue;
            }
            let child = command(program)
                .args(arguments)
                .env("DISPLAY", format!(":{display}"))
                .env("XAUTHORITY", &authority)
                .stdout(Stdio::null())
                .spawn()
                .map_err(|error| CliError::run(&format!("cannot start {program}"), error))?;
            programs.push(child);
        }
        Ok(Self { server, programs, socket, password })
    }

    /// The VNC server's socket.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }

    /// The VNC server's password.
    pub(super) fn password(&self) -> &str {
        &self.password
    }

    /// Waits until the X server ends by itself.
    pub(super) async fn ended(&mut self) -> String {
        describe(self.server.wait().await)
    }

    /// Ends every program, the X server last.
    pub(super) async fn stop(mut self) {
        for child in self.programs.iter_mut().rev() {
            stop(child).await;
        }
        stop(&mut self.server).await;
    }
}

/// Kills one child and waits until it is gone.
async fn stop(child: &mut Child) {
    // SIGKILL: these programs have nothing to save, and X programs end with their server anyway.
    if let Err(error) = child.start_kill() {
        tracing::debug!(%error, "a program had ended already");
    }
    if tokio::time::timeout(STOP_MAX, child.wait()).await.is_err() {
        tracing::warn!(pid = child.id(), "a program does not end");
    }
}

fn describe(ended: io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

/// A command that dies with us: by being dropped, and, where `setpriv` is installed, even when
/// we are killed.
fn command(program: &str) -> Command {
    let mut command = match find("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--", program]);
            command
        }
        None => Command::new(program),
    };
    command.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command
}

/// Where `program` is, on the PATH.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// The display that the X server chose, which it writes once it is ready.
async fn display_number(server: &mut Child) -> Result<u32, CliError> {
    let failed = |why: String| CliError::Run(format!("Xtigervnc did not start: {why}"));
    let stdout = server.stdout.take().ok_or_else(|| failed("it has no output".into()))?;
    let mut line = String::new();
    let mut output = BufReader::new(stdout);
    match tokio::time::timeout(START_MAX, output.read_line(&mut line)).await {
        Ok(Ok(0)) => Err(failed(describe(server.wait().await))),
        Ok(Ok(_)) => line.trim().parse().map_err(|_odd| failed("it named no display".into())),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_elapsed) => Err(failed(format!("it took longer than {START_MAX:?}"))),
    }
}

/// Lets `tigervncpasswd` write the password in the form that the X server reads.
async fn write_password(file: &Path, password: &str) -> Result<(), CliError> {
    let failed = |error: io::Error| CliError::run("cannot run tigervncpasswd", error);
    let mut child = command("tigervncpasswd")
        .arg("-f")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(format!("{password}\n").as_bytes()).await.map_err(failed)?;
    }
    let output = child.wait_with_output().await.map_err(failed)?;
    if !output.status.success() {
        return Err(CliError::Run(format!("tigervncpasswd failed: {}", output.status)));
    }
    std::fs::write(file, output.stdout)
        .map_err(|error| CliError::run("cannot write the password's file", error))
}

/// Writes a cookie that X programs must show, so that other users of this machine stay out. The
/// format is that of `XauWriteAuth`: big-endian numbers and counted strings.
fn write_authority(file: &Path) -> Result<(), CliError> {
    const FAMILY_WILD: u16 = 0xffff;
    const NAME: &[u8] = b"MIT-MAGIC-COOKIE-1";

    let mut cookie = [0; 16];
    getrandom::fill(&mut cookie)
        .map_err(|error| CliError::run("the system gives no random bytes", error))?;
    let mut entry = FAMILY_WILD.to_be_bytes().to_vec();
    // Any address, any display, then the cookie's kind and the cookie.
    for part in [&[], &[], NAME, &cookie[..]] {
        let len = u16::try_from(part.len()).unwrap_or(u16::MAX);
        entry.extend(len.to_be_bytes());
        entry.extend(part);
    }
    std::fs::write(file, entry)
        .map_err(|error| CliError::run("cannot write the X authority", error))
}

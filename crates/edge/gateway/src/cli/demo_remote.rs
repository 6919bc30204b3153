//! What the demo shows: a server, and a few programs on it.

use std::{
    env, io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::{Child, Command};

use super::CliError;

/// How long a program has to end after SIGKILL.
const STOP_MAX: Duration = Duration::from_secs(2);

/// How long a server may take to listen.
const START_MAX: Duration = Duration::from_secs(15);

/// Time between two looks at whether it does.
const LOOK_GAP: Duration = Duration::from_millis(50);

/// At least one of these must be there to have something to look at; beside each, the Debian
/// package that has it.
const WANTED: [(&str, &str); 2] = [("xterm", "xterm"), ("xclock", "x11-apps")];

/// Programs to start, with their arguments, in this order, as far as they are installed.
pub(super) const PROGRAMS: [(&str, &[&str]); 5] = [
    ("openbox", &[]),
    ("xsetroot", &["-solid", "#2e4057"]),
    ("xterm", &["-geometry", "90x28+40+60"]),
    ("xclock", &["-geometry", "220x220-60+60", "-update", "1"]),
    ("xeyes", &["-geometry", "220x140-60+340"]),
];

/// A running desktop or shell. Dropping it kills its programs.
pub(super) struct Remote {
    pub(super) server: Child,
    /// Those that do not end with the server by themselves.
    pub(super) programs: Vec<Child>,
    /// What the gateway's configuration says of it: `[policy]`, and the keys of its connection.
    pub(super) policy: String,
    pub(super) connection: String,
}

/// Says what is missing of `needed`, programs or files beside their Debian packages, and, of a desktop,
/// of what there is to look at, and how to get it.
pub(super) fn check_programs(needed: &[(&str, &str)], is_desktop: bool) -> Result<(), CliError> {
    let is_missing = |(name, _): &&(&str, &str)| {
        let path = Path::new(name);
        if path.is_absolute() { !path.exists() } else { find(name).is_none() }
    };
    let mut missing: Vec<_> = needed.iter().filter(is_missing).collect();
    if is_desktop && WANTED.iter().all(|wanted| is_missing(&wanted)) {
        missing.extend(WANTED.iter());
    }
    if missing.is_empty() {
        return Ok(());
    }
    let programs: Vec<_> = missing.iter().map(|(program, _)| *program).collect();
    let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    Err(CliError::Usage(format!(
        "the demo needs {}, which cannot be found; on Debian or Ubuntu:\n\
         sudo apt-get install {}{}",
        programs.join(", "),
        if is_desktop { "openbox " } else { "" },
        packages.join(" ")
    )))
}

impl Remote {
    /// Waits until the server ends by itself.
    pub(super) async fn ended(&mut self) -> String {
        describe(self.server.wait().await)
    }

    /// Ends every program, the server last.
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

pub(super) fn describe(ended: io::Result<ExitStatus>) -> String {
    match ended {
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    }
}

/// A command that dies with us: by being dropped, and, where `setpriv` is installed, even when
/// we are killed.
pub(super) fn command(program: &str) -> Command {
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
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// A path as a value of TOML.
pub(super) fn quoted(path: &Path) -> String {
    toml::Value::from(path.display().to_string()).to_string()
}

/// A TCP port on the loopback address that was free a moment ago.
pub(super) fn free_port() -> Result<u16, CliError> {
    let failed = |error| CliError::run("no port is free", error);
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    Ok(listener.local_addr().map_err(failed)?.port())
}

/// Waits until `server`, which is called `name`, listens on `port` of the loopback address.
pub(super) async fn until_it_listens(
    name: &str,
    server: &mut Child,
    port: u16,
) -> Result<(), CliError> {
    let failed = |why: String| CliError::Run(format!("{name} did not start: {why}"));
    let listens = async {
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            tokio::time::sleep(LOOK_GAP).await;
        }
    };
    tokio::select! {
        ended = server.wait() => Err(failed(describe(ended))),
        found = tokio::time::timeout(START_MAX, listens) => {
            found.map_err(|_elapsed| failed(format!("it took longer than {START_MAX:?}")))
        }
    }
}

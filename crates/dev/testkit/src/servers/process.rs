//! A child process that ends with its guard.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// How long a server may take to become ready. Far more than it needs on an idle machine.
pub(super) const READY_MAX: Duration = Duration::from_secs(30);

/// How long a process may take to end after being asked to, before it is killed.
const END_MAX: Duration = Duration::from_secs(5);

/// Time between two looks at something we wait for.
const POLL_GAP: Duration = Duration::from_millis(10);

/// Most of a log that is put into an error, in bytes from its end.
const LOG_SHOWN_MAX_BYTES: usize = 4096;

/// A command for `program` that an interrupt ends. Programs that a shell runs in the background,
/// tests among them, ignore SIGINT and SIGQUIT, and what they start would too (POSIX.1-2017, 2.11).
pub(crate) fn interruptible(program: &str) -> Command {
    let mut command = Command::new("env");
    command.args(["--default-signal=INT,QUIT", program]);
    command
}

/// A running program. Dropping it ends the program: SIGTERM first, so that it can tidy up.
///
/// The child stays in our process group, so that Ctrl-C at a terminal ends it too.
#[derive(Debug)]
pub struct Process {
    child: Child,
    name: String,
    log: File,
}

impl Process {
    /// Starts `command`. Its standard input is empty; both its outputs go to the log.
    ///
    /// # Errors
    ///
    /// It cannot be started, which most often means that its package is not installed.
    pub fn start(command: &mut Command) -> Result<Self> {
        let log = log_file()?;
        command.stdout(log.try_clone()?);
        Self::spawn(command, log)
    }

    /// As [`start`](Self::start), but its standard output comes to us.
    pub(super) fn start_with_stdout(command: &mut Command) -> Result<(Self, ChildStdout)> {
        command.stdout(Stdio::piped());
        let mut process = Self::spawn(command, log_file()?)?;
        let stdout = process.child.stdout.take().context("a pipe was asked for")?;
        Ok((process, stdout))
    }

    /// As [`start`](Self::start), but its standard input comes from us.
    pub(crate) fn start_with_stdin(command: &mut Command) -> Result<(Self, ChildStdin)> {
        let log = log_file()?;
        command.stdout(log.try_clone()?).stdin(Stdio::piped());
        let mut process = Self::spawn_as_is(command, log)?;
        let stdin = process.child.stdin.take().context("a pipe was asked for")?;
        Ok((process, stdin))
    }

    fn spawn(command: &mut Command, log: File) -> Result<Self> {
        Self::spawn_as_is(command.stdin(Stdio::null()), log)
    }

    fn spawn_as_is(command: &mut Command, log: File) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command
            .stderr(log.try_clone()?)
            .spawn()
            .with_context(|| format!("cannot start {name}; `cargo xtask setup` installs it"))?;
        Ok(Self { child, name, log })
    }

    /// Its process identifier.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Everything that it has written to its log so far. What is not UTF-8 is replaced.
    ///
    /// # Errors
    ///
    /// The log cannot be read.
    pub fn log(&self) -> Result<String> {
        // Reading at a place, because the child writes at the one that our handle shares with it.
        let mut bytes = vec![0; usize::try_from(self.log.metadata()?.len())?];
        let mut filled = 0;
        while let Some(rest) = bytes.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.log.read_at(rest, filled as u64)? {
                0 => break,
                count => filled += count,
            }
        }
        bytes.truncate(filled);
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Fails, with the log, when the program has ended.
    ///
    /// # Errors
    ///
    /// It has ended.
    pub fn check_running(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("{} ended: {status}; its log: {}", self.name, self.log_tail()),
        }
    }

    /// Waits for the program to end by itself, for at most `limit`.
    ///
    /// # Errors
    ///
    /// It still runs.
    pub fn wait(&mut self, limit: Duration) -> Result<ExitStatus> {
        let child = &mut self.child;
        let ended =
            wait_until(&format!("the end of {}", self.name), limit, || Ok(child.try_wait()?));
        ended.with_context(|| format!("its log: {}", self.log_tail()))
    }

    /// Asks the program to end, with SIGTERM, and waits until it has.
    ///
    /// # Errors
    ///
    /// It does not end within five seconds. It is killed when the guard is dropped.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        self.ask_to_end()?;
        self.wait(END_MAX)
    }

    /// Kills the program, as a crash would, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// It cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    fn ask_to_end(&mut self) -> Result<()> {
        // Until its status is collected the identifier cannot pass to another process.
        if self.child.try_wait()?.is_none() {
            let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
            kill_process(id.context("a process has a number")?, Signal::TERM)
                .with_context(|| format!("cannot end {}", self.name))?;
        }
        Ok(())
    }

    pub(crate) fn log_tail(&self) -> String {
        let log = self.log().unwrap_or_else(|error| format!("unreadable: {error:#}"));
        let mut start = log.len().saturating_sub(LOG_SHOWN_MAX_BYTES);
        while !log.is_char_boundary(start) {
            start += 1;
        }
        log.get(start..).unwrap_or_default().to_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.terminate().is_err() {
            // Nobody is left to tell; the process must not outlive its guard.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Runs `command` to its end, for at most `limit`, with `input` on its standard input; what it
/// wrote to its standard output.
///
/// # Errors
///
/// It cannot be started, takes too long, or ends badly; its complaints are in the error.
pub fn output_of(command: &mut Command, input: &[u8], limit: Duration) -> Result<Vec<u8>> {
    let name = command.get_program().to_string_lossy().into_owned();
    // Files, because a pipe that nobody drains would stop the program.
    let mut stdin = log_file()?;
    stdin.write_all(input)?;
    stdin.seek(SeekFrom::Start(0))?;
    let mut stdout = log_file()?;
    let log = log_file()?;
    let child = command
        .stdin(stdin)
        .stdout(stdout.try_clone()?)
        .stderr(log.try_clone()?)
        .spawn()
        .with_context(|| format!("cannot start {name}; `cargo xtask setup` installs it"))?;
    let mut process = Process { child, name, log };
    let status = process.wait(limit)?;
    if !status.success() {
        bail!("{} failed: {status}: {}", process.name, process.log_tail());
    }
    let mut output = Vec::new();
    stdout.seek(SeekFrom::Start(0))?;
    stdout.read_to_end(&mut output)?;
    Ok(output)
}

/// Calls `look` until it finds something, for at most `limit`.
///
/// # Errors
///
/// Nothing was found in time, or `look` failed.
pub fn wait_until<T>(
    what: &str,
    limit: Duration,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        if Instant::now() >= end {
            bail!("waited {limit:?} for {what}");
        }
        std::thread::sleep(POLL_GAP);
    }
}

/// A file without a name, which is gone when the last handle is.
fn log_file() -> Result<File> {
    tempfile::tempfile().context("cannot make a temporary file")
}

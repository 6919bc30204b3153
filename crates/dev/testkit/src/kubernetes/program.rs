//! Programs of the fake cluster's containers: processes of this machine, each in a session of its own,
//! as a container's run time starts them.

use std::{
    fs::File,
    io::{self, Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Command, Stdio},
};

use serde_json::Value;
use tokio::sync::{mpsc, watch};

use crate::servers::interruptible;

/// What comes of a program.
#[derive(Debug)]
pub(super) enum Output {
    Out(Vec<u8>),
    Err(Vec<u8>),
    Ended(u32),
}

/// A program that runs.
#[derive(Debug)]
pub(super) struct Program {
    input: Option<std::sync::mpsc::Sender<Vec<u8>>>,
    terminal: Option<File>,
}

impl Program {
    /// Starts `command`; what it writes, and its end, come out of `outputs`' other side.
    pub(super) fn start(
        command: &[String],
        tty: bool,
        has_input: bool,
        outputs: mpsc::Sender<Output>,
    ) -> io::Result<Self> {
        let mut process = interruptible("setsid");
        if tty {
            process.arg("--ctty");
        }
        process.args(command);
        if tty {
            Self::on_terminal(process, outputs)
        } else {
            Self::on_pipes(process, has_input, outputs)
        }
    }

    fn on_terminal(mut process: Command, outputs: mpsc::Sender<Output>) -> io::Result<Self> {
        let (main, other) = terminal()?;
        process.stdin(other.try_clone()?).stdout(other.try_clone()?).stderr(other);
        let mut child = process.spawn()?;
        // The command held the other side open.
        drop(process);
        let (reader, terminal) = (main.try_clone()?, main.try_clone()?);
        let input = writer(main);
        std::thread::spawn(move || {
            read(reader, &outputs, Output::Out);
            let code = child.wait().ok().and_then(|status| status.code()).unwrap_or(137);
            let _gone = outputs.blocking_send(Output::Ended(u32::try_from(code).unwrap_or(255)));
        });
        Ok(Self { input: Some(input), terminal: Some(terminal) })
    }

    fn on_pipes(
        mut process: Command,
        has_input: bool,
        outputs: mpsc::Sender<Output>,
    ) -> io::Result<Self> {
        process.stdin(if has_input { Stdio::piped() } else { Stdio::null() });
        let mut child = process.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let input = child.stdin.take().map(|pipe| writer(OwnedFd::from(pipe).into()));
        let (out, errors) = (child.stdout.take(), child.stderr.take());
        std::thread::spawn(move || {
            let sender = outputs.clone();
            let beside = std::thread::spawn(move || {
                read(OwnedFd::from(errors.expect("a pipe")).into(), &sender, Output::Err);
            });
            read(OwnedFd::from(out.expect("a pipe")).into(), &outputs, Output::Out);
            let _ended = beside.join();
            let code = child.wait().ok().and_then(|status| status.code()).unwrap_or(137);
            let _gone = outputs.blocking_send(Output::Ended(u32::try_from(code).unwrap_or(255)));
        });
        Ok(Self { input, terminal: None })
    }

    /// The container's own program: it says that it is there, and ends when it is told to.
    pub(super) fn attached(mut end: watch::Receiver<bool>, outputs: mpsc::Sender<Output>) -> Self {
        tokio::spawn(async move {
            let _gone = outputs.send(Output::Out(b"attached\r\n".to_vec())).await;
            let _ended = end.wait_for(|end| *end).await.map(|end| *end);
            let _gone = outputs.send(Output::Ended(0)).await;
        });
        Self { input: None, terminal: None }
    }

    pub(super) fn write(&self, bytes: &[u8]) {
        if let Some(input) = &self.input {
            let _ended = input.send(bytes.to_vec());
        }
    }

    pub(super) fn close_input(&mut self) {
        self.input = None;
    }

    /// The client is gone: the program runs on, and what it writes goes nowhere.
    pub(super) fn abandon(self, mut outputs: mpsc::Receiver<Output>) {
        tokio::spawn(async move {
            let _kept_open = self;
            while !matches!(outputs.recv().await, Some(Output::Ended(_)) | None) {}
        });
    }

    pub(super) fn resize(&self, size: &[u8]) {
        let size: Value = serde_json::from_slice(size).unwrap_or_default();
        let number =
            |name: &str| size[name].as_u64().and_then(|n| u16::try_from(n).ok()).unwrap_or(0);
        if let Some(terminal) = &self.terminal {
            let size = rustix::termios::Winsize {
                ws_row: number("Height"),
                ws_col: number("Width"),
                ws_xpixel: 0,
                ws_ypixel: 0,
            };
            let _ended = rustix::termios::tcsetwinsize(terminal, size);
        }
    }
}

/// Both sides of a new terminal.
fn terminal() -> io::Result<(File, File)> {
    use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
    let main = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
    grantpt(&main)?;
    unlockpt(&main)?;
    let name = ptsname(&main, Vec::new())?;
    let name = name.to_str().map_err(io::Error::other)?.to_owned();
    // Opened by this process without becoming its terminal: it has one or wants none.
    let other = rustix::fs::open(
        name,
        rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY | rustix::fs::OFlags::CLOEXEC,
        rustix::fs::Mode::empty(),
    )?;
    Ok((File::from(main), File::from(other)))
}

/// Writes what it is sent, on a thread of its own. Dropping the sender closes the file.
fn writer(mut file: File) -> std::sync::mpsc::Sender<Vec<u8>> {
    let (sender, receiver) = std::sync::mpsc::channel::<Vec<u8>>();
    std::thread::spawn(move || {
        while let Ok(bytes) = receiver.recv() {
            if file.write_all(&bytes).is_err() {
                return;
            }
        }
    });
    sender
}

fn read(mut file: File, outputs: &mpsc::Sender<Output>, of: fn(Vec<u8>) -> Output) {
    let mut bytes = vec![0; 128 << 10];
    // A terminal whose last process has ended gives an error, not an end.
    while let Ok(len @ 1..) = file.read(&mut bytes) {
        // What nobody reads goes nowhere; the program is not to notice.
        let _gone = outputs.blocking_send(of(bytes.iter().take(len).copied().collect()));
    }
}

/// The parts of a query, decoded.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.as_bytes();
        while let Some((first, others)) = rest.split_first() {
            let hex = others.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
            match (first, hex.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
                (b'%', Some(byte)) => {
                    bytes.push(byte);
                    rest = others.get(2..).unwrap_or_default();
                }
                (b'+', _) => {
                    bytes.push(b' ');
                    rest = others;
                }
                _ => {
                    bytes.push(*first);
                    rest = others;
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let parts = query.split('&').filter_map(|part| part.split_once('='));
    parts.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

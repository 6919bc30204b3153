//! An X display, and the programs that use it.

use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::process::{READY_MAX, output_of, wait_until};
use super::{Picture, Process, Root};

/// How long a program that only asks or tells the display something may take.
const COMMAND_MAX: Duration = Duration::from_secs(20);

/// Highest display number worth trying: its would-be port, 6000 more, must be one.
pub(super) const NUMBER_MAX: u32 = 59_535;

/// The number of a display on this machine. The server that owns it ends with its own guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Display {
    number: u32,
}

impl Display {
    pub(super) const fn new(number: u32) -> Self {
        Self { number }
    }

    /// The display's number.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// The display as programs take it: `:N`.
    pub fn name(self) -> String {
        format!(":{}", self.number)
    }

    /// `program`, told to use this display.
    pub fn command(self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("DISPLAY", self.name()).env_remove("XAUTHORITY");
        command
    }

    /// Starts a program on this display, which ends with the guard.
    ///
    /// A shell that starts others should `exec` the last of them: only the process started here
    /// is ended.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub fn run_client(self, program: &str, arguments: &[&str]) -> Result<Process> {
        Process::start(self.command(program).args(arguments))
    }

    /// Runs `xdotool` to its end: types, clicks, moves, asks. What it printed.
    ///
    /// # Errors
    ///
    /// It fails, or takes over twenty seconds.
    pub fn xdotool(self, arguments: &[&str]) -> Result<String> {
        self.ask("xdotool", arguments)
    }

    /// The text of the display's clipboard.
    ///
    /// # Errors
    ///
    /// Nobody owns the clipboard, or its owner does not answer.
    pub fn clipboard(self) -> Result<String> {
        let arguments = ["-selection", "clipboard", "-out", "-target", "UTF8_STRING"];
        self.ask("xclip", &arguments)
    }

    /// Puts `text` on the display's clipboard. It stays there as long as the guard, or until
    /// another program takes the clipboard.
    ///
    /// # Errors
    ///
    /// The clipboard cannot be taken.
    pub fn own_clipboard(self, text: &str) -> Result<Process> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), text)?;
        let mut command = self.command("xclip");
        // `-quiet` keeps it in the foreground, where its guard can end it.
        command.args(["-quiet", "-selection", "clipboard", "-in"]).arg(file.path());
        let mut owner = Process::start(&mut command)?;
        wait_until("the clipboard to change hands", READY_MAX, || {
            owner.check_running()?;
            Ok(self.clipboard().is_ok_and(|now| now == text).then_some(()))
        })?;
        Ok(owner)
    }

    /// Connects to the display, to paint its root window and to read the screen.
    ///
    /// # Errors
    ///
    /// There is no such display, or its pixels are of an unusual kind.
    pub fn root(self) -> Result<Root> {
        Root::connect(self.number)
    }

    /// Makes `picture` the background of the screen, exactly.
    ///
    /// # Errors
    ///
    /// It cannot be painted.
    pub fn paint_root(self, picture: &Picture) -> Result<()> {
        self.root()?.paint(picture)
    }

    /// What the whole screen shows, windows included.
    ///
    /// # Errors
    ///
    /// The screen cannot be read.
    pub fn read_root(self) -> Result<Picture> {
        self.root()?.read()
    }

    fn ask(self, program: &str, arguments: &[&str]) -> Result<String> {
        let output = output_of(self.command(program).args(arguments), &[], COMMAND_MAX)?;
        String::from_utf8(output).with_context(|| format!("{program} did not print UTF-8"))
    }
}

//! Connections to text remotes: what is the same whatever carries the text.

use std::time::{Duration, Instant};

use porthole_dial::{Caller, DialError, Dialled, ShellControl, Target, TargetPolicy, Timeouts};
use porthole_files::Store;
use porthole_remote::{Cells, Credentials, Remote};
use porthole_terminal::{RawLine, TextClient, TextConfig};
use std::sync::Arc;

use crate::parameters::{RECORDING, ScreenParameters, Unsupported};
use crate::terminal::TerminalParameters;

/// What every text connection's parameters say.
#[derive(Debug, Clone, Default)]
pub struct TextParameters {
    /// What the connection withholds.
    pub screen: ScreenParameters,
    /// The terminal.
    pub terminal: TerminalParameters,
    /// `timeout`: how long connecting may take.
    pub connect_max: Option<Duration>,
}

/// Why no typescript is written.
const TYPESCRIPT: &str = "sessions are not recorded, as pictures or as text";

/// What no text connection offers.
pub(crate) const UNSUPPORTED: &[Unsupported] = &[
    ("recording-path", &[], RECORDING),
    ("create-recording-path", &["false"], RECORDING),
    ("recording-", &["false"], RECORDING),
    ("typescript-path", &[], TYPESCRIPT),
    ("create-typescript-path", &["false"], TYPESCRIPT),
    ("typescript-", &["false"], TYPESCRIPT),
    ("wol-send-packet", &["false"], "the gateway wakes no machines"),
];

impl TextParameters {
    /// As [`crate::parameters::Vocabulary::take`].
    pub(crate) fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        if name == "timeout" {
            let seconds = value.parse().ok().filter(|seconds| (1..=300).contains(seconds));
            self.connect_max = Some(Duration::from_secs(seconds.ok_or("must be 1 to 300")?));
            return Ok(true);
        }
        Ok(self.terminal.take(name, value)? || self.screen.take(name, value)?)
    }

    /// What the driver is started with.
    pub(crate) fn config(&self) -> TextConfig {
        TextConfig { size: Cells::USUAL, look: self.terminal.look() }
    }
}

/// What a text remote's driver is started with.
#[derive(Debug, Clone)]
pub struct TextDriver {
    /// For the terminal.
    pub config: TextConfig,
    /// What the remote may ask for.
    pub credentials: Credentials,
    /// What carries the text.
    pub way: TextWay,
}

/// What carries a terminal's text.
#[derive(Debug, Clone)]
pub enum TextWay {
    /// The stream as it is.
    Raw,
}

/// A connection that has been opened, and what it has beside its bytes.
pub(crate) struct Opened {
    pub(crate) dialled: Dialled,
    pub(crate) control: Option<Box<dyn ShellControl>>,
    /// The remote's own files.
    pub(crate) files: Option<Arc<dyn Store>>,
}

impl From<Dialled> for Opened {
    fn from(dialled: Dialled) -> Self {
        Self { dialled, control: None, files: None }
    }
}

impl TextDriver {
    /// Opens what carries the text, where that is more than a stream; `None` where it is not.
    ///
    /// # Errors
    ///
    /// [`DialError`]
    #[expect(clippy::unused_async, reason = "transports of shells are opened here")]
    pub(crate) async fn open(
        &self,
        _target: &Target,
        _policy: &TargetPolicy,
        _timeouts: &Timeouts,
        _caller: &Caller,
    ) -> Result<Option<Opened>, DialError> {
        match &self.way {
            TextWay::Raw => Ok(None),
        }
    }

    /// A driver for what has been opened.
    pub(crate) fn start(&self, _now: Instant) -> Box<dyn Remote> {
        let config = self.config.clone();
        match &self.way {
            TextWay::Raw => Box::new(TextClient::new(RawLine, config)),
        }
    }
}

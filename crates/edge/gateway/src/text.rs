//! Connections to text remotes: what is the same whatever carries the text.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use porthole_dial::{
    Caller, DialError, Dialled, ShellControl, Target, TargetPolicy, Timeouts, TlsSettings,
};
use porthole_files::Store;
use porthole_kubernetes::{ContainerSession, Departures, KubernetesConfig};
use porthole_remote::{Cells, Credentials, Remote};
use porthole_ssh::SshConfig;
use porthole_terminal::{RawLine, TextClient, TextConfig};

use crate::parameters::{RECORDING, ScreenParameters, Unsupported, connect_seconds};
use crate::ssh;
use crate::telnet::TelnetSettings;
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
            self.connect_max = Some(connect_seconds(value)?);
            return Ok(true);
        }
        Ok(self.terminal.take(name, value)? || self.screen.take(name, value)?)
    }

    /// What the driver is started with.
    pub(crate) fn config(&self) -> TextConfig {
        TextConfig {
            size: Cells::USUAL,
            look: self.terminal.look(),
            keys: self.terminal.keys(),
            fonts: crate::fonts::system(),
        }
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
    /// The first viewer's time zone, by the name that it has there, once it is known.
    pub time_zone: Arc<OnceLock<String>>,
}

/// What carries a terminal's text.
#[derive(Debug, Clone)]
pub enum TextWay {
    /// Telnet.
    Telnet(Box<TelnetSettings>),
    /// A shell over SSH, and the root of the files beside it, if there are any.
    Ssh(Box<SshConfig>, Option<String>),
    /// A container of Kubernetes.
    Kubernetes(Box<KubernetesConfig>),
}

/// A connection that has been opened, and what it has beside its bytes.
pub(crate) struct Opened {
    pub(crate) dialled: Dialled,
    pub(crate) control: Option<Box<dyn ShellControl>>,
    /// The remote's own files.
    pub(crate) files: Option<Arc<dyn Store>>,
}

/// What a transport reaches its remote with.
#[derive(Clone, Copy)]
pub(crate) struct Way<'a> {
    pub(crate) target: &'a Target,
    pub(crate) policy: &'a TargetPolicy,
    pub(crate) timeouts: &'a Timeouts,
    pub(crate) caller: &'a Caller,
}

impl From<Dialled> for Opened {
    fn from(dialled: Dialled) -> Self {
        Self { dialled, control: None, files: None }
    }
}

impl From<ContainerSession> for Opened {
    fn from(session: ContainerSession) -> Self {
        let ContainerSession { stream, control, files, is_local } = session;
        let (tls, peer) = (TlsSettings::default(), "a container".to_owned());
        let dialled = Dialled { stream, tls, peer, is_local };
        Self { dialled, control: Some(control), files }
    }
}

impl TextDriver {
    /// Opens what carries the text, where that is more than a stream; `None` where it is not.
    ///
    /// # Errors
    ///
    /// [`DialError`]
    pub(crate) async fn open(
        &self,
        target: &Target,
        policy: &TargetPolicy,
        timeouts: &Timeouts,
        caller: &Caller,
        departures: &Departures,
    ) -> Result<Option<Opened>, DialError> {
        match &self.way {
            TextWay::Telnet(_) => Ok(None),
            TextWay::Ssh(config, root) => {
                let way = Way { target, policy, timeouts, caller };
                let Self { credentials, time_zone, .. } = self;
                ssh::open(config, credentials, time_zone, root.as_deref(), way).await.map(Some)
            }
            TextWay::Kubernetes(config) => {
                let session =
                    porthole_kubernetes::open(target, config, policy, timeouts, caller, departures);
                Ok(Some(session.await?.into()))
            }
        }
    }

    /// A driver for what has been opened.
    pub(crate) fn start(&self, _now: Instant) -> Box<dyn Remote> {
        let config = self.config.clone();
        match &self.way {
            TextWay::Telnet(telnet) => {
                Box::new(TextClient::new(telnet.line(&self.credentials), config))
            }
            TextWay::Ssh(..) | TextWay::Kubernetes(_) => Box::new(TextClient::new(RawLine, config)),
        }
    }
}

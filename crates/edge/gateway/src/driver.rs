//! What a connection speaks: the one place that names every protocol.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use porthole_dial::{Kdc, Protocol, Target, Transport, Verify};
use porthole_pixels::Size;
use porthole_rdp::{RdpClient, RdpConfig, TimeZone};
use porthole_remote::{Credentials, Redirect, Remote, RemoteError, SizeWish, Ticket};
use porthole_rfb::{EncodingKind, RfbClient, RfbConfig};
use porthole_ssh::Hop;

use crate::config::{Config, Drives};
use crate::drive::{Drive, DriveParameters};
use crate::kubernetes::KubernetesParameters;
use crate::parameters::{ParameterError, ScreenParameters, Strictness, Vocabulary as _};
use crate::rdp::{RdpParameters, ResizeMethod};
use crate::sftp::{SftpBeside, SftpBesideParameters};
use crate::ssh::SshParameters;
use crate::telnet::TelnetParameters;
use crate::text::{TextDriver, TextParameters, TextWay};
use crate::time_zone::time_zone;
use crate::vnc::{VncParameters, VncSettings};

/// What one connection's driver is told, in the operator's and the token's words.
#[derive(Debug, Clone)]
pub enum DriverSettings {
    /// VNC.
    Vnc(Box<VncSettings>),
    /// RDP.
    Rdp(Box<RdpParameters>),
    /// Telnet.
    Telnet(Box<TelnetParameters>),
    /// SSH.
    Ssh(Box<SshParameters>),
    /// Kubernetes.
    Kubernetes(Box<KubernetesParameters>),
}

impl DriverSettings {
    /// Reads the parameters of a connection that speaks `protocol`; the rest is as safe as can be.
    ///
    /// # Errors
    ///
    /// A parameter that cannot be honoured.
    pub(crate) fn read<'a>(
        protocol: Protocol,
        parameters: impl IntoIterator<Item = (&'a str, impl AsRef<str>)>,
        strictness: Strictness,
    ) -> Result<Self, ParameterError> {
        Ok(match protocol {
            Protocol::Vnc => {
                let parameters = VncParameters::read(parameters, strictness)?;
                Self::Vnc(Box::new(VncSettings { parameters, ..VncSettings::default() }))
            }
            Protocol::Rdp => Self::Rdp(Box::new(RdpParameters::read(parameters, strictness)?)),
            Protocol::Telnet => {
                Self::Telnet(Box::new(TelnetParameters::read(parameters, strictness)?))
            }
            Protocol::Ssh => Self::Ssh(Box::new(SshParameters::read(parameters, strictness)?)),
            Protocol::Kubernetes => {
                Self::Kubernetes(Box::new(KubernetesParameters::read(parameters, strictness)?))
            }
        })
    }

    /// What all text connections have, if it is one.
    pub(crate) const fn text(&self) -> Option<&TextParameters> {
        match self {
            Self::Vnc(_) | Self::Rdp(_) => None,
            Self::Telnet(telnet) => Some(&telnet.text),
            Self::Ssh(ssh) => Some(&ssh.text),
            Self::Kubernetes(kubernetes) => Some(&kubernetes.text),
        }
    }

    /// How the remote's certificate is to be checked, where the parameters say so.
    pub(crate) fn verify(&self) -> Option<Verify> {
        match self {
            Self::Rdp(rdp) => rdp.verify(),
            Self::Kubernetes(kubernetes) => kubernetes.verify(),
            _ => None,
        }
    }

    /// How long connecting may take, where the connection says so.
    pub(crate) const fn connect_max(&self) -> Option<Duration> {
        match self {
            Self::Vnc(_) => None,
            Self::Rdp(rdp) => rdp.connect_max,
            Self::Telnet(telnet) => telnet.text.connect_max,
            Self::Ssh(ssh) => ssh.text.connect_max,
            Self::Kubernetes(kubernetes) => kubernetes.text.connect_max,
        }
    }

    /// Whether the certificate that the remote first had is to be its own.
    pub(crate) const fn trusts_first(&self) -> bool {
        matches!(self, Self::Rdp(rdp) if rdp.cert_tofu)
    }

    /// The first parameter about an SSH server that only the operator may give, if there is one.
    pub(crate) fn operators_alone(&self) -> Option<String> {
        match self {
            Self::Vnc(vnc) => vnc.parameters.sftp.operators_alone(),
            Self::Rdp(rdp) => rdp.sftp.operators_alone(),
            Self::Ssh(ssh) => ssh.operators_alone(),
            Self::Telnet(_) | Self::Kubernetes(_) => None,
        }
    }

    /// Settles how SSH servers are checked and reached: the connection's own, and one beside a
    /// desktop. It takes up to seconds where a key has a passphrase.
    ///
    /// # Errors
    ///
    /// Parameters that make no sense together, or lack something.
    pub(crate) fn settle_ssh(
        &mut self,
        known_hosts: Option<&Path>,
        jump_hosts: &BTreeMap<String, Hop>,
    ) -> Result<(), ParameterError> {
        match self {
            Self::Vnc(vnc) => vnc.parameters.sftp.settle(known_hosts),
            Self::Rdp(rdp) => rdp.sftp.settle(known_hosts),
            Self::Ssh(ssh) => ssh.settle(known_hosts, jump_hosts),
            Self::Telnet(_) | Self::Kubernetes(_) => Ok(()),
        }
    }

    /// Who is asked for Kerberos tickets, if anybody.
    pub(crate) const fn kdc(&self) -> Option<&Kdc> {
        match self {
            Self::Rdp(rdp) => rdp.kerberos.kdc.as_ref(),
            _ => None,
        }
    }

    /// The port that remotes of this protocol listen on unless told otherwise.
    pub(crate) const fn port(protocol: Protocol) -> u16 {
        match protocol {
            Protocol::Vnc => 5900,
            Protocol::Rdp => 3389,
            Protocol::Ssh => 22,
            Protocol::Telnet => 23,
            Protocol::Kubernetes => 443,
        }
    }

    /// What the connection withholds.
    pub(crate) const fn screen(&self) -> &ScreenParameters {
        match self {
            Self::Vnc(vnc) => &vnc.parameters.screen,
            Self::Rdp(rdp) => &rdp.screen,
            Self::Telnet(telnet) => &telnet.text.screen,
            Self::Ssh(ssh) => &ssh.text.screen,
            Self::Kubernetes(kubernetes) => &kubernetes.text.screen,
        }
    }

    /// The folder of files that the connection has, if any.
    ///
    /// # Errors
    ///
    /// It cannot have the one that it is to have.
    pub(crate) fn drive(&self, drives: Option<&Drives>) -> Result<Option<Drive>, ParameterError> {
        match self {
            Self::Vnc(vnc) => either(&vnc.parameters.drive, &vnc.parameters.sftp, drives),
            Self::Rdp(rdp) => either(&rdp.drive, &rdp.sftp, drives),
            Self::Ssh(ssh) => Ok(ssh.sftp.drive()),
            Self::Telnet(_) => Ok(None),
            Self::Kubernetes(kubernetes) => Ok(kubernetes.drive()),
        }
    }

    /// The server of the files beside a desktop, if the connection asks for them. `username` is the
    /// desktop's.
    ///
    /// # Errors
    ///
    /// It cannot be reached.
    pub(crate) fn sftp(
        &self,
        desktop: &Target,
        username: Option<&str>,
    ) -> Result<Option<SftpBeside>, ParameterError> {
        match self {
            Self::Vnc(vnc) => {
                let VncParameters { sftp, drive, .. } = &vnc.parameters;
                sftp.beside(desktop, username, drive.enable)
            }
            Self::Rdp(rdp) => rdp.sftp.beside(desktop, username, rdp.drive.enable),
            Self::Telnet(_) | Self::Ssh(_) | Self::Kubernetes(_) => Ok(None),
        }
    }

    /// Whether the remote is offered a printer.
    pub(crate) const fn prints(&self) -> bool {
        match self {
            Self::Rdp(rdp) => rdp.printing,
            _ => false,
        }
    }

    /// Whether the remote may be heard.
    pub(crate) const fn sounds(&self) -> bool {
        match self {
            Self::Rdp(rdp) => !rdp.disable_audio,
            _ => false,
        }
    }

    /// Whether the remote may record what viewers say.
    pub(crate) const fn records(&self) -> bool {
        match self {
            Self::Rdp(rdp) => rdp.audio_input,
            _ => false,
        }
    }

    /// Whether the remote may be asked for another size.
    pub(crate) fn resizes(&self) -> bool {
        match self {
            Self::Vnc(vnc) => !vnc.parameters.disable_display_resize,
            Self::Rdp(rdp) => rdp.resize != ResizeMethod::Never,
            Self::Telnet(_) | Self::Ssh(_) | Self::Kubernetes(_) => true,
        }
    }

    /// Whether the remote gets another size by being dialled again.
    pub(crate) fn resizes_by_dialling(&self) -> bool {
        matches!(self, Self::Rdp(rdp) if rdp.resize == ResizeMethod::Reconnect)
    }

    /// What the configuration says about the size that the remote begins with.
    pub(crate) fn beginning(&self) -> Beginning {
        match self {
            Self::Rdp(rdp) => Beginning { size: rdp.size, scale_percent: rdp.scale_percent },
            _ => Beginning::default(),
        }
    }

    /// What the driver is started with. `lossy` is whether pictures may be so.
    pub(crate) fn driver(
        &self,
        target: &Target,
        credentials: Credentials,
        clipboard_max_bytes: usize,
        lossy: bool,
        config: &Config,
    ) -> DriverConfig {
        match self {
            Self::Vnc(vnc) => DriverConfig::Vnc {
                config: Box::new(vnc.driver(credentials, clipboard_max_bytes, lossy, config)),
                encodings_given: !vnc.parameters.encodings.is_empty(),
            },
            Self::Rdp(rdp) => {
                let name = server_name(target);
                let config = rdp.driver(credentials, name, clipboard_max_bytes, lossy, config);
                DriverConfig::Rdp(Box::new(config))
            }
            Self::Telnet(telnet) => DriverConfig::Text(Box::new(telnet.driver(credentials))),
            Self::Ssh(ssh) => DriverConfig::Text(Box::new(ssh.driver(credentials))),
            Self::Kubernetes(kubernetes) => {
                DriverConfig::Text(Box::new(kubernetes.driver(credentials)))
            }
        }
    }
}

/// How large a remote begins, where the configuration says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Beginning {
    /// Columns and rows.
    pub size: Option<Size>,
    /// 100 times the device pixel ratio. It stays so, whatever windows it is shown in.
    pub scale_percent: Option<u16>,
}

impl Beginning {
    /// `wish` with things drawn as large as the configuration has them.
    pub(crate) fn scaled(self, wish: SizeWish) -> SizeWish {
        SizeWish { scale_percent: self.scale_percent.unwrap_or(wish.scale_percent), ..wish }
    }
}

/// The files of a desktop's connection: they exclude each other, see [`DriverSettings::sftp`].
fn either(
    drive: &DriveParameters,
    sftp: &SftpBesideParameters,
    drives: Option<&Drives>,
) -> Result<Option<Drive>, ParameterError> {
    match sftp.files.drive() {
        Some(files) => Ok(Some(files)),
        None => drive.drive(drives),
    }
}

/// The name that the remote is known by.
fn server_name(target: &Target) -> &str {
    match (&target.tls.server_name, &target.transport) {
        (Some(name), _) => name,
        (None, Transport::Tcp { host, .. }) => host,
        (None, Transport::RdGateway(gateway)) => &gateway.host,
        (None, _) => "localhost",
    }
}

/// What a driver is started with.
#[derive(Debug, Clone)]
pub enum DriverConfig {
    /// VNC.
    Vnc {
        /// For the driver.
        config: Box<RfbConfig>,
        /// Whether the order of its encodings is the operator's; else it may follow the distance.
        encodings_given: bool,
    },
    /// RDP.
    Rdp(Box<RdpConfig>),
    /// A terminal, whatever carries its text.
    Text(Box<TextDriver>),
}

impl DriverConfig {
    /// What the remote may ask for.
    pub(crate) const fn credentials_mut(&mut self) -> &mut Credentials {
        match self {
            Self::Vnc { config, .. } => &mut config.credentials,
            Self::Rdp(config) => &mut config.credentials,
            Self::Text(text) => &mut text.credentials,
        }
    }

    /// What the remote may ask for.
    pub(crate) const fn credentials(&self) -> &Credentials {
        match self {
            Self::Vnc { config, .. } => &config.credentials,
            Self::Rdp(config) => &config.credentials,
            Self::Text(text) => &text.credentials,
        }
    }

    /// Whether the remote's own video may come.
    pub(crate) fn has_video(&self) -> bool {
        match self {
            Self::Vnc { config, .. } => config.h264,
            Self::Rdp(config) => config.graphics.as_ref().is_some_and(|it| it.passes_video),
            Self::Text(_) => false,
        }
    }

    /// The first viewer's time zone, by its IANA name. One that the connection has stays, and one
    /// that does not exist is none.
    pub(crate) fn set_time_zone(&mut self, name: &str) {
        match self {
            Self::Rdp(config) if config.time_zone == TimeZone::default() => {
                if let Some(zone) = time_zone(name) {
                    config.time_zone = zone;
                }
            }
            Self::Text(text) => {
                let _first = text.time_zone.get_or_init(|| name.to_owned());
            }
            Self::Vnc { .. } | Self::Rdp(_) => {}
        }
    }

    /// Whether the remote is connected before it says what it thinks of the credentials, in its text.
    pub(crate) fn logs_on_late(&self) -> bool {
        matches!(self, Self::Text(text) if matches!(text.way, TextWay::Telnet(_)))
    }

    /// Whether a connection that was lost may be made again: the session goes on without one.
    pub(crate) const fn heals(&self) -> bool {
        matches!(self, Self::Rdp(_))
    }

    /// Takes up the session that `ticket` is for.
    pub(crate) fn resume(&mut self, ticket: &Ticket) {
        match self {
            Self::Rdp(config) => config.resume(ticket),
            Self::Vnc { .. } | Self::Text(_) => {}
        }
    }

    /// Goes where the remote leads, which is `target`.
    ///
    /// # Errors
    ///
    /// Why it cannot.
    pub(crate) fn follow(
        &mut self,
        redirect: &Redirect,
        target: &Target,
    ) -> Result<(), &'static str> {
        match self {
            Self::Rdp(config) => {
                server_name(target).clone_into(&mut config.server_name);
                config.follow(&redirect.ticket).map_err(|_unreadable| "it cannot be read")
            }
            Self::Vnc { .. } | Self::Text(_) => Err("this protocol has none"),
        }
    }

    /// The size to ask for when the remote is dialled.
    pub(crate) fn set_size(&mut self, size: Size) {
        match self {
            Self::Rdp(config) if size.area() > 0 => config.size = size,
            Self::Vnc { .. } | Self::Rdp(_) | Self::Text(_) => {}
        }
    }

    /// A viewer would like the desktop to begin like this. It counts for remotes that make their
    /// desktop when somebody connects.
    pub(crate) fn wish(&mut self, wish: SizeWish) {
        match self {
            Self::Rdp(config) if wish.size.area() > 0 => {
                config.size = wish.size;
                config.scale_percent = wish.scale_percent.into();
            }
            Self::Vnc { .. } | Self::Rdp(_) | Self::Text(_) => {}
        }
    }

    /// A driver for a stream that has just been opened, to this machine or elsewhere.
    ///
    /// # Errors
    ///
    /// What it is told cannot be said in its protocol, or is too little.
    pub(crate) fn start(
        &self,
        is_local: bool,
        now: Instant,
    ) -> Result<Box<dyn Remote>, RemoteError> {
        Ok(match self {
            Self::Vnc { config, encodings_given } => {
                let mut config = RfbConfig::clone(config);
                if is_local && !encodings_given {
                    config.encodings = EncodingKind::LOCAL.to_vec();
                }
                Box::new(RfbClient::new(config, now))
            }
            Self::Rdp(config) => Box::new(RdpClient::new(RdpConfig::clone(config), now)?),
            Self::Text(text) => text.start(now),
        })
    }
}

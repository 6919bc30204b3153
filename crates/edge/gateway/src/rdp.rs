//! RDP connections in Guacamole's words, and what they make of the driver.

mod behind;
mod kerberos;
mod words;

use std::time::Duration;

use porthole_dial::Verify;
use porthole_pixels::Size;
use porthole_rdp::{
    ColorDepth, DeviceConfig, DriveConfig, GraphicsConfig, KeyboardLayout, LineEnds, Looks,
    Preconnection, RdpConfig, SecurityMode, TimeZone,
};
use porthole_remote::Credentials;

pub(crate) use behind::{Behind, share_credentials};
pub(crate) use kerberos::Kerberos;

use self::words::{
    color_depth, device_name, line_ends, resize_method, scale_percent, security, side,
};
use crate::config::Config;
use crate::drive::DriveParameters;
use crate::h264;
use crate::parameters::{
    RECORDING, ScreenParameters, Unsupported, Vocabulary, connect_seconds, fingerprints, flag,
};
use crate::sftp::{self, SftpBesideParameters};
use crate::time_zone::time_zone;

/// What the parameters of an RDP connection ask for.
#[derive(Debug, Clone, Default)]
pub struct RdpParameters {
    /// What is the same for all desktops.
    pub screen: ScreenParameters,
    /// `domain`.
    pub domain: Option<String>,
    /// `security`.
    pub security: SecurityMode,
    /// `ignore-cert`: whoever answers is the server. The operator's alone.
    pub ignore_cert: bool,
    /// `cert-tofu`: the certificate that the server first had is its own. The operator's alone.
    pub cert_tofu: bool,
    /// `cert-fingerprints`: SHA-256 of the certificates that the server may have.
    pub cert_pins: Vec<[u8; 32]>,
    /// `server-layout`.
    pub layout: KeyboardLayout,
    /// `enable-touch`.
    pub touch: bool,
    /// `normalize-clipboard`.
    pub line_ends: LineEnds,
    /// `color-depth`.
    pub color_depth: ColorDepth,
    /// `disable-gfx`: the server draws by updates alone.
    pub disable_gfx: bool,
    /// `resize-method`.
    pub resize: ResizeMethod,
    /// `width` and `height`: the size that the desktop begins with, instead of the window's.
    pub size: Option<Size>,
    /// `dpi`, in percent of 96.
    pub scale_percent: Option<u16>,
    /// `timeout`: how long connecting may take.
    pub connect_max: Option<Duration>,
    /// `timezone`; else the first viewer's.
    pub time_zone: Option<TimeZone>,
    /// `client-name`.
    pub client_name: Option<String>,
    /// `console`.
    pub console: bool,
    /// `initial-program`.
    pub initial_program: Option<String>,
    /// `load-balance-info`.
    pub load_balance_info: Option<String>,
    /// `preconnection-id` and `preconnection-blob`.
    pub preconnection: Option<Preconnection>,
    /// `enable-wallpaper` and its like.
    pub looks: Looks,
    /// `enable-drive` and what belongs to it.
    pub drive: DriveParameters,
    /// `enable-sftp` and what belongs to it.
    pub sftp: SftpBesideParameters,
    /// `drive-name`.
    pub drive_name: Option<String>,
    /// `enable-printing`.
    pub printing: bool,
    /// `printer-name`.
    pub printer_name: Option<String>,
    /// `gateway-hostname` and its like.
    pub behind: Behind,
    /// `auth-pkg` and `kdc-url`.
    pub kerberos: Kerberos,
    /// `disable-audio`: the desktop is not heard.
    pub disable_audio: bool,
    /// `enable-audio-input`: the desktop may record what viewers say.
    pub audio_input: bool,
}

/// How the desktop follows the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResizeMethod {
    /// The server is asked for another size over the display control channel.
    #[default]
    DisplayUpdate,
    /// The server is left, and dialled again with the other size.
    Reconnect,
    /// It does not.
    Never,
}

impl RdpParameters {
    /// How the server's certificate is checked, where the parameters say so.
    pub(crate) fn verify(&self) -> Option<Verify> {
        if !self.cert_pins.is_empty() {
            Some(Verify::Pinned(self.cert_pins.clone()))
        } else if self.ignore_cert {
            Some(Verify::Off)
        } else {
            None
        }
    }

    /// What the driver is started with. `lossy` is whether pictures may be so.
    pub(crate) fn driver(
        &self,
        mut credentials: Credentials,
        server_name: &str,
        clipboard_max_bytes: usize,
        lossy: bool,
        config: &Config,
    ) -> RdpConfig {
        let defaults = RdpConfig::default();
        if credentials.domain.is_none() {
            credentials.domain.clone_from(&self.domain);
        }
        let mut driver = RdpConfig {
            credentials,
            security: self.security,
            server_name: server_name.to_owned(),
            color_depth: self.color_depth,
            // Which of its codecs a server uses there is its own choice, and some are lossy for good.
            graphics: (lossy && !self.disable_gfx).then(|| graphics(config)),
            // It is lossy for good: what a server draws without it is exact when it is still.
            remote_fx: false,
            keyboard_layout: self.layout,
            client_name: self.client_name.clone().unwrap_or(defaults.client_name),
            time_zone: self.time_zone.clone().unwrap_or_default(),
            looks: self.looks,
            console: self.console,
            load_balance_info: self.load_balance_info.clone(),
            preconnection: self.preconnection.clone(),
            initial_program: self.initial_program.clone(),
            // What other viewers of the session may do is theirs, so only the connection counts.
            view_only: self.screen.read_only,
            size: self.size.unwrap_or(defaults.size),
            scale_percent: self.scale_percent.map_or(defaults.scale_percent, u32::from),
            display_control: self.resize == ResizeMethod::DisplayUpdate,
            touch: self.touch,
            clipboard_out: !self.screen.disable_copy,
            clipboard_in: !self.screen.disable_paste,
            clipboard_max_bytes,
            devices: self.devices(),
            clipboard_line_ends: self.line_ends,
            sound: !self.disable_audio,
            microphone: self.audio_input,
            handshake_max: config.handshake_max,
            ..defaults
        };
        self.kerberos.apply(&mut driver);
        driver
    }
}

/// What can be done with H.264: whoever watches may show it, and a library may decode it.
fn graphics(config: &Config) -> GraphicsConfig {
    let open_decoder = config.session.each.video.as_ref().map(h264::open_decoder);
    GraphicsConfig { passes_video: true, open_decoder }
}

impl RdpParameters {
    /// What the server is offered of ours.
    fn devices(&self) -> DeviceConfig {
        let name = |given: &Option<String>, own: &str| given.as_deref().unwrap_or(own).to_owned();
        DeviceConfig {
            drive: self.drive.enable.then(|| DriveConfig {
                name: name(&self.drive_name, "Porthole"),
                offers: !self.drive.disable_download,
            }),
            printer: self.printing.then(|| name(&self.printer_name, "Porthole Printer")),
            // Windows has no sound for clients without this channel.
            without_any: !self.disable_audio,
        }
    }
}

impl Vocabulary for RdpParameters {
    const PROTOCOL: &'static str = "RDP";
    const UNSUPPORTED: &'static [Unsupported] = UNSUPPORTED;
    const DETAILS: &'static [&'static str] = &[
        "wol-",
        // Names of what is not there.
        "remote-app-dir",
        "remote-app-args",
        // Nothing is kept that these could switch off.
        "disable-bitmap-caching",
        "disable-offscreen-caching",
        "disable-glyph-caching",
    ];

    fn check(&self) -> Result<(), (&'static str, &'static str)> {
        self.behind.check()?;
        self.kerberos.check()?;
        match self.size {
            Some(Size { width: 0, .. }) => Err(("width", "is missing beside height")),
            Some(Size { height: 0, .. }) => Err(("height", "is missing beside width")),
            _ => Ok(()),
        }
    }

    fn take(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let some = || Some(value.to_owned());
        match name {
            "domain" => self.domain = some(),
            "security" => self.security = security(value)?,
            "ignore-cert" => self.ignore_cert = flag(value)?,
            "cert-tofu" => self.cert_tofu = flag(value)?,
            "cert-fingerprints" => self.cert_pins = fingerprints(value)?,
            "server-layout" => {
                let known = KeyboardLayout::from_name(value);
                self.layout = known.ok_or("names a keyboard layout that does not exist")?;
            }
            "enable-touch" => self.touch = flag(value)?,
            "normalize-clipboard" => self.line_ends = line_ends(value)?,
            "color-depth" => self.color_depth = color_depth(value)?,
            "disable-gfx" => self.disable_gfx = flag(value)?,
            "resize-method" => self.resize = resize_method(value)?,
            "width" => self.size.get_or_insert_default().width = side(value)?,
            "height" => self.size.get_or_insert_default().height = side(value)?,
            "dpi" => self.scale_percent = Some(scale_percent(value)?),
            "timeout" => self.connect_max = Some(connect_seconds(value)?),
            "timezone" => {
                let zone = time_zone(value).ok_or("is not the IANA name of a time zone")?;
                self.time_zone = Some(zone);
            }
            "client-name" => self.client_name = some(),
            "console" => self.console = flag(value)?,
            "disable-audio" => self.disable_audio = flag(value)?,
            "enable-audio-input" => self.audio_input = flag(value)?,
            "initial-program" => self.initial_program = some(),
            "load-balance-info" => self.load_balance_info = some(),
            "preconnection-id" => {
                let id = value.parse().map_err(|_no_number| "must be a whole number")?;
                self.preconnection.get_or_insert_default().id = id;
            }
            "drive-name" => self.drive_name = Some(device_name(value)?),
            "enable-printing" => self.printing = flag(value)?,
            "printer-name" => self.printer_name = Some(device_name(value)?),
            "preconnection-blob" => self.preconnection.get_or_insert_default().blob = some(),
            _ => {
                return Ok(self.behind.take(name, value)?
                    || self.kerberos.take(name, value)?
                    || self.take_looks(name, value)?);
            }
        }
        Ok(true)
    }
}

impl RdpParameters {
    fn take_looks(&mut self, name: &str, value: &str) -> Result<bool, String> {
        let looks = &mut self.looks;
        let look = match name {
            "enable-wallpaper" => &mut looks.wallpaper,
            "enable-theming" => &mut looks.theming,
            "enable-font-smoothing" => &mut looks.font_smoothing,
            "enable-full-window-drag" => &mut looks.full_window_drag,
            "enable-desktop-composition" => &mut looks.desktop_composition,
            "enable-menu-animations" => &mut looks.menu_animations,
            _ => {
                return Ok(self.drive.take(name, value)?
                    || self.sftp.take(name, value)?
                    || self.screen.take(name, value)?);
            }
        };
        *look = flag(value)?;
        Ok(true)
    }
}

const UNSUPPORTED: &[Unsupported] = &[
    ("recording-path", &[], RECORDING),
    ("create-recording-path", &["false"], RECORDING),
    ("recording-", &["false"], RECORDING),
    ("sftp-directory", &[], sftp::DIRECTORY),
    ("wol-send-packet", &["false"], "the gateway wakes no machines"),
    (
        "disable-auth",
        &["false"],
        "the server alone can do without; write security = \"tls\" for its own log-on screen",
    ),
    ("kerberos-cache", &[], "tickets are asked for with the password, and kept nowhere"),
    ("remote-app", &[], "single applications are not supported; write initial-program"),
    ("static-channels", &[], "channels of applications are not passed on"),
    ("console-audio", &["false"], "what the desktop plays is played by viewers"),
];

#[cfg(test)]
#[path = "rdp/rdp_tests.rs"]
mod tests;

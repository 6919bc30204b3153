//! RDP connections in Guacamole's words, and what they make of the driver.

mod behind;
mod kerberos;

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

use crate::config::Config;
use crate::drive::DriveParameters;
use crate::h264;
use crate::parameters::{RECORDING, ScreenParameters, Unsupported, Vocabulary, fingerprints, flag};
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
        "sftp-",
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
            "timeout" => self.connect_max = Some(seconds(value)?),
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
            _ => return Ok(self.drive.take(name, value)? || self.screen.take(name, value)?),
        };
        *look = flag(value)?;
        Ok(true)
    }
}

/// A name that the server shows its users.
fn device_name(value: &str) -> Result<String, String> {
    let is_plain =
        |character: char| !character.is_control() && !r#"\/:*?"<>|,"#.contains(character);
    if value.chars().count() > 64 || !value.chars().all(is_plain) {
        return Err(r#"must be at most 64 characters without \ / : * ? " < > | and commas"#.into());
    }
    Ok(value.to_owned())
}

/// 1 to 300 seconds.
fn seconds(value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok().filter(|seconds| (1..=300).contains(seconds));
    seconds.map(Duration::from_secs).ok_or_else(|| "must be 1 to 300".into())
}

fn security(value: &str) -> Result<SecurityMode, String> {
    Ok(match value {
        "any" => SecurityMode::Any,
        // The extended form is taken where the server has it.
        "nla" | "nla-ext" => SecurityMode::Nla,
        "tls" => SecurityMode::Tls,
        "rdp" => return Err("cannot be rdp: it has no encryption worth the name".into()),
        "vmconnect" => {
            return Err(
                "cannot be vmconnect: consoles of Hyper-V begin with NLA, before anything is \
                        negotiated, which is not offered"
                    .into(),
            );
        }
        _ => return Err("must be any, nla or tls".into()),
    })
}

fn line_ends(value: &str) -> Result<LineEnds, String> {
    Ok(match value {
        "preserve" => LineEnds::Preserve,
        "unix" => LineEnds::Unix,
        "windows" => LineEnds::Windows,
        _ => return Err("must be preserve, unix or windows".into()),
    })
}

fn color_depth(value: &str) -> Result<ColorDepth, String> {
    Ok(match value {
        "15" => ColorDepth::Bits15,
        "16" => ColorDepth::Bits16,
        "24" => ColorDepth::Bits24,
        "32" => ColorDepth::Bits32,
        _ => return Err("must be 15, 16, 24 or 32".into()),
    })
}

/// Guacamole's empty value, which keeps the size, counts as "not given" here as everywhere.
fn resize_method(value: &str) -> Result<ResizeMethod, String> {
    match value {
        "display-update" => Ok(ResizeMethod::DisplayUpdate),
        "reconnect" => Ok(ResizeMethod::Reconnect),
        "none" => Ok(ResizeMethod::Never),
        _ => Err("must be display-update, reconnect or none".into()),
    }
}

/// A side of the desktop, in pixels.
fn side(value: &str) -> Result<u16, String> {
    let side = value.parse().ok().filter(|side| (200..=8192).contains(side));
    side.ok_or_else(|| "must be 200 to 8192".into())
}

/// Dots an inch, in percent of 96.
fn scale_percent(value: &str) -> Result<u16, String> {
    let dpi: Option<u16> = value.parse().ok().filter(|dpi| (96..=480).contains(dpi));
    dpi.map(|dpi| dpi * 100 / 96).ok_or_else(|| "must be 96 to 480".into())
}

const UNSUPPORTED: &[Unsupported] = &[
    ("recording-path", &[], RECORDING),
    ("create-recording-path", &["false"], RECORDING),
    ("recording-", &["false"], RECORDING),
    ("enable-sftp", &["false"], "files cannot be transferred yet"),
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
mod tests {
    use std::time::Duration;

    use porthole_pixels::Size;
    use porthole_rdp::{ColorDepth, DeviceConfig, KeyboardLayout, LineEnds, SecurityMode};

    use super::{RdpParameters, ResizeMethod};
    use crate::parameters::{Strictness, Vocabulary as _};

    fn read(name: &str, value: &str) -> Result<RdpParameters, String> {
        let parameters = [(name, value.to_owned())];
        RdpParameters::read(parameters, Strictness::Configuration).map_err(|e| e.to_string())
    }

    #[test]
    fn honours_what_it_knows() {
        assert_eq!(read("domain", "LAB").unwrap().domain.as_deref(), Some("LAB"));
        assert_eq!(read("security", "nla").unwrap().security, SecurityMode::Nla);
        assert_eq!(read("security", "nla-ext").unwrap().security, SecurityMode::Nla);
        assert_eq!(read("timeout", "5").unwrap().connect_max, Some(Duration::from_secs(5)));
        assert_eq!(read("security", "").unwrap().security, SecurityMode::Any);
        assert!(read("ignore-cert", "true").unwrap().verify().is_some());
        assert_eq!(read("ignore-cert", "false").unwrap().verify(), None);
        assert!(read("cert-fingerprints", &"ab".repeat(32)).unwrap().verify().is_some());
        assert_ne!(
            read("server-layout", "de-de-qwertz").unwrap().layout,
            KeyboardLayout::default()
        );
        assert_eq!(read("color-depth", "16").unwrap().color_depth, ColorDepth::Bits16);
        assert_eq!(read("resize-method", "none").unwrap().resize, ResizeMethod::Never);
        assert_eq!(read("resize-method", "reconnect").unwrap().resize, ResizeMethod::Reconnect);
        assert_eq!(read("dpi", "144").unwrap().scale_percent, Some(150));
        assert_eq!(read("normalize-clipboard", "windows").unwrap().line_ends, LineEnds::Windows);
        assert!(read("enable-touch", "true").unwrap().touch);
        assert_eq!(read("preconnection-id", "7").unwrap().preconnection.unwrap().id, 7);
        assert!(read("disable-gfx", "true").unwrap().disable_gfx);
        assert!(read("timezone", "Europe/Berlin").unwrap().time_zone.is_some());
        assert!(read("enable-wallpaper", "true").unwrap().looks.wallpaper);
        assert!(read("read-only", "true").unwrap().screen.read_only);
        assert!(read("disable-bitmap-caching", "true").is_ok());
        let sides = [("width", "1024".to_owned()), ("height", "700".to_owned())];
        let both = RdpParameters::read(sides, Strictness::Configuration).unwrap();
        assert_eq!(both.size, Some(Size::new(1024, 700)));
        assert!(read("disable-audio", "true").unwrap().disable_audio);
        assert!(read("enable-audio-input", "true").unwrap().audio_input);
        assert!(read("console-audio", "false").is_ok());
    }

    /// Guacamole's list for RDP connections, without those that are keys of their own here.
    #[test]
    fn every_name_means_something() {
        let names = "timeout domain security ignore-cert cert-tofu cert-fingerprints disable-auth \
            client-name console initial-program server-layout timezone load-balance-info \
            preconnection-id preconnection-blob gateway-hostname gateway-port gateway-username \
            gateway-password gateway-domain remote-app remote-app-dir remote-app-args \
            static-channels width height dpi color-depth force-lossless resize-method \
            read-only enable-touch enable-wallpaper enable-theming enable-font-smoothing \
            enable-full-window-drag enable-desktop-composition enable-menu-animations \
            disable-bitmap-caching disable-offscreen-caching disable-glyph-caching disable-audio \
            console-audio enable-audio-input enable-printing printer-name enable-drive drive-name \
            drive-path create-drive-path disable-download disable-upload clipboard-buffer-size \
            disable-copy disable-paste normalize-clipboard recording-path recording-name \
            create-recording-path recording-write-existing recording-exclude-output \
            recording-exclude-mouse recording-exclude-touch recording-include-keys \
            recording-include-clipboard wol-send-packet wol-mac-addr wol-broadcast-addr \
            wol-udp-port wol-wait-time enable-sftp sftp-hostname sftp-port sftp-timeout \
            sftp-host-key sftp-username sftp-password sftp-private-key sftp-passphrase \
            sftp-public-key sftp-directory sftp-root-directory sftp-server-alive-interval \
            sftp-disable-download sftp-disable-upload";
        for name in names.split_ascii_whitespace() {
            // Honoured, refused with a reason, or a detail of what is off; never unheard of.
            if let Err(error) = read(name, "?") {
                assert!(!error.contains("is not a parameter"), "{error}");
            }
        }
    }

    #[test]
    fn devices_are_those_that_are_enabled() {
        let devices = |parameters: &[(&'static str, &str)]| {
            let parameters = parameters.iter().map(|(name, value)| (*name, (*value).to_owned()));
            RdpParameters::read(parameters, Strictness::Configuration).unwrap().devices()
        };
        let none =
            devices(&[("drive-name", "x"), ("printer-name", "y"), ("disable-audio", "true")]);
        assert_eq!(none, DeviceConfig::default());
        assert!(devices(&[]).without_any);
        let drive = devices(&[("enable-drive", "true"), ("drive-name", "Lab")]).drive.unwrap();
        assert_eq!((drive.name.as_str(), drive.offers), ("Lab", true));
        let drive = devices(&[("enable-drive", "true"), ("disable-download", "true")]);
        let drive = drive.drive.unwrap();
        assert_eq!((drive.name.as_str(), drive.offers), ("Porthole", false));
        let printer = devices(&[("enable-printing", "true")]).printer;
        assert_eq!(printer.as_deref(), Some("Porthole Printer"));
    }

    #[test]
    fn refuses_what_it_cannot_honour() {
        for (name, value) in [
            ("security", "rdp"),
            ("security", "best"),
            ("security", "vmconnect"),
            ("timeout", "0"),
            ("disable-auth", "true"),
            ("static-channels", "ECHO"),
            ("wol-send-packet", "true"),
            ("enable-sftp", "true"),
            ("ignore-cert", "yes"),
            ("cert-fingerprints", "ab"),
            ("server-layout", "qwerty"),
            ("color-depth", "8"),
            ("resize-method", "sometimes"),
            ("width", "1024"),
            ("height", "100"),
            ("dpi", "12"),
            ("timezone", "Mars/Olympus"),
            ("normalize-clipboard", "mac"),
            ("preconnection-id", "-1"),
            ("gateway-port", "0"),
            ("auth-pkg", "pku2u"),
            ("kdc-url", "http://dc"),
            ("kdc-url", "dc:88"),
            ("kerberos-cache", "/tmp/tickets"),
            ("remote-app", "||calc"),
            ("enable-drive", "yes"),
            ("enable-printing", "1"),
            ("drive-name", "a:b"),
            ("printer-name", "a\\b"),
            ("console-audio", "true"),
            ("disable-audio", "1"),
            ("recording-path", "/x"),
            ("no-such-thing", "1"),
        ] {
            let error = read(name, value).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }
}

//! What a connection may do and would like.

use std::time::Duration;

use porthole_pixels::Size;
use porthole_remote::Credentials;

use crate::KeyboardLayout;
use crate::graphics_pipeline::GraphicsConfig;
use crate::reconnect::ReconnectCookie;
use crate::redirection::Redirected;

/// How the stream is protected and the user proved (`[MS-RDPBCGR]` 5.4). Standard RDP Security is
/// none of them: it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SecurityMode {
    /// Network level authentication where the server has it and there are credentials, else TLS.
    #[default]
    Any,
    /// TLS; whoever connects sees the server's log-on screen, or is logged on by it.
    Tls,
    /// Network level authentication (`CredSSP`) or nothing.
    Nla,
}

/// How network level authentication proves the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum AuthPackage {
    /// Kerberos where there is a KDC that has a ticket, else NTLM.
    #[default]
    Negotiate,
    /// Kerberos or nothing.
    Kerberos,
    /// NTLM.
    Ntlm,
}

/// How messages to the KDC are put ([`porthole_remote::Output::Exchange`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KdcScheme {
    /// Four bytes of length before each message, both ways (RFC 4120 §7.2.2).
    Stream,
    /// None before a question, and four bytes of length before an answer, as over a stream.
    Datagram,
    /// In `KDC-PROXY-MESSAGE`s (`[MS-KKDCP]` 2.2.2).
    Proxy,
}

/// Bits of a pixel on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorDepth {
    /// Five bits for each of red, green and blue.
    Bits15,
    /// Five, six and five.
    Bits16,
    /// A byte for each.
    Bits24,
    /// A byte for each, and packed better.
    #[default]
    Bits32,
}

impl ColorDepth {
    /// The number of bits.
    pub const fn bits(self) -> u8 {
        match self {
            Self::Bits15 => 15,
            Self::Bits16 => 16,
            Self::Bits24 => 24,
            Self::Bits32 => 32,
        }
    }
}

/// How lines of text on the clipboard end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum LineEnds {
    /// With `\r\n` on the server's clipboard, as its format has it, and `\n` towards viewers.
    #[default]
    Native,
    /// Both ways as they come.
    Preserve,
    /// With `\n`, both ways.
    Unix,
    /// With `\r\n`, both ways.
    Windows,
}

/// What the server may draw for its looks (`[MS-RDPBCGR]` 2.2.1.11.1.1.1, `performanceFlags`).
/// Without a flag the server is asked to leave it out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Looks {
    /// A picture behind the windows.
    pub wallpaper: bool,
    /// Themed windows and buttons.
    pub theming: bool,
    /// Letters with smoothed edges.
    pub font_smoothing: bool,
    /// A window's content while it is dragged.
    pub full_window_drag: bool,
    /// Translucent windows.
    pub desktop_composition: bool,
    /// Menus that move.
    pub menu_animations: bool,
}

/// The viewer's time zone, for servers that show its time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TimeZone {
    /// Minutes east of Greenwich, in winter where there is summer time.
    pub offset_min: i16,
    /// A name; at most 31 UTF-16 units are sent.
    pub name: String,
    /// When the clocks go forward, and back.
    pub summer: Option<SummerTime>,
}

/// The part of each year in which clocks go otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SummerTime {
    /// Minutes east of Greenwich.
    pub offset_min: i16,
    /// When it begins, by the clock that holds before.
    pub begins: YearlyMoment,
    /// When it ends, by the clock that holds before.
    pub ends: YearlyMoment,
}

/// A moment of each year, such as the second Sunday in March at 2 o'clock. What is out of range
/// counts as the nearest that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct YearlyMoment {
    /// 1 to 12.
    pub month: u8,
    /// Which of the month's days of this name, 1 to 5; 5 is the last.
    pub occurrence: u8,
    /// The day's name: 0 to 6 from Sunday on.
    pub weekday: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
}

/// Which of several sources behind one port is meant (`[MS-RDPEPS]`), as Hyper-V's consoles want.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preconnection {
    /// A number.
    pub id: u32,
    /// A text such as a virtual machine's identifier.
    pub blob: Option<String>,
}

/// Devices that the server is offered; what they do goes through
/// [`porthole_remote::Event::Drive`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceConfig {
    /// A drive with the session's files.
    pub drive: Option<DriveConfig>,
    /// A printer, by the name that the server shows.
    pub printer: Option<String>,
    /// Ask for the channel of devices even without one: Windows has no sound for clients that do
    /// not.
    pub without_any: bool,
}

impl DeviceConfig {
    /// Whether the channel of devices is asked for.
    pub(crate) const fn is_wanted(&self) -> bool {
        self.drive.is_some() || self.printer.is_some() || self.without_any
    }
}

/// A redirected drive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriveConfig {
    /// The name that the server shows.
    pub name: String,
    /// Whether there is to be a folder `Download`, and viewers are offered what is put into it.
    pub offers: bool,
}

/// How to connect to one RDP server.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch that an operator sets alone")]
pub struct RdpConfig {
    /// What the server may ask for.
    pub credentials: Credentials,
    /// Acceptable ways in.
    pub security: SecurityMode,
    /// How network level authentication proves the user.
    pub auth_package: AuthPackage,
    /// Whether there is a KDC, and how it is spoken to.
    pub kdc: Option<KdcScheme>,
    /// The server's host name: NTLM and Kerberos name the service by it.
    pub server_name: String,
    /// The desktop to ask for. Sides are brought within 200 and 8192 pixels, the width made even.
    pub size: Size,
    /// How much larger than at 96 dots an inch things should be drawn, in percent, 100 to 500;
    /// other values leave it to the server.
    pub scale_percent: u32,
    /// Bits of a pixel to ask for.
    pub color_depth: ColorDepth,
    /// Take pictures by the graphics pipeline, where the server has it, and what can be done with
    /// its H.264. It needs 32 bits of colour, and is left out with fewer.
    pub graphics: Option<GraphicsConfig>,
    /// Take pictures in `RemoteFX`, which is lossy.
    pub remote_fx: bool,
    /// Ask the server to compress its messages, pictures apart. It costs the server time, and pays
    /// on slow paths.
    pub compression: bool,
    /// The keyboard layout for the server to use.
    pub keyboard_layout: KeyboardLayout,
    /// Our name for the server's list of sessions; at most 15 characters are sent.
    pub client_name: String,
    /// The viewer's time zone.
    pub time_zone: TimeZone,
    /// What the server may draw for its looks.
    pub looks: Looks,
    /// Ask for the console: the administrator's session.
    pub console: bool,
    /// A cookie for a broker in front of several servers (`[MS-RDPBCGR]` 2.2.1.1, `routingToken`).
    pub load_balance_info: Option<String>,
    /// Which source behind the port is meant.
    pub preconnection: Option<Preconnection>,
    /// A program to run in place of the desktop.
    pub initial_program: Option<String>,
    /// The folder to run it in.
    pub working_folder: Option<String>,
    /// Send no input: the desktop can be watched and not touched.
    pub view_only: bool,
    /// Have the desktop follow [`porthole_remote::Input::Resize`] where the server can.
    pub display_control: bool,
    /// Take fingers as such to servers that can, and not as a mouse.
    pub touch: bool,
    /// Pass on what is copied on the remote.
    pub clipboard_out: bool,
    /// Offer the remote what viewers copy.
    pub clipboard_in: bool,
    /// Longest clipboard content in either direction, in bytes of each format: text and HTML in
    /// UTF-8, images as PNG files. Longer content is left out, with a notice.
    pub clipboard_max_bytes: usize,
    /// Take up the session that this cookie is for ([`RdpConfig::resume`]).
    pub cookie: Option<ReconnectCookie>,
    /// The session that another server sent us to ([`RdpConfig::follow`]).
    pub redirected: Option<Redirected>,
    /// Have the server send what is to be heard.
    pub sound: bool,
    /// Let the server record what viewers say.
    pub microphone: bool,
    /// How lines of its text end.
    pub clipboard_line_ends: LineEnds,
    /// What the server may use of ours.
    pub devices: DeviceConfig,
    /// How long the server has, from the first moment until its desktop is known.
    pub handshake_max: Duration,
}

impl Default for RdpConfig {
    fn default() -> Self {
        Self {
            credentials: Credentials::default(),
            security: SecurityMode::Any,
            auth_package: AuthPackage::Negotiate,
            kdc: None,
            server_name: String::new(),
            size: Size::new(1024, 768),
            scale_percent: 100,
            color_depth: ColorDepth::Bits32,
            graphics: Some(GraphicsConfig::default()),
            remote_fx: true,
            compression: false,
            keyboard_layout: KeyboardLayout::default(),
            client_name: "Porthole".to_owned(),
            time_zone: TimeZone::default(),
            looks: Looks::default(),
            console: false,
            load_balance_info: None,
            preconnection: None,
            initial_program: None,
            working_folder: None,
            view_only: false,
            display_control: true,
            touch: false,
            clipboard_out: true,
            clipboard_in: true,
            clipboard_max_bytes: 1 << 20,
            cookie: None,
            redirected: None,
            sound: false,
            microphone: false,
            clipboard_line_ends: LineEnds::default(),
            devices: DeviceConfig::default(),
            handshake_max: Duration::from_secs(20),
        }
    }
}

impl RdpConfig {
    /// The graphics pipeline, if it can be had.
    pub(crate) fn graphics_pipeline(&self) -> Option<GraphicsConfig> {
        self.graphics.clone().filter(|_| self.color_depth == ColorDepth::Bits32)
    }
}

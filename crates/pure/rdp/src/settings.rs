//! The configuration in the words of the connection sequence.

use std::net::{Ipv4Addr, SocketAddr};

use ironrdp_connector::{BitmapConfig, ClientConnector, Config, Credentials, DesktopSize};
use ironrdp_pdu::gcc::{
    ClientClusterData, ConnectionType, KeyboardType, RedirectionFlags, RedirectionVersion,
};
use ironrdp_pdu::rdp::capability_sets::{
    BitmapCodecs, MajorPlatformType, RailSupportLevel, client_codecs_capabilities,
};
use ironrdp_pdu::rdp::client_info::{CompressionType, PerformanceFlags};
use porthole_pixels::Size;
use porthole_remote::{CredentialFields, Credentials as Offered};
use secrecy::ExposeSecret as _;

use crate::channels::Named;
use crate::limits::{DESKTOP_SIDE_MAX_PX, DESKTOP_SIDE_MIN_PX};
use crate::{Looks, RdpConfig, RdpError, SecurityMode, time_zone};

/// UTF-16 units of a computer's name.
const CLIENT_NAME_MAX: usize = 15;

/// The size nearest to `size` that servers make: within their limits, of even width.
pub(crate) fn served_size(size: Size) -> Size {
    let side = |side: u16| side.clamp(DESKTOP_SIDE_MIN_PX, DESKTOP_SIDE_MAX_PX);
    Size::new(side(size.width) & !1, side(size.height))
}

/// Whether there is enough to log on with before the server shows anything.
pub(crate) fn has_credentials(offered: &Offered) -> bool {
    missing(offered).is_none()
}

/// What is missing of a user name and a password.
pub(crate) fn missing(offered: &Offered) -> Option<CredentialFields> {
    let wanted = CredentialFields::USERNAME.with(CredentialFields::PASSWORD);
    let has_name = offered.username.as_ref().is_some_and(|name| !name.is_empty());
    let given = if has_name {
        offered.given()
    } else {
        offered.given().without(CredentialFields::USERNAME)
    };
    Some(wanted.without(given)).filter(|missing| !missing.is_empty())
}

/// The connection sequence, ready to begin.
///
/// # Errors
///
/// A codec that the sequence does not know, which would be a mistake of ours.
pub(crate) fn connector(config: &RdpConfig) -> Result<ClientConnector, RdpError> {
    // Nobody needs our address; servers show it in their list of sessions.
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
    let mut connector = ClientConnector::new(sequence_config(config)?, address);
    if let Some(cookie) = &config.load_balance_info {
        connector = connector.with_load_balance_info(cookie.clone());
    }
    if let Some(cookie) = &config.cookie {
        connector = connector.with_auto_reconnect_cookie(cookie.in_sequence());
    }
    if let Some(redirected) = &config.redirected {
        if let Some(cookie) = &redirected.password_cookie {
            connector = connector.with_redirection_password_cookie(cookie.clone());
        }
        connector = connector.with_cluster_data(cluster(redirected.session_id));
    } else if config.console {
        connector = connector.with_cluster_data(cluster(0));
    } else {
        connector = connector.with_cluster_data(ClientClusterData {
            flags: RedirectionFlags::REDIRECTION_SUPPORTED,
            redirection_version: RedirectionVersion::V4,
            redirected_session_id: 0,
        });
    }
    let has_graphics = config.graphics_pipeline().is_some();
    let has_input = config.display_control || config.touch;
    if has_input || config.sound || config.microphone || has_graphics {
        connector = connector.with_static_channel(Named::<0>);
    }
    if config.clipboard_in || config.clipboard_out {
        connector = connector.with_static_channel(Named::<1>);
    }
    if config.sound {
        connector = connector.with_static_channel(Named::<2>);
    }
    if config.devices.is_wanted() {
        connector = connector.with_static_channel(Named::<3>);
    }
    Ok(connector)
}

/// Asks for the session of this number, of which 0 is the console.
const fn cluster(session_id: u32) -> ClientClusterData {
    ClientClusterData {
        flags: RedirectionFlags::REDIRECTION_SUPPORTED
            .union(RedirectionFlags::REDIRECTED_SESSION_FIELD_VALID),
        redirection_version: RedirectionVersion::V4,
        redirected_session_id: session_id,
    }
}

/// The same without what was needed once.
pub(crate) fn without_secrets(config: Config) -> Config {
    let credentials =
        Credentials::UsernamePassword { username: String::new(), password: String::new() };
    Config { credentials, ..config }
}

fn sequence_config(config: &RdpConfig) -> Result<Config, RdpError> {
    let size = served_size(config.size);
    let scale = u32::from((100..=500).contains(&config.scale_percent)) * config.scale_percent;
    let has_credentials = has_credentials(&config.credentials);
    let codecs = if config.remote_fx {
        client_codecs_capabilities(&[])
            .map_err(|error| RdpError::Unsendable { field: "codecs", reason: error })?
    } else {
        BitmapCodecs(Vec::new())
    };
    Ok(Config {
        desktop_size: DesktopSize { width: size.width, height: size.height },
        monitor_layout: None,
        desktop_scale_factor: scale,
        desktop_physical_size: None,
        desktop_orientation: None,
        device_scale_factor: None,
        monitor_extended_layout: None,
        relative_mouse_input: false,
        enable_tls: config.security != SecurityMode::Nla,
        // Without credentials there is nothing to prove.
        enable_credssp: config.security == SecurityMode::Nla
            || config.security == SecurityMode::Any && has_credentials,
        enable_standard_rdp_security: false,
        credentials: credentials(&config.credentials),
        domain: config.credentials.domain.clone(),
        client_build: 0,
        client_name: cut(&config.client_name, CLIENT_NAME_MAX),
        keyboard_type: KeyboardType(config.keyboard_layout.hardware().0),
        keyboard_subtype: config.keyboard_layout.hardware().1,
        keyboard_functional_keys_count: 12,
        keyboard_layout: config.keyboard_layout.id,
        connection_type: ConnectionType::Lan,
        ime_file_name: String::new(),
        bitmap: Some(BitmapConfig {
            lossy_compression: config.remote_fx,
            color_depth: config.color_depth.bits().into(),
            codecs,
        }),
        dig_product_id: String::new(),
        client_dir: "C:\\Windows\\System32\\mstscax.dll".to_owned(),
        alternate_shell: config.initial_program.clone().unwrap_or_default(),
        work_dir: config.working_folder.clone().unwrap_or_default(),
        remote_application_mode: false,
        rail_support_level: RailSupportLevel::empty(),
        platform: MajorPlatformType::UNIX,
        hardware_id: None,
        request_data: None,
        autologon: has_credentials,
        enable_audio_playback: config.sound,
        enable_audio_capture: config.microphone,
        performance_flags: performance_flags(config.looks),
        license_cache: None,
        timezone_info: time_zone::in_sequence(&config.time_zone),
        compression_type: config.compression.then_some(CompressionType::K64),
        enable_server_pointer: true,
        pointer_software_rendering: false,
        multitransport_flags: None,
        support_dyn_vc_gfx_protocol: config.graphics_pipeline().is_some(),
    })
}

/// User name and password as the sequence takes them. It keeps them in plain strings, which are
/// dropped with it.
pub(crate) fn credentials(offered: &Offered) -> Credentials {
    Credentials::UsernamePassword {
        username: offered.username.clone().unwrap_or_default(),
        password: offered
            .password
            .as_ref()
            .map(|password| password.expose_secret().to_owned())
            .unwrap_or_default(),
    }
}

fn performance_flags(looks: Looks) -> PerformanceFlags {
    let mut flags = PerformanceFlags::empty();
    flags.set(PerformanceFlags::DISABLE_WALLPAPER, !looks.wallpaper);
    flags.set(PerformanceFlags::DISABLE_THEMING, !looks.theming);
    flags.set(PerformanceFlags::ENABLE_FONT_SMOOTHING, looks.font_smoothing);
    flags.set(PerformanceFlags::DISABLE_FULLWINDOWDRAG, !looks.full_window_drag);
    flags.set(PerformanceFlags::ENABLE_DESKTOP_COMPOSITION, looks.desktop_composition);
    flags.set(PerformanceFlags::DISABLE_MENUANIMATIONS, !looks.menu_animations);
    flags
}

/// The start of `text` that has at most `units` UTF-16 units.
pub(crate) fn cut(text: &str, units: usize) -> String {
    let mut left = units;
    let fits = |character: &char| {
        let enough = character.len_utf16() <= left;
        left = left.saturating_sub(character.len_utf16());
        enough
    };
    text.chars().take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use porthole_pixels::Size;
    use porthole_remote::{CredentialFields, Credentials};

    use super::{connector, cut, missing, served_size};
    use crate::{RdpConfig, SecurityMode};

    #[test]
    fn sizes_are_brought_within_what_servers_make() {
        let cases = [((0, 0), (200, 200)), ((1023, 767), (1022, 767)), ((9000, 201), (8192, 201))];
        for ((width, height), (want_width, want_height)) in cases {
            assert_eq!(served_size(Size::new(width, height)), Size::new(want_width, want_height));
        }
    }

    #[test]
    fn text_is_cut_between_characters() {
        assert_eq!(cut("abc", 2), "ab");
        assert_eq!(cut("a\u{1f600}b", 2), "a");
        assert_eq!(cut("a\u{1f600}b", 3), "a\u{1f600}");
    }

    #[test]
    fn without_credentials_nothing_is_proved() {
        let connector = connector(&RdpConfig::default()).unwrap();
        assert!(connector.config.enable_tls && !connector.config.enable_credssp);
        let name = Credentials { username: Some("ada".to_owned()), ..Credentials::default() };
        assert_eq!(missing(&name), Some(CredentialFields::PASSWORD));
        let nla = RdpConfig { security: SecurityMode::Nla, ..RdpConfig::default() };
        let connector = super::connector(&nla).unwrap();
        assert!(!connector.config.enable_tls && connector.config.enable_credssp);
    }
}

use std::time::Duration;

use porthole_pixels::Size;
use porthole_rdp::{ColorDepth, DeviceConfig, KeyboardLayout, LineEnds, SecurityMode};
use porthole_remote::SizeWish;

use super::{RdpParameters, ResizeMethod};
use crate::driver::Beginning;
use crate::parameters::{Strictness, Vocabulary as _};

fn read(name: &str, value: &str) -> Result<RdpParameters, String> {
    let parameters = [(name, value.to_owned())];
    RdpParameters::read(parameters, Strictness::Configuration).map_err(|e| e.to_string())
}

#[test]
fn an_operators_scale_stays_and_a_windows_one_is_followed() {
    let wish = SizeWish { size: Size::new(800, 600), scale_percent: 200 };
    let beginning = |scale_percent| Beginning { size: None, scale_percent };
    let fixed = beginning(read("dpi", "144").unwrap().scale_percent);
    assert_eq!(fixed.scaled(wish), SizeWish { scale_percent: 150, ..wish });
    assert_eq!(beginning(None).scaled(wish), wish);
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
    assert_ne!(read("server-layout", "de-de-qwertz").unwrap().layout, KeyboardLayout::default());
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
    let none = devices(&[("drive-name", "x"), ("printer-name", "y"), ("disable-audio", "true")]);
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
        ("enable-sftp", "yes"),
        ("sftp-directory", "/srv"),
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

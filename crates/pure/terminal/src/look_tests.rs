//! Tables of schemes and sizes.

use super::*;

#[test]
fn presets_name_their_colors() {
    let cases = [
        ("", [0x99; 3], [0; 3]),
        ("gray-black", [0x99; 3], [0; 3]),
        ("black-white", [0; 3], [0xff; 3]),
        ("green-black", [0x3e, 0x99, 0x3e], [0; 3]),
        (" white-black ", [0xff; 3], [0; 3]),
    ];
    for (scheme, foreground, background) in cases {
        let colors = parse_color_scheme(scheme).unwrap();
        assert_eq!(colors[FOREGROUND], foreground, "{scheme}");
        assert_eq!(colors[BACKGROUND], background, "{scheme}");
    }
}

#[test]
fn pairs_set_colors() {
    let scheme = "foreground: Light Goldenrod Yellow;\n background:rgb:12/a/FF; color3:color200;;\
                  color200:navy; color4:gray51";
    let colors = parse_color_scheme(scheme).unwrap();
    assert_eq!(colors[FOREGROUND], [0xfa, 0xfa, 0xd2]);
    assert_eq!(colors[BACKGROUND], [0x12, 0xaa, 0xff]);
    assert_eq!(colors[3], [0xff, 0x00, 0xd7]);
    assert_eq!(colors[200], [0x00, 0x00, 0x80]);
    assert_eq!(colors[4], [0x82, 0x82, 0x82]);
}

#[test]
fn wrong_schemes_are_named() {
    let part = |part: &str| SchemeError::Part { part: part.to_owned() };
    let name = |name: &str| SchemeError::Name { name: name.to_owned() };
    let color = |color: &str| SchemeError::Color { color: color.to_owned() };
    let cases = [
        ("solarized", part("solarized")),
        ("color256:red", name("color256")),
        ("color+1:red", name("color+1")),
        ("cursor:red", name("cursor")),
        ("foreground:", color("")),
        ("foreground:rgb:12/34", color("rgb:12/34")),
        ("foreground:rgb:12/34/56/78", color("rgb:12/34/56/78")),
        ("foreground:rgb:123/34/56", color("rgb:123/34/56")),
        ("foreground:rgb:+1/34/56", color("rgb:+1/34/56")),
        ("foreground:reddish", color("reddish")),
    ];
    for (scheme, want) in cases {
        assert_eq!(parse_color_scheme(scheme), Err(want), "{scheme}");
    }
    let long = "foreground:red;".repeat(2000);
    assert!(matches!(parse_color_scheme(&long), Err(SchemeError::Length { .. })));
}

#[test]
fn the_palette_is_the_usual_one() {
    let colors = default_colors();
    assert_eq!(colors[16], [0, 0, 0]);
    assert_eq!(colors[21], [0, 0, 0xff]);
    assert_eq!(colors[59], [0x5f; 3]);
    assert_eq!(colors[231], [0xff; 3]);
    assert_eq!(colors[232], [8; 3]);
    assert_eq!(colors[255], [0xee; 3]);
}

//! Tables of reports, against xterm's `ctlseqs` ("Mouse Tracking").

use super::*;

const ALL: [MouseEvents; 4] =
    [MouseEvents::Presses, MouseEvents::Buttons, MouseEvents::Drags, MouseEvents::All];

fn modes(mouse_events: MouseEvents, mouse_sgr: bool) -> Modes {
    Modes { mouse_events, mouse_sgr, ..Modes::default() }
}

/// The reports of a drag with the left button from cell (2, 3) to (4, 3), and a move after it.
fn drag(events: MouseEvents, is_sgr: bool) -> String {
    let mut mouse = Mouse::default();
    let mut out = BytesMut::new();
    let steps = [((2, 3), 0), ((2, 3), 1), ((4, 3), 1), ((4, 3), 0), ((5, 3), 0)];
    for (at, buttons) in steps {
        for act in mouse.update(at, Buttons(buttons)) {
            mouse.report(act, Modifiers::default(), &modes(events, is_sgr), &mut out);
        }
    }
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn programs_are_told_what_they_want() {
    let want = [
        "\x1b[M #$",
        "\x1b[M #$\x1b[M#%$",
        "\x1b[M #$\x1b[M@%$\x1b[M#%$",
        "\x1b[MC#$\x1b[M #$\x1b[M@%$\x1b[M#%$\x1b[MC&$",
    ];
    for (events, want) in ALL.into_iter().zip(want) {
        assert_eq!(drag(events, false), want, "{events:?}");
    }
    assert_eq!(drag(MouseEvents::None, false), "");
}

#[test]
fn releases_name_their_button_in_sgr() {
    let got = drag(MouseEvents::Drags, true);
    assert_eq!(got, "\x1b[<0;3;4M\x1b[<32;5;4M\x1b[<0;5;4m");
}

#[test]
fn far_cells_need_another_encoding() {
    let mut mouse = Mouse::default();
    let acts = mouse.update((300, 222), Buttons(1));
    let report = |is_sgr| {
        let mut out = BytesMut::new();
        let modes = modes(MouseEvents::Buttons, is_sgr);
        mouse.report(acts[1], Modifiers::default(), &modes, &mut out);
        out.to_vec()
    };
    assert_eq!(report(false), b"");
    assert_eq!(report(true), b"\x1b[<0;301;223M");
}

#[test]
fn the_wheel_and_modifiers_are_told() {
    let mouse = Mouse::default();
    let held = Modifiers { shift: true, control: true, alt: true };
    let cases = [
        (MouseAct::Wheel(Wheel::Up), Modifiers::default(), "\x1b[<64;1;1M"),
        (MouseAct::Wheel(Wheel::Right), Modifiers::default(), "\x1b[<67;1;1M"),
        (MouseAct::Press(2), held, "\x1b[<30;1;1M"),
        (MouseAct::Press(4), Modifiers::default(), "\x1b[<129;1;1M"),
    ];
    for (act, modifiers, want) in cases {
        let mut out = BytesMut::new();
        mouse.report(act, modifiers, &modes(MouseEvents::Buttons, true), &mut out);
        assert_eq!(out, want, "{act:?}");
    }
}

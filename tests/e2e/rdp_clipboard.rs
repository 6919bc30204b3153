//! The clipboard and the keyboard of a real session of xrdp's, through the gateway.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use porthole_link::{ClipboardContent, ClipboardFormat, ClipboardPart, ToGateway};
use porthole_testkit::servers::{Display, Picture, Process, Xrdp, output_of, wait_until};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

use crate::input::{Folder, terminal};
use crate::rdp_gateway::ANY_CERTIFICATE;

/// A desktop that the gateway shows somebody.
struct Desk {
    server: Xrdp,
    lab: Lab,
    viewer: Viewer,
}

impl Desk {
    async fn open(parameters: &str) -> Result<Self> {
        let server = Xrdp::start()?;
        let (user, password) = server.login();
        let more = format!(
            "username = \"{user}\"\npassword = \"{password}\"\n{ANY_CERTIFICATE}\n[parameters]\n{parameters}\n"
        );
        let lab = Setup::new().speaking("rdp", "desk", server.address(), &more).start()?;
        let mut viewer = Viewer::open(&lab.options("desk")?).await?;
        let display = server.display();
        viewer.wait_until("the session", SOON, |_| display.root().is_ok()).await?;
        // What is copied before its channel server is there, nobody is told of.
        viewer.wait_until("its channels", SOON, |_| server.sound_socket().is_some()).await?;
        Ok(Self { server, lab, viewer })
    }

    fn display(&self) -> Display {
        self.server.display()
    }

    async fn paste(&mut self, format: ClipboardFormat, data: Vec<u8>) -> Result<()> {
        let data = data.into();
        let part = ClipboardPart { format: Some(format), continues: false, more: false, data };
        self.viewer.send(&ToGateway::Clipboard(part)).await
    }

    /// Waits until the session's clipboard holds `want` as `target`.
    fn wait_for_target(&self, target: &str, is_it: impl Fn(&[u8]) -> bool) -> Result<()> {
        let display = self.display();
        let mut got = Vec::new();
        let found = wait_until(target, SOON, || {
            let arguments = ["-selection", "clipboard", "-out", "-target", target];
            let mut command = display.command("xclip");
            got = output_of(command.args(arguments), &[], SOON).unwrap_or_default();
            Ok(is_it(&got).then_some(()))
        });
        found.with_context(|| String::from_utf8_lossy(&got).into_owned())
    }

    /// Waits until the viewer has been handed content like this.
    async fn wait_for_copy(
        &mut self,
        what: &str,
        is_it: impl Fn(&ClipboardContent) -> bool,
    ) -> Result<()> {
        let seen = |viewer: &Viewer| viewer.seen().clipboard.iter().any(&is_it);
        self.viewer.wait_until(what, SOON, seen).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_both_ways() -> Result<()> {
    let mut desk = Desk::open("").await?;
    let text = "gr\u{fc}\u{df}e \u{20ac} \u{4e16}\u{754c}\nzwei\n";
    desk.paste(ClipboardFormat::Text, text.into()).await?;
    // Lines end as on Windows, and xrdp leaves them so.
    let want = text.replace('\n', "\r\n").into_bytes();
    desk.wait_for_target("UTF8_STRING", |got| got == want)?;
    let _owner = desk.display().own_clipboard("kopiert: \u{e9} \u{20ac}\nzwei")?;
    let want = Some("kopiert: \u{e9} \u{20ac}\nzwei");
    desk.wait_for_copy("the text", |content| content.text.as_deref() == want).await?;
    desk.lab.check_sound(&[])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lines_end_as_configured() -> Result<()> {
    let mut desk = Desk::open("normalize-clipboard = \"unix\"").await?;
    desk.paste(ClipboardFormat::Text, b"eins\nzwei\n".to_vec()).await?;
    desk.wait_for_target("UTF8_STRING", |got| got == b"eins\nzwei\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn directions_can_be_closed() -> Result<()> {
    let mut desk = Desk::open("disable-paste = true").await?;
    desk.paste(ClipboardFormat::Text, b"not for you".to_vec()).await?;
    let _owner = desk.display().own_clipboard("out")?;
    desk.wait_for_copy("the text", |content| content.text.as_deref() == Some("out")).await?;
    ensure!(desk.viewer.seen().notices.iter().any(|words| words.contains("pasting")));
    Ok(())
}

/// An image in another form, by `ImageMagick`.
fn convert(arguments: &[&str], image: &[u8]) -> Result<Vec<u8>> {
    output_of(Command::new("convert").args(arguments), image, SOON)
}

/// A program that keeps a file on the display's clipboard.
fn own_image(display: Display, folder: &Folder, bmp: &[u8]) -> Result<Process> {
    let file = folder.file().with_extension("bmp");
    std::fs::write(&file, bmp)?;
    let mut command = display.command("xclip");
    command.args(["-quiet", "-selection", "clipboard", "-target", "image/bmp", "-in"]).arg(file);
    Process::start(&mut command)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn images_both_ways() -> Result<()> {
    let mut desk = Desk::open("").await?;
    let card = Picture::test_card(300, 200);
    let png = convert(&["-size", "300x200", "-depth", "8", "rgba:-", "png:-"], &card.rgba)?;
    desk.paste(ClipboardFormat::Png, png).await?;
    // Rows from the bottom up, in blue, green and red.
    let mut rows = Vec::new();
    for row in card.rgba.chunks_exact(300 * 4).rev() {
        rows.extend(row.chunks_exact(4).flat_map(|pixel| [pixel[2], pixel[1], pixel[0]]));
    }
    desk.wait_for_target("image/bmp", |got| got.starts_with(b"BM") && got.ends_with(&rows))?;
    let arguments = ["-selection", "clipboard", "-out", "-target", "image/bmp"];
    let bmp = output_of(desk.display().command("xclip").args(arguments), &[], SOON)?;

    let folder = Folder::new("rdp-image")?;
    let _owner = own_image(desk.display(), &folder, &bmp)?;
    let is_card = |content: &ClipboardContent| {
        let read = |png: &Bytes| convert(&["png:-", "-depth", "8", "rgba:-"], png).ok();
        content.png.as_ref().and_then(read).is_some_and(|rgba| rgba == card.rgba)
    };
    desk.wait_for_copy("the image", is_card).await
}

/// Presses keys by their places alone, as a browser does whose keyboard has the server's layout.
async fn type_keys(viewer: &mut Viewer, keys: &[(u32, u16)]) -> Result<()> {
    for (keysym, scancode) in keys {
        viewer.press(*keysym, *scancode).await?;
    }
    viewer.press(0xff0d, 0x1c).await
}

/// One layout's test: its name, keys as a keyboard of that layout sends them, and what they type.
struct Typing {
    layout: &'static str,
    keys: &'static [(u32, u16)],
    want: &'static str,
}

const TYPING: &[Typing] = &[
    Typing {
        layout: "en-us-qwerty",
        keys: &[(0x7a, 0x2c), (0x79, 0x15), (0x3b, 0x27), (0x5b, 0x1a)],
        want: "zy;[",
    },
    Typing {
        layout: "de-de-qwertz",
        keys: &[(0x7a, 0x15), (0x79, 0x2c), (0xf6, 0x27), (0xfc, 0x1a), (0xdf, 0x0c)],
        want: "zy\u{f6}\u{fc}\u{df}",
    },
    Typing {
        layout: "fr-fr-azerty",
        keys: &[(0x61, 0x10), (0x71, 0x1e), (0xe9, 0x03), (0xe7, 0x0a), (0xf9, 0x28)],
        want: "aq\u{e9}\u{e7}\u{f9}",
    },
    Typing {
        layout: "ja-jp-qwerty",
        keys: &[(0x61, 0x1e), (0x40, 0x1a), (0x3a, 0x28), (0x5e, 0x0d)],
        want: "a@:^",
    },
    // No place counts: the first two have none of their own layout's.
    Typing {
        layout: "failsafe",
        keys: &[(0x7a, 0x15), (0x79, 0x2c), (0x41, 0x10), (0x21, 0x02)],
        want: "zyA!",
    },
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_type_what_their_layout_says() -> Result<()> {
    let mut failures = String::new();
    for typing in TYPING {
        let mut desk = Desk::open(&format!("server-layout = \"{}\"", typing.layout)).await?;
        let folder = Folder::new("rdp-typing")?;
        let file = folder.file();
        let _window = terminal(desk.display(), &file)?;
        desk.viewer.point(100, 90, 0).await?;
        let display = desk.display();
        let place = || display.xdotool(&["getmouselocation", "--shell"]).unwrap_or_default();
        desk.viewer.wait_until("the pointer", SOON, |_| place().contains("X=100\n")).await?;
        type_keys(&mut desk.viewer, typing.keys).await?;
        let want = format!("{}\n", typing.want);
        let typed = || std::fs::read_to_string(&file).unwrap_or_default();
        if desk.viewer.wait_until("the line", SOON, |_| typed().ends_with('\n')).await.is_err()
            || typed() != want
        {
            writeln!(failures, "{}: {:?}, not {want:?}", typing.layout, typed())?;
        }
    }
    ensure!(failures.is_empty(), "{failures}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn locks_and_pasted_typing_arrive() -> Result<()> {
    let mut desk = Desk::open("server-layout = \"de-de-qwertz\"").await?;
    let folder = Folder::new("rdp-locks")?;
    let file = folder.file();
    let _window = terminal(desk.display(), &file)?;
    let display = desk.display();
    desk.viewer.point(100, 90, 0).await?;
    let place = || display.xdotool(&["getmouselocation", "--shell"]).unwrap_or_default();
    desk.viewer.wait_until("the pointer", SOON, |_| place().contains("X=100\n")).await?;
    // Capitals without Shift: Caps Lock is on at the viewer. Then it is off.
    type_keys(&mut desk.viewer, &[(0x41, 0x1e), (0x5a, 0x15), (0x61, 0x1e)]).await?;
    // AltGr and Q, then text as from an input method: each has a key in this layout.
    let key = |down, (keysym, scancode)| ToGateway::Key { down, keysym, scancode };
    desk.viewer.send(&key(true, (0xfe03, 0xb8))).await?;
    desk.viewer.press(0x40, 0x10).await?;
    desk.viewer.send(&key(false, (0xfe03, 0xb8))).await?;
    desk.viewer.send(&ToGateway::Text("\u{fc}ber \u{a7}5 {x}\n".into())).await?;
    let want = "AZa\n@\u{fc}ber \u{a7}5 {x}\n";
    let typed = || std::fs::read_to_string(&file).unwrap_or_default();
    let found = desk.viewer.wait_until("the lines", SOON, |_| typed() == want).await;
    found.with_context(|| format!("{:?}", typed()))
}

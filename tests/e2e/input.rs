//! What a viewer does arrives at the remote, and what is copied there comes back.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use porthole_link::{Ability, ClipboardFormat, ClipboardPart, ToGateway};
use porthole_pixels::Size;
use porthole_testkit::servers::{
    Display, Process, TightVnc, X11Vnc, XtigerVnc, XvncOptions, wait_until,
};
use porthole_testkit::viewer::Viewer;
use porthole_tests::{Lab, SOON, Setup};

const GEOMETRY: (u16, u16) = (640, 480);

/// A terminal over the whole screen that writes what is typed, line by line, to `file`.
pub(crate) fn terminal(display: Display, file: &Path) -> Result<Process> {
    let script = format!("stty -echo; exec cat > '{}'", file.display());
    let window = display.run_client(
        "xterm",
        &[
            "-u8",
            "-geometry",
            "200x60+0+0",
            "-xrm",
            "*VT100.translations: #override",
            "-e",
            "sh",
            "-c",
            &script,
        ],
    )?;
    wait_until("the terminal's file", SOON, || Ok(file.exists().then_some(())))?;
    Ok(window)
}

fn wait_for_line(file: &Path, want: &str) -> Result<()> {
    let mut got = String::new();
    let found = wait_until("a line", SOON, || {
        got = String::from_utf8_lossy(&std::fs::read(file)?).into_owned();
        Ok((got == want).then_some(()))
    });
    found.map_err(|error| error.context(format!("{got:?} in place of {want:?}")))
}

/// Gives the terminal the focus, which without a window manager follows the pointer.
async fn focus(viewer: &mut Viewer, display: Display) -> Result<()> {
    viewer.wait_until("the picture", SOON, |viewer| viewer.counts().frames > 0).await?;
    viewer.point(100, 100, 0).await?;
    wait_for_pointer(display, 100, 100)
}

fn wait_for_pointer(display: Display, x: u16, y: u16) -> Result<()> {
    let want = format!("X={x}\nY={y}\n");
    let mut place = String::new();
    let found = wait_until("the pointer", SOON, || {
        place = display.xdotool(&["getmouselocation", "--shell"])?;
        Ok(place.contains(&want).then_some(()))
    });
    found.map_err(|error| error.context(format!("{place:?} in place of {want:?}")))
}

/// Keys with their places on a US keyboard: keysym and XT set 1 scan code.
const HELLO: [(u32, u16); 5] =
    [(0x68, 0x23), (0x65, 0x12), (0x6c, 0x26), (0x6c, 0x26), (0x6f, 0x18)];
const RETURN: (u32, u16) = (0xFF0D, 0x1C);
const SHIFT: (u32, u16) = (0xFFE1, 0x2A);

async fn type_everything(viewer: &mut Viewer, file: &Path) -> Result<()> {
    for (keysym, scancode) in HELLO.into_iter().chain([RETURN]) {
        viewer.press(keysym, scancode).await?;
    }
    wait_for_line(file, "hello\n")?;

    // Shift and A, as a browser sends them; then letters that no US keyboard has.
    let key = |down, (keysym, scancode)| ToGateway::Key { down, keysym, scancode };
    viewer.send(&key(true, SHIFT)).await?;
    viewer.press(0x41, 0x1E).await?;
    viewer.send(&key(false, SHIFT)).await?;
    for keysym in [0xE9, 0x20AC, 0x0100_20AC, 0xDF] {
        viewer.press(keysym, 0).await?;
    }
    viewer.press(RETURN.0, RETURN.1).await?;
    wait_for_line(file, "hello\nAé€€ß\n")?;

    viewer.send(&ToGateway::Text("grüße, Ω!\n".into())).await?;
    wait_for_line(file, "hello\nAé€€ß\ngrüße, Ω!\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_reaches_tigervnc() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    let folder = Folder::new("tiger")?;
    let _terminal = terminal(server.display(), &folder.file())?;
    let mut lab = Setup::new().connection("lab", server.address(), "").start()?;
    let mut viewer = lab.view("lab").await?;
    focus(&mut viewer, server.display()).await?;
    type_everything(&mut viewer, &folder.file()).await?;
    lab.check_sound(&["grüße"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_reaches_x11vnc() -> Result<()> {
    let server = X11Vnc::start(GEOMETRY, None, &["-add_keysyms"])?;
    let folder = Folder::new("x11vnc")?;
    let _terminal = terminal(server.display(), &folder.file())?;
    let mut lab = Setup::new().connection("lab", server.address(), "").start()?;
    let mut viewer = lab.view("lab").await?;
    focus(&mut viewer, server.display()).await?;
    type_everything(&mut viewer, &folder.file()).await?;
    lab.check_sound(&["grüße"])
}

/// An old server: keys by their meaning only, and no tool can ask it where the pointer is. The
/// terminal is typed at all the same only when the pointer is over it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_reaches_tightvnc() -> Result<()> {
    let server = TightVnc::start(GEOMETRY, "secret12", &[])?;
    let folder = Folder::new("tight")?;
    let _terminal = terminal(server.display(), &folder.file())?;
    let more = "password = \"secret12\"";
    let mut lab = Setup::new().connection("lab", server.address(), more).start()?;
    let mut viewer = lab.view("lab").await?;
    viewer.wait_until("the picture", SOON, |viewer| viewer.counts().frames > 0).await?;
    viewer.point(100, 100, 0).await?;
    for (keysym, scancode) in HELLO.into_iter().chain([RETURN]) {
        viewer.press(keysym, scancode).await?;
    }
    wait_for_line(&folder.file(), "hello\n")?;
    lab.check_sound(&["secret12"])
}

async fn check_pointer(lab: &Lab, name: &str, display: Display) -> Result<()> {
    let mut viewer = lab.view(name).await?;
    viewer.wait_until("the picture", SOON, |viewer| viewer.counts().frames > 0).await?;
    // Not the corner first: x11vnc takes the pointer to be there already.
    for (x, y) in [(123, 45), (0, 0), (639, 479)] {
        viewer.point(x, y, 0).await?;
        wait_for_pointer(display, x, y)?;
    }
    // Outside: moved to the edge.
    viewer.point(5000, 300, 0).await?;
    wait_for_pointer(display, 639, 300)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pointer_goes_where_it_is_told() -> Result<()> {
    let tiger = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    let x11vnc = X11Vnc::start(GEOMETRY, None, &[])?;
    let mut lab = Setup::new()
        .connection("tiger", tiger.address(), "")
        .connection("x11vnc", x11vnc.address(), "")
        .start()?;
    let displays = [("tiger", tiger.display()), ("x11vnc", x11vnc.display())];
    for (name, display) in displays {
        check_pointer(&lab, name, display).await.context(name)?;
    }
    lab.check_sound(&[])
}

/// A viewer copied a text.
fn paste(text: &'static str) -> ToGateway {
    let (format, data) = (Some(ClipboardFormat::Text), text.into());
    ToGateway::Clipboard(ClipboardPart { format, continues: false, more: false, data })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clipboard_travels_both_ways() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    let display = server.display();
    let mut lab = Setup::new()
        .connection("both", server.address(), "")
        .connection(
            "neither",
            server.address(),
            "\n[parameters]\ndisable-copy = true\ndisable-paste = true\n",
        )
        .start()?;
    let mut viewer = lab.view("both").await?;
    viewer.wait_until("the picture", SOON, |viewer| viewer.counts().frames > 0).await?;

    let mut closed = lab.view("neither").await?;
    closed.wait_until("the picture", SOON, |viewer| viewer.counts().frames > 0).await?;

    let _owner = display.own_clipboard("kopiert: é, €, 世界\nline two")?;
    let copied = |viewer: &Viewer| {
        let wanted = |text: &str| text == "kopiert: é, €, 世界\nline two";
        viewer.seen().clipboard.iter().any(|content| content.text.as_deref().is_some_and(wanted))
    };
    viewer.wait_until("the remote's clipboard", SOON, copied).await?;

    let pasted = "pasted: ß, €, 世界\nline two";
    closed.send(&paste("forbidden")).await?;
    viewer.send(&paste(pasted)).await?;
    wait_until("the viewer's clipboard", SOON, || {
        Ok(display.clipboard().is_ok_and(|text| text == pasted).then_some(()))
    })?;
    let told = |viewer: &Viewer| !viewer.seen().notices.is_empty();
    closed.wait_until("word that pasting is not allowed", SOON, told).await?;
    ensure!(closed.seen().clipboard.is_empty(), "{:?}", closed.seen());
    lab.check_sound(&["kopiert", "pasted", "forbidden"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_remote_takes_the_viewers_size() -> Result<()> {
    let server = XtigerVnc::start(XvncOptions { geometry: GEOMETRY, ..XvncOptions::default() })?;
    let mut root = server.display().root()?;
    let mut lab = Setup::new()
        .connection("lab", server.address(), "")
        .connection("fixed", server.address(), "\n[parameters]\ndisable-display-resize = true\n")
        .start()?;
    let mut fixed = lab.view("fixed").await?;
    fixed.send(&ToGateway::Resize(Size::new(500, 400), 100)).await?;
    fixed.wait_until("the picture", SOON, |viewer| viewer.counts().frames > 0).await?;
    ensure!(fixed.seen().abilities.unwrap_or(0) & Ability::RESIZE == 0, "{:?}", fixed.seen());

    let wish = lab.options("lab")?.wishing(Size::new(802, 603));
    let mut viewer = Viewer::open(&wish).await?;
    let sized = |width, height| move |viewer: &Viewer| viewer.size() == Size::new(width, height);
    viewer.wait_until("the size of Hello", SOON, sized(802, 603)).await?;
    ensure!(root.size()? == (802, 603), "{:?}", root.size());
    viewer.send(&ToGateway::Resize(Size::new(711, 523), 100)).await?;
    viewer.wait_until("another size", SOON, sized(711, 523)).await?;
    ensure!(root.size()? == (711, 523), "{:?}", root.size());
    // The other session's viewer is told too.
    fixed.wait_until("the new size", SOON, sized(711, 523)).await?;
    lab.check_sound(&[])
}

/// A folder that goes with the guard.
pub(crate) struct Folder(std::path::PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join(format!("porthole-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(crate) fn file(&self) -> std::path::PathBuf {
        self.0.join("typed")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the system's folder for such files goes by itself one day.
        let _best_effort = std::fs::remove_dir_all(&self.0);
    }
}

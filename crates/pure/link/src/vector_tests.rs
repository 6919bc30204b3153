//! Both directions against `tests/vectors/link/vectors.json`, which TypeScript shares.

use bytes::{Bytes, BytesMut};
use porthole_pixels::{Point, Rect, Size};
use serde_json::Value;

use crate::{
    Ability, Answer, Category, ClipboardFormat, ClipboardPart, Codec, ErrorRecord, Feature,
    FileAct, FileAnswer, FileEntry, FileNews, FilePage, FileRequest, Hello, LinkError, Phase,
    Prompt, QualityMode, QuestionsRecord, RepliesRecord, Resume, ScreenPlace, SoundCodec,
    SoundNews, SoundWish, TerminalRecord, TerminalWish, ToBrowser, ToGateway, VideoRecord, Welcome,
    records,
};

const RECT: Rect = Rect::new(1, 2, 300, 400);

/// All of a text.
fn text(text: &'static str) -> ClipboardPart {
    let (format, data) = (Some(ClipboardFormat::Text), text.into());
    ClipboardPart { format, continues: false, more: false, data }
}

/// HTML or an image that does not come alone.
fn part(continues: bool, more: bool) -> ClipboardPart {
    let format = if more { ClipboardFormat::Html } else { ClipboardFormat::Png };
    let data = Bytes::from_static(if more { b"<b>" } else { &[0x89, 0x50] });
    ClipboardPart { format: Some(format), continues, more, data }
}

fn to_browser() -> Vec<(&'static str, ToBrowser)> {
    let welcome = Welcome {
        features: 0,
        permissions: 0b111,
        linger_ms: 60_000,
        session: [0x11; 16],
        secret: [0x22; 32],
    };
    let error = ErrorRecord {
        category: Category::Token,
        retry: false,
        cause: "token_expired".into(),
        message: "this link has expired; ask for a new one".into(),
    };
    let video = VideoRecord {
        rect: RECT,
        stream: 2,
        key: true,
        parts: Vec::new(),
        data: Bytes::from_static(&[0, 0, 1, 0x65]),
    };
    let screens = vec![
        ScreenPlace { id: 0x0102_0304, rect: Rect::new(0, 0, 1920, 1080) },
        ScreenPlace { id: 7, rect: Rect::new(1920, 40, 1280, 1024) },
    ];
    let parts = vec![Rect::new(0, 0, 16, 16), Rect::new(32, 48, 16, 8)];
    vec![
        ("welcome", ToBrowser::Welcome(welcome)),
        ("size", ToBrowser::Size(Size::new(1920, 1080))),
        ("fill", ToBrowser::Fill(RECT, [10, 20, 30])),
        ("copy", ToBrowser::Copy(Point { x: 5, y: 6 }, RECT)),
        ("image jpeg", ToBrowser::Image(RECT, Codec::Jpeg, Bytes::from_static(&[0xff, 0xd8]))),
        ("image palette", ToBrowser::Image(RECT, Codec::Palette, Bytes::from_static(&[3, 0]))),
        ("image rgb", ToBrowser::Image(RECT, Codec::Rgb, Bytes::from_static(&[3, 0]))),
        ("frame end", ToBrowser::FrameEnd(0x0102_0304)),
        ("error", ToBrowser::Error(error)),
        ("store", ToBrowser::Store(0x0102, RECT)),
        ("recall", ToBrowser::Recall(0x0102, RECT)),
        ("tables", ToBrowser::Tables(3, Bytes::from_static(&[0xff, 0xdb]))),
        (
            "image jpeg scan",
            ToBrowser::Image(RECT, Codec::JpegScan, Bytes::from_static(&[3, 0xff])),
        ),
        ("video", ToBrowser::Video(video.clone())),
        ("video in parts", ToBrowser::Video(VideoRecord { key: false, parts, ..video })),
        (
            "cursor",
            ToBrowser::Cursor(Point { x: 1, y: 2 }, Size::new(3, 4), Bytes::from_static(&[3, 0])),
        ),
        ("clipboard from remote", ToBrowser::Clipboard(text("grüße €"))),
        ("clipboard from remote, first part", ToBrowser::Clipboard(part(false, true))),
        ("clipboard from remote, last part", ToBrowser::Clipboard(part(true, false))),
        ("title", ToBrowser::Title("desk — top".into())),
        ("bell", ToBrowser::Bell),
        ("leds", ToBrowser::Leds(0b110)),
        ("state", ToBrowser::State(Phase::Connecting, "waiting".into())),
        ("notice", ToBrowser::Notice("the clipboard was too large".into())),
        ("abilities", ToBrowser::Abilities(Ability::RESIZE)),
        ("pong", ToBrowser::Pong(77)),
        ("prompt", ToBrowser::Prompt(Prompt { fields: 0b11, reason: "wrong password".into() })),
        ("screens", ToBrowser::Screens(screens)),
    ]
}

const FILE: u32 = 0x0102_0304;
const FILE_MS: u64 = 1_700_000_000_123;
const FILE_PATH: &str = "Berichte/grüße €.txt";

fn file_answers() -> Vec<(&'static str, ToBrowser)> {
    let entries = vec![
        FileEntry { directory: true, size: 0, modified_ms: FILE_MS, name: "Ordner".into() },
        FileEntry { directory: false, size: 1 << 33, modified_ms: 0, name: "é.txt".into() },
    ];
    let opened =
        FileNews::Opened { offset: 7, size: 1 << 33, modified_ms: FILE_MS, credit: 1 << 20 };
    let failed =
        FileNews::Failed { cause: "over_quota".into(), message: "it is full — sorry".into() };
    let data = FileNews::Data(1 << 32, Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef]));
    let offered = FileNews::Offered { path: FILE_PATH.into(), size: 1 << 33 };
    [
        ("file page", FILE, FileNews::Page(FilePage { free: 1 << 34, more: true, entries })),
        ("file page of nothing", FILE, FileNews::Page(FilePage::default())),
        ("file opened", FILE, opened),
        ("file data to the browser", FILE, data),
        ("file credit to the browser", FILE, FileNews::Credit(65_536)),
        ("file done", FILE, FileNews::Done),
        ("file failed", FILE, failed),
        ("file offered", 0, offered),
    ]
    .map(|(name, request, news)| (name, ToBrowser::File(FileAnswer { request, news })))
    .into()
}

fn file_requests() -> Vec<(&'static str, ToGateway)> {
    let path = || String::from(FILE_PATH);
    let read = FileAct::Read { path: path(), offset: (1 << 40) + 1, credit: 4 << 20 };
    let write =
        FileAct::Write { path: path(), size: (1 << 33) + 5, modified_ms: FILE_MS, replace: true };
    let data = FileAct::Data(1 << 32, Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef]));
    let rename = FileAct::Rename { from: path(), to: "neu".into(), replace: false };
    [
        ("file list", FileAct::List { path: path(), after: "b.txt".into() }),
        ("file list of the root", FileAct::List { path: String::new(), after: String::new() }),
        ("file read", read),
        ("file write", write),
        ("file data to the gateway", data),
        ("file credit to the gateway", FileAct::Credit(65_536)),
        ("file cancel", FileAct::Cancel { discard: true }),
        ("file rename", rename),
        ("file remove", FileAct::Remove(path())),
        ("file make directory", FileAct::MakeDirectory(path())),
    ]
    .map(|(name, act)| (name, ToGateway::File(FileRequest { request: FILE, act })))
    .into()
}

fn sound_news() -> Vec<(&'static str, ToBrowser)> {
    let format = |codec, channels| SoundNews::Format { codec, channels, rate_hz: 48_000 };
    let data = Bytes::from_static(&[0xde, 0xad, 0xbe, 0xef]);
    [
        ("sound format", format(SoundCodec::Opus, 2)),
        ("sound format, unpacked", format(SoundCodec::Pcm, 1)),
        ("sound frame", SoundNews::Frame(0x0102_0304, data)),
        ("sound recording", SoundNews::Recording(true)),
    ]
    .map(|(name, news)| (name, ToBrowser::Sound(news)))
    .into()
}

fn sound_wishes() -> Vec<(&'static str, ToGateway)> {
    let pcm = Bytes::from_static(&[0xfe, 0xff, 1, 0]);
    [
        ("sound listen", SoundWish::Listen(Some(SoundCodec::Opus))),
        ("sound mute", SoundWish::Listen(None)),
        ("sound said", SoundWish::Said { rate_hz: 44_100, pcm }),
    ]
    .map(|(name, wish)| (name, ToGateway::Sound(wish)))
    .into()
}

fn terminal_news() -> Vec<(&'static str, ToBrowser)> {
    let data = Bytes::from_static("\u{1b}[1mgrüße €\r\n".as_bytes());
    let mut colors = Box::new([[0; 3]; 258]);
    for (color, number) in colors.iter_mut().zip(0_u32..) {
        let [low, high, ..] = number.to_le_bytes();
        *color = [low, high, low ^ 0xff];
    }
    let look = TerminalRecord::Look {
        font_size_pt: 12,
        scrollback: 100_000,
        colors,
        font_name: "DejaVu Sans Mono".into(),
    };
    let asked = vec![(false, "Password:".into()), (true, "Token — six digits:".into())];
    let questions = QuestionsRecord {
        open: true,
        questions: asked,
        instruction: "Two steps.\nHave your token ready.".into(),
    };
    let [screen, text, size, look] = [
        TerminalRecord::Screen(132, 43, data.clone()),
        TerminalRecord::Text(data),
        TerminalRecord::Size(1000, 500),
        look,
    ]
    .map(ToBrowser::Terminal);
    vec![
        ("questions", ToBrowser::Questions(questions)),
        ("questions no more", ToBrowser::Questions(QuestionsRecord::default())),
        ("terminal screen", screen),
        ("terminal text", text),
        ("terminal size", size),
        ("terminal look", look),
    ]
}

fn terminal_wishes() -> Vec<(&'static str, ToGateway)> {
    let replies = ["geheim — 1".to_owned(), String::new()].map(Into::into).into();
    let typed = Bytes::from_static(b"ls\r\x1b[A\xff");
    vec![
        ("replies", ToGateway::Replies(RepliesRecord(replies))),
        ("terminal typed", ToGateway::Terminal(TerminalWish::Typed(typed))),
        ("terminal resize", ToGateway::Terminal(TerminalWish::Resize(132, 43))),
    ]
}

fn all_to_browser() -> impl Iterator<Item = (&'static str, ToBrowser)> {
    to_browser().into_iter().chain(file_answers()).chain(sound_news()).chain(terminal_news())
}

fn all_to_gateway() -> impl Iterator<Item = (&'static str, ToGateway)> {
    to_gateway().into_iter().chain(file_requests()).chain(sound_wishes()).chain(terminal_wishes())
}

fn to_gateway() -> Vec<(&'static str, ToGateway)> {
    let hello = Hello {
        features: 0,
        size: Size::new(1280, 720),
        scale_percent: 150,
        view_only: false,
        resume: None,
        painted: None,
        cells: 0,
        time_zone: String::new(),
    };
    let keeping = Hello {
        features: Feature::CELLS | Feature::TABLES,
        resume: Some(Resume { session: [0x33; 16], secret: [0x44; 32] }),
        painted: Some(0x0102_0304),
        cells: 4096,
        ..hello.clone()
    };
    let resuming = Hello {
        view_only: true,
        resume: Some(Resume { session: [0x33; 16], secret: [0x44; 32] }),
        ..hello.clone()
    };
    let placed = Hello { time_zone: "Europe/Berlin".into(), ..keeping.clone() };
    vec![
        ("hello", ToGateway::Hello(hello)),
        ("hello resuming", ToGateway::Hello(resuming)),
        ("hello keeping its picture", ToGateway::Hello(keeping)),
        ("hello from a time zone", ToGateway::Hello(placed)),
        ("ack", ToGateway::Ack(9, 12_345)),
        ("key", ToGateway::Key { down: true, keysym: 0x0100_20ac, scancode: 0x9d }),
        ("text", ToGateway::Text("日本".into())),
        ("pointer", ToGateway::Pointer(Point { x: 640, y: 360 }, 0b101)),
        ("wheel", ToGateway::Wheel(Point { x: 640, y: 360 }, -120, 240)),
        ("release all", ToGateway::ReleaseAll),
        ("touch", ToGateway::Touch(3, 1, Point { x: 640, y: 360 })),
        ("clipboard to remote", ToGateway::Clipboard(text("a\nb"))),
        ("clipboard to remote, first part", ToGateway::Clipboard(part(false, true))),
        ("clipboard to remote, middle part", ToGateway::Clipboard(part(true, true))),
        ("resize", ToGateway::Resize(Size::new(800, 600), 200)),
        ("ping", ToGateway::Ping(77)),
        ("quality", ToGateway::Quality(QualityMode::Sparing)),
        ("visible", ToGateway::Visible(false)),
        ("repaint", ToGateway::Repaint(RECT)),
        (
            "answer",
            ToGateway::Answer(Answer {
                username: "ada".into(),
                password: String::from("grün").into(),
                domain: String::new(),
            }),
        ),
    ]
}

fn vectors() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/vectors/link/vectors.json");
    #[expect(clippy::disallowed_methods, reason = "a test reads its vectors")]
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn vector(name: &str) -> Vec<u8> {
    let vectors = vectors();
    let found = vectors.iter().find(|vector| vector["name"] == name);
    let hex = found.unwrap_or_else(|| panic!("no vector {name}"))["hex"].as_str().unwrap();
    unhex(hex)
}

fn unhex(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    })
}

#[test]
fn encodes_and_decodes_every_record() {
    for (name, message) in all_to_browser() {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        assert_eq!(hex(&out), hex(&vector(name)), "{name}");
        let record = records(&out).next().unwrap().unwrap();
        assert_eq!(ToBrowser::decode(record), Ok(Some(message)), "{name}");
    }
    for (name, message) in all_to_gateway() {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        assert_eq!(hex(&out), hex(&vector(name)), "{name}");
        let record = records(&out).next().unwrap().unwrap();
        assert_eq!(ToGateway::decode(record), Ok(Some(message)), "{name}");
    }
}

/// Every vector in the file is known here, so that the two sides cannot drift apart.
#[test]
fn knows_every_vector() {
    let known: Vec<&str> = all_to_browser()
        .map(|(name, _)| name)
        .chain(all_to_gateway().map(|(name, _)| name))
        .collect();
    for vector in vectors() {
        let name = vector["name"].as_str().unwrap();
        if vector.get("error").is_some() {
            let bytes = unhex(vector["hex"].as_str().unwrap());
            let failed = if vector["to"] == "gateway" {
                records(&bytes)
                    .map(|record| ToGateway::decode(record?).map(|_| ()))
                    .any(|r| r.is_err())
            } else {
                records(&bytes)
                    .map(|record| ToBrowser::decode(record?).map(|_| ()))
                    .any(|r| r.is_err())
            };
            assert!(failed, "{name}");
        } else if vector.get("skipped").is_some() {
            let bytes = unhex(vector["hex"].as_str().unwrap());
            let record = records(&bytes).next().unwrap().unwrap();
            assert_eq!(ToGateway::decode(record), Ok(None), "{name}");
            assert_eq!(ToBrowser::decode(record), Ok(None), "{name}");
        } else {
            assert!(known.contains(&name), "{name}");
        }
    }
}

/// Cutting a message anywhere is an error or a valid shorter text, and never a panic.
#[test]
fn every_cut_is_survived() {
    for (name, message) in all_to_gateway() {
        let mut out = BytesMut::new();
        message.encode(&mut out);
        for cut in 1..out.len() {
            let first = records(&out[..cut]).next().unwrap();
            assert!(matches!(first, Err(LinkError::Cut { .. })), "{name} at {cut}");
        }
        // A body that is cut while its header agrees.
        for cut in 0..out.len() - 4 {
            let record = crate::Record { kind: out[0], body: &out[4..4 + cut] };
            let _ = ToGateway::decode(record);
            let _ = ToBrowser::decode(record);
        }
    }
}

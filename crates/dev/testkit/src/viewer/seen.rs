//! What the gateway has said beside the picture.

use std::collections::HashMap;
use std::io::Read as _;

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::DeflateDecoder;
use porthole_link::{
    CLIPBOARD_MAX_BYTES, ClipboardContent, ClipboardJoiner, ErrorRecord, FileAnswer, FileNews,
    Phase, Prompt, QuestionsRecord, ScreenPlace, SoundNews, ToBrowser, Welcome,
};
use porthole_pixels::{Point, Size};
use porthole_remote::Cursor;

use super::files::SeenTransfer;
use super::text::SeenText;

/// Most clipboard contents and notices that are kept; older ones go.
const KEPT_MAX: usize = 64;

/// Most records about sound that are kept: 50 a second.
const SOUND_KEPT_MAX: usize = 500;

/// What the gateway has said beside the picture: the newest of each, or all in order.
#[derive(Debug, Default)]
pub struct Seen {
    /// The answer to Hello.
    pub welcome: Option<Welcome>,
    /// The desktop's name.
    pub title: Option<String>,
    /// What the session is doing.
    pub phase: Option<Phase>,
    /// Whether the remote can change its size, bit by bit as in the specification.
    pub abilities: Option<u32>,
    /// Lock keys.
    pub leds: Option<u8>,
    /// The pointer's picture.
    pub cursor: Option<Cursor>,
    /// How often the bell rang.
    pub bells: u32,
    /// Clipboard contents.
    pub clipboard: Vec<ClipboardContent>,
    /// The remote's screens.
    pub screens: Vec<ScreenPlace>,
    /// Notices.
    pub notices: Vec<String>,
    /// What the remote wanted to know, and when it did no more.
    pub prompts: Vec<Prompt>,
    /// What it asked in words of its own, and when it did no more.
    pub questions: Vec<QuestionsRecord>,
    /// How far the connection had come, in order.
    pub progress: Vec<String>,
    /// What a text remote showed.
    pub text: SeenText,
    /// What was said about files, but for their bytes and credit.
    pub files: Vec<FileAnswer>,
    /// Files that go up or down, by their requests.
    pub(super) transfers: HashMap<u32, SeenTransfer>,
    /// What there was to hear, and whether the remote records: the latest 10 seconds.
    pub sound: Vec<SoundNews>,
    /// Answers to pings.
    pub pongs: Vec<u32>,
    /// The last record.
    pub error: Option<ErrorRecord>,
    /// Why the WebSocket closed, once it has: 1005 and 1006 as RFC 6455 §7.4.1 says.
    pub close_code: Option<u16>,
    /// Whether text and bytes of files are counted and not kept.
    pub(super) is_counted: bool,
    joiner: ClipboardJoiner,
}

impl Seen {
    /// Takes note of a record that does not draw.
    pub(super) fn take(&mut self, said: ToBrowser) -> Result<()> {
        ensure!(self.error.is_none(), "{said:?} after the last record");
        let is_opening = matches!(said, ToBrowser::Welcome(_) | ToBrowser::Error(_));
        ensure!(is_opening || self.welcome.is_some(), "{said:?} before Welcome");
        match said {
            ToBrowser::Welcome(welcome) => {
                ensure!(self.welcome.is_none(), "a second Welcome");
                self.welcome = Some(welcome);
            }
            ToBrowser::Error(error) => self.error = Some(error),
            ToBrowser::Cursor(hotspot, size, data) => {
                self.cursor = Some(inflate_cursor(hotspot, size, &data)?);
            }
            ToBrowser::Clipboard(part) => {
                if let Some(content) = self.joiner.push(&part, CLIPBOARD_MAX_BYTES)? {
                    keep(&mut self.clipboard, content);
                }
            }
            ToBrowser::Screens(screens) => self.screens = screens,
            ToBrowser::Title(title) => self.title = Some(title),
            ToBrowser::Bell => self.bells += 1,
            ToBrowser::Leds(bits) => self.leds = Some(bits),
            ToBrowser::State(phase, words) => {
                self.phase = Some(phase);
                if !words.is_empty() {
                    keep(&mut self.progress, words);
                }
            }
            ToBrowser::Notice(words) => keep(&mut self.notices, words),
            ToBrowser::Abilities(bits) => self.abilities = Some(bits),
            ToBrowser::Pong(token) => keep(&mut self.pongs, token),
            ToBrowser::Sound(news) => {
                if self.sound.len() == SOUND_KEPT_MAX {
                    self.sound.remove(0);
                }
                self.sound.push(news);
            }
            ToBrowser::Questions(questions) => keep(&mut self.questions, questions),
            ToBrowser::Terminal(record) => self.text.take(record, self.is_counted)?,
            ToBrowser::Prompt(prompt) => keep(&mut self.prompts, prompt),
            ToBrowser::File(answer) => self.take_file(answer)?,
            drawing => bail!("{drawing:?} is the screen's"),
        }
        Ok(())
    }

    fn take_file(&mut self, answer: FileAnswer) -> Result<()> {
        let transfer = self.transfers.entry(answer.request);
        match answer.news {
            FileNews::Data(offset, data) => {
                transfer.or_default().push(offset, &data, self.is_counted)?;
            }
            FileNews::Credit(bytes) => transfer.or_default().add_credit(bytes),
            ref news => {
                if let FileNews::Opened { offset, credit, .. } = *news {
                    transfer.or_default().open(offset, credit);
                }
                keep(&mut self.files, answer);
            }
        }
        Ok(())
    }
}

fn keep<T>(all: &mut Vec<T>, one: T) {
    if all.len() == KEPT_MAX {
        all.remove(0);
    }
    all.push(one);
}

fn inflate_cursor(hotspot: Point, size: Size, data: &[u8]) -> Result<Cursor> {
    let side = size.width.max(size.height);
    ensure!(side <= Cursor::SIDE_MAX_PX, "a pointer of {side} pixels");
    let length = 4 * u64::from(size.area());
    let mut rgba = Vec::new();
    // One byte more than fits, so that a pointer too long is noticed.
    let mut inflated = DeflateDecoder::new(data).take(length + 1);
    inflated.read_to_end(&mut rgba).context("a pointer that does not inflate")?;
    ensure!(rgba.len() as u64 == length, "a pointer of {} bytes, not {length}", rgba.len());
    Ok(Cursor { size, hotspot, rgba })
}

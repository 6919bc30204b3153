//! What one viewer is still to be sent of a text remote.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};
use porthole_link::{TerminalRecord, ToBrowser, encode_terminal_text};
use porthole_remote::{Cells, TerminalLook, TerminalScreen};

/// Most bytes of text that wait for a viewer. One that is further behind is shown the screen
/// instead, once it may be sent something.
const WAITING_MAX_BYTES: usize = 1 << 20;

/// Most pieces of text and changes of size that wait, however short they are.
const WAITING_MAX_PIECES: usize = 4096;

/// A viewer's part of the text, bounded however long it stalls.
#[derive(Debug)]
pub(crate) struct TextQueue {
    waiting: VecDeque<Piece>,
    waiting_bytes: usize,
    /// It is to be shown the whole screen: text that comes before that is left out.
    lacks_screen: bool,
    /// It is to be told how the terminal looks.
    lacks_look: bool,
}

#[derive(Debug)]
enum Piece {
    Screen(TerminalScreen),
    Size(Cells),
    Text(Bytes),
}

impl TextQueue {
    /// Of a viewer that has seen nothing yet.
    pub(crate) const fn new() -> Self {
        Self { waiting: VecDeque::new(), waiting_bytes: 0, lacks_screen: true, lacks_look: true }
    }

    /// Whether it waits for a screen.
    pub(crate) const fn lacks_screen(&self) -> bool {
        self.lacks_screen
    }

    /// Whether there is something to send.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// The remote wrote more.
    pub(crate) fn push_text(&mut self, text: &Bytes) {
        self.push(Piece::Text(text.clone()), text.len());
    }

    /// The terminal has another size.
    pub(crate) fn push_size(&mut self, size: Cells) {
        self.push(Piece::Size(size), 0);
    }

    /// The terminal looks otherwise.
    pub(crate) const fn look_anew(&mut self) {
        self.lacks_look = true;
    }

    /// The screen as it is now, for those who wait for it.
    pub(crate) fn push_screen(&mut self, screen: &TerminalScreen) {
        if std::mem::take(&mut self.lacks_screen) {
            self.waiting_bytes += screen.data.len();
            self.waiting.push_back(Piece::Screen(screen.clone()));
        }
    }

    /// What waits is void: a screen is to come.
    pub(crate) fn forget(&mut self) {
        self.waiting = VecDeque::new();
        self.waiting_bytes = 0;
        self.lacks_screen = true;
    }

    fn push(&mut self, piece: Piece, bytes: usize) {
        if self.lacks_screen {
            return;
        }
        if self.waiting_bytes + bytes > WAITING_MAX_BYTES
            || self.waiting.len() >= WAITING_MAX_PIECES
        {
            return self.forget();
        }
        self.waiting_bytes += bytes;
        self.waiting.push_back(piece);
    }

    /// Writes what waits, about `room` bytes of it. A screen is not cut.
    pub(crate) fn write(&mut self, look: Option<&TerminalLook>, room: usize, out: &mut BytesMut) {
        if let Some(look) = look
            && std::mem::take(&mut self.lacks_look)
        {
            look_record(look).encode(out);
        }
        let mut left = room;
        while let Some(piece) = self.waiting.front_mut() {
            let bytes = match piece {
                Piece::Size(size) => {
                    let record = TerminalRecord::Size(size.columns, size.rows);
                    ToBrowser::Terminal(record).encode(out);
                    0
                }
                Piece::Screen(TerminalScreen { size, data }) => {
                    let record = TerminalRecord::Screen(size.columns, size.rows, data.clone());
                    ToBrowser::Terminal(record).encode(out);
                    data.len()
                }
                Piece::Text(text) => {
                    let part = text.split_to(cut(text, left));
                    encode_terminal_text(out, &part);
                    self.waiting_bytes -= part.len();
                    left = left.saturating_sub(part.len());
                    if !text.is_empty() {
                        return;
                    }
                    0
                }
            };
            self.waiting.pop_front();
            self.waiting_bytes -= bytes;
            left = left.saturating_sub(bytes);
            if left == 0 {
                return;
            }
        }
    }
}

/// How many bytes of `text` go first when about `room` fit: up to the end of a line if there is
/// one, so that a cut shows nothing half done.
fn cut(text: &[u8], room: usize) -> usize {
    let Some(head) = text.get(..room).filter(|_| room < text.len()) else { return text.len() };
    let line = head.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
    line.unwrap_or(room.max(1))
}

fn look_record(look: &TerminalLook) -> ToBrowser {
    ToBrowser::Terminal(TerminalRecord::Look {
        font_size_pt: look.font_size_pt,
        scrollback: look.scrollback,
        colors: look.colors.clone(),
        font_name: look.font_name.clone(),
    })
}

#[cfg(test)]
mod tests {
    use bytes::{Bytes, BytesMut};
    use porthole_link::{TerminalRecord, ToBrowser, records};
    use porthole_remote::{Cells, TerminalScreen};

    use super::{TextQueue, WAITING_MAX_BYTES};

    fn screen() -> TerminalScreen {
        TerminalScreen { size: Cells::USUAL, data: Bytes::from_static(b"$ ") }
    }

    fn written(queue: &mut TextQueue, room: usize) -> Vec<TerminalRecord> {
        let mut out = BytesMut::new();
        queue.write(None, room, &mut out);
        let told = records(&out).map(|record| ToBrowser::decode(record.unwrap()).unwrap());
        told.map(|record| match record {
            Some(ToBrowser::Terminal(record)) => record,
            other => panic!("{other:?}"),
        })
        .collect()
    }

    fn text(words: &'static str) -> TerminalRecord {
        TerminalRecord::Text(Bytes::from_static(words.as_bytes()))
    }

    #[test]
    fn a_screen_comes_first() {
        let mut queue = TextQueue::new();
        queue.push_text(&Bytes::from_static(b"too early"));
        assert!(queue.lacks_screen() && !queue.is_waiting());
        queue.push_screen(&screen());
        queue.push_text(&Bytes::from_static(b"ls"));
        queue.push_size(Cells { columns: 100, rows: 30 });
        let want = [
            TerminalRecord::Screen(80, 24, Bytes::from_static(b"$ ")),
            text("ls"),
            TerminalRecord::Size(100, 30),
        ];
        assert_eq!(written(&mut queue, 4096), want);
        assert!(!queue.is_waiting());
        // A screen for somebody else changes nothing.
        queue.push_screen(&screen());
        assert!(!queue.is_waiting());
    }

    #[test]
    fn text_is_cut_where_a_line_ends() {
        let mut queue = TextQueue::new();
        queue.push_screen(&screen());
        assert_eq!(written(&mut queue, 1).len(), 1);
        queue.push_text(&Bytes::from_static(b"one\ntwo\nthree"));
        assert_eq!(written(&mut queue, 6), [text("one\n")]);
        assert_eq!(written(&mut queue, 5), [text("two\n")]);
        assert_eq!(written(&mut queue, 3), [text("thr")]);
        assert_eq!(written(&mut queue, 300), [text("ee")]);
    }

    #[test]
    fn who_is_far_behind_is_shown_the_screen() {
        let mut queue = TextQueue::new();
        queue.push_screen(&screen());
        let line = Bytes::from(vec![b'x'; 100_000]);
        for _ in 0..=WAITING_MAX_BYTES / line.len() {
            assert!(!queue.lacks_screen());
            queue.push_text(&line);
        }
        assert!(queue.lacks_screen() && !queue.is_waiting());
        queue.push_text(&line);
        assert!(!queue.is_waiting(), "it is in the screen that comes");
        queue.push_screen(&screen());
        assert_eq!(written(&mut queue, 10).len(), 1);
        // Short pieces are bounded too.
        for _ in 0..10_000 {
            queue.push_size(Cells::USUAL);
        }
        assert!(queue.lacks_screen());
    }
}

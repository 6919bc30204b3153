//! Just enough of an X client to paint a screen exactly, and to read it back.
//!
//! Section numbers are those of "X Window System Protocol, X Version 11". Programs that paint
//! may scale, dither or convert colours on the way; this one moves the bytes that it is given.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use super::Picture;
use super::x11_setup::{Screen, read_screen};

/// How long the server may take to answer.
const ANSWER_MAX: Duration = Duration::from_secs(20);

/// Bytes of an answer, an error or an event, before what an answer adds.
const ANSWER_LEN_BYTES: usize = 32;

/// Most bytes of pixels in one request. Every server takes requests of 256 KiB.
const CHUNK_MAX_BYTES: usize = 200 << 10;

const CHANGE_WINDOW_ATTRIBUTES: u8 = 2;
const GET_GEOMETRY: u8 = 14;
const GET_INPUT_FOCUS: u8 = 43;
const CREATE_PIXMAP: u8 = 53;
const FREE_PIXMAP: u8 = 54;
const CREATE_GC: u8 = 55;
const CLEAR_AREA: u8 = 61;
const COPY_AREA: u8 = 62;
const PUT_IMAGE: u8 = 72;
const GET_IMAGE: u8 = 73;

const Z_PIXMAP: u8 = 2;

/// A rectangle of a screen, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// First column.
    pub x: u16,
    /// First row.
    pub y: u16,
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
}

/// A connection to a display, for its root window.
///
/// What it draws lies under any windows. Methods return when the server has done what they ask.
#[derive(Debug)]
pub struct Root {
    stream: UnixStream,
    screen: Screen,
    /// Our graphics context.
    context: u32,
    /// Our pixmap, while there is one.
    pixmap: u32,
}

impl Root {
    /// Connects to the display with this number.
    ///
    /// # Errors
    ///
    /// There is no such display, it refuses us, or its pixels have no eight bits a colour.
    pub(super) fn connect(number: u32) -> Result<Self> {
        let path = format!("/tmp/.X11-unix/X{number}");
        let mut stream =
            UnixStream::connect(&path).with_context(|| format!("cannot reach {path}"))?;
        stream.set_read_timeout(Some(ANSWER_MAX))?;
        stream.set_write_timeout(Some(ANSWER_MAX))?;
        let screen = read_screen(&mut stream)?;
        let (context, pixmap) = (screen.ids_base, screen.ids_base | 1);
        let mut root = Self { stream, screen, context, pixmap };
        // The one value is "no graphics exposures": copies would send an event each.
        root.send(CREATE_GC, 0, &numbers(&[context, root.screen.root, 1 << 16, 0]))?;
        root.finish()?;
        Ok(root)
    }

    /// Columns and rows of the screen as it is now.
    ///
    /// # Errors
    ///
    /// The server does not answer.
    pub fn size(&mut self) -> Result<(u16, u16)> {
        self.send(GET_GEOMETRY, 0, &numbers(&[self.screen.root]))?;
        let (head, _) = self.answer(0)?;
        let [.., w0, w1, h0, h1, _, _, _, _, _, _, _, _, _, _, _, _] = head;
        let (width, height) = (u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1]));
        ensure!(width > 0 && height > 0, "an empty screen");
        Ok((width, height))
    }

    /// Makes `picture` the background of the screen, repeated where it is smaller. It stays when
    /// windows move over it.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub fn paint(&mut self, picture: &Picture) -> Result<()> {
        let (root, pixmap) = (self.screen.root, self.pixmap);
        let mut create = numbers(&[pixmap, root]);
        create.extend(shorts(&[picture.width, picture.height]));
        self.send(CREATE_PIXMAP, self.screen.depth, &create)?;
        self.put(pixmap, 0, 0, picture)?;
        self.send(CHANGE_WINDOW_ATTRIBUTES, 0, &numbers(&[root, 1, pixmap]))?;
        self.send(FREE_PIXMAP, 0, &numbers(&[pixmap]))?;
        // A height and width of zero mean "to the far edges".
        self.send(CLEAR_AREA, 0, &numbers(&[root, 0, 0]))?;
        self.finish()
    }

    /// Draws `picture` with its corner at column `x` and row `y`, once.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub fn draw(&mut self, x: u16, y: u16, picture: &Picture) -> Result<()> {
        self.put(self.screen.root, x, y, picture)?;
        self.finish()
    }

    /// Copies what is drawn in `from` to the place whose corner is column `x`, row `y`: a scroll.
    ///
    /// # Errors
    ///
    /// The server refuses.
    pub fn copy(&mut self, from: Area, x: u16, y: u16) -> Result<()> {
        let mut body = numbers(&[self.screen.root, self.screen.root, self.context]);
        body.extend(shorts(&[from.x, from.y, x, y, from.width, from.height]));
        self.send(COPY_AREA, 0, &body)?;
        self.finish()
    }

    /// What the screen shows, windows included.
    ///
    /// # Errors
    ///
    /// The server refuses, or was resized meanwhile.
    pub fn read(&mut self) -> Result<Picture> {
        let (width, height) = self.size()?;
        let mut body = numbers(&[self.screen.root, 0]);
        body.extend(shorts(&[width, height]));
        body.extend(numbers(&[u32::MAX]));
        self.send(GET_IMAGE, Z_PIXMAP, &body)?;
        let length = 4 * usize::from(width) * usize::from(height);
        let (_, pixels) = self.answer(length)?;
        ensure!(pixels.len() == length, "{} bytes of pixels, not {length}", pixels.len());
        let rgba = pixels.as_chunks::<4>().0.iter().flat_map(|pixel| self.screen.colour(*pixel));
        Ok(Picture { width, height, rgba: rgba.collect() })
    }

    fn put(&mut self, drawable: u32, x: u16, y: u16, picture: &Picture) -> Result<()> {
        let stride = 4 * usize::from(picture.width);
        ensure!((4..=CHUNK_MAX_BYTES).contains(&stride), "a width of {}", picture.width);
        let mut y = y;
        for rows in picture.rgba.chunks(CHUNK_MAX_BYTES / stride * stride) {
            let height = u16::try_from(rows.len() / stride)?;
            let mut body = numbers(&[drawable, self.context]);
            body.extend(shorts(&[picture.width, height, x, y]));
            body.extend([0, self.screen.depth, 0, 0]);
            body.extend(rows.as_chunks::<4>().0.iter().flat_map(|rgba| self.screen.pixel(*rgba)));
            self.send(PUT_IMAGE, Z_PIXMAP, &body)?;
            y = y.saturating_add(height);
        }
        Ok(())
    }

    /// Sends one request: its code, one byte that each request uses in its own way, its length
    /// in units of four bytes, and the rest.
    fn send(&mut self, code: u8, detail: u8, body: &[u8]) -> Result<()> {
        let units = u16::try_from(1 + body.len() / 4).context("a request too long")?;
        let [low, high] = units.to_le_bytes();
        let mut request = vec![code, detail, low, high];
        request.extend(body);
        self.stream.write_all(&request).context("cannot send to the display")
    }

    /// Waits until the server has done everything asked so far.
    fn finish(&mut self) -> Result<()> {
        self.send(GET_INPUT_FOCUS, 0, &[])?;
        self.answer(0).map(drop)
    }

    /// The next answer, and what it adds, which is at most `added_max` bytes. Events are skipped.
    fn answer(&mut self, added_max: usize) -> Result<([u8; ANSWER_LEN_BYTES], Vec<u8>)> {
        loop {
            let mut head = [0; ANSWER_LEN_BYTES];
            self.stream.read_exact(&mut head).context("the display does not answer")?;
            let [kind, code, _, _, l0, l1, l2, l3, ..] = head;
            match kind {
                0 => bail!("the display refuses a request: error {code}"),
                1 => {
                    let units = u32::from_le_bytes([l0, l1, l2, l3]);
                    let length = usize::try_from(u64::from(units) * 4)?;
                    ensure!(length <= added_max, "an answer of {length} bytes");
                    let mut added = vec![0; length];
                    self.stream.read_exact(&mut added).context("the answer breaks off")?;
                    return Ok((head, added));
                }
                _event => {}
            }
        }
    }
}

fn numbers(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn shorts(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

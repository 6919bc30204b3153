//! Pictures that an application might draw: words in soft-edged letters, and photographs.
//!
//! Everything comes from generators with fixed seeds, so every run and every machine sees the
//! same pixels, and no font need be installed.

/// Columns of one letter.
pub const LETTER_WIDTH_PX: u16 = 8;

/// Rows of one letter.
pub const LETTER_HEIGHT_PX: u16 = 16;

/// A colour: red, green, blue.
pub type Colour = [u8; 3];

/// A screen's ground.
pub const PAPER: Colour = [30, 30, 30];

/// Colours of words on [`PAPER`].
pub const INKS: [Colour; 8] = [
    [212, 212, 212],
    [86, 156, 214],
    [206, 145, 120],
    [106, 153, 85],
    [220, 220, 170],
    [156, 220, 254],
    [197, 134, 192],
    [78, 201, 176],
];

/// A picture in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Canvas {
    /// Columns.
    pub width: u16,
    /// Rows.
    pub height: u16,
    /// Blue, green, red and 0 for each pixel, as X servers on small-endian machines keep them:
    /// `4 * width * height` bytes, row-major.
    pub bytes: Vec<u8>,
}

impl Canvas {
    /// A picture in one colour.
    pub fn new(width: u16, height: u16, [red, green, blue]: Colour) -> Self {
        let pixels = usize::from(width) * usize::from(height);
        Self { width, height, bytes: [blue, green, red, 0].repeat(pixels) }
    }

    /// Bytes of one row.
    pub fn stride(&self) -> usize {
        4 * usize::from(self.width)
    }

    /// `count` rows from row `y` on; fewer where the picture ends.
    pub fn rows(&self, y: u16, count: u16) -> &[u8] {
        let start = self.stride() * usize::from(y);
        let end = self.bytes.len().min(start + self.stride() * usize::from(count));
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Fills a rectangle; what is outside the picture is left out.
    pub fn fill(&mut self, (x, y): (u16, u16), (width, height): (u16, u16), colour: Colour) {
        self.paint((x, y), (width, height), |_, _| Some(colour));
    }

    /// Writes `text` with its corner at column `x` and row `y`.
    pub fn write(&mut self, letters: &Letters, (x, y): (u16, u16), text: &[u8], ink: Colour) {
        let mut at = x;
        for code in text {
            self.letter(letters, (at, y), *code, ink);
            at = at.saturating_add(LETTER_WIDTH_PX);
        }
    }

    /// Draws one letter on [`PAPER`].
    pub fn letter(&mut self, letters: &Letters, at: (u16, u16), code: u8, ink: Colour) {
        let cover = letters.cover(code);
        self.paint(at, (LETTER_WIDTH_PX, LETTER_HEIGHT_PX), |x, y| {
            let cover = cover.get(usize::from(y)).and_then(|row| row.get(usize::from(x)));
            Some(mix(PAPER, ink, cover.copied().unwrap_or_default()))
        });
    }

    /// Gives the pixels of a rectangle the colours that `colour` has for them, by their columns
    /// and rows in the rectangle.
    pub fn paint(
        &mut self,
        (x, y): (u16, u16),
        (width, height): (u16, u16),
        mut colour: impl FnMut(u16, u16) -> Option<Colour>,
    ) {
        let stride = self.stride();
        let rows = self.bytes.chunks_exact_mut(stride.max(4));
        for (row, v) in rows.skip(y.into()).zip(0..height) {
            let pixels = row.as_chunks_mut::<4>().0.iter_mut();
            for (pixel, u) in pixels.skip(x.into()).zip(0..width) {
                if let Some([red, green, blue]) = colour(u, v) {
                    *pixel = [blue, green, red, 0];
                }
            }
        }
    }

    /// Fills a rectangle with slow waves of colour and a little grain: a photograph.
    pub fn photo(&mut self, at: (u16, u16), size: (u16, u16), seed: u64) {
        let mut random = Random::new(seed);
        // Few seeds are used, so the shift stays small.
        let shift = f32::from(u16::try_from(seed % 1000).unwrap_or_default());
        self.paint(at, size, |x, y| {
            let (x, y) = (f32::from(x) + 17.0 * shift, f32::from(y));
            let edge = if (x * 0.013 + y * 0.009).sin() > 0.6 { 40.0 } else { 0.0 };
            let grain = f32::from(random.below(9)) - 4.0;
            let wave = |a: f32, b: f32| byte(128.0 + 70.0 * (x * a + y * b).sin() + edge + grain);
            Some([wave(0.011, 0.004), wave(0.007, 0.013), wave(0.003, 0.009)])
        });
    }

    /// Fills a rectangle with lines of words, 20 rows a line, as an editor would.
    pub fn words(&mut self, letters: &Letters, at: (u16, u16), size: (u16, u16), seed: u64) {
        let mut random = Random::new(seed);
        self.fill(at, size, PAPER);
        for line in 0..size.1 / 20 {
            self.line(letters, (at.0, at.1 + line * 20), size.0 / LETTER_WIDTH_PX, &mut random);
        }
    }

    /// Writes one line of at most `columns` letters.
    pub fn line(
        &mut self,
        letters: &Letters,
        (x, y): (u16, u16),
        columns: u16,
        random: &mut Random,
    ) {
        let mut column = 4 * random.below(6);
        let end = (column + random.below(200)).min(columns);
        while column < end {
            let ink = INKS.get(usize::from(random.below(8))).copied().unwrap_or(PAPER);
            for _ in 0..=random.below(10) {
                if column < end {
                    let code = random.letter();
                    self.letter(letters, (x + column * LETTER_WIDTH_PX, y), code, ink);
                }
                column += 1;
            }
            column += 1;
        }
    }
}

/// The shapes of the printable ASCII characters: strokes on a grid with soft edges.
#[derive(Debug)]
pub struct Letters(Vec<Shape>);

/// How much of each pixel a letter covers, 0 to 255.
type Shape = [[u8; LETTER_WIDTH_PX as usize]; LETTER_HEIGHT_PX as usize];

const BLANK: Shape = [[0; LETTER_WIDTH_PX as usize]; LETTER_HEIGHT_PX as usize];

impl Letters {
    /// Makes the shapes, which are always the same.
    pub fn new() -> Self {
        let mut random = Random::new(11);
        Self((0..95).map(|_| shape(&mut random)).collect())
    }

    fn cover(&self, code: u8) -> &Shape {
        let index = usize::from(code).checked_sub(33);
        index.and_then(|index| self.0.get(index)).unwrap_or(&BLANK)
    }
}

impl Default for Letters {
    fn default() -> Self {
        Self::new()
    }
}

/// Three strokes, each down or across.
fn shape(random: &mut Random) -> Shape {
    let mut shape = BLANK;
    for _ in 0..3 {
        let (x, y) = (usize::from(1 + random.below(5)), usize::from(3 + random.below(9)));
        let soft = 40 * (1 + random.low_byte(4));
        if random.below(2) == 0 {
            for row in shape.iter_mut().skip(3).take(10) {
                for (pixel, cover) in row.iter_mut().skip(x).zip([u8::MAX, soft]) {
                    *pixel = cover.max(*pixel);
                }
            }
        } else {
            for (row, cover) in shape.iter_mut().skip(y).zip([u8::MAX, soft]) {
                for pixel in row.iter_mut().skip(1).take(6) {
                    *pixel = cover.max(*pixel);
                }
            }
        }
    }
    shape
}

fn mix(paper: Colour, ink: Colour, cover: u8) -> Colour {
    let cover = u32::from(cover);
    let mut mixed = ink;
    for (mixed, paper) in mixed.iter_mut().zip(paper) {
        let value = (u32::from(paper) * (255 - cover) + u32::from(*mixed) * cover) / 255;
        *mixed = u8::try_from(value).unwrap_or(u8::MAX);
    }
    mixed
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the value is clamped to the range of a byte"
)]
fn byte(value: f32) -> u8 {
    value.clamp(0.0, 255.0) as u8
}

/// A generator with a fixed seed, so that every run sees the same pictures.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts at `seed`.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from 0 up to, not including, `limit`.
    pub fn below(&mut self, limit: u16) -> u16 {
        u16::try_from(self.next() % u64::from(limit.max(1))).unwrap_or_default()
    }

    /// Four random bytes.
    pub fn bytes(&mut self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.next().to_le_bytes();
        [a, b, c, d]
    }

    /// A printable character that is no space.
    pub fn letter(&mut self) -> u8 {
        33 + self.low_byte(94)
    }

    fn low_byte(&mut self, limit: u8) -> u8 {
        u8::try_from(self.below(limit.into())).unwrap_or_default()
    }

    /// 31 random bits; the low bits of the state are poor and stay inside.
    fn next(&mut self) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_the_same_each_time() {
        let draw = || {
            let mut canvas = Canvas::new(200, 60, PAPER);
            canvas.words(&Letters::new(), (0, 0), (120, 60), 3);
            canvas.photo((120, 0), (200, 60), 4);
            canvas
        };
        assert_eq!(draw(), draw());
        assert_ne!(draw(), Canvas::new(200, 60, PAPER));
    }

    #[test]
    fn drawing_outside_is_left_out() {
        let mut canvas = Canvas::new(4, 4, [0; 3]);
        canvas.fill((2, 2), (10, 10), [1, 2, 3]);
        assert_eq!(canvas.rows(1, 1), [0; 16]);
        assert_eq!(canvas.rows(2, 1), [0, 0, 0, 0, 0, 0, 0, 0, 3, 2, 1, 0, 3, 2, 1, 0]);
        assert_eq!(canvas.rows(3, 9).len(), 16);
        assert!(canvas.rows(4, 1).is_empty());
        canvas.fill((9, 9), (1, 1), [9; 3]);
    }

    #[test]
    fn letters_differ_and_spaces_are_blank() {
        let letters = Letters::new();
        assert_eq!(letters.cover(b' '), &BLANK);
        assert_ne!(letters.cover(b'a'), letters.cover(b'b'));
        assert_ne!(letters.cover(b'!'), &BLANK);
        assert_ne!(letters.cover(b'~'), &BLANK);
    }
}

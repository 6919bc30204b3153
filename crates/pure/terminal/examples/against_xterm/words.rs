//! What invented sessions are made of.

/// A small generator with a seed, so that every run sees the same sessions.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5DEE_CE66);
        random.below(2);
        random
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

/// Text that xterm.js reads as we do.
const TEXTS: &[&str] = &[
    "a",
    "hello",
    "the quick brown fox jumps over",
    "x y",
    "  ",
    "中",
    "日本語テキスト",
    "e\u{301}",
    "é",
    "😀",
    "👩\u{200d}🚀",
    "─│┌",
    "ﬀ",
    "ab\u{300}\u{301}c",
    "中\u{301}x",
    "q~`a",
    "€uro",
    "\u{a0}",
];

const CONTROLS: &[&str] =
    &["\r\n", "\n", "\r", "\x08", "\t", "\x0b", "\r\n\r\n", "\x08\x08", "\x1bD", "\x1bM", "\x1bE"];

/// Renditions that xterm.js reads as we do.
const RENDITIONS: &[&str] = &[
    "\x1b[m",
    "\x1b[0m",
    "\x1b[1m",
    "\x1b[2;3m",
    "\x1b[4m",
    "\x1b[4:3m",
    "\x1b[21m",
    "\x1b[5;7;9m",
    "\x1b[22;24m",
    "\x1b[31m",
    "\x1b[97;44m",
    "\x1b[38;5;200m",
    "\x1b[48;2;1;2;3m",
    "\x1b[38:5:9m",
    "\x1b[48:2::9:8:7m",
    "\x1b[58;5;3m",
    "\x1b[39m",
    "\x1b[49m",
    "\x1b[53m",
    "\x1b[8m",
    "\x1b[27;28;29m",
    "\x1b[41m",
];

const MODES: &[&str] = &[
    "\x1b[?1h",
    "\x1b[?1l",
    "\x1b=",
    "\x1b>",
    "\x1b[?2004h",
    "\x1b[?1000h",
    "\x1b[?1006h",
    "\x1b[?1003h",
    "\x1b[?1002l",
    "\x1b[?7l",
    "\x1b[?7h",
    "\x1b[4h",
    "\x1b[4l",
    "\x1b[20h",
    "\x1b[20l",
    "\x1b[?25l",
    "\x1b[?25h",
    "\x1b[3 q",
    "\x1b[6 q",
    "\x1b[?1004h",
    "\x1b(0",
    "\x1b(B",
    "\x1b)0",
    "\x0e",
    "\x0f",
    "\x1b(A",
    "\x1b[?66h",
    "\x1bn",
    "\x1b*0",
];

/// What xterm.js would do otherwise, or not at all.
const WILD: &[&str] = &[
    "\x1b[s",
    "\x1b[u",
    "\x1b[?69h",
    "\x1b[3;9s",
    "\x1b[59m",
    "\x1b[38:2:1:2:3m",
    "\x1b[38m",
    "\x1b[1;99m",
    "\x1b[38;5;300m",
    "\x1b[4:9m",
    "\x1b[?6h",
    "\x1b[?6l",
    "\x1b#8",
    "\x1b[1J",
    "\x1b[?1J",
    "\x1b[?2J",
    "\x1b[?K",
    "\x1b[1\"q",
    "\x1b[0\"q",
    "\x1b[2147483647b",
    "\x1b[99999S",
    "\x1b[9999I",
    "\x1b7",
    "\x1b8",
    "\x1b[s",
    "\x1b[u",
    "\x1b[?1048h",
    "\x1b[?1048l",
    "\x1b[?47h",
    "\x1b[?47l",
    "\x1b[?1049h",
    "\x1b[?1049l",
    "\x1b[?1047h",
    "\x1b[?1047l",
    "\x1b[?1049;25l",
    "\x1b[!p",
    "\x1bc",
    "\x1b]0;title\x07",
    "\x1b]8;;https://x.y/z\x1b\\",
    "\x1b]8;id=a;http://q/\x07",
    "\x1b]8;;\x07",
    "\x1b]8;;file:///etc\x07",
    "\x1b]52;c;aGk=\x07",
    "\x1b]4;1;#fff\x07",
    "\x1b]11;?\x07",
    "\x1bP$qm\x1b\\",
    "\x1b_apc\x1b\\",
    "\x1b^pm\x07x\x1b\\",
    "\x1b[c",
    "\x1b[6n",
    "\x1b[>q",
    "\x1b[21t",
    "\x1b[8;5;5t",
    "\x1b[?3h",
    "\x1b[?5h",
    "\x1b[?12;25h",
    "\u{9b}31m",
    "\u{84}",
    "\u{feff}",
    "\x7f",
    "\0",
    "\x05",
    "\x07",
    "\x1b[1\n1m",
    "\x1b[3\x18",
    "\x1b[3\x1b[4m",
    "\x1b[>4;2m",
    "\x1b[1:2H",
    "\x1b[é",
    "\x1b(é",
    "\x1b[1;2;3;4T",
    "\x1b[5;6s",
    "\u{301}",
    "\x1b[31m\u{301}",
    "\x1b[?2026h",
    "\x1b[?2026l",
    "\x1b[2 A",
    "\x1b[1 @",
    "\x1b[1'}",
    "\x1b[2'~",
    "\x1b(4",
    "\x1b(K",
    "\x1b[?2l",
    "\x1b%G",
    "\x1b[3J",
];

/// Sequences with numbers: their last bytes.
const COUNTED: &[u8] = b"ABCDEFG`adeLMPX@STIZb";

/// Something that xterm.js does as we do.
pub(crate) fn tame(random: &mut Random, out: &mut Vec<u8>) {
    let small = random.below(6);
    match random.below(20) {
        0..=6 => out.extend(random.pick(TEXTS).bytes()),
        7..=9 => out.extend(random.pick(CONTROLS).bytes()),
        10..=12 => out.extend(random.pick(RENDITIONS).bytes()),
        13 => out.extend(random.pick(MODES).bytes()),
        14 => out.extend(format!("\x1b[{};{}H", 1 + random.below(9), 1 + random.below(22)).bytes()),
        15 | 16 => {
            let last = char::from(COUNTED[random.below(COUNTED.len())]);
            out.extend(format!("\x1b[{small}{last}").bytes());
        }
        17 => {
            out.extend(random.pick(&["\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b[J", "\x1b[2J"]).bytes());
        }
        18 => out.extend(format!("\x1b[{};{}r", random.below(4), random.below(8)).bytes()),
        _ => out.extend(random.pick(&["\x1bH", "\x1b[g", "\x1b[3g", "\x1b[!p"]).bytes()),
    }
}

/// Anything.
pub(crate) fn wild(random: &mut Random, out: &mut Vec<u8>) {
    match random.below(12) {
        0..=6 => tame(random, out),
        7..=10 => out.extend(random.pick(WILD).bytes()),
        _ => out.extend((0..random.below(6)).map(|_| random.below(256) as u8)),
    }
}

/// Pictures after those of vttest, written for this purpose.
pub(crate) const PICTURES: &[(&str, &str)] = &[
    (
        "frame by cursor movements",
        concat!(
            "\x1b#8\x1b[9;10H\x1b[1J\x1b[18;60H\x1b[0J\x1b[1K\x1b[9;71H\x1b[0K\x1b[10;10H\x1b[1K\x1b[10;71H\x1b[0K",
            "\x1b[H********\x1b[24;1H++++++++\x1b[12;30Hframe\x1b[3A\x1b[2D<>\x1b[B\x1b[C!"
        ),
    ),
    (
        "wrapping at the last column",
        "\u{1b}[3;21r\u{1b}[?7h\u{1b}[1;78Habcdef\u{1b}[5;80HA\u{8} \u{1b}[6;80HB\tC\u{1b}[20;80Hx\r\ny\u{1b}[21;79Hzzzz",
    ),
    (
        "characters of line drawing",
        "\x1b(0lqqwqqk\r\nx  x  x\r\ntqqnqqu\r\nmqqvqqj\x1b(B\r\n\x1b)0\x0e`abc~\x0fabc",
    ),
    (
        "wide characters",
        "中文字\r\n\x1b[2;79H中文\x1b[4;1H中中中\x1b[4;2Hx\x1b[5;1H中中中\x1b[5;2H\x1b[P\x1b[6;1H中中\x1b[6;3H\x1b[@y",
    ),
    ("tabs", "\x1b[3g\x1b[5G\x1bH\x1b[20G\x1bH\r\tA\tB\tC\x1b[Z\x1b[ZD\r\n\x1b[20G\x1b[g\r\tE\tF"),
    (
        "inserting and deleting",
        concat!(
            "ABCDEFGH\x1b[4D\x1b[3@xyz\r\n12345678\x1b[4D\x1b[2P\r\n\x1b[4hin\x08sert\x1b[4l\r\nline1\r\nline2\r\nline3\x1b[2A\x1b[L",
            "new\x1b[B\x1b[M\x1b[44mcolour\x1b[2X\x1b[K"
        ),
    ),
    (
        "all renditions",
        concat!(
            "\x1b[1mbold\x1b[22;2mfaint\x1b[22;3mitalic\x1b[23;4msingle\x1b[4:2mdouble\x1b[4:3mcurly\x1b[4:4mdotted\x1b[4:5mdashed",
            "\x1b[24;5mblink\x1b[25;7minverse\x1b[27;8mhidden\x1b[28;9mstruck\x1b[29;53mover\x1b[55m\r\n\x1b[30;41m1\x1b[92;103m2",
            "\x1b[38;5;17;48;5;230m3\x1b[38;2;250;128;0;48;2;0;0;60m4\x1b[4;58;2;255;0;0m5\x1b[0m6"
        ),
    ),
    (
        "scrolling between margins",
        "\u{1b}[5;10r\u{1b}[10;1Hone\r\ntwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\u{1b}M\u{1b}[5;1H\u{1b}M\u{1b}Mtop\u{1b}[2S\u{1b}[T\u{1b}[r\u{1b}[24;1Hlast\r\n\r\n",
    ),
];

/// Takes the marks out of text.
pub(crate) fn remove_marks(text: &mut Vec<u8>) {
    for mark in ["\u{300}", "\u{301}", "\u{200d}"] {
        while let Some(at) = text.windows(mark.len()).position(|window| window == mark.as_bytes()) {
            text.drain(at..at + mark.len());
        }
    }
}

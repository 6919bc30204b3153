//! Strings for the terminal and what is around it: OSC and DCS.

use std::sync::Arc;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::answers::reply_color;
use super::feed::Show;
use super::parser::State;
use super::style::Link;
use super::{Fed, Noticed, Terminal, palette};

/// Most bytes of text that a program can copy.
const COPIED_MAX_BYTES: usize = 1 << 20;

/// Longest string of any other kind, in bytes. Longer ones are left out.
const STRING_MAX_BYTES: usize = 4096;

/// Longest address of a link, in bytes.
const ADDRESS_MAX_BYTES: usize = 2048;

/// Longest name of a link, in bytes.
const LINK_NAME_MAX_BYTES: usize = 128;

/// What takes all changes of colours back.
pub(super) const RESET_COLORS: &[u8] = b"\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b]112\x1b\\";

/// Programs leave the padding out, too.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

impl Terminal {
    /// Keeps bytes of a string, as far as it may be of use.
    pub(super) fn keep_string(&mut self, bytes: &[u8]) {
        if self.parser.state == State::OtherString {
            return;
        }
        let copies = self.parser.state == State::Osc && self.string.starts_with(b"52;");
        let most = if copies { COPIED_MAX_BYTES / 3 * 4 + 64 } else { STRING_MAX_BYTES };
        // One more than there may be tells that it was too long.
        let room = (most + 1).saturating_sub(self.string.len());
        let (now, later) = bytes.split_at(bytes.len().min(room));
        self.string.extend_from_slice(now);
        if !copies && !later.is_empty() && self.string.starts_with(b"52;") {
            self.keep_string(later);
        }
    }

    /// An OSC that has ended.
    pub(super) fn operating_system_command(
        &mut self,
        fed: &mut Fed,
        noticed: &mut Option<Noticed>,
    ) -> Show {
        let mut string = std::mem::take(&mut self.string);
        string.retain(|byte| *byte >= 0x20);
        let mut halves = string.splitn(2, |&byte| byte == b';');
        let (command, body) = (halves.next().unwrap_or_default(), halves.next());
        if command == b"52" {
            *noticed = body.and_then(copied);
            return Show::Nothing;
        }
        if string.len() > STRING_MAX_BYTES {
            return Show::Nothing;
        }
        match (command, body) {
            (b"0" | b"2", Some(title)) => {
                *noticed = Some(Noticed::Title(porthole_wire::text(title)));
                Show::Nothing
            }
            (b"4", Some(body)) => self.indexed_colors(body, fed),
            (b"8", Some(body)) => self.link(body),
            (b"10", Some(body)) => self.special_colors(0, body, fed),
            (b"11", Some(body)) => self.special_colors(1, body, fed),
            (b"12", Some(body)) => self.special_colors(2, body, fed),
            (b"104", body) => self.reset_colors(body.unwrap_or_default()),
            (b"110", _) => self.reset_special_color(0),
            (b"111", _) => self.reset_special_color(1),
            (b"112", _) => self.reset_special_color(2),
            _ => Show::Nothing,
        }
    }

    /// A DCS that has ended.
    pub(super) fn device_control(&mut self, fed: &mut Fed) -> Show {
        let string = std::mem::take(&mut self.string);
        if let Some(asked) = string.strip_prefix(b"$q") {
            self.status_report(asked, fed);
        }
        Show::Nothing
    }

    /// OSC 4: pairs of an index and a colour, or a question mark.
    fn indexed_colors(&mut self, body: &[u8], fed: &mut Fed) -> Show {
        let mut shown = Vec::new();
        let mut words = body.split(|&byte| byte == b';');
        while let (Some(index), Some(color)) = (words.next(), words.next()) {
            let Some(index) = index_of(index) else { continue };
            if color == b"?" {
                reply_color(fed, &format!("4;{index}"), self.palette.indexed(index));
            } else if let Some(color) = palette::parse(color) {
                self.palette.indexed.insert(index, color);
                write_color(&mut shown, &format!("4;{index}"), color);
            }
        }
        show(shown)
    }

    /// OSC 10, 11 and 12: a colour or a question mark for each special colour from one on.
    fn special_colors(&mut self, first: usize, body: &[u8], fed: &mut Fed) -> Show {
        let mut shown = Vec::new();
        for (which, word) in (first..3).zip(body.split(|&byte| byte == b';')) {
            let command = format!("{}", 10 + which);
            if word == b"?" {
                reply_color(fed, &command, self.palette.special(which));
            } else if let (Some(color), Some(slot)) =
                (palette::parse(word), self.palette.special.get_mut(which))
            {
                *slot = Some(color);
                write_color(&mut shown, &command, color);
            }
        }
        show(shown)
    }

    /// OSC 104: the colours with these indices, or all.
    fn reset_colors(&mut self, body: &[u8]) -> Show {
        if body.is_empty() {
            self.palette.indexed.clear();
            return Show::Instead(b"\x1b]104\x1b\\".to_vec());
        }
        let mut shown = Vec::new();
        for index in body.split(|&byte| byte == b';').filter_map(index_of) {
            self.palette.indexed.remove(&index);
            shown.extend(format!("\x1b]104;{index}\x1b\\").into_bytes());
        }
        show(shown)
    }

    fn reset_special_color(&mut self, which: usize) -> Show {
        if let Some(slot) = self.palette.special.get_mut(which) {
            *slot = None;
        }
        Show::Instead(format!("\x1b]{}\x1b\\", 110 + which).into_bytes())
    }

    /// OSC 8: what is written from now on leads somewhere, or nowhere.
    fn link(&mut self, body: &[u8]) -> Show {
        let link = parse_link(body).map(Arc::new);
        if link == self.pen.link {
            return Show::Nothing;
        }
        self.pen.link = link;
        self.pen_changed();
        let mut shown = Vec::new();
        write_link(self.pen.link.as_deref(), &mut shown);
        Show::Instead(shown)
    }
}

/// Appends the sequence that begins a link, or ends one.
pub(super) fn write_link(link: Option<&Link>, out: &mut Vec<u8>) {
    let words = match link {
        None => "\x1b]8;;\x1b\\".to_owned(),
        Some(Link { name, address }) if name.is_empty() => format!("\x1b]8;;{address}\x1b\\"),
        Some(Link { name, address }) => format!("\x1b]8;id={name};{address}\x1b\\"),
    };
    out.extend(words.into_bytes());
}

/// Appends the sequence that changes a colour.
pub(super) fn write_color(out: &mut Vec<u8>, what: &str, [red, green, blue]: palette::Rgb) {
    out.extend(format!("\x1b]{what};rgb:{red:02x}/{green:02x}/{blue:02x}\x1b\\").into_bytes());
}

fn show(shown: Vec<u8>) -> Show {
    if shown.is_empty() { Show::Nothing } else { Show::Instead(shown) }
}

fn index_of(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// Parameters, a semicolon and an address. Only addresses that a page may open are links.
fn parse_link(body: &[u8]) -> Option<Link> {
    let text = std::str::from_utf8(body).ok()?;
    let (parameters, address) = text.split_once(';')?;
    let is_known = ["http://", "https://", "mailto:"].iter().any(|scheme| {
        address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    });
    let is_plain =
        address.len() <= ADDRESS_MAX_BYTES && address.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_known || !is_plain {
        return None;
    }
    let name = parameters.split(':').find_map(|parameter| parameter.strip_prefix("id="));
    let is_fit = |name: &&str| {
        name.len() <= LINK_NAME_MAX_BYTES && name.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let name = name.filter(is_fit).unwrap_or_default().to_owned();
    Some(Link { name, address: address.to_owned() })
}

/// OSC 52: a selection, a semicolon and what is copied in base64. It is never read out.
fn copied(body: &[u8]) -> Option<Noticed> {
    let at = body.iter().position(|&byte| byte == b';')?;
    let encoded = body.get(at + 1..)?;
    if encoded.is_empty() || encoded == b"?" {
        return None;
    }
    let bytes = BASE64.decode(encoded).ok()?;
    if bytes.len() > COPIED_MAX_BYTES {
        return None;
    }
    Some(Noticed::Copied(String::from_utf8_lossy(&bytes).replace('\0', "")))
}

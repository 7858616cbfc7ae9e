//! A time of day as a text for people has it: a decoder has no clock to reckon from.

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::core::time::Timestamp;

/// What clocks show at some time, where it was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Year, month and day; `None`: the next time they show that minute.
    pub day: Option<(i16, i8, i8)>,
    /// Minute of the day, from 0.
    pub minute: u16,
}

impl Clock {
    /// The point in time, reckoned from when it was said. `None` where there is none: a
    /// 30th of February.
    ///
    /// It is the end of that minute: who prints it has cut the seconds off.
    pub fn at(self, said: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let time = Time::new((self.minute / 60) as i8, (self.minute % 60) as i8, 0, 0).ok()?;
        let point = |date: Date| -> Option<Timestamp> {
            let begin = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
            let ms = u64::try_from(begin.timestamp().as_millisecond()).ok()?;
            Some(Timestamp(ms).plus(Duration::from_secs(60)))
        };
        if let Some((year, month, day)) = self.day {
            return point(Date::new(year, month, day).ok()?);
        }
        let said_ms = i64::try_from(said.0).ok()?;
        let now = jiff::Timestamp::from_millisecond(said_ms).ok()?;
        let today = now.to_zoned(zone.clone()).date();
        match point(today) {
            Some(at) if at >= said => Some(at),
            _ => point(today.tomorrow().ok()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shown as a clock in Berlin has it.
    fn at(day: Option<(i16, i8, i8)>, minute: u16, said: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let said: jiff::Timestamp = said.parse().unwrap();
        let said = Timestamp(said.as_millisecond() as u64);
        let at = Clock { day, minute }.at(said, &zone)?;
        let at = jiff::Timestamp::from_millisecond(at.0 as i64).unwrap();
        Some(at.to_zoned(zone).strftime("%F %T").to_string())
    }

    #[test]
    fn a_time_of_day_is_the_next_one() {
        let three = 15 * 60 + 5;
        let today = Some("2026-11-26 15:06:00".to_owned());
        assert_eq!(at(None, three, "2026-11-26T08:00:00Z"), today);
        assert_eq!(at(None, three, "2026-11-26T14:05:59Z"), today);
        let tomorrow = Some("2026-11-27 15:06:00".to_owned());
        assert_eq!(at(None, three, "2026-11-26T14:06:01Z"), tomorrow);
        let told = Some("2026-12-01 15:06:00".to_owned());
        let day = Some((2026, 12, 1));
        assert_eq!(at(day, three, "2026-11-26T14:06:01Z"), told);
        assert_eq!(at(Some((2026, 2, 30)), three, "2026-01-01T00:00:00Z"), None);
        assert_eq!(at(None, 1440, "2026-01-01T00:00:00Z"), None);
    }

    #[test]
    fn no_time_is_too_far_off_to_be_said_at() {
        let zone = TimeZone::UTC;
        let clock = Clock {
            day: None,
            minute: 0,
        };
        assert_eq!(clock.at(Timestamp(u64::MAX), &zone), None);
        assert_eq!(clock.at(Timestamp(0), &zone), Some(Timestamp(60_000)));
    }
}

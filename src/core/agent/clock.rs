//! A time of day as a text for people has it: a decoder has no clock to reckon from.

use std::time::Duration;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::core::time::Timestamp;

/// What clocks show at some time, where it was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// On which day; `None`: the next time they show that minute.
    pub day: Option<Day>,
    /// Minute of the day, from 0.
    pub minute: u16,
    /// Where the clocks are, where that is said: `Europe/Berlin`.
    #[serde(default)]
    pub zone: Option<String>,
}

/// A day as people say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Day {
    /// Year, month and day.
    Date(i16, i8, i8),
    /// Month and day, of the year in which they are nearest.
    OfYear(i8, i8),
    /// The next one of its name, today included: 1 for Monday to 7 for Sunday.
    OfWeek(i8),
}

impl Clock {
    /// The point in time, reckoned from when it was said. `None` where there is none: a
    /// 30th of February.
    ///
    /// It is the end of that minute: who prints it has cut the seconds off.
    pub fn at(&self, said: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let time = Time::new((self.minute / 60) as i8, (self.minute % 60) as i8, 0, 0).ok()?;
        let point = |date: Date| -> Option<Timestamp> {
            let begin = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
            let ms = u64::try_from(begin.timestamp().as_millisecond()).ok()?;
            Some(Timestamp(ms).plus(Duration::from_secs(60)))
        };
        let today = || {
            let said = jiff::Timestamp::from_millisecond(i64::try_from(said.0).ok()?).ok()?;
            Some(said.to_zoned(zone.clone()).date())
        };
        let next = |days: i64| {
            let first = today()?.checked_add(jiff::Span::new().days(days)).ok()?;
            let step = jiff::Span::new().days(if self.day.is_some() { 7 } else { 1 });
            let then = || point(first.checked_add(step).ok()?);
            point(first).filter(|at| *at >= said).or_else(then)
        };
        match self.day {
            None => next(0),
            Some(Day::OfWeek(day)) => {
                let day = Weekday::from_monday_one_offset(day).ok()?;
                next(today()?.weekday().until(day).into())
            }
            Some(Day::Date(year, month, day)) => point(Date::new(year, month, day).ok()?),
            Some(Day::OfYear(month, day)) => {
                let year = today()?.year();
                let years = year.saturating_sub(1)..=year.saturating_add(1);
                let each = years.filter_map(|year| point(Date::new(year, month, day).ok()?));
                each.min_by_key(|at| at.0.abs_diff(said.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shown as a clock in Berlin has it.
    fn at(day: Option<Day>, minute: u16, said: &str) -> Option<String> {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let said: jiff::Timestamp = said.parse().unwrap();
        let said = Timestamp(said.as_millisecond() as u64);
        let clock = Clock {
            day,
            minute,
            zone: None,
        };
        let at = clock.at(said, &zone)?;
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
        let day = Some(Day::Date(2026, 12, 1));
        assert_eq!(at(day, three, "2026-11-26T14:06:01Z"), told);
        let none = Some(Day::Date(2026, 2, 30));
        assert_eq!(at(none, three, "2026-01-01T00:00:00Z"), None);
        assert_eq!(at(None, 1440, "2026-01-01T00:00:00Z"), None);
    }

    #[test]
    fn a_day_without_its_year_is_the_nearest_and_one_of_the_week_the_next() {
        let nine = 9 * 60;
        let year = |month, day, said| at(Some(Day::OfYear(month, day)), nine, said);
        let told = |text: &str| Some(text.to_owned());
        let winter = "2026-12-30T08:00:00Z";
        assert_eq!(year(1, 2, winter), told("2027-01-02 09:01:00"));
        assert_eq!(year(12, 29, winter), told("2026-12-29 09:01:00"), "past");
        let spring = "2027-01-01T08:00:00Z";
        assert_eq!(year(12, 31, spring), told("2026-12-31 09:01:00"), "past");
        assert_eq!(year(2, 30, spring), None);
        assert_eq!(
            year(2, 29, "2028-02-01T00:00:00Z"),
            told("2028-02-29 09:01:00")
        );
        // a Thursday
        let week = |day, said| at(Some(Day::OfWeek(day)), nine, said);
        let morning = "2026-11-26T07:00:00Z";
        assert_eq!(week(4, morning), told("2026-11-26 09:01:00"));
        assert_eq!(week(1, morning), told("2026-11-30 09:01:00"));
        assert_eq!(week(3, morning), told("2026-12-02 09:01:00"));
        assert_eq!(week(4, "2026-11-26T08:02:00Z"), told("2026-12-03 09:01:00"));
        assert_eq!(week(8, morning), None);
    }

    #[test]
    fn no_time_is_too_far_off_to_be_said_at() {
        let zone = TimeZone::UTC;
        let clock = Clock {
            day: None,
            minute: 0,
            zone: None,
        };
        assert_eq!(clock.at(Timestamp(u64::MAX), &zone), None);
        assert_eq!(clock.at(Timestamp(0), &zone), Some(Timestamp(60_000)));
    }
}

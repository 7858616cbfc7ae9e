//! Ages and countdowns as text, and when the next of them will read differently.
//!
//! Texts are coarse on purpose: past the first minute an age counts minutes, so a
//! screen full of tasks that have nothing new to say wakes nobody for a while; and all
//! ages turn with the wall's second, so that fifty of them ask for one frame, not fifty.

use std::cell::Cell;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::core::time::Timestamp;
use crate::verb::{dated, local, shown, time_of};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Silence is worth a word from here on.
pub(super) const SILENT: Duration = Duration::from_secs(60);

/// Says times during one drawing, and remembers when the first of what it said grows old.
#[derive(Debug)]
pub(super) struct Clock {
    now: Timestamp,
    runs: bool,
    zone: TimeZone,
    next: Cell<Option<Duration>>,
}

impl Clock {
    /// A clock at `now`, where a person is; one that does not run says times of day.
    pub(super) const fn new(now: Timestamp, runs: bool, zone: TimeZone) -> Self {
        Self {
            now,
            runs,
            zone,
            next: Cell::new(None),
        }
    }

    /// How long after `now` the first text said so far reads differently.
    pub(super) const fn next(&self) -> Option<Duration> {
        self.next.get()
    }

    /// How long ago: "42s", "12m", "3h05m", "12d".
    pub(super) fn age(&self, since: Timestamp) -> String {
        if !self.runs {
            return shown(since, &self.zone, "%H:%M");
        }
        let age = self.seconds(since);
        let step = match age {
            0..MINUTE => SECOND,
            MINUTE..DAY => MINUTE,
            _ => DAY,
        };
        self.changes_in(step - age % step - self.now.0 % SECOND);
        span(Duration::from_millis(age))
    }

    /// For how long, as part of a sentence: "12m"; "since 10:32" where the clock stands.
    pub(super) fn since(&self, since: Timestamp) -> String {
        let age = self.age(since);
        if self.runs {
            age
        } else {
            format!("since {age}")
        }
    }

    /// How long nothing came, once that is worth a word.
    pub(super) fn silence(&self, since: Timestamp) -> Option<String> {
        if !self.runs {
            return None;
        }
        let silent = self.seconds(since);
        if silent < millis(SILENT) {
            self.changes_in(millis(SILENT) - silent - self.now.0 % SECOND);
            return None;
        }
        Some(self.age(since))
    }

    /// The wall's seconds between then and now, in milliseconds.
    const fn seconds(&self, since: Timestamp) -> u64 {
        (self.now.0 / SECOND).saturating_sub(since.0 / SECOND) * SECOND
    }

    /// Whether ages run.
    pub(super) const fn runs(&self) -> bool {
        self.runs
    }

    /// Whole seconds until then, rounded up: "7 s"; a time of day where the clock stands.
    pub(super) fn until(&self, then: Timestamp) -> String {
        if !self.runs {
            return shown(then, &self.zone, "%H:%M:%S");
        }
        let left = millis(self.now.until(then));
        let seconds = left.div_ceil(SECOND);
        if seconds > 0 {
            self.changes_in(left - (seconds - 1) * SECOND);
        }
        format!("{seconds} s")
    }

    /// How long until then.
    pub(super) fn until_then(&self, then: Timestamp) -> Duration {
        self.now.until(then)
    }

    /// How long until then, rounded up: "7 s", "12m", "3h05m", "2d"; a time of day where the
    /// clock stands.
    pub(super) fn left(&self, then: Timestamp) -> String {
        let left = millis(self.now.until(then));
        if !self.runs || left <= MINUTE {
            return self.until(then);
        }
        let step = if left > DAY { DAY } else { MINUTE };
        let steps = left.div_ceil(step);
        self.changes_in(left - (steps - 1) * step);
        span(Duration::from_millis(steps * step))
    }

    /// The time of day at some point: "14:05"; with the day where it isn't today: "Fri 14:05",
    /// "2026-12-24 14:05".
    pub(super) fn time(&self, at: Timestamp) -> String {
        let now = local(self.now, &self.zone);
        if self.runs
            && let Ok(midnight) = now.tomorrow().and_then(|day| day.start_of_day())
        {
            let left = midnight.timestamp().duration_since(now.timestamp());
            self.changes_in(u64::try_from(left.as_millis()).unwrap_or(DAY));
        }
        time_of(at, self.now, &self.zone)
    }

    /// Day, hour and minute: "2026-11-22 02:00".
    pub(super) fn dated(&self, at: Timestamp) -> String {
        dated(at, &self.zone)
    }

    fn changes_in(&self, millis: u64) {
        let after = Duration::from_millis(millis);
        let next = self.next.get().map_or(after, |next| next.min(after));
        self.next.set(Some(next));
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A span in as few letters as say it.
pub(super) fn span(span: Duration) -> String {
    let ms = millis(span);
    match ms {
        0..MINUTE => format!("{}s", ms / SECOND),
        MINUTE..HOUR => format!("{}m", ms / MINUTE),
        HOUR..DAY => format!("{}h{:02}m", ms / HOUR, ms % HOUR / MINUTE),
        _ => format!("{}d", ms / DAY),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Clock {
        Clock::new(Timestamp(ms), true, TimeZone::UTC)
    }

    #[test]
    fn a_still_clock_never_changes() {
        let clock = Clock::new(Timestamp(5 * DAY), false, TimeZone::UTC);
        assert_eq!(clock.age(Timestamp(HOUR + MINUTE)), "01:01Z");
        assert_eq!(clock.silence(Timestamp(0)), None);
        assert_eq!(clock.until(Timestamp(HOUR)), "01:00:00Z");
        assert_eq!(clock.next(), None);
    }

    /// A clock there.
    fn in_zone(name: &str, now: &str) -> Clock {
        Clock::new(point(now), true, TimeZone::get(name).unwrap())
    }

    fn point(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().unwrap();
        Timestamp(at.as_millisecond() as u64)
    }

    #[test]
    fn a_time_is_that_of_whoever_looks_with_the_day_where_it_is_another() {
        let now = "2026-11-26T18:00:00Z";
        let say = |zone: &str, at: &str| in_zone(zone, now).time(point(at));
        assert_eq!(say("UTC", "2026-11-26T21:05:00Z"), "21:05Z");
        assert_eq!(say("Europe/Berlin", "2026-11-26T21:05:59Z"), "22:05");
        // there it is the next day, and across the ocean it isn't
        assert_eq!(say("Europe/Berlin", "2026-11-26T23:05:00Z"), "Fri 00:05");
        assert_eq!(say("America/New_York", "2026-11-26T23:05:00Z"), "18:05");
        assert_eq!(say("Asia/Kolkata", "2026-11-26T18:00:00Z"), "23:30");
        assert_eq!(say("Europe/Berlin", "2026-11-25T13:05:00Z"), "Wed 14:05");
        assert_eq!(say("Europe/Berlin", "2026-12-02T13:05:00Z"), "Wed 14:05");
        assert_eq!(
            say("Europe/Berlin", "2026-12-03T13:05:00Z"),
            "2026-12-03 14:05"
        );
        let never = in_zone("Europe/Berlin", now).time(Timestamp(u64::MAX));
        assert!(never.starts_with("9999-12-"), "{never}");
    }

    /// What a zone is ahead of UTC is that of each point, and not of now.
    #[test]
    fn a_clock_that_is_set_in_between_shows_what_it_will_show() {
        let before = in_zone("Europe/Berlin", "2026-10-24T18:00:00Z");
        assert_eq!(before.time(point("2026-10-24T19:30:00Z")), "21:30");
        assert_eq!(before.time(point("2026-10-25T00:30:00Z")), "Sun 02:30");
        assert_eq!(before.time(point("2026-10-25T01:30:00Z")), "Sun 02:30");
        assert_eq!(before.time(point("2026-10-25T02:30:00Z")), "Sun 03:30");
        assert_eq!(
            before.dated(point("2026-03-29T01:00:00Z")),
            "2026-03-29 03:00"
        );
        assert_eq!(
            before.dated(point("2026-03-29T00:59:00Z")),
            "2026-03-29 01:59"
        );
    }

    #[test]
    fn a_day_that_is_said_announces_the_next() {
        let clock = in_zone("Europe/Berlin", "2026-11-26T22:59:59.250Z");
        assert_eq!(clock.time(point("2026-11-27T08:00:00Z")), "Fri 09:00");
        assert_eq!(clock.next(), Some(Duration::from_millis(750)));
        let later = in_zone("Europe/Berlin", "2026-11-26T23:00:00Z");
        assert_eq!(later.time(point("2026-11-27T08:00:00Z")), "09:00");
    }

    #[test]
    fn a_countdown_rounds_up_and_stops_at_nought() {
        let clock = at(0);
        assert_eq!(clock.until(Timestamp(6_200)), "7 s");
        assert_eq!(clock.next(), Some(Duration::from_millis(200)));
        let over = at(9_000);
        assert_eq!(over.until(Timestamp(6_200)), "0 s");
        assert_eq!(over.next(), None);
    }

    #[test]
    fn silence_announces_itself() {
        let clock = at(40_000);
        assert_eq!(clock.silence(Timestamp(0)), None);
        assert_eq!(clock.next(), Some(Duration::from_secs(20)));
        assert_eq!(at(61_000).silence(Timestamp(0)), Some("1m".into()));
    }

    proptest! {
        /// A text stands unchanged until the moment said, and not a millisecond longer.
        #[test]
        fn a_text_holds_until_it_changes(age in 0u64..3 * DAY, since in 0u64..2 * SECOND) {
            let (now, since) = (since + age, Timestamp(since));
            let clock = at(now);
            let text = clock.age(since);
            let next = millis(clock.next().unwrap());
            prop_assert!(next > 0);
            prop_assert_eq!((now + next) % SECOND, 0, "not with the others");
            prop_assert_eq!(at(now + next - 1).age(since), text.clone());
            prop_assert_ne!(at(now + next).age(since), text);
        }

        /// So does what is left of a time.
        #[test]
        fn what_is_left_holds_until_it_changes(left in 1u64..3 * DAY) {
            let (clock, then) = (at(7), Timestamp(7 + left));
            let text = clock.left(then);
            let next = millis(clock.next().unwrap());
            prop_assert!(next > 0);
            prop_assert_eq!(at(7 + next - 1).left(then), text.clone());
            prop_assert_ne!(at(7 + next).left(then), text);
        }

        /// Silence begins to be said when that was announced.
        #[test]
        fn silence_begins_when_announced(silent in 0u64..60 * SECOND, since in 0u64..2 * SECOND) {
            let (now, since) = (since + silent, Timestamp(since));
            let clock = at(now);
            if clock.silence(since).is_none() {
                let next = millis(clock.next().unwrap());
                prop_assert_eq!(at(now + next - 1).silence(since), None);
                prop_assert!(at(now + next).silence(since).is_some());
            }
        }
    }
}

//! Ages and countdowns as text, and when the next of them will read differently.
//!
//! Texts are coarse on purpose: past the first minute an age counts minutes, so a
//! screen full of tasks that have nothing new to say wakes nobody for a while; and all
//! ages turn with the wall's second, so that fifty of them ask for one frame, not fifty.

use std::cell::Cell;
use std::time::Duration;

use crate::core::time::Timestamp;

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
    next: Cell<Option<Duration>>,
}

impl Clock {
    /// A clock at `now`; one that does not run says times of day.
    pub(super) const fn new(now: Timestamp, runs: bool) -> Self {
        Self {
            now,
            runs,
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
            return time_of_day(since);
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

    /// For how long, as part of a sentence: "12m"; "since 10:32Z" where the clock stands.
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
            return exactly(then);
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

/// Hours, minutes and seconds in UTC.
fn exactly(at: Timestamp) -> String {
    let ms = at.0 % DAY;
    let (hours, minutes, seconds) = (ms / HOUR, ms % HOUR / MINUTE, ms % MINUTE / SECOND);
    format!("{hours:02}:{minutes:02}:{seconds:02}Z")
}

/// Hours and minutes in UTC.
pub(super) fn time_of_day(at: Timestamp) -> String {
    let ms = at.0 % DAY;
    format!("{:02}:{:02}Z", ms / HOUR, ms % HOUR / MINUTE)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: u64) -> Clock {
        Clock::new(Timestamp(ms), true)
    }

    #[test]
    fn a_still_clock_never_changes() {
        let clock = Clock::new(Timestamp(5 * DAY), false);
        assert_eq!(clock.age(Timestamp(HOUR + MINUTE)), "01:01Z");
        assert_eq!(clock.silence(Timestamp(0)), None);
        assert_eq!(clock.until(Timestamp(HOUR)), "01:00:00Z");
        assert_eq!(clock.next(), None);
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

//! Limits of providers as texts for people tell of them.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::common::{first, trouble_of};
use super::pattern::pattern;
use crate::core::agent::clock::{Clock, Day};
use crate::core::agent::event::{LimitState, Limited, Trouble};
use crate::core::time::Timestamp;

const SECOND: f64 = 1000.0;
const MINUTE: f64 = 60.0 * SECOND;
const HOUR: f64 = 60.0 * MINUTE;
const DAY: f64 = 24.0 * HOUR;

/// No limit lasts longer than this many milliseconds: what says so is taken for no time.
const LONGEST: f64 = 366.0 * DAY;

/// What says that a limit is used up, in lower case, and what it is for people. Codex 0.80
/// and 0.169, gemini 0.61, and providers' own words.
const WORDS: [(&str, &str); 10] = [
    ("daily quota", "daily quota"),
    ("daily limit", "daily limit"),
    ("weekly limit", "weekly limit"),
    ("5-hour limit", "five-hour limit"),
    ("usage limit", "usage limit"),
    ("usage_limit_reached", "usage limit"),
    (
        "exhausted your capacity on this model",
        "quota of the model",
    ),
    ("quota will reset", "quota"),
    ("session limit", "session limit"),
    ("limit reached", "limit"),
];

/// A limit that is used up, where a text says that one is, and when it is reset, where it
/// says that too.
pub(super) fn reached(text: &str) -> Option<Limited> {
    let text = first(text, 4000);
    let lower = text.to_lowercase();
    let (_, which) = WORDS.iter().find(|(word, _)| lower.contains(word))?;
    let mut limited = Limited {
        state: LimitState::Reached,
        which: (*which).to_owned(),
        resets: None,
        resets_in_ms: None,
        clock: None,
        used: None,
    };
    for rest in AGAIN.find_iter(&text).map(|found| &text[found.end()..]) {
        limited.clock = clock(rest);
        if limited.clock.is_none() {
            limited.resets_in_ms = duration(rest);
        }
        if limited.clock.is_some() || limited.resets_in_ms.is_some() {
            break;
        }
    }
    Some(limited)
}

/// Which trouble the words of a refusal mean, and the limit that they tell of. What will be
/// answered again at a time that is told is a limit, whatever it is called.
pub(super) fn refusal(text: &str) -> (Option<Trouble>, Option<Limited>) {
    let trouble = trouble_of(text);
    let is_timed = |it: &Limited| it.clock.is_some() || it.resets_in_ms.is_some();
    let limit = reached(text).filter(|it| is_timed(it) || trouble == Some(Trouble::Limit));
    (limit.as_ref().map(|_| Trouble::Limit).or(trouble), limit)
}

/// A point in time as JSON has it: seconds since the epoch, milliseconds where they are so
/// many, or a text in RFC 3339.
pub(super) fn moment(value: &Value) -> Option<Timestamp> {
    /// The year 5138 in seconds, and 1973 in milliseconds.
    const MOST_SECONDS: f64 = 1e11;
    let ms = match value {
        Value::String(text) => {
            let at: jiff::Timestamp = text.parse().ok()?;
            return u64::try_from(at.as_millisecond()).ok().map(Timestamp);
        }
        value => match value.as_f64()? {
            seconds if seconds < MOST_SECONDS => seconds * SECOND,
            ms => ms,
        },
    };
    (ms > 0.0).then_some(Timestamp(ms as u64))
}

/// What stands before a time, or a while.
static AGAIN: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:again|resets?|retry|retrying|available)(?: (?:at|in|on|after))?:?\s+")
});

/// `3:05 PM`, `15:05`, `3pm`, each with or without a day before it, `Nov 27th, 2026`, `Nov
/// 27 at`, `Mon`, and a zone behind it: `(Europe/Berlin)`, `UTC`.
static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?ix)^(?: (?<name>[a-z]{3})[a-z]*\.?
               (?: \s (?<day>\d{1,2})(?:st|nd|rd|th)?\b (?: ,?\s (?<year>\d{4})\b )? )?
               ,? \s (?:at\s)? )?
          (?<hour>\d{1,2}) (?: :(?<minute>\d{2}) )? (?: \s? (?<half>[ap])\.?m\b )?
          (?: \s? \( (?<zone>[a-z]+ (?:[/_+-][a-z0-9]+)*) \) | \s (?<utc>utc|gmt)\b )?",
    )
});

/// How months and days of the week begin, in lower case.
const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// What a clock shows, where a text begins with that.
fn clock(text: &str) -> Option<Clock> {
    let found = CLOCK.captures(text)?;
    let number = |name| -> Option<u16> { found.name(name)?.as_str().parse().ok() };
    let (hour, minute, half) = (number("hour")?, number("minute"), found.name("half"));
    // a number alone is no time
    if minute.is_none() && half.is_none() {
        return None;
    }
    let hour = match half.map(|half| half.as_str()) {
        None => hour,
        Some(_) if hour == 0 || hour > 12 => return None,
        Some("a" | "A") => hour % 12,
        Some(_) => hour % 12 + 12,
    };
    let minute = minute.unwrap_or_default();
    if hour > 23 || minute > 59 {
        return None;
    }
    let day = match found.name("name") {
        None => None,
        Some(name) => {
            let name = name.as_str().to_lowercase();
            let one_of = |names: &[&str]| names.iter().position(|it| *it == name);
            Some(match (number("day"), number("year")) {
                (None, _) => Day::OfWeek(one_of(&DAYS)? as i8 + 1),
                (Some(day), None) => Day::OfYear(one_of(&MONTHS)? as i8 + 1, day as i8),
                (Some(day), Some(year)) => {
                    Day::Date(year as i16, one_of(&MONTHS)? as i8 + 1, day as i8)
                }
            })
        }
    };
    let zone = found.name("zone").or_else(|| found.name("utc"));
    Some(Clock {
        day,
        minute: hour * 60 + minute,
        zone: zone.map(|zone| zone.as_str().to_owned()),
    })
}

/// `2 days 3 hours 5 minutes`, `2h5m3s`, `less than a minute`, in milliseconds.
pub(super) fn duration(text: &str) -> Option<u64> {
    let text = first(text, 200).to_lowercase();
    if text.trim_start().starts_with("less than a minute") {
        return Some(MINUTE as u64);
    }
    let mut rest = text.as_str();
    let mut sum = None;
    loop {
        rest = rest.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest).trim_start();
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (number, after) = rest.split_at(digits.unwrap_or(rest.len()));
        let after = after.trim_start();
        let end = after.find(|c: char| !c.is_alphabetic());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let Some(unit) = unit_of(unit) else { break };
        let Ok(number) = number.parse::<f64>() else {
            break;
        };
        sum = Some(sum.unwrap_or(0.0) + number * unit);
        rest = after;
    }
    sum.filter(|ms| (0.0..=LONGEST).contains(ms))
        .map(|ms| ms as u64)
}

fn unit_of(word: &str) -> Option<f64> {
    match word {
        "ms" | "millisecond" | "milliseconds" => Some(1.0),
        "s" | "sec" | "secs" | "second" | "seconds" => Some(SECOND),
        "m" | "min" | "mins" | "minute" | "minutes" => Some(MINUTE),
        "h" | "hr" | "hrs" | "hour" | "hours" => Some(HOUR),
        "d" | "day" | "days" => Some(DAY),
        _ => None,
    }
}

//! Times of the clock as people write them, where they are: local, past or not, and twice
//! or never where the clock is set.

#[cfg(test)]
mod tests;

use std::fs;

use jiff::civil::{DateTime, Time};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use crate::core::raw::Raw;
use crate::core::time;
use crate::core::wire::Caller;

/// The furthest that a time may lie ahead.
const MOST: SignedDuration = SignedDuration::from_secs(31_557_600);
/// What the machine's time zone is read from where `TZ` does not name one (tzset(3)).
const LOCAL: &str = "/etc/localtime";

/// The time zone that a caller lives in.
///
/// # Errors
/// One line: `TZ` names none.
pub fn zone(caller: &Caller) -> Result<TimeZone, String> {
    zone_of(caller.var("TZ").map(Raw::lossy).as_deref())
}

/// The time zone of this process: of what it starts, too, unless it is told another.
pub fn zone_here() -> TimeZone {
    let given = std::env::var_os("TZ").map(|given| given.to_string_lossy().into_owned());
    zone_of(given.as_deref()).unwrap_or(TimeZone::UTC)
}

/// The time zone of a name, as `Europe/Berlin`; that of this process where there is none, or
/// none of that name is known here.
pub fn zone_called(name: Option<&str>) -> TimeZone {
    let known = name.and_then(|name| TimeZone::get(name).ok());
    known.unwrap_or_else(zone_here)
}

fn zone_of(given: Option<&str>) -> Result<TimeZone, String> {
    let of_file = |path: &str| {
        let bytes = fs::read(path).ok()?;
        TimeZone::tzif(path, &bytes).ok()
    };
    let Some(given) = given else {
        return Ok(of_file(LOCAL).unwrap_or(TimeZone::UTC));
    };
    let name = given.strip_prefix(':').unwrap_or(given);
    if name.is_empty() {
        return Ok(TimeZone::UTC);
    }
    let named = if name.starts_with('/') {
        of_file(name)
    } else {
        let known = TimeZone::get(name).or_else(|_| TimeZone::posix(name));
        known.ok()
    };
    named.ok_or_else(|| {
        format!("TZ is {given:?}, which is no time zone here; write the time with an offset, as in 2026-12-01T02:00:00Z")
    })
}

/// The time that is meant: the next such time of day, a date with a time, or RFC 3339.
///
/// # Errors
/// One line: it is no time, past, too far away, or there are two such or none.
pub(super) fn at(text: &str, now: Timestamp, zone: &TimeZone) -> Result<time::Timestamp, String> {
    let Some(found) = meant(text.trim(), now, zone)?.filter(|found| *found > now) else {
        let now = now.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
        return Err(format!(
            "{text:?} is past, it is {now} now; a time of day alone means the next such"
        ));
    };
    if found.duration_since(now) > MOST {
        return Err(format!("{text:?} is more than a year away"));
    }
    let ms = u64::try_from(found.as_millisecond()).unwrap_or_default();
    Ok(time::Timestamp(ms))
}

fn meant(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
    if let Ok(instant) = text.parse() {
        return Ok(Some(instant));
    }
    let wrong = || {
        format!(
            "{text:?} is not a time; write it as 02:00, \"2026-12-01 02:00\" or 2026-12-01T02:00:00Z"
        )
    };
    // a zone in brackets would be read over
    if !text.contains(':') || text.contains('[') {
        return Err(wrong());
    }
    if let Ok(local) = text.parse() {
        return instant(local, now, zone);
    }
    let padded = if text.find(':') == Some(1) {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    let time: Time = padded.parse().map_err(|_| wrong())?;
    let today = now.to_zoned(zone.clone()).date();
    let tomorrow = today.tomorrow().map_err(|_| wrong())?;
    match instant(today.to_datetime(time), now, zone)? {
        None => instant(tomorrow.to_datetime(time), now, zone),
        found => Ok(found),
    }
}

/// When it is this time there; `None` where that is past.
fn instant(local: DateTime, now: Timestamp, zone: &TimeZone) -> Result<Option<Timestamp>, String> {
    let (date, time) = (local.date(), local.time());
    let (offset, trouble) = match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => (offset, None),
        AmbiguousOffset::Gap { before, .. } => {
            let line = format!(
                "there is no {time} on {date}: the clock is set forward then; name another time"
            );
            (before, Some(line))
        }
        AmbiguousOffset::Fold { before, after } => {
            let line = format!(
                "{time} comes twice on {date}, since the clock is set back; say which: {} or {}",
                with(local, before),
                with(local, after)
            );
            (after, Some(line))
        }
    };
    let at = offset
        .to_timestamp(local)
        .map_err(|error| format!("{local} is not a time: {error}"))?;
    match trouble {
        _ if at <= now => Ok(None),
        Some(line) => Err(line),
        None => Ok(Some(at)),
    }
}

/// A local time with what it is ahead of UTC, as RFC 3339 has it.
fn with(local: DateTime, ahead: Offset) -> String {
    let minutes = ahead.seconds().abs() / 60;
    let sign = if ahead.is_negative() { '-' } else { '+' };
    format!("{local}{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

//! Points in time in what tasks wait for, as the clocks of whoever called show them.

use std::sync::LazyLock;
use std::time::SystemTime;

use jiff::tz::TimeZone;
use regex::{Captures, Regex};

use super::table::plain;
use crate::core::report::TaskReport;
use crate::core::time::Timestamp;
use crate::verb::{dated, shown, time_of, zone_here};

/// RFC 3339, UTC, as the supervisor writes it.
static STAMP: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z").ok());

/// Why a task stands where it stands; of one that waits, with the times that are meant here.
pub(super) fn reason(task: &TaskReport) -> Option<String> {
    let reason = plain(task.reason.as_deref()?);
    if !matches!(task.state.as_str(), "queued" | "parked") {
        return Some(reason);
    }
    let now = SystemTime::now().into();
    Some(there(&reason, now, &zone_here()))
}

/// A point in time with its day.
pub(super) fn day(stamp: &str) -> String {
    at(stamp).map_or_else(|| stamp.to_owned(), |at| dated(at, &zone_here()))
}

/// A point in time with its day, to the second.
pub(super) fn moment(stamp: &str) -> String {
    let shown = |at| shown(at, &zone_here(), "%Y-%m-%d %H:%M:%S");
    at(stamp).map_or_else(|| stamp.to_owned(), shown)
}

/// The same to the millisecond, as all that follow each other fast are told apart.
pub(super) fn instant(stamp: &str, zone: &TimeZone) -> String {
    let shown = |at| shown(at, zone, "%Y-%m-%d %H:%M:%S%.3f");
    at(stamp).map_or_else(|| stamp.to_owned(), shown)
}

fn there(text: &str, now: Timestamp, zone: &TimeZone) -> String {
    let Some(stamp) = &*STAMP else {
        return text.to_owned();
    };
    // one that a person chose is told in full
    let chosen = text.starts_with("not before");
    let said = |found: &Captures| match at(&found[0]) {
        Some(at) if chosen => dated(at, zone),
        Some(at) => time_of(at, now, zone),
        None => found[0].to_owned(),
    };
    stamp.replace_all(text, said).into_owned()
}

fn at(stamp: &str) -> Option<Timestamp> {
    humantime::parse_rfc3339(stamp).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_told_by_the_clocks_of_the_caller() {
        let now = at("2026-10-24T18:00:00Z").unwrap();
        let told = |zone: &str, text: &str| there(text, now, &TimeZone::get(zone).unwrap());
        let parked =
            "parked until 2026-10-24T22:05:00.000Z (five-hour limit); revoke gives that up";
        for (zone, when) in [
            ("Europe/Berlin", "Sun 00:05"),
            ("America/New_York", "18:05"),
            ("UTC", "22:05Z"),
        ] {
            let line = format!("parked until {when} (five-hour limit); revoke gives that up");
            assert_eq!(told(zone, parked), line);
        }
        // the clocks are set back in between
        let later = "not before 2026-10-25T02:30:00.000Z";
        assert_eq!(told("Europe/Berlin", later), "not before 2026-10-25 03:30");
        for other in [
            "directory held by #3: /r/2026-10-24",
            "not before 9999-99-99T00:00:00.000Z",
        ] {
            assert_eq!(told("Europe/Berlin", other), other);
        }
    }
}

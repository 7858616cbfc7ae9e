//! Points in time as people read them, where they are.

use jiff::tz::TimeZone;
use jiff::{Unit, Zoned};

use crate::core::time::Timestamp;

/// A point in time as clocks there show it. What is past their years is their last day.
pub fn local(at: Timestamp, zone: &TimeZone) -> Zoned {
    let ms = i64::try_from(at.0).unwrap_or(i64::MAX);
    let most = jiff::Timestamp::MAX.as_millisecond();
    let at = jiff::Timestamp::from_millisecond(ms.min(most)).unwrap_or(jiff::Timestamp::MAX);
    at.to_zoned(zone.clone())
}

/// In a form of strftime(3), with a Z where it is UTC.
pub fn shown(at: Timestamp, zone: &TimeZone, form: &str) -> String {
    let at = local(at, zone);
    let utc = zone.to_offset_info(at.timestamp()).abbreviation() == "UTC";
    format!("{}{}", at.strftime(form), if utc { "Z" } else { "" })
}

/// Day, hour and minute there: "2026-11-22 02:00".
pub fn dated(at: Timestamp, zone: &TimeZone) -> String {
    shown(at, zone, "%Y-%m-%d %H:%M")
}

/// The time of day there: "14:05"; with the day where it isn't today: "Fri 14:05",
/// "2026-12-24 14:05".
pub fn time_of(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (day, today) = (local(at, zone).date(), local(now, zone).date());
    let days = today
        .until((Unit::Day, day))
        .map_or(i32::MAX, |span| span.get_days());
    match days {
        0 => shown(at, zone, "%H:%M"),
        -6..=6 => shown(at, zone, "%a %H:%M"),
        _ => dated(at, zone),
    }
}

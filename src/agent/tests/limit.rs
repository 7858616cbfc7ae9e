//! Limits as texts tell of them.

use serde_json::json;

use crate::agent::limit::{duration, moment, reached};
use crate::core::agent::clock::Day;
use crate::core::time::Timestamp;

#[test]
fn a_while_is_read_in_all_the_ways_it_is_written() {
    let minute = 60_000;
    for (text, ms) in [
        (
            "2 days 3 hours 5 minutes.",
            Some((2 * 1440 + 3 * 60 + 5) * minute),
        ),
        ("1 day and 2 hours", Some((1440 + 120) * minute)),
        ("2h5m3s.", Some(125 * minute + 3000)),
        ("21h53m56s", Some((21 * 60 + 53) * minute + 56_000)),
        ("0.5s", Some(500)),
        ("1234ms...", Some(1234)),
        ("less than a minute", Some(minute)),
        ("5 months", None),
        ("5", None),
        ("soon", None),
        ("99999999999999999999 days", None),
        ("1.2.3 hours", None),
        ("", None),
    ] {
        assert_eq!(duration(text), ms, "{text}");
    }
}

#[test]
fn a_time_of_day_is_read_in_all_the_ways_it_is_written() {
    let nov = Some(Day::Date(2026, 11, 27));
    let no_year = Some(Day::OfYear(12, 1));
    for (text, day, minute) in [
        ("try again at 3:05 PM.", None, 905),
        ("try again at 12:05 AM.", None, 5),
        ("try again at 12:00 PM", None, 720),
        ("resets 3pm (Europe/Madrid)", None, 900),
        ("resets at 15:05", None, 905),
        ("try again at Nov 27th, 2026 3:39 AM.", nov, 219),
        ("try again at November 27, 2026 at 3:39 am", nov, 219),
        ("resets Dec 1 at 3pm (Europe/Berlin)", no_year, 900),
        ("resets Dec 1, 3pm", no_year, 900),
        ("resets December 1st, 15:00", no_year, 900),
        ("resets Mon 10:00 AM", Some(Day::OfWeek(1)), 600),
        ("resets on Sunday at 9am (UTC)", Some(Day::OfWeek(7)), 540),
    ] {
        let limited = reached(&format!("You've hit your usage limit. Go on, or {text}")).unwrap();
        let clock = limited.clock.unwrap_or_else(|| panic!("{text}"));
        assert_eq!((clock.day, clock.minute), (day, minute), "{text}");
    }
    for text in [
        "try again at 25:00",
        "try again at 13:00 PM",
        "try again at 7",
        "try again at Foo 1st, 2026 1:00 PM",
        "try again at Foo 1st, 1:00 PM",
        "try again in the 3:05 PM",
        "try again later",
    ] {
        let limited = reached(&format!("You've hit your usage limit. {text}")).unwrap();
        assert_eq!(
            (limited.clock, limited.resets_in_ms),
            (None, None),
            "{text}"
        );
    }
}

#[test]
fn the_zone_of_a_time_of_day_is_what_the_text_says() {
    for (text, zone) in [
        ("resets 11pm (Asia/Tokyo)", Some("Asia/Tokyo")),
        (
            "resets 4:21am (America/Argentina/Buenos_Aires)",
            Some("America/Argentina/Buenos_Aires"),
        ),
        ("resets Dec 1, 9am (Etc/GMT+5)", Some("Etc/GMT+5")),
        ("resets 4:21am (UTC)", Some("UTC")),
        ("resets at 15:05 UTC.", Some("UTC")),
        ("resets at 15:05.", None),
        ("resets 3pm (if you are lucky)", None),
    ] {
        let limited = reached(&format!("You've hit your session limit · {text}")).unwrap();
        assert_eq!(limited.clock.unwrap().zone.as_deref(), zone, "{text}");
        assert_eq!(limited.resets_in_ms, None);
    }
}

#[test]
fn a_point_in_time_is_read_in_all_the_ways_it_is_written() {
    let at = Some(Timestamp(1_795_234_865_000));
    for value in [
        json!(1_795_234_865),
        json!(1_795_234_865.0),
        json!(1_795_234_865_000_u64),
        json!("2026-11-21T04:21:05Z"),
        json!("2026-11-21T05:21:05+01:00"),
    ] {
        assert_eq!(moment(&value), at, "{value}");
    }
    for value in [json!(null), json!("soon"), json!(-5), json!(0), json!({})] {
        assert_eq!(moment(&value), None, "{value}");
    }
}

#[test]
fn not_every_try_again_is_a_limit() {
    assert_eq!(reached("The server is busy. Try again in 5 minutes."), None);
    assert_eq!(reached(""), None);
}

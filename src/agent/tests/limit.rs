//! Limits as texts tell of them.

use crate::agent::limit::{duration, reached};
use crate::core::agent::clock::Clock;

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
    let nov = Some((2026, 11, 27));
    for (text, day, minute) in [
        ("try again at 3:05 PM.", None, 905),
        ("try again at 12:05 AM.", None, 5),
        ("try again at 12:00 PM", None, 720),
        ("resets 3pm (Europe/Madrid)", None, 900),
        ("resets at 15:05", None, 905),
        ("try again at Nov 27th, 2026 3:39 AM.", nov, 219),
        ("try again at November 27, 2026 at 3:39 am", nov, 219),
    ] {
        let limited = reached(&format!("You've hit your usage limit. Go on, or {text}")).unwrap();
        assert_eq!(limited.clock, Some(Clock { day, minute }), "{text}");
    }
    for text in [
        "try again at 25:00",
        "try again at 13:00 PM",
        "try again at 7",
        "try again at Foo 1st, 2026 1:00 PM",
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
fn not_every_try_again_is_a_limit() {
    assert_eq!(reached("The server is busy. Try again in 5 minutes."), None);
    assert_eq!(reached(""), None);
}

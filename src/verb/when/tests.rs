use super::*;

/// Berlin's rules: an hour is left out on 29 March 2026, and comes twice on 25 October.
const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

fn read(text: &str, now: &str) -> Result<String, String> {
    let zone = TimeZone::posix(BERLIN).unwrap();
    at(text, now.parse().unwrap(), &zone).map(|at| at.to_string())
}

#[track_caller]
fn is(text: &str, now: &str, wanted: &str) {
    assert_eq!(read(text, now).unwrap(), wanted, "{text}");
}

#[track_caller]
fn fails(text: &str, now: &str, parts: &[&str]) {
    let line = read(text, now).unwrap_err();
    assert!(!line.contains('\n'), "{line:?}");
    for part in parts {
        assert!(line.contains(part), "{text}: {line}");
    }
}

#[test]
fn a_time_of_day_is_the_next_such() {
    let noon = "2026-11-25T12:00:00+01:00";
    is("13:00", noon, "2026-11-25T12:00:00.000Z");
    is("12:00", noon, "2026-11-26T11:00:00.000Z");
    is("2:00", noon, "2026-11-26T01:00:00.000Z");
    is("12:00:01", noon, "2026-11-25T11:00:01.000Z");
    // the clock is set between now and then
    is(
        "06:00",
        "2026-03-28T12:00:00+01:00",
        "2026-03-29T04:00:00.000Z",
    );
    is(
        "06:00",
        "2026-10-24T12:00:00+02:00",
        "2026-10-25T05:00:00.000Z",
    );
    // the year ends
    is(
        "00:30",
        "2026-12-31T23:59:00+01:00",
        "2026-12-31T23:30:00.000Z",
    );
}

#[test]
fn a_date_and_rfc_3339_are_taken_as_they_are() {
    let noon = "2026-11-25T12:00:00+01:00";
    is("2026-12-01 02:00", noon, "2026-12-01T01:00:00.000Z");
    is("2026-12-01T02:00:30", noon, "2026-12-01T01:00:30.000Z");
    is("2026-12-01T02:00:00Z", noon, "2026-12-01T02:00:00.000Z");
    is("2026-12-01T02:00-05:00", noon, "2026-12-01T07:00:00.000Z");
}

#[test]
fn a_time_that_comes_twice_or_never_is_refused() {
    let before = "2026-03-28T12:00:00+01:00";
    fails(
        "02:30",
        before,
        &["no 02:30:00 on 2026-03-29", "set forward"],
    );
    fails("2026-03-29 02:30", before, &["set forward"]);
    is("03:00", before, "2026-03-29T01:00:00.000Z");
    // the day that lacks it is over
    is(
        "02:30",
        "2026-03-29T12:00:00+02:00",
        "2026-03-30T00:30:00.000Z",
    );
    let before = "2026-10-24T12:00:00+02:00";
    fails(
        "02:30",
        before,
        &[
            "02:30:00 comes twice on 2026-10-25",
            "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00",
        ],
    );
    is(
        "2026-10-25T02:30:00+01:00",
        before,
        "2026-10-25T01:30:00.000Z",
    );
    is(
        "02:30",
        "2026-10-25T12:00:00+01:00",
        "2026-10-26T01:30:00.000Z",
    );
}

#[test]
fn what_is_past_far_away_or_no_time_is_refused() {
    let noon = "2026-11-25T12:00:00+01:00";
    fails(
        "2026-11-25 11:59",
        noon,
        &["is past", "2026-11-25 12:00 now"],
    );
    fails("2025-12-01T02:00:00Z", noon, &["is past"]);
    fails("2026-11-25T12:00:00+01:00", noon, &["is past"]);
    fails("2028-01-01 00:00", noon, &["more than a year away"]);
    fails("9999-12-31 23:59:59", noon, &["9999-12-31"]);
    for text in [
        "",
        "25:00",
        "12:60",
        "noon",
        "02",
        "-1:00",
        "2026-02-30 12:00",
        "12:00 PM",
        "2026-12-01",
        "2026-12-01T02:00[Europe/Paris]",
        "99999-01-01 12:00",
    ] {
        fails(text, noon, &["is not a time", "02:00"]);
    }
}

#[test]
fn the_callers_zone_is_where_it_lives() {
    let of = |tz: Option<&str>| {
        let env = tz.map(|tz| ("TZ".into(), tz.into()));
        let env = env.into_iter().collect();
        zone(&Caller {
            dir: "/".into(),
            env,
        })
    };
    let noon: Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
    for (tz, ahead) in [("", 0), ("UTC", 0), (BERLIN, 3_600), (":EST5", -18_000)] {
        let zone = of(Some(tz)).unwrap();
        assert_eq!(zone.to_offset(noon).seconds(), ahead, "{tz}");
    }
    assert!(of(None).is_ok());
    for tz in ["No/Such", "/no/such", "/dev/null", "\u{1b}"] {
        let line = of(Some(tz)).unwrap_err();
        assert!(line.contains("which is no time zone"), "{line}");
    }
}

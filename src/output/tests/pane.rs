use proptest::prelude::*;
use ratatui::style::{Color, Style};

use super::super::display::clean;
use super::super::lines::{Bytes, Slice, end_of};
use super::super::ring::Ring;
use super::super::wrap;
use super::super::{Layout, Pane, RowKind};
use super::output;

/// Lays out, fetching from `log` (whose first byte is at `first`) what is missing.
fn show(pane: &mut Pane, ring: &mut Ring, first: u64, log: &[u8]) -> Layout {
    for _ in 0..200 {
        let layout = pane.layout(ring);
        let Some(missing) = layout.missing.clone() else {
            return layout;
        };
        let range = (missing.start - first) as usize..(missing.end - first) as usize;
        ring.insert(missing.start, &log[range]);
    }
    panic!("bytes are missing still");
}

fn ring_of(first: u64, log: &[u8]) -> Ring {
    let mut ring = Ring::default();
    ring.set_bounds(first, first + log.len() as u64);
    ring
}

fn texts(layout: &Layout) -> Vec<String> {
    layout.rows.iter().map(super::super::Row::text).collect()
}

/// Every row of the log, the plain way.
fn naive(first: u64, log: &[u8], cols: u16) -> Vec<(u64, u16, String)> {
    let slice = Slice {
        offset: first,
        bytes: log,
        first,
    };
    let mut rows = Vec::new();
    let mut line = first;
    while line < slice.bounds().end {
        let end = end_of(&slice, line).unwrap();
        let clean = clean(
            &log[(line - first) as usize..(end - first) as usize],
            &mut Style::default(),
        );
        for (part, range) in wrap::rows(&clean.text, cols).into_iter().enumerate() {
            rows.push((
                line,
                part as u16,
                wrap::draw(&clean, range, cols, &[]).0.to_string(),
            ));
        }
        line = end;
    }
    rows
}

fn shown(layout: &Layout) -> Vec<(u64, u16, String)> {
    let text = layout.rows.iter().filter(|row| row.kind == RowKind::Text);
    text.map(|row| (row.offset, row.part, row.text())).collect()
}

fn numbered(lines: usize) -> Vec<u8> {
    (0..lines)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect()
}

#[test]
fn follows_the_end_with_a_prompt_that_is_no_whole_line() {
    let log = b"one\ntwo\nthree\nName? ";
    let mut ring = ring_of(0, log);
    let mut pane = Pane::new(20, 3);
    let layout = show(&mut pane, &mut ring, 0, log);
    assert_eq!(texts(&layout), ["two", "three", "Name? "]);
    assert!(layout.following && layout.position > 0.99);
    assert_eq!((layout.above, layout.below, layout.dropped), (4, 0, 0));
}

#[test]
fn an_empty_log_has_no_rows() {
    let layout = Pane::new(1, 1).layout(&Ring::default());
    assert_eq!((layout.rows.len(), layout.missing), (0, None));
}

#[test]
fn who_reads_is_not_moved_by_growth_nor_by_dropping() {
    let log = numbered(100_000);
    let (early, late) = (400_000, log.len());
    let mut ring = ring_of(0, &log[..early]);
    let mut pane = Pane::new(30, 10);
    show(&mut pane, &mut ring, 0, &log);
    pane.page(-3);
    let before = show(&mut pane, &mut ring, 0, &log);
    assert!(!before.following);
    ring.set_bounds(300_000, late as u64);
    ring.insert(late as u64 - 1000, &log[late - 1000..]);
    let after = show(&mut pane, &mut ring, 0, &log);
    assert_eq!(texts(&before), texts(&after));
    // the first row's line is now the first kept one: still nothing moves
    let first = before.rows[0].offset;
    ring.set_bounds(first, late as u64);
    assert_eq!(texts(&show(&mut pane, &mut ring, 0, &log)), texts(&before));
    // until what is read is gone itself
    ring.set_bounds(first + 3, late as u64);
    let clamped = show(&mut pane, &mut ring, 0, &log);
    assert_eq!(clamped.rows[0].kind, RowKind::Dropped);
    assert!(texts(&clamped)[0].contains("KiB dropped"));
    assert_eq!(texts(&clamped)[2..], texts(&before)[1..9]);
}

#[test]
fn the_top_tells_what_was_dropped() {
    let log = numbered(50);
    let mut ring = ring_of(3 << 30, &log);
    let mut pane = Pane::new(40, 5);
    show(&mut pane, &mut ring, 3 << 30, &log);
    pane.to_top();
    let layout = show(&mut pane, &mut ring, 3 << 30, &log);
    assert_eq!(texts(&layout)[..2], ["— 3.0 GiB dropped —", "line 0"]);
    assert_eq!((layout.above, layout.dropped), (0, 3 << 30));
    pane.scroll(1);
    assert_eq!(
        texts(&show(&mut pane, &mut ring, 3 << 30, &log))[0],
        "line 0"
    );
    pane.scroll(-9);
    assert_eq!(
        show(&mut pane, &mut ring, 3 << 30, &log).rows[0].kind,
        RowKind::Dropped
    );
    // all of it gone
    ring.set_bounds(4 << 30, 4 << 30);
    assert_eq!(texts(&pane.layout(&ring)), ["— 4.0 GiB dropped —"]);
}

#[test]
fn scrolling_to_the_end_follows_again() {
    let log = numbered(100);
    let mut ring = ring_of(0, &log);
    let mut pane = Pane::new(30, 10);
    show(&mut pane, &mut ring, 0, &log);
    pane.scroll(-5);
    assert!(!show(&mut pane, &mut ring, 0, &log).following);
    pane.scroll(4);
    assert!(!show(&mut pane, &mut ring, 0, &log).following);
    pane.scroll(1);
    let layout = show(&mut pane, &mut ring, 0, &log);
    assert!(layout.following);
    assert_eq!(texts(&layout)[9], "line 99");
    pane.hold();
    let held = show(&mut pane, &mut ring, 0, &log);
    assert!(!held.following);
    assert_eq!(texts(&held), texts(&layout));
}

#[test]
fn a_jump_shows_the_line_a_third_down_and_the_last_page_full() {
    let log = numbered(1000);
    let mut ring = ring_of(0, &log);
    let mut pane = Pane::new(30, 9);
    let line = naive(0, &log, 30)[500].0;
    pane.jump(line + 2);
    let layout = show(&mut pane, &mut ring, 0, &log);
    assert_eq!(texts(&layout)[3], "line 500");
    pane.jump(u64::MAX);
    let layout = show(&mut pane, &mut ring, 0, &log);
    assert_eq!(texts(&layout)[8], "line 999");
    assert!(!layout.following);
}

#[test]
fn a_flood_is_read_at_its_end_alone() {
    let mut ring = Ring::default();
    let mut pane = Pane::new(80, 24);
    ring.set_bounds(0, 40);
    ring.insert(0, b"what was read before the flood came on\n.");
    ring.set_bounds(0, 5 << 30);
    let layout = pane.layout(&ring);
    assert_eq!(layout.rows.len(), 2);
    let missing = layout.missing.unwrap();
    assert_eq!(missing.end, 5 << 30);
    assert!(missing.end - missing.start <= 512 << 10);
}

#[test]
fn colour_from_above_the_window_is_kept() {
    let mut log = b"\x1b[31mred from here\n".to_vec();
    log.extend(numbered(40));
    let mut ring = ring_of(0, &log);
    let layout = show(&mut Pane::new(30, 4), &mut ring, 0, &log);
    assert!(
        layout
            .rows
            .iter()
            .all(|row| row.line.spans[0].style.fg == Some(Color::Red))
    );
}

#[test]
fn a_huge_line_is_shown_without_being_read() {
    let end = 100 << 20;
    let mut ring = Ring::default();
    ring.set_bounds(0, end);
    let mut pane = Pane::new(80, 50);
    let mut fetched = 0;
    for at in [None, Some(50 << 20), Some(0)] {
        if let Some(at) = at {
            pane.jump(at);
        }
        while let Some(missing) = pane.layout(&ring).missing {
            fetched += missing.end - missing.start;
            ring.insert(
                missing.start,
                &vec![b'x'; (missing.end - missing.start) as usize],
            );
        }
        assert_eq!(pane.layout(&ring).rows.len(), 50);
    }
    assert!(fetched < 3 << 20, "{fetched} bytes were read");
}

#[test]
fn matches_are_marked_across_rows() {
    let log = b"say hello world\n";
    let mut ring = ring_of(0, log);
    let mut pane = Pane::new(6, 5);
    pane.highlight(super::super::Pattern::new("hello").ok().map(Into::into));
    let layout = show(&mut pane, &mut ring, 0, log);
    let found = layout.rows.iter().flat_map(|row| &row.matches);
    let found: Vec<_> = found.map(|columns| (columns.start, columns.end)).collect();
    assert_eq!(found, [(4, 6), (0, 3)]);
    assert!(layout.rows[0].wrapped && !layout.rows[2].wrapped);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn following_shows_the_end_of_all_rows(
        log in output(), first in 0u64..70_000, cols in 1u16..120, rows in 1u16..60
    ) {
        let mut ring = ring_of(first, &log);
        let layout = show(&mut Pane::new(cols, rows), &mut ring, first, &log);
        let all = naive(first, &log, cols);
        let from = all.len().saturating_sub(usize::from(rows));
        prop_assert_eq!(shown(&layout), &all[from..]);
    }

    /// Any walk through the log shows, at each step, the very rows that counting says.
    #[test]
    fn scrolling_shows_what_counting_says(
        log in output(), first in prop_oneof![Just(0u64), 1u64..70_000],
        cols in 1u16..100, rows in 1u16..40, steps in prop::collection::vec(-90i64..90, 1..12)
    ) {
        let mut ring = ring_of(first, &log);
        let mut pane = Pane::new(cols, rows);
        let all = naive(first, &log, cols);
        let marker = i64::from(first > 0);
        let total = all.len() as i64 + marker;
        let last = (total - i64::from(rows)).max(0);
        let mut top = last;
        for step in steps {
            pane.scroll(step);
            top = (top + step).clamp(0, last);
            let layout = show(&mut pane, &mut ring, first, &log);
            let from = (top - marker).max(0) as usize;
            let to = (top + i64::from(rows) - marker).clamp(0, all.len() as i64) as usize;
            prop_assert_eq!(shown(&layout), &all[from..to]);
            prop_assert_eq!(layout.rows.len() as i64, total.min(i64::from(rows)));
        }
    }

    /// Up and down again is where one was, whatever was written meanwhile.
    #[test]
    fn up_and_down_again(log in output(), more in output(), up in 1i64..60, further in 1i64..60) {
        // what goes on in the last line may change that line
        let all = [&log[..], b"\n", &more[..]].concat();
        prop_assume!(naive(0, &log, 40).len() as i64 > up + further + 12);
        let mut ring = ring_of(0, &log);
        let mut pane = Pane::new(40, 12);
        pane.scroll(-up);
        let before = show(&mut pane, &mut ring, 0, &log);
        ring.set_bounds(0, all.len() as u64);
        pane.scroll(-further);
        let above = show(&mut pane, &mut ring, 0, &all);
        prop_assert!(above.rows[0].offset <= before.rows[0].offset);
        pane.scroll(further);
        prop_assert_eq!(shown(&show(&mut pane, &mut ring, 0, &all)), shown(&before));
    }

    #[test]
    fn resizing_never_breaks(log in output(), sizes in prop::collection::vec((0u16..90, 0u16..40, -50i64..50), 1..8)) {
        let mut ring = ring_of(9, &log);
        let mut pane = Pane::new(0, 0);
        for (cols, rows, scroll) in sizes {
            pane.resize(cols, rows);
            pane.scroll(scroll);
            let layout = show(&mut pane, &mut ring, 9, &log);
            prop_assert!(layout.rows.len() <= usize::from(rows.max(1)));
            prop_assert!(layout.rows.iter().all(|row| row.line.width() <= usize::from(cols.max(1)) * 2));
        }
    }
}

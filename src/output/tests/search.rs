use std::fs;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::tempdir;

use super::super::Pattern;
use super::super::display::searchable;
use super::super::lines::{Bytes, Slice, end_of};
use super::super::search::{Ask, Found, Hits, MAX_HITS, Search};
use super::{output, write_log};
use crate::core::log::segment_name;

const SOON: Duration = Duration::from_secs(60);

fn start(dir: &std::path::Path, pattern: &str) -> (Search, mpsc::Receiver<Hits>) {
    let (send, hits) = mpsc::channel();
    let ask = Ask {
        generation: 7,
        dir: dir.to_owned(),
        pattern: Arc::new(Pattern::new(pattern).unwrap()),
    };
    let search = Search::start(ask, move |hits| send.send(hits).unwrap_or_default());
    (search.unwrap(), hits)
}

fn finish(hits: &mpsc::Receiver<Hits>, found: &mut Found) {
    loop {
        let hits = hits.recv_timeout(SOON).unwrap();
        assert_eq!(hits.generation, 7);
        found.add(&hits);
        if hits.done {
            return;
        }
    }
}

fn all(dir: &std::path::Path, pattern: &str) -> Found {
    let (_search, hits) = start(dir, pattern);
    let mut found = Found::default();
    finish(&hits, &mut found);
    found
}

#[test]
fn smart_case() {
    let log = b"Error\nerror\nERROR\nfine\n";
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, log, 100);
    assert_eq!(all(dir.path(), "error").offsets(), [0, 6, 12]);
    assert_eq!(all(dir.path(), "Error").offsets(), [0]);
    assert_eq!(all(dir.path(), r"\S\Sne").offsets(), [18]);
    assert_eq!(all(dir.path(), r"^f.*e$").offsets(), [18]);
    assert_eq!(all(dir.path(), r"\Aerror\z").offsets(), [0, 6, 12]);
    assert_eq!(all(dir.path(), r"[^x]+fine").offsets(), [0u64; 0]);
}

#[test]
fn a_pattern_that_is_none_says_so_in_one_line() {
    for bad in ["(", "[a", "x{99999}{99999}", "*"] {
        let error = Pattern::new(bad).unwrap_err();
        assert!(
            !error.contains('\n') && error.contains("pattern"),
            "{error}"
        );
    }
}

#[test]
fn colour_and_progress_do_not_hide_a_match() {
    let log = b"er\x1b[31mror\x1b[0m\n10%\rdone ok\r\nnothing\n";
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, log, 5);
    assert_eq!(all(dir.path(), "^error$").offsets(), [0]);
    assert_eq!(all(dir.path(), "done").offsets(), [15]);
    assert_eq!(all(dir.path(), "10%").offsets(), [0u64; 0]);
    assert_eq!(all(dir.path(), "x*").offsets(), [0u64; 0]);
}

#[test]
fn what_is_written_later_is_searched_when_told() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, b"a hit\nno\na h", 100);
    let (search, hits) = start(dir.path(), "hit");
    let mut found = Found::default();
    finish(&hits, &mut found);
    assert_eq!(found.offsets(), [0]);
    fs::write(dir.path().join(segment_name(12)), b"it\nhit\n").unwrap();
    search.extend(19);
    finish(&hits, &mut found);
    assert_eq!(found.offsets(), [0, 9, 15]);
    assert_eq!(
        (found.after(0), found.before(9), found.before(0)),
        (Some(9), Some(0), None)
    );
    drop(search);
    assert!(
        hits.recv_timeout(SOON)
            .is_err_and(|e| e == mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
fn hits_are_bounded_and_the_newest_come_first() {
    let dir = tempdir().unwrap();
    let log = b"hit\n".repeat(MAX_HITS + 500_000);
    write_log(dir.path(), 0, &log, 1 << 20);
    let found = all(dir.path(), "hit");
    assert_eq!(found.offsets().len(), MAX_HITS);
    assert!(found.capped);
    assert!(found.offsets()[0] > log.len() as u64 / 2);
}

#[test]
fn a_log_that_is_not_there_is_an_error() {
    let dir = tempdir().unwrap();
    let found = all(&dir.path().join("gone"), "x");
    assert!(found.done && found.error.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn finds_what_a_plain_loop_finds(
        parts in prop::collection::vec(output(), 1..4), first in 0u64..50_000, size in 9000usize..90_000,
        pattern in prop::sample::select(vec!["y", "[a-c]", r"\s", r"^$", r"[^a]+b", r"\w+ \w", r"(?s)a.*b", "é|世", r"\d$"])
    ) {
        let log = parts.concat();
        let dir = tempdir().unwrap();
        write_log(dir.path(), first, &log, size);
        let regex = regex::bytes::RegexBuilder::new(pattern).case_insensitive(true).multi_line(true).build().unwrap();
        let slice = Slice { offset: first, bytes: &log, first };
        let mut expected = Vec::new();
        let mut line = first;
        while line < slice.bounds().end {
            let end = end_of(&slice, line).unwrap();
            let text = searchable(&log[(line - first) as usize..(end - first) as usize]);
            if regex.find_iter(&text).any(|found| !found.is_empty()) {
                expected.push(line);
            }
            line = end;
        }
        let found = all(dir.path(), pattern);
        prop_assert_eq!(found.offsets(), expected);
        prop_assert!(found.done && found.scanned.0 == found.scanned.1);
    }
}

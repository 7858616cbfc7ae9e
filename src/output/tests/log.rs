use std::fs;
use std::io::ErrorKind;

use proptest::prelude::*;
use tempfile::tempdir;

use super::super::log::{Copied, LogFiles};
use super::{output, write_log};
use crate::core::log::segment_name;

fn whole(log: &mut LogFiles) -> (Vec<u8>, Copied) {
    let mut out = Vec::new();
    let copied = log.copy_to(0..u64::MAX, &mut out).unwrap();
    (out, copied)
}

#[test]
fn a_log_without_segments_is_empty() {
    let dir = tempdir().unwrap();
    let mut log = LogFiles::open(dir.path()).unwrap();
    assert_eq!(log.bounds().unwrap(), 0..0);
    assert_eq!(log.read_at(0, &mut [0; 8]).unwrap(), (0, 0));
    assert_eq!(log.tail(10).unwrap(), 0);
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let dir = tempdir().unwrap();
    let error = LogFiles::open(&dir.path().join("7.1")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("7.1"));
}

#[test]
fn growth_and_dropping_are_seen_while_open() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, b"0123456789", 4);
    let mut log = LogFiles::open(dir.path()).unwrap();
    assert_eq!(whole(&mut log).0, b"0123456789");
    fs::write(dir.path().join(segment_name(8)), b"89ab").unwrap();
    fs::write(dir.path().join(segment_name(12)), b"cd").unwrap();
    let mut out = Vec::new();
    assert_eq!(log.copy_to(10..u64::MAX, &mut out).unwrap().next, 14);
    assert_eq!(out, b"abcd");
    fs::remove_file(dir.path().join(segment_name(0))).unwrap();
    fs::remove_file(dir.path().join(segment_name(4))).unwrap();
    let mut fresh = LogFiles::open(dir.path()).unwrap();
    assert_eq!(fresh.bounds().unwrap(), 8..14);
    let (bytes, copied) = whole(&mut fresh);
    assert_eq!(bytes, b"89abcd");
    assert_eq!((copied.bytes, copied.skipped), (6, 8));
    let mut three = [0; 3];
    assert_eq!(fresh.read_at(2, &mut three).unwrap(), (8, 3));
    assert_eq!(&three, b"89a");
}

#[test]
fn a_segment_that_goes_between_look_and_read_is_passed_over() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, b"aaaabbbbcccc", 4);
    let mut log = LogFiles::open(dir.path()).unwrap();
    fs::remove_file(dir.path().join(segment_name(0))).unwrap();
    let mut two = [0; 2];
    assert_eq!(log.read_at(1, &mut two).unwrap(), (4, 2));
}

#[test]
fn gaps_foreign_files_and_wrong_lengths_shift_nothing() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 0, b"aaaabbbbccccdddd", 4);
    fs::remove_file(dir.path().join(segment_name(4))).unwrap();
    // longer than the next one's name says
    fs::write(dir.path().join(segment_name(8)), b"ccccWRONG").unwrap();
    fs::write(dir.path().join("status.json"), b"{}").unwrap();
    fs::write(dir.path().join("99999999999999999999.log"), b"?").unwrap();
    fs::write(dir.path().join("18446744073709551615.log"), b"?").unwrap();
    fs::create_dir(dir.path().join(segment_name(2))).unwrap();
    let mut log = LogFiles::open(dir.path()).unwrap();
    assert_eq!(log.bounds().unwrap(), 8..16);
    let (bytes, copied) = whole(&mut log);
    assert_eq!(bytes, b"aaaaccccdddd");
    assert_eq!((copied.bytes, copied.skipped, copied.next), (12, 4, 16));
    // truncated behind our back
    fs::write(dir.path().join(segment_name(8)), b"c").unwrap();
    assert_eq!(whole(&mut log).0, b"aaaacdddd");
}

#[test]
fn the_tail_counts_line_feeds() {
    let dir = tempdir().unwrap();
    write_log(dir.path(), 100, b"one\ntwo\n\nfour", 3);
    let mut log = LogFiles::open(dir.path()).unwrap();
    let starts: Vec<u64> = (0..6).map(|n| log.tail(n).unwrap()).collect();
    assert_eq!(starts, [113, 109, 108, 104, 100, 100]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn reading_agrees_with_the_bytes(
        text in output(), offset in 0u64..100_000, size in 500usize..9000,
        from in any::<prop::sample::Index>(), length in 0u64..70_000, lines in 0u64..40
    ) {
        let dir = tempdir().unwrap();
        write_log(dir.path(), offset, &text, size);
        let mut log = LogFiles::open(dir.path()).unwrap();
        let end = offset + text.len() as u64;
        if !text.is_empty() {
            prop_assert_eq!(log.bounds().unwrap(), offset..end);
            let at = from.index(text.len());
            let mut out = Vec::new();
            log.copy_to(offset + at as u64..offset + at as u64 + length, &mut out).unwrap();
            prop_assert_eq!(&out[..], &text[at..text.len().min(at + length as usize)]);
            let start = (log.tail(lines).unwrap() - offset) as usize;
            let naive: Vec<&[u8]> = text.split_inclusive(|b| *b == b'\n').collect();
            let kept = naive.len().min(lines as usize);
            prop_assert_eq!(&text[start..], &naive[naive.len() - kept..].concat()[..]);
        }
    }
}

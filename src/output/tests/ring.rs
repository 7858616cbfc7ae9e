use std::sync::LazyLock;

use proptest::prelude::*;

use super::super::reader::Block;
use super::super::ring::Ring;
use crate::core::id::{RunId, TaskId};

fn block(asked: std::ops::Range<u64>, offset: u64, bytes: &[u8], first: u64, end: u64) -> Block {
    Block {
        run: RunId {
            task: TaskId(1),
            number: 1,
        },
        asked,
        offset,
        bytes: bytes.to_vec(),
        first,
        end,
        error: None,
    }
}

#[test]
fn what_cannot_be_read_is_not_asked_for_again_until_the_log_changes() {
    let mut ring = Ring::default();
    ring.set_bounds(0, 1000);
    assert_eq!(ring.wants(0..1000), Some(0..1000));
    ring.accept(&block(0..1000, 0, b"", 0, 0));
    assert_eq!(ring.wants(0..1000), None);
    assert!(ring.trouble().is_some());
    ring.set_bounds(0, 1001);
    assert_eq!(ring.wants(0..1001), Some(0..1001));
    assert_eq!(ring.trouble(), None);
}

#[test]
fn all_dropped_is_no_trouble() {
    let mut ring = Ring::default();
    ring.set_bounds(0, 1000);
    ring.accept(&block(0..1000, 0, b"", 1000, 0));
    assert_eq!((ring.bounds(), ring.trouble()), (1000..1000, None));
}

#[test]
fn dropped_bytes_are_let_go() {
    let mut ring = Ring::default();
    ring.insert(0, &vec![7; 300_000]);
    ring.set_bounds(200_000, 300_000);
    assert!(ring.held() < 170_000);
    assert!(!ring.copy(199_999..200_001, &mut Vec::new()));
    assert!(ring.copy(200_000..300_000, &mut Vec::new()));
}

/// Bytes that differ from place to place.
static LOG: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..3_400_000u32)
        .map(|i| (i ^ (i >> 8) ^ (i >> 16)) as u8)
        .collect()
});

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    /// Whatever is inserted, read, evicted and dropped: what is held is what was
    /// written, the cap holds, and what is wanted, once brought, completes a range.
    #[test]
    fn agrees_with_a_vec(steps in prop::collection::vec((0u64..3_000_000, 1u64..400_000, 0u8..10), 1..40)) {
        let log = &*LOG;
        let cap = 600_000;
        let mut ring = Ring::new(cap);
        ring.set_bounds(0, log.len() as u64);
        for (from, length, kind) in steps {
            let range = from.max(ring.bounds().start)..(from + length).max(ring.bounds().start + 1);
            if kind == 0 {
                ring.set_bounds(from / 4, log.len() as u64);
                continue;
            }
            if kind < 3 {
                ring.insert(range.start, &log[range.start as usize..range.end as usize]);
            }
            for _ in 0..20 {
                let Some(wanted) = ring.wants(range.clone()) else { break };
                prop_assert!(wanted.start >= ring.bounds().start && wanted.end <= range.end);
                ring.insert(wanted.start, &log[wanted.start as usize..wanted.end as usize]);
            }
            prop_assert!(ring.held() <= cap);
            let mut out = Vec::new();
            prop_assert!(ring.copy(range.clone(), &mut out));
            prop_assert!(out == log[range.start as usize..range.end as usize]);
        }
    }
}

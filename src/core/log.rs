//! How a run's output lies on disk. The shim writes it, everybody else reads it.
//!
//! A log is a directory of segments. A segment's name is the offset of its first
//! byte in the run's output, so the directory alone tells what was written (the
//! last segment's offset plus its length) and what was dropped (the first
//! segment's offset): there is no index that could disagree with the data.

/// What a segment's file name ends with.
pub const SUFFIX: &str = ".log";

/// The file name of the segment that begins at `offset`. Names sort as offsets do.
pub fn segment_name(offset: u64) -> String {
    format!("{offset:020}{SUFFIX}")
}

/// The offset that a segment's file name tells; `None` for any other file.
pub fn segment_offset(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(SUFFIX)?;
    (digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.parse().ok())?
}

/// The segment size for a log of at most `cap` bytes: a 32nd of it, so that
/// dropping the oldest segment costs little history; between 4 KiB and 8 MiB.
pub const fn segment_size(cap: u64) -> u64 {
    let part = cap / 32;
    if part < 4 << 10 {
        4 << 10
    } else if part > 8 << 20 {
        8 << 20
    } else {
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_offsets_and_sort_like_them() {
        for offset in [0, 1, 8 << 20, u64::from(u32::MAX) + 7] {
            assert_eq!(segment_offset(&segment_name(offset)), Some(offset));
        }
        assert!(segment_name(9) < segment_name(10));
        assert_eq!(segment_offset("7.log"), None);
        assert_eq!(segment_offset("status.json"), None);
    }
}

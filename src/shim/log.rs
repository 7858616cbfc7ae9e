//! The write side of a run's log.

use std::collections::VecDeque;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::core::log::{segment_name, segment_size};

/// Appends to segments and drops the oldest, so that the log never exceeds its cap.
#[derive(Debug)]
pub(super) struct Writer {
    dir: PathBuf,
    cap: u64,
    size: u64,
    /// Offsets of the segments before the current one, oldest first.
    old: VecDeque<u64>,
    /// Where the current segment begins; meaningless while there is none.
    start: u64,
    current: Option<File>,
    end: u64,
    dropped: u64,
}

impl Writer {
    /// A log in `dir`, which is made where it is missing.
    pub(super) fn new(dir: &Path, cap: u64) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        Ok(Self {
            dir: dir.to_owned(),
            cap,
            size: segment_size(cap),
            old: VecDeque::new(),
            start: 0,
            current: None,
            end: 0,
            dropped: 0,
        })
    }

    /// Bytes appended so far.
    pub(super) const fn end(&self) -> u64 {
        self.end
    }

    /// Offset of the first kept byte.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Appends the beginning of `bytes`, at most to the end of a segment; how many.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.current.is_some() && self.end - self.start >= self.size {
            self.old.push_back(self.start);
            self.current = None;
        }
        if self.current.is_none() {
            self.make_room();
            self.current = Some(
                OpenOptions::new()
                    .append(true)
                    .create(true)
                    .mode(0o600)
                    .open(self.dir.join(segment_name(self.end)))?,
            );
            self.start = self.end;
        }
        let Some(file) = self.current.as_mut() else {
            return Ok(0);
        };
        let room = usize::try_from(self.start + self.size - self.end).unwrap_or(usize::MAX);
        let count = file.write(&bytes[..bytes.len().min(room)])?;
        self.end += count as u64;
        Ok(count)
    }

    /// Drops oldest segments until a whole new one fits under the cap.
    fn make_room(&mut self) {
        while self.end + self.size > self.dropped + self.cap {
            let Some(oldest) = self.old.pop_front() else {
                return;
            };
            // one that is gone already was trimmed from outside
            match fs::remove_file(self.dir.join(segment_name(oldest))) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    self.old.push_front(oldest);
                    return;
                }
                _ => {}
            }
            self.dropped = self.old.front().copied().unwrap_or(self.end);
        }
    }

    /// The supervisor removed segments up to `offset`, for room among all logs.
    pub(super) fn dropped_to(&mut self, offset: u64) {
        while self.old.front().is_some_and(|oldest| *oldest < offset) {
            self.old.pop_front();
        }
        self.dropped = self.dropped.max(offset.min(self.end));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::log::segment_offset;

    fn write_all(log: &mut Writer, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let count = log.append(bytes).unwrap();
            bytes = &bytes[count..];
        }
    }

    fn kept(dir: &Path) -> (u64, Vec<u8>) {
        let mut offsets: Vec<u64> = fs::read_dir(dir)
            .unwrap()
            .filter_map(|entry| segment_offset(entry.unwrap().file_name().to_str()?))
            .collect();
        offsets.sort_unstable();
        let mut bytes = Vec::new();
        for offset in &offsets {
            assert_eq!(offsets[0] + bytes.len() as u64, *offset, "a gap in the log");
            bytes.extend(fs::read(dir.join(segment_name(*offset))).unwrap());
        }
        (offsets.first().copied().unwrap_or(0), bytes)
    }

    #[test]
    fn stays_under_its_cap_and_keeps_the_end() {
        let home = tempfile::tempdir().unwrap();
        let cap = 64 << 10;
        let mut log = Writer::new(home.path(), cap).unwrap();
        let all: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
        for chunk in all.chunks(7001) {
            write_all(&mut log, chunk);
            assert!(log.end() - log.dropped() <= cap);
        }
        let (first, bytes) = kept(home.path());
        assert_eq!(first, log.dropped());
        assert!(bytes.len() as u64 > cap / 2);
        assert_eq!(bytes, all[first as usize..]);
    }

    #[test]
    fn goes_on_after_a_trim_from_outside() {
        let home = tempfile::tempdir().unwrap();
        let mut log = Writer::new(home.path(), 64 << 10).unwrap();
        write_all(&mut log, &vec![1; 20_000]);
        for offset in [0, 4096] {
            fs::remove_file(home.path().join(segment_name(offset))).unwrap();
        }
        log.dropped_to(8192);
        write_all(&mut log, &vec![2; 200_000]);
        let (first, bytes) = kept(home.path());
        assert_eq!(first, log.dropped());
        assert_eq!(first + bytes.len() as u64, 220_000);
    }
}

//! What of a log is held in memory: a cache of it, within a cap.

use std::cell::Cell;
use std::collections::VecDeque;
use std::ops::Range;

use super::lines::Bytes;
use super::reader::Block;

/// How much a ring holds unless told otherwise, in bytes.
pub const CAP: usize = 4 << 20;

/// Segments lie on multiples of this, so that what is read twice meets itself.
const SEGMENT: u64 = 64 << 10;

/// Bytes without a gap, from a multiple of [`SEGMENT`] (or a log's first kept byte) on.
#[derive(Debug)]
struct Segment {
    start: u64,
    bytes: Vec<u8>,
    /// When it was last looked at, in looks.
    used: Cell<u64>,
}

impl Segment {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

/// A cache of one run's log: its end, and what was scrolled to. Holds at most its cap
/// of bytes; what was looked at longest ago goes first. The log is the truth: what is
/// not here is [wanted](Self::wants) and comes by [`accept`](Self::accept).
#[derive(Debug)]
pub struct Ring {
    /// Ordered by start, disjoint.
    segments: VecDeque<Segment>,
    first: u64,
    end: u64,
    cap: usize,
    held: usize,
    looks: Cell<u64>,
    /// A range that a read brought nothing of, and why; not asked for again while the log stays as it is.
    unreadable: Option<(Range<u64>, String)>,
}

impl Default for Ring {
    fn default() -> Self {
        Self::new(CAP)
    }
}

impl Ring {
    /// A ring that holds nothing yet and at most `cap` bytes ever (at least 512 KiB).
    pub fn new(cap: usize) -> Self {
        Self {
            segments: VecDeque::new(),
            first: 0,
            end: 0,
            cap: cap.max(8 * SEGMENT as usize),
            held: 0,
            looks: Cell::new(0),
            unreadable: None,
        }
    }

    /// First kept byte of the log, which is also how many bytes were dropped, and its end.
    pub fn bounds(&self) -> Range<u64> {
        self.first..self.end
    }

    /// Bytes held in memory.
    pub fn held(&self) -> usize {
        self.held
    }

    /// Why bytes of the log could not be read, where they couldn't.
    pub fn trouble(&self) -> Option<&str> {
        self.unreadable.as_ref().map(|(_, why)| why.as_str())
    }

    /// The log is now known to begin and end here. Neither ever goes back.
    pub fn set_bounds(&mut self, first: u64, end: u64) {
        let bounds = self.first.max(first)..self.end.max(end).max(first);
        if bounds == self.bounds() {
            return;
        }
        (self.first, self.end) = (bounds.start, bounds.end);
        self.unreadable = None;
        while self.segments.front().is_some_and(|s| s.end() <= self.first) {
            self.remove(0);
        }
    }

    /// Takes what the reader brought.
    pub fn accept(&mut self, block: &Block) {
        self.set_bounds(block.first, block.end);
        self.insert(block.offset, &block.bytes);
        let asked = block.asked.start.max(self.first)..block.asked.end;
        if block.bytes.is_empty() && !asked.is_empty() {
            let why = block.error.clone();
            let why = why.unwrap_or_else(|| "the log is shorter than it was".into());
            self.unreadable = Some((asked, why));
        }
    }

    /// Takes bytes of the log. Of more than the cap, the last ones.
    pub fn insert(&mut self, offset: u64, bytes: &[u8]) {
        let mut from = bytes.len().saturating_sub(self.cap);
        from = from.max(self.first.saturating_sub(offset).min(bytes.len() as u64) as usize);
        self.set_bounds(self.first, offset + bytes.len() as u64);
        while from < bytes.len() {
            let at = offset + from as u64;
            let room = (SEGMENT - at % SEGMENT) as usize;
            let to = bytes.len().min(from + room);
            self.put(at, &bytes[from..to]);
            from = to;
        }
        self.evict();
    }

    /// Puts bytes that lie within one segment.
    fn put(&mut self, at: u64, bytes: &[u8]) {
        let end = at + bytes.len() as u64;
        let used = self.look();
        let index = self
            .segments
            .partition_point(|s| s.start / SEGMENT < at / SEGMENT);
        if let Some(segment) = self.segments.get_mut(index)
            && segment.start / SEGMENT == at / SEGMENT
        {
            segment.used.set(used);
            if at >= segment.start && at <= segment.end() {
                if end > segment.end() {
                    let new = &bytes[(segment.end() - at) as usize..];
                    segment.bytes.extend_from_slice(new);
                    self.held += new.len();
                }
                return;
            }
            self.remove(index);
        }
        self.held += bytes.len();
        self.segments.insert(
            index,
            Segment {
                start: at,
                bytes: bytes.to_vec(),
                used: Cell::new(used),
            },
        );
    }

    fn remove(&mut self, index: usize) {
        if let Some(gone) = self.segments.remove(index) {
            self.held -= gone.bytes.len();
        }
    }

    fn evict(&mut self) {
        while self.held > self.cap {
            // the last segment is the tail, which somebody follows
            let others = 0..self.segments.len() - 1;
            let Some(oldest) = others.min_by_key(|i| self.segments[*i].used.get()) else {
                return;
            };
            self.remove(oldest);
        }
    }

    fn look(&self) -> u64 {
        self.looks.set(self.looks.get() + 1);
        self.looks.get()
    }

    /// The end of what is held nearest to the log's end; the first kept byte when nothing is.
    pub(super) fn held_end(&self) -> u64 {
        self.segments.back().map_or(self.first, Segment::end)
    }

    /// The part of `range` that is to be read: from its first byte that is not held,
    /// widened back to what is held or a segment's start. `None` when all is held, or
    /// cannot be read.
    pub fn wants(&self, range: Range<u64>) -> Option<Range<u64>> {
        let range = range.start.max(self.first)..range.end.min(self.end);
        let mut from = range.start;
        while from < range.end {
            match self.segment(from) {
                Some(segment) => from = segment.end(),
                None => break,
            }
        }
        if from >= range.end {
            return None;
        }
        let unreadable = self.unreadable.as_ref();
        if unreadable.is_some_and(|(range, _)| range.contains(&from)) {
            return None;
        }
        let index = self.segments.partition_point(|s| s.start <= from);
        let before = index.checked_sub(1).map_or(0, |i| self.segments[i].end());
        let start = (from / SEGMENT * SEGMENT).max(self.first).max(before);
        let mut to = range.end;
        // what is held at the far end need not be read again
        while let Some(held) = self.segment(to - 1) {
            to = held.start;
        }
        Some(start..to)
    }

    fn segment(&self, offset: u64) -> Option<&Segment> {
        let index = self.segments.partition_point(|s| s.start <= offset);
        let segment = self.segments.get(index.checked_sub(1)?)?;
        (offset < segment.end()).then_some(segment)
    }

    /// The bytes of `range`, appended to `to`; `false`, and nothing appended, unless all are held.
    pub fn copy(&self, range: Range<u64>, to: &mut Vec<u8>) -> bool {
        let length = to.len();
        let mut from = range.start;
        while from < range.end {
            let Some((start, bytes)) = self.chunk(from) else {
                to.truncate(length);
                return false;
            };
            let end = bytes.len().min((range.end - start) as usize);
            to.extend_from_slice(&bytes[(from - start) as usize..end]);
            from = start + end as u64;
        }
        true
    }
}

impl Bytes for Ring {
    fn bounds(&self) -> Range<u64> {
        self.first..self.end
    }

    fn chunk(&self, offset: u64) -> Option<(u64, &[u8])> {
        let segment = self.segment(offset).filter(|_| offset >= self.first)?;
        segment.used.set(self.look());
        Some((segment.start, &segment.bytes))
    }
}

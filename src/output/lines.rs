//! Where lines begin and end.
//!
//! A line begins at the first kept byte, after each line feed, and, so that a
//! stream without line feeds has lines too, at each multiple of [`CUT`] that no line
//! feed precedes within [`CUT`] bytes (moved past at most three UTF-8 continuation
//! bytes, so that no character is torn). All of this is decided by the bytes nearby:
//! where reading began makes no difference.

use std::ops::Range;

use memchr::{memchr, memrchr};

/// How far apart lines are cut where no line feed does it. A line is shorter than
/// twice this and three bytes.
pub(crate) const CUT: u64 = 16 << 10;

/// Bytes that are needed and not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Missing(pub(crate) Range<u64>);

/// Bytes of a log, of which some are held.
pub(crate) trait Bytes {
    /// First kept byte and end of the log as it is looked at.
    fn bounds(&self) -> Range<u64>;

    /// Held bytes without a gap that include the one at `offset`, and where they begin.
    fn chunk(&self, offset: u64) -> Option<(u64, &[u8])>;

    /// The byte at `offset`.
    fn at(&self, offset: u64) -> Result<u8, Missing> {
        let (start, bytes) = self.chunk(offset).ok_or(Missing(offset..offset + 1))?;
        Ok(bytes[(offset - start) as usize])
    }

    /// The first line feed in `range`.
    fn find(&self, range: Range<u64>) -> Result<Option<u64>, Missing> {
        let mut from = range.start;
        while from < range.end {
            let (start, bytes) = self.chunk(from).ok_or(Missing(from..range.end))?;
            let to = bytes.len().min((range.end - start) as usize);
            if let Some(found) = memchr(b'\n', &bytes[(from - start) as usize..to]) {
                return Ok(Some(from + found as u64));
            }
            from = start + to as u64;
        }
        Ok(None)
    }

    /// The last line feed in `range`.
    fn rfind(&self, range: Range<u64>) -> Result<Option<u64>, Missing> {
        let mut to = range.end;
        while to > range.start {
            let (start, bytes) = self.chunk(to - 1).ok_or(Missing(range.start..to))?;
            let from = range.start.max(start);
            let part = &bytes[(from - start) as usize..(to - start) as usize];
            if let Some(found) = memrchr(b'\n', part) {
                return Ok(Some(from + found as u64));
            }
            to = from;
        }
        Ok(None)
    }
}

/// Contiguous bytes in memory, as a log of which the rest is not there.
pub(crate) struct Slice<'a> {
    /// Offset of the first byte.
    pub(crate) offset: u64,
    /// The bytes.
    pub(crate) bytes: &'a [u8],
    /// First kept byte of the whole log.
    pub(crate) first: u64,
}

impl Bytes for Slice<'_> {
    fn bounds(&self) -> Range<u64> {
        self.first..self.offset + self.bytes.len() as u64
    }

    fn chunk(&self, offset: u64) -> Option<(u64, &[u8])> {
        (offset >= self.offset && offset < self.offset + self.bytes.len() as u64)
            .then_some((self.offset, self.bytes))
    }
}

/// The start of the line that the byte at `offset` (within bounds) belongs to.
pub(crate) fn start_of(bytes: &impl Bytes, offset: u64) -> Result<u64, Missing> {
    let first = bytes.bounds().start;
    let mut offset = offset;
    loop {
        let cut = offset / CUT * CUT;
        if let Some(feed) = bytes.rfind(cut.max(first)..offset)? {
            return Ok(feed + 1);
        }
        if cut <= first {
            return Ok(first);
        }
        if let Some(feed) = bytes.rfind((cut - CUT).max(first)..cut)? {
            return Ok(feed + 1);
        }
        let start = past_continuation(bytes, cut)?;
        if start <= offset && bytes.at(start)? != b'\n' {
            return Ok(start);
        }
        // too near to the cut: these bytes still belong to the line before it
        offset = cut - 1;
    }
}

/// Where the line that begins at `line` ends, its line feed included: the start of
/// the next one, or the log's end.
pub(crate) fn end_of(bytes: &impl Bytes, line: u64) -> Result<u64, Missing> {
    let Range { start: first, end } = bytes.bounds();
    let cut = if line > first && bytes.at(line - 1)? == b'\n' {
        line.div_ceil(CUT) * CUT + CUT
    } else {
        line / CUT * CUT + CUT
    };
    if let Some(feed) = bytes.find(line..cut.min(end))? {
        return Ok(feed + 1);
    }
    if cut >= end {
        return Ok(end);
    }
    let next = past_continuation(bytes, cut)?;
    if next < end && bytes.at(next)? == b'\n' {
        return Ok(next + 1);
    }
    Ok(next)
}

/// The end of the character that a cut at `cut` would tear, at most three bytes on.
fn past_continuation(bytes: &impl Bytes, cut: u64) -> Result<u64, Missing> {
    let end = bytes.bounds().end;
    let mut next = cut;
    while next < end && next < cut + 3 && bytes.at(next)? & 0xc0 == 0x80 {
        next += 1;
    }
    Ok(next)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Bytes in which line feeds are rare enough for cuts to happen.
    pub(crate) fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            3 => (1..40_000usize, any::<u8>()).prop_map(|(n, b)| vec![b | 0x20; n]),
            3 => (1..20_000usize).prop_map(|n| "é€😀".repeat(n / 9 + 1).into_bytes()),
            4 => prop::collection::vec(any::<u8>(), 0..300),
            3 => Just(b"\n".to_vec()),
            1 => Just(b"\n\r\n\n".to_vec()),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    fn slice(first: u64, bytes: &[u8]) -> Slice<'_> {
        Slice {
            offset: first,
            bytes,
            first,
        }
    }

    fn starts(log: &Slice<'_>) -> Vec<u64> {
        let mut found = Vec::new();
        let mut at = log.first;
        while at < log.bounds().end {
            found.push(at);
            let end = end_of(log, at).unwrap();
            assert!(end > at && end - at < 2 * CUT + 3);
            at = end;
        }
        found
    }

    #[test]
    fn lines_of_plain_text() {
        assert_eq!(starts(&slice(0, b"")), [0u64; 0]);
        assert_eq!(starts(&slice(0, b"a")), [0]);
        assert_eq!(starts(&slice(0, b"a\n")), [0]);
        assert_eq!(starts(&slice(0, b"a\n\nb")), [0, 2, 3]);
    }

    #[test]
    fn a_line_feed_at_a_cut_makes_no_empty_line() {
        let mut text = vec![b'x'; CUT as usize];
        text.extend(b"\ny");
        assert_eq!(starts(&slice(0, &text)), [0, CUT + 1]);
    }

    #[test]
    fn a_cut_tears_no_character() {
        let mut text = vec![b'x'; CUT as usize - 1];
        text.extend("€uro".bytes());
        assert_eq!(starts(&slice(0, &text)), [0, CUT + 2]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// Walking forward and looking back from anywhere agree.
        #[test]
        fn starts_do_not_depend_on_where_one_looks(
            text in stream(), first in 0u64..50_000, probes in prop::collection::vec(any::<prop::sample::Index>(), 20)
        ) {
            let log = slice(first, &text);
            let starts = starts(&log);
            for probe in probes {
                if text.is_empty() { continue; }
                let at = first + probe.index(text.len()) as u64;
                let expected = starts[starts.partition_point(|start| *start <= at) - 1];
                prop_assert_eq!(start_of(&log, at).unwrap(), expected);
            }
        }

        /// Growth takes no line start back; dropping takes none that is kept.
        #[test]
        fn starts_stay(text in stream(), cut in any::<prop::sample::Index>()) {
            let all = starts(&slice(0, &text));
            let at = cut.index(text.len() + 1);
            let early = starts(&slice(0, &text[..at]));
            prop_assert!(all.starts_with(&early));
            let late = starts(&slice(at as u64, &text[at..]));
            prop_assert!(all.iter().filter(|start| **start > at as u64).all(|start| late.contains(start)));
        }
    }
}

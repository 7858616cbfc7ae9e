//! The segments of one run on disk: bytes by offset.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use memchr::memrchr_iter;

use crate::core::log::{segment_name, segment_offset};

/// Bytes read at once where a whole range is wanted.
const PIECE: usize = 256 << 10;

/// One run's log, open for reading while its shim appends to it and its oldest
/// segments go.
///
/// What the directory holds is believed, nothing else: a segment missing in the
/// middle, one that is shorter or longer than the next one's name says, or a file that
/// is none, never stop reading and never shift a byte. [`bounds`](Self::bounds) are
/// those of the part that reaches the end without a gap; what lies before a gap is
/// still copied.
#[derive(Debug)]
pub struct LogFiles {
    dir: PathBuf,
    /// What each segment holds, ascending, disjoint.
    segments: Vec<Range<u64>>,
    /// The segment read last.
    open: Option<(u64, File)>,
}

/// What [`LogFiles::copy_to`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Copied {
    /// Bytes written.
    pub bytes: u64,
    /// Bytes of the range that the log does not have: dropped, or missing in its middle.
    pub skipped: u64,
    /// Where copying ended: what to go on from.
    pub next: u64,
}

impl LogFiles {
    /// The log in `dir`. An error where the directory can't be read.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let mut log = Self::to_come(dir);
        log.look()?;
        Ok(log)
    }

    /// The log of a run that has not begun: its directory need not be there yet.
    pub fn to_come(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            segments: Vec::new(),
            open: None,
        }
    }

    /// Looks anew at what is there: first kept byte and end. Empty at 0 where there are
    /// no segments (no output yet, or all of it dropped).
    pub fn bounds(&mut self) -> io::Result<Range<u64>> {
        self.look()?;
        let end = self.end();
        let mut first = end;
        for segment in self.segments.iter().rev() {
            if segment.end != first {
                break;
            }
            first = segment.start;
        }
        Ok(first..end)
    }

    fn end(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.end)
    }

    fn look(&mut self) -> io::Result<()> {
        let failed = |error: io::Error| {
            let what = format!("read log directory {}: {error}", self.dir.display());
            io::Error::new(error.kind(), what)
        };
        let mut found: Vec<Range<u64>> = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(offset) = entry.file_name().to_str().and_then(segment_offset) else {
                continue;
            };
            // gone since, or none of ours
            let Some(meta) = entry.metadata().ok().filter(fs::Metadata::is_file) else {
                continue;
            };
            // past this no file can be read: the name of a segment of nobody's
            let end = offset.checked_add(meta.len());
            if let Some(end) = end.filter(|end| i64::try_from(*end).is_ok()) {
                found.push(offset..end);
            }
        }
        found.sort_unstable_by_key(|segment| segment.start);
        for index in 1..found.len() {
            found[index - 1].end = found[index - 1].end.min(found[index].start);
        }
        // an empty last segment tells the end; other empty ones tell nothing
        let last = found.pop();
        found.retain(|segment| !segment.is_empty());
        found.extend(last);
        self.segments = found;
        Ok(())
    }

    /// Reads bytes from `offset` on into `to`: where they really are (later than asked
    /// for, where those are gone) and how many. None at the log's end.
    pub fn read_at(&mut self, offset: u64, to: &mut [u8]) -> io::Result<(u64, usize)> {
        if to.is_empty() {
            return Ok((offset, 0));
        }
        let mut looked = false;
        let mut at = offset;
        loop {
            let index = self.segments.partition_point(|segment| segment.end <= at);
            let Some(segment) = self.segments.get(index).cloned() else {
                if looked {
                    return Ok((at, 0));
                }
                looked = true;
                self.look()?;
                continue;
            };
            at = at.max(segment.start);
            let length = to.len().min((segment.end - at) as usize);
            match self.read_segment(segment.start, at, &mut to[..length]) {
                Ok(0) | Err(ErrorKind::NotFound) if !looked => {
                    looked = true;
                    self.look()?;
                }
                // truncated, or dropped this instant: it has nothing to give
                Ok(0) | Err(ErrorKind::NotFound) => at = segment.end,
                Ok(count) => return Ok((at, count)),
                Err(kind) => {
                    let name = self.dir.join(segment_name(segment.start));
                    let what = format!("read log segment {}: {kind}", name.display());
                    return Err(io::Error::new(kind, what));
                }
            }
        }
    }

    fn read_segment(&mut self, start: u64, at: u64, to: &mut [u8]) -> Result<usize, ErrorKind> {
        let file = match self.open.take() {
            Some((open, file)) if open == start => file,
            _ => File::open(self.dir.join(segment_name(start))).map_err(|e| e.kind())?,
        };
        let mut count = 0;
        while count < to.len() {
            match file.read_at(&mut to[count..], at - start + count as u64) {
                Ok(0) => break,
                Ok(read) => count += read,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.kind()),
            }
        }
        self.open = Some((start, file));
        Ok(count)
    }

    /// Writes the exact bytes of `range` to `to`, in order, a piece at a time; what the
    /// log does not have of it is passed over and counted.
    pub fn copy_to(&mut self, range: Range<u64>, to: &mut impl Write) -> io::Result<Copied> {
        let mut buffer = vec![0; PIECE];
        let mut copied = Copied {
            next: range.start,
            ..Copied::default()
        };
        while copied.next < range.end {
            let length = buffer.len().min((range.end - copied.next) as usize);
            let (at, count) = self.read_at(copied.next, &mut buffer[..length])?;
            if count == 0 {
                break;
            }
            let at = at.min(range.end);
            let count = count.min((range.end - at) as usize);
            to.write_all(&buffer[..count])?;
            copied.skipped += at - copied.next;
            copied.bytes += count as u64;
            copied.next = at + count as u64;
        }
        Ok(copied)
    }

    /// Where the last `lines` lines begin, within [`bounds`](Self::bounds). Lines end at
    /// line feeds, however long they are; a last one without counts too.
    pub fn tail(&mut self, lines: u64) -> io::Result<u64> {
        let Range { start: first, end } = self.bounds()?;
        let mut buffer = vec![0; PIECE];
        let mut feeds = 0;
        let mut to = end;
        if lines == 0 {
            return Ok(end);
        }
        while to > first {
            let from = first.max(to.saturating_sub(PIECE as u64));
            let mut filled = 0;
            while filled < (to - from) as usize {
                let want = &mut buffer[filled..(to - from) as usize];
                let (at, count) = self.read_at(from + filled as u64, want)?;
                if count == 0 || at != from + filled as u64 {
                    // dropped while we looked: the rest begins after it
                    return Ok(at.min(to).max(from));
                }
                filled += count;
            }
            for feed in memrchr_iter(b'\n', &buffer[..filled]) {
                let feed = from + feed as u64;
                // the one that ends the last line parts nothing
                if feed + 1 < end {
                    feeds += 1;
                    if feeds == lines {
                        return Ok(feed + 1);
                    }
                }
            }
            to = from;
        }
        Ok(first)
    }
}

//! A run's output as lines, as far as the supervisor says it goes.

use std::io;
use std::path::Path;

use crate::output::LogFiles;

/// What is read at once.
const READ: usize = 64 << 10;
/// What of a line is kept; the rest of a longer one is counted.
const LONGEST: usize = 64 << 10;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written<'a> {
    /// A line without its line feed, and how many bytes more it had.
    Line(&'a [u8], u64),
    /// So many bytes that the log has no more.
    Missing(u64),
}

/// Reads one run's log, a line at a time.
#[derive(Debug)]
pub(super) struct RunLines {
    log: LogFiles,
    /// What was read last ends here.
    at: u64,
    /// The beginning of a line that may go on.
    partial: Vec<u8>,
    /// How much of that line is not kept.
    more: u64,
}

impl RunLines {
    /// Those of the log in `dir`, from the first on.
    pub(super) fn all(dir: &Path) -> io::Result<Self> {
        Ok(Self {
            log: LogFiles::open(dir)?,
            at: 0,
            partial: Vec::new(),
            more: 0,
        })
    }

    /// Those that are not complete yet.
    pub(super) fn new_ones(dir: &Path) -> io::Result<Self> {
        let mut lines = Self::all(dir)?;
        let end = lines.log.bounds()?.end;
        lines.at = end;
        let mut last = [0];
        if end > 0 && lines.log.read_at(end - 1, &mut last)? == (end - 1, 1) && last != *b"\n" {
            lines.at = lines.log.tail(1)?;
        }
        Ok(lines)
    }

    /// Hands over the lines that are complete below `end`.
    pub(super) fn up_to<E: From<io::Error>>(
        &mut self,
        end: u64,
        mut take: impl FnMut(Written<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut buffer = vec![0; READ];
        while self.at < end {
            let room = usize::try_from(end - self.at).map_or(READ, |left| left.min(READ));
            let (found, read) = self.log.read_at(self.at, &mut buffer[..room])?;
            if read == 0 {
                break;
            }
            if found > self.at {
                self.finish(&mut take)?;
                take(Written::Missing(found - self.at))?;
            }
            self.at = found + read as u64;
            self.feed(&buffer[..read], &mut take)?;
        }
        // not a segment of it is left
        if self.at < end {
            self.finish(&mut take)?;
            take(Written::Missing(end - self.at))?;
            self.at = end;
        }
        Ok(())
    }

    /// Hands over what has no line feed: nothing follows.
    pub(super) fn finish<E>(
        &mut self,
        mut take: impl FnMut(Written<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.partial.is_empty() {
            return Ok(());
        }
        self.end_line(&mut take)
    }

    fn feed<E>(
        &mut self,
        mut bytes: &[u8],
        take: &mut impl FnMut(Written<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            self.keep(&bytes[..end]);
            self.end_line(take)?;
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST - self.partial.len();
        let kept = bytes.len().min(room);
        self.partial.extend_from_slice(&bytes[..kept]);
        self.more += (bytes.len() - kept) as u64;
    }

    fn end_line<E>(
        &mut self,
        take: &mut impl FnMut(Written<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        take(Written::Line(&self.partial, self.more))?;
        self.partial.clear();
        self.more = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::core::log::segment_name;

    fn log(segments: &[(u64, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (offset, bytes) in segments {
            fs::write(dir.path().join(segment_name(*offset)), bytes).unwrap();
        }
        dir
    }

    fn read(lines: &mut RunLines, end: u64, finish: bool) -> Vec<String> {
        let mut found = Vec::new();
        let mut take = |written: Written<'_>| {
            found.push(match written {
                Written::Line(line, 0) => String::from_utf8_lossy(line).into_owned(),
                Written::Line(line, more) => format!("{} and {more}", line.len()),
                Written::Missing(count) => format!("-{count}"),
            });
            io::Result::Ok(())
        };
        lines.up_to(end, &mut take).unwrap();
        if finish {
            lines.finish(&mut take).unwrap();
        }
        found
    }

    #[test]
    fn each_line_once_whatever_the_steps() {
        let text = b"one\n\ntwo\nthree";
        let dir = log(&[(0, text)]);
        for step in 1..=text.len() {
            let mut lines = RunLines::all(dir.path()).unwrap();
            let mut found = Vec::new();
            for end in (0..=text.len()).step_by(step) {
                found.extend(read(&mut lines, end as u64, false));
            }
            found.extend(read(&mut lines, text.len() as u64, true));
            assert_eq!(found, ["one", "", "two", "three"], "{step}");
        }
    }

    #[test]
    fn what_is_missing_is_told_and_ends_a_line() {
        let dir = log(&[(2, b"a\nb"), (9, b"c\n")]);
        let mut lines = RunLines::all(dir.path()).unwrap();
        assert_eq!(
            read(&mut lines, 13, true),
            ["-2", "a", "b", "-4", "c", "-2"]
        );
    }

    #[test]
    fn a_long_line_is_cut_and_counted() {
        let mut text = vec![b'x'; LONGEST + 10];
        text.extend(b"\nnext\n");
        let dir = log(&[(0, &text)]);
        let mut lines = RunLines::all(dir.path()).unwrap();
        let found = read(&mut lines, text.len() as u64, false);
        assert_eq!(found, [format!("{LONGEST} and 10"), "next".into()]);
    }

    #[test]
    fn new_ones_begin_with_the_line_that_is_being_written() {
        for (text, from) in [
            (&b"a\nb"[..], "bc"),
            (b"a\nb\n", "c"),
            (b"", "c"),
            (b"ab", "abc"),
        ] {
            let dir = log(&[(0, text)]);
            let mut lines = RunLines::new_ones(dir.path()).unwrap();
            let path = dir.path().join(segment_name(0));
            fs::write(path, [text, b"c\n"].concat()).unwrap();
            assert_eq!(read(&mut lines, text.len() as u64 + 2, true), [from]);
        }
    }
}

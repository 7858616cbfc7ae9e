//! A run's output from the disk, a piece at a time.

use std::io::ErrorKind;
use std::path::Path;
use std::time::Instant;

use crate::client::line::{Line, News};
use crate::client::logs::unreadable;
use crate::client::trouble::Trouble;
use crate::core::report::RunReport;
use crate::output::LogFiles;

/// What is read at once.
const READ: usize = 256 << 10;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// These bytes.
    Bytes(&'a [u8]),
    /// So many that the log has no more.
    Missing(u64),
}

/// Reads runs' output.
#[derive(Debug)]
pub(super) struct Pieces {
    /// Where Ctrl-C is noticed, where it does not just end the process.
    line: Option<Line>,
    buffer: Vec<u8>,
}

impl Pieces {
    pub(super) fn new(line: Option<Line>) -> Self {
        Self {
            line,
            buffer: vec![0; READ],
        }
    }

    /// Hands over a run's output from its first byte to as far as its report says; what
    /// was written since is not part of it.
    pub(super) fn each(
        &mut self,
        run: &RunReport,
        mut take: impl FnMut(Piece<'_>) -> Result<(), Trouble>,
    ) -> Result<(), Trouble> {
        let end = run.output_bytes;
        if end == 0 {
            return Ok(());
        }
        let mut log = match LogFiles::open(Path::new(&run.log)) {
            Ok(log) => log,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return take(Piece::Missing(end));
            }
            Err(error) => return Err(unreadable(&run.log, &error)),
        };
        let mut at = 0;
        while at < end {
            self.heed()?;
            let room = usize::try_from(end - at).map_or(READ, |left| left.min(READ));
            let (found, read) = log
                .read_at(at, &mut self.buffer[..room])
                .map_err(|error| unreadable(&run.log, &error))?;
            if read == 0 {
                break;
            }
            // all of it up to the end may have been dropped meanwhile
            let found = found.min(end);
            let read = usize::try_from(end - found).map_or(read, |left| left.min(read));
            if found > at {
                take(Piece::Missing(found - at))?;
            }
            if read > 0 {
                take(Piece::Bytes(&self.buffer[..read]))?;
            }
            at = found + read as u64;
        }
        if at < end {
            take(Piece::Missing(end - at))?;
        }
        Ok(())
    }

    /// Gives up after Ctrl-C. What else the supervisor says, and whether it still lives,
    /// does not matter: the output lies on the disk.
    fn heed(&mut self) -> Result<(), Trouble> {
        let Some(line) = &mut self.line else {
            return Ok(());
        };
        match line.next(Some(Instant::now()))? {
            News::Interrupted => Err(Trouble::Signalled(
                nix::sys::signal::Signal::SIGINT as i32,
                "interrupted; nothing is exported".into(),
            )),
            _ => Ok(()),
        }
    }
}

/// Why what was read twice was not the same.
pub(super) fn changed(task: crate::core::id::TaskId) -> Trouble {
    Trouble::Failed(format!(
        "the oldest output of task {task} was dropped while it was exported; export it again"
    ))
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;
    use crate::core::log::segment_name;

    /// A run whose log lies in `dir` and holds these segments.
    pub(in crate::client::export) fn run(
        dir: &Path,
        segments: &[(u64, &[u8])],
        output_bytes: u64,
    ) -> RunReport {
        for (offset, bytes) in segments {
            fs::write(dir.join(segment_name(*offset)), bytes).unwrap();
        }
        RunReport {
            run: 1,
            state: "ended".into(),
            outcome: Some("succeeded".into()),
            exit_code: Some(0),
            signal: None,
            reason: None,
            created_at: "2026-01-01T00:00:00.000Z".into(),
            started_at: Some("2026-01-01T00:00:01.000Z".into()),
            ended_at: Some("2026-01-01T00:00:02.000Z".into()),
            output_bytes,
            dropped_bytes: segments.first().map_or(0, |(offset, _)| *offset),
            log: dir.display().to_string(),
            session_id: None,
            prompt: None,
            answers: Vec::new(),
            cost_usd: None,
            cost_at_least: false,
            tokens: None,
        }
    }

    fn read(run: &RunReport) -> (Vec<u8>, Vec<u64>) {
        let (mut bytes, mut missing) = (Vec::new(), Vec::new());
        Pieces::new(None)
            .each(run, |piece| {
                match piece {
                    Piece::Bytes(more) => bytes.extend_from_slice(more),
                    Piece::Missing(count) => missing.push(count),
                }
                Ok(())
            })
            .unwrap();
        (bytes, missing)
    }

    #[test]
    fn what_is_missing_is_told_where_it_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let segments: [(u64, &[u8]); 2] = [(3, b"abc"), (10, b"def")];
        let all = run(dir.path(), &segments, 13);
        assert_eq!(read(&all), (b"abcdef".to_vec(), vec![3, 4]));
        // what was written since the report is not part of it
        assert_eq!(read(&run(dir.path(), &segments, 11)).0, b"abcd");
        assert_eq!(
            read(&run(dir.path(), &segments, 8)),
            (b"abc".to_vec(), vec![3, 2])
        );
        assert_eq!(read(&run(dir.path(), &segments, 15)).1, [3, 4, 2]);
    }

    #[test]
    fn a_log_that_is_gone_is_missing_and_one_that_never_was_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let mut gone = run(dir.path(), &[], 7);
        gone.log = dir.path().join("gone").display().to_string();
        assert_eq!(read(&gone), (Vec::new(), vec![7]));
        gone.output_bytes = 0;
        assert_eq!(read(&gone), (Vec::new(), Vec::new()));
    }
}

//! Output from the pipe to the log, input from the supervisor to the leader.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags};

use super::leader::PIPE;
use super::log::Writer;
use crate::core::log::segment_size;
use crate::sys::clock::Clock;

/// What waits for the leader's standard input at most. A prompt of 4 MiB fits: as JSON,
/// in which agents take theirs, a character is up to six, and what was said before may
/// not be read yet.
const INPUT_CAP: usize = 32 << 20;

/// What of memory is kept once all that waited was taken.
const KEPT: usize = 64 << 10;

const CLOSED: &str = "a message was refused: the task closed its input";

const ENDED: &str = "a message was refused: the task was told that nothing more would come";

/// Between two tries to write to a log that could not be written to.
const RETRY: Duration = Duration::from_millis(500);

/// The two streams of a run.
#[derive(Debug)]
pub(super) struct Pump {
    dir: PathBuf,
    cap: u64,
    log: Option<Writer>,
    output: Option<File>,
    /// One read's worth. Its pages are touched only as far as a read fills them.
    buffer: Vec<u8>,
    /// What of the buffer is still to be stored. Nothing is read before it is.
    pending: std::ops::Range<usize>,
    retry_at: Option<Duration>,
    /// Why output can't be stored, while it can't.
    trouble: Option<String>,
    input: Option<File>,
    typed: Vec<u8>,
    /// How much of it the leader has taken.
    taken: usize,
    /// Whether the leader's input is to be closed once it has taken all of it.
    ending: bool,
    /// Why the last message was not taken, until another one is.
    refused: Option<&'static str>,
    /// Bytes that were given up because they could not be stored.
    abandoned: bool,
}

impl Pump {
    pub(super) fn new(dir: &Path, cap: u64) -> Self {
        Self {
            dir: dir.to_owned(),
            cap,
            log: None,
            output: None,
            buffer: Vec::new(),
            pending: 0..0,
            retry_at: None,
            trouble: None,
            input: None,
            typed: Vec::new(),
            taken: 0,
            ending: false,
            refused: None,
            abandoned: false,
        }
    }

    pub(super) fn attach(&mut self, output: OwnedFd, input: Option<OwnedFd>) {
        self.buffer = vec![0; PIPE];
        self.output = Some(output.into());
        self.input = input.map(File::from);
    }

    pub(super) fn end(&self) -> u64 {
        self.log.as_ref().map_or(0, Writer::end)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.log.as_ref().map_or(0, Writer::dropped)
    }

    /// The number of the segment that is being written.
    pub(super) fn segment(&self) -> u64 {
        self.segment_of(self.end())
    }

    pub(super) const fn segment_of(&self, offset: u64) -> u64 {
        offset / segment_size(self.cap)
    }

    pub(super) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref().or(self.refused)
    }

    pub(super) const fn retry_at(&self) -> Option<Duration> {
        self.retry_at
    }

    /// Whether all that was written is stored and nothing can follow.
    pub(super) const fn is_drained(&self) -> bool {
        self.output.is_none() && self.pending.start == self.pending.end
    }

    pub(super) fn dropped_to(&mut self, offset: u64) {
        if let Some(log) = self.log.as_mut() {
            log.dropped_to(offset);
        }
        self.retry_at = self.retry_at.map(|_| Duration::ZERO);
    }

    /// Gives up on what can't be stored now and whatever follows while it can't.
    pub(super) fn abandon(&mut self) {
        self.abandoned = true;
        self.retry_at = self.retry_at.map(|_| Duration::ZERO);
    }

    /// Queues bytes for the leader. What it does not read in time is refused aloud.
    pub(super) fn send(&mut self, bytes: &[u8]) {
        self.refused = if self.ending {
            Some(ENDED)
        } else if self.input.is_none() {
            Some(CLOSED)
        } else if self.untaken().len() + bytes.len() > INPUT_CAP {
            Some("a message was refused: the task does not read its input")
        } else {
            self.typed.drain(..self.taken);
            self.taken = 0;
            self.typed.extend_from_slice(bytes);
            None
        };
    }

    /// Nothing more is sent: the leader's input ends behind what was queued before.
    pub(super) const fn end_input(&mut self) {
        self.ending = true;
    }

    fn untaken(&self) -> &[u8] {
        &self.typed[self.taken..]
    }

    /// What to wait for: output while nothing is pending, room for input while some is.
    pub(super) fn polled(&self) -> impl Iterator<Item = PollFd<'_>> {
        let output = self
            .output
            .as_ref()
            .filter(|_| self.pending.is_empty())
            .map(|file| PollFd::new(file.as_fd(), PollFlags::POLLIN));
        let input = self
            .input
            .as_ref()
            .filter(|_| !self.untaken().is_empty())
            .map(|file| PollFd::new(file.as_fd(), PollFlags::POLLOUT));
        output.into_iter().chain(input)
    }

    /// Moves what can be moved without waiting: one read's worth, or, once the tree is
    /// `empty`, all that the pipe still holds.
    pub(super) fn turn(&mut self, clock: &Clock, empty: bool) {
        self.feed();
        loop {
            if !self.store(clock) {
                return;
            }
            if !self.fill(empty) {
                return;
            }
            if !empty {
                self.store(clock);
                return;
            }
        }
    }

    /// Reads once; whether anything came.
    fn fill(&mut self, empty: bool) -> bool {
        let Some(output) = self.output.as_mut() else {
            return false;
        };
        match output.read(&mut self.buffer) {
            Ok(count) if count > 0 => {
                self.pending = 0..count;
                true
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => self.fill(empty),
            // a stranger may hold the pipe open: with the tree gone, what is in it is all
            Err(error) if error.kind() == ErrorKind::WouldBlock && !empty => false,
            _ => {
                self.output = None;
                false
            }
        }
    }

    /// Stores what is pending; whether nothing is left of it.
    fn store(&mut self, clock: &Clock) -> bool {
        if self.pending.is_empty() {
            return true;
        }
        if self.retry_at.is_some_and(|at| clock.now().mono < at) {
            return false;
        }
        while !self.pending.is_empty() {
            match self.append() {
                Ok(count) => self.pending.start += count,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) if self.abandoned => self.pending = 0..0,
                Err(error) => {
                    self.trouble = Some(explain(&error));
                    self.retry_at = Some(clock.now().mono + RETRY);
                    return false;
                }
            }
        }
        self.retry_at = None;
        self.trouble = None;
        true
    }

    fn append(&mut self) -> std::io::Result<usize> {
        let log = match self.log.as_mut() {
            Some(log) => log,
            None => self.log.insert(Writer::new(&self.dir, self.cap)?),
        };
        log.append(&self.buffer[self.pending.clone()])
    }

    /// Gives the leader what it takes.
    fn feed(&mut self) {
        let Some(input) = self.input.as_mut() else {
            return;
        };
        while self.taken < self.typed.len() {
            match input.write(&self.typed[self.taken..]) {
                Ok(count) => self.taken += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // it closed its end
                Err(_) => {
                    self.forget_typed();
                    self.input = None;
                    self.refused = Some(CLOSED);
                    return;
                }
            }
        }
        self.forget_typed();
        if self.ending {
            self.input = None;
        }
    }

    fn forget_typed(&mut self) {
        self.taken = 0;
        self.typed.clear();
        self.typed.shrink_to(KEPT);
    }
}

fn explain(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "the disk is full: the task waits until its output can be stored; make room".into()
        }
        _ => format!("its output can't be stored ({error}): the task waits; trying again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::pipe::{PipeFlags, pipe_with};

    #[test]
    fn a_refused_message_is_told_until_one_is_taken_and_a_full_disk_only_while_it_is() {
        let home = tempfile::tempdir().unwrap();
        let blocked = home.path().join("log");
        std::fs::write(&blocked, "a file where a directory should be").unwrap();
        let (output, mut theirs) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
            .map(|(read, write)| (read, File::from(write)))
            .unwrap();
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
        let mut pump = Pump::new(&blocked, 1 << 20);
        pump.attach(output, Some(write));
        let clock = Clock::start();

        pump.send(&vec![b'x'; INPUT_CAP + 1]);
        assert!(pump.trouble().unwrap().contains("does not read"));
        theirs.write_all(b"text").unwrap();
        pump.turn(&clock, false);
        assert!(pump.trouble().unwrap().contains("can't be stored"));
        std::fs::remove_file(&blocked).unwrap();
        pump.dropped_to(0);
        pump.turn(&clock, false);
        assert_eq!(pump.end(), 4);
        assert!(pump.trouble().unwrap().contains("does not read"));

        pump.send(b"short");
        assert_eq!(pump.trouble(), None);
        drop(read);
        pump.turn(&clock, false);
        assert_eq!(pump.trouble(), Some(CLOSED));
        pump.send(b"more");
        assert_eq!(pump.trouble(), Some(CLOSED));
    }
}

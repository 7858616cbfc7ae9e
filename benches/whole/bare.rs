//! The limits: what a loop can do that does nothing but the unavoidable.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use tempfile::TempDir;

use super::Outcome;
use super::actor::{self, Text};
use super::gate::Gate;

/// Of the pipes and of the reads: the best general size, measured.
const PIPE: usize = 256 << 10;

/// Writers' pipes read in blocks of 256 KiB and written to a file each, by one thread
/// in one poll loop; from the gate's opening to the last byte and the last exit.
pub(crate) fn store(text: Text, bytes: u64, writers: usize) -> Outcome<Duration> {
    let home = tempfile::tempdir()?;
    let mut gate = Gate::new()?;
    let mut streams = Vec::new();
    for number in 0..writers {
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(home.path().join(number.to_string()))?;
        let argv = actor::writer(text, bytes, gate.path(), "end");
        let (pipe, child) = piped(&argv)?;
        streams.push((pipe, file, Reaped(child)));
    }
    gate.await_ready(writers)?;
    let mut buffer = vec![0; PIPE];
    let start = gate.open();
    while !streams.is_empty() {
        // from the last, so that one that is taken out moves none still to be looked at
        for index in readable(&streams)?.into_iter().rev() {
            let (pipe, file, _) = &mut streams[index];
            match pipe.read(&mut buffer) {
                Ok(0) => drop(streams.swap_remove(index)),
                Ok(count) => file.write_all(&buffer[..count])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(start.elapsed())
}

type Stream = (File, File, Reaped);

/// Which streams have something, once one has.
fn readable(streams: &[Stream]) -> Outcome<Vec<usize>> {
    let mut fds: Vec<_> = streams
        .iter()
        .map(|(pipe, ..)| PollFd::new(pipe.as_fd(), PollFlags::POLLIN))
        .collect();
    poll(&mut fds, PollTimeout::NONE)?;
    Ok((0..fds.len())
        .filter(|index| fds[*index].any() == Some(true))
        .collect())
}

/// An endless writer's pipe stored as [`store`] does, until it is dropped.
#[derive(Debug)]
pub(crate) struct Flood {
    writer: Reaped,
    thread: Option<JoinHandle<()>>,
    _gate: Gate,
    _home: TempDir,
}

/// So much of a flood is kept: its file is written anew from the beginning then.
const KEPT: usize = 256 << 20;

impl Flood {
    /// Starts.
    pub(crate) fn start(text: Text) -> Outcome<Self> {
        let home = tempfile::tempdir()?;
        let mut gate = Gate::new()?;
        let (mut pipe, child) = piped(&actor::writer(text, 0, gate.path(), "end"))?;
        let writer = Reaped(child);
        rustix::io::ioctl_fionbio(&pipe, false)?;
        gate.await_ready(1)?;
        gate.open();
        let mut file = File::create(home.path().join("flood"))?;
        let thread = std::thread::spawn(move || {
            let mut buffer = vec![0; PIPE];
            let mut kept = 0;
            while let Ok(count @ 1..) = pipe.read(&mut buffer) {
                kept += count;
                if kept > KEPT {
                    kept = 0;
                    file.rewind().ok();
                }
                if file.write_all(&buffer[..count]).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            writer,
            thread: Some(thread),
            _gate: gate,
            _home: home,
        })
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.writer.0.kill().ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// A child that is waited for when it is dropped.
#[derive(Debug)]
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn piped(argv: &[String]) -> Outcome<(File, Child)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    fcntl_setpipe_size(&read, PIPE)?;
    rustix::io::ioctl_fionbio(&read, true)?;
    let child = Command::new(&argv[0])
        .args(&argv[1..])
        .stdin(Stdio::null())
        .stdout(Stdio::from(write))
        .spawn()?;
    Ok((File::from(read), child))
}

/// `true` so many times by plain `posix_spawn` and wait, at most eight at once.
pub(crate) fn spawn_true(count: usize) -> Outcome<Duration> {
    let start = Instant::now();
    let mut living: VecDeque<Child> = VecDeque::new();
    for _ in 0..count {
        if living.len() == 8
            && let Some(mut oldest) = living.pop_front()
        {
            oldest.wait()?;
        }
        let child = Command::new("true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        living.push_back(child);
    }
    for mut child in living {
        child.wait()?;
    }
    Ok(start.elapsed())
}

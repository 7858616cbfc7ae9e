//! A hook's helper: runs one command to its end or its time limit, and leaves nothing of
//! it behind. It needs no supervisor: one that ends meanwhile is not waited for.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::signalfd::SignalFd;

use super::leader::{self, Leader, PIPE, Program};
use super::{signals, tree};
use crate::core::hook::{Hook, Ran};
use crate::core::shim::TASK;
use crate::sys::clock::{self, Clock};
use crate::sys::stdio;

/// The most of one hook's output that is put on record.
const OUTPUT: usize = 64 << 10;
/// What is read at once.
const PIECE: usize = 16 << 10;
/// The size of the record at which it is set aside; one such is kept.
const RECORD: u64 = 1 << 20;

/// The helper's entry: standard input holds the hook, standard output takes how it went.
pub fn main() -> ExitCode {
    let Ok((hook, answer)) = take_over() else {
        return ExitCode::from(2);
    };
    let (ran, output, missing) = run(&hook);
    record(&hook, &ran, &output, missing).ok();
    if let Ok(mut line) = serde_json::to_vec(&ran) {
        line.push(b'\n');
        // a supervisor that is gone has nobody to tell
        File::from(answer).write_all(&line).ok();
    }
    ExitCode::SUCCESS
}

fn take_over() -> io::Result<(Hook, OwnedFd)> {
    nix::sys::prctl::set_name(c"wrangle-hook")?;
    rustix::process::setsid()?;
    tree::adopt()?;
    let mut text = Vec::new();
    io::stdin().read_to_end(&mut text)?;
    // SAFETY: 1 was given to us by the supervisor and nothing else here owns it
    let given = unsafe { OwnedFd::from_raw_fd(1) };
    let answer = rustix::io::fcntl_dupfd_cloexec(&given, 3)?;
    // 1 stays open until /dev/null takes its place
    std::mem::forget(given);
    stdio::let_go()?;
    std::env::set_current_dir("/")?;
    Ok((serde_json::from_slice(&text)?, answer))
}

/// A hook under way.
struct Running {
    output: Option<File>,
    input: Option<File>,
    typed: Vec<u8>,
    kept: Vec<u8>,
    missing: u64,
}

/// Runs it until nothing of it lives; how it went, its output, and how many bytes of
/// that are missing.
fn run(hook: &Hook) -> (Ran, Vec<u8>, u64) {
    let mut ran = Ran {
        exit: None,
        failed: None,
        timed_out: false,
    };
    let started = signals::watch()
        .map_err(|error| format!("cannot watch for its end: {error}"))
        .and_then(|signals| Ok((signals, start(hook)?)));
    let (signals, leader) = match started {
        Ok(started) => started,
        Err(why) => {
            ran.failed = Some(why);
            return (ran, Vec::new(), 0);
        }
    };
    let mut running = Running {
        output: Some(leader.output.into()),
        input: leader.input.map(File::from),
        typed: hook.input.as_bytes().to_vec(),
        kept: Vec::new(),
        missing: 0,
    };
    let clock = Clock::start();
    let mut limit = Duration::from_millis(hook.timeout_ms);
    let mut pause = Duration::ZERO;
    loop {
        let now = clock.now().mono;
        let late = now >= limit;
        let left = limit.saturating_sub(now);
        running.wait(&signals, if late { pause } else { left });
        while let Ok(Some(info)) = signals.read_signal() {
            if let Ok(Signal::SIGTERM | Signal::SIGINT) = Signal::try_from(info.ssi_signo as i32) {
                limit = Duration::ZERO;
            }
        }
        running.turn();
        loop {
            let reaped = tree::reap(Some(leader.ident.pid));
            ran.exit = ran.exit.or(reaped.leader);
            if reaped.empty {
                // what was written last is in the pipe still; a descriptor passed to a
                // stranger may keep it open
                for _ in 0..PIPE / PIECE {
                    running.turn();
                }
                return (ran, running.kept, running.missing);
            }
            if !reaped.more {
                break;
            }
        }
        if late {
            ran.timed_out = true;
            tree::kill();
            pause = (pause * 2).clamp(Duration::from_millis(1), Duration::from_millis(50));
        }
    }
}

fn start(hook: &Hook) -> Result<Leader, String> {
    let own: Vec<_> = std::env::vars_os()
        // of a supervisor that was started by a task of another herd
        .filter(|(key, _)| key != TASK)
        .map(|(key, value)| (key.into(), value.into()))
        .collect();
    leader::start(&Program {
        argv: &hook.argv,
        env: own.iter().chain(&hook.env),
        dir: Path::new("/"),
        stdin: true,
    })
}

impl Running {
    fn wait(&self, signals: &SignalFd, most: Duration) {
        let ms = most.as_micros().div_ceil(1000);
        let timeout = PollTimeout::try_from(i32::try_from(ms).unwrap_or(i32::MAX))
            .unwrap_or(PollTimeout::MAX);
        let mut fds = vec![PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
        if let Some(output) = &self.output {
            fds.push(PollFd::new(output.as_fd(), PollFlags::POLLIN));
        }
        if let Some(input) = &self.input {
            fds.push(PollFd::new(input.as_fd(), PollFlags::POLLOUT));
        }
        poll(&mut fds, timeout).ok();
    }

    /// Moves what can be moved.
    fn turn(&mut self) {
        if let Some(input) = &mut self.input {
            let done = match input.write(&self.typed) {
                Ok(count) => {
                    self.typed.drain(..count);
                    self.typed.is_empty()
                }
                Err(error) => !is_temporary(&error),
            };
            if done {
                self.input = None;
            }
        }
        let mut piece = [0; PIECE];
        while let Some(output) = &mut self.output {
            match output.read(&mut piece) {
                Ok(0) => self.output = None,
                Ok(count) => {
                    let room = OUTPUT - self.kept.len();
                    let kept = count.min(room);
                    self.kept.extend_from_slice(&piece[..kept]);
                    self.missing += (count - kept) as u64;
                    // a flood must not keep its limit from being kept
                    if kept < count {
                        return;
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if is_temporary(&error) => return,
                Err(_) => self.output = None,
            }
        }
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Adds a hook's output to the record that all hooks of the herd share.
fn record(hook: &Hook, ran: &Ran, output: &[u8], missing: u64) -> io::Result<()> {
    let word = ran.complaint().unwrap_or_else(|| "done".into());
    let mut text = format!("{} {}: {word}\n", clock::wall(), hook.title).into_bytes();
    text.extend_from_slice(output);
    if !output.is_empty() && !output.ends_with(b"\n") {
        text.push(b'\n');
    }
    if missing > 0 {
        text.extend(format!("({missing} bytes more are left out)\n").bytes());
    }
    let path = hook.log.as_path();
    loop {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(path)?;
        file.lock()?;
        let held = file.metadata()?;
        // another helper may have set it aside meanwhile
        if !fs::metadata(path).is_ok_and(|now| now.ino() == held.ino()) {
            continue;
        }
        if held.len() >= RECORD {
            fs::rename(path, path.with_extension("log.1"))?;
            continue;
        }
        return file.write_all(&text);
    }
}

//! A run's whole log in the user's pager.

use std::env;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use super::safe::SafeLines;
use super::table;
use crate::output::LogFiles;

/// What is read at once.
const READ: usize = 256 << 10;
/// The pager where `PAGER` names none.
const USUAL: &str = "if command -v less >/dev/null; then exec less -R; else exec more; fi";
/// What a shell says when there is no such program.
const NOT_FOUND: i32 = 127;

/// A pager that shows a log.
#[derive(Debug)]
pub(super) struct Pager {
    child: Child,
    pidfd: OwnedFd,
    name: String,
}

/// Ends a pager from elsewhere.
#[derive(Debug)]
pub(super) struct Ender(OwnedFd);

impl Ender {
    pub(super) fn end(&self) {
        pidfd_send_signal(&self.0, Signal::TERM).ok();
    }
}

impl Pager {
    /// Shows the log in `dir`.
    pub(super) fn show(dir: &Path) -> io::Result<Self> {
        let name = env::var("PAGER")
            .ok()
            .filter(|name| !name.trim().is_empty())
            .unwrap_or_else(|| USUAL.into());
        let log = LogFiles::open(dir)?;
        let mut child = Command::new("sh")
            .args(["-c", &name])
            .stdin(Stdio::piped())
            .spawn()?;
        let pid = Pid::from_child(&child);
        let pidfd = pidfd_open(pid, PidfdFlags::empty())?;
        if let Some(stdin) = child.stdin.take() {
            // ends by itself: with the log, or when the pager reads no more
            thread::spawn(move || feed(log, &mut File::from(OwnedFd::from(stdin))).ok());
        }
        Ok(Self { child, pidfd, name })
    }

    /// A handle by which it can be ended while somebody waits for it.
    pub(super) fn ender(&self) -> io::Result<Ender> {
        self.pidfd.try_clone().map(Ender)
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// One line, when it could not show anything.
    pub(super) fn wait(mut self) -> Result<(), String> {
        let failed = |how: &dyn std::fmt::Display| {
            format!(
                "the pager {:?} failed: {how}; set PAGER to one that works",
                self.name
            )
        };
        match self.child.wait().map(|how: ExitStatus| how.code()) {
            Ok(Some(NOT_FOUND)) => Err(failed(&"not found")),
            Ok(_) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }
}

fn feed(mut log: LogFiles, to: &mut File) -> io::Result<()> {
    use io::Write;
    let end = log.bounds()?.end;
    let mut lines = SafeLines::new(true);
    let mut buffer = vec![0; READ];
    let mut at = 0;
    while at < end {
        let (found, read) = log.read_at(at, &mut buffer)?;
        if read == 0 {
            break;
        }
        if found > at {
            let missing = table::bytes(found - at);
            writeln!(
                to,
                "({missing} are missing here: dropped to stay within the cap)"
            )?;
        }
        at = found + read as u64;
        lines.feed(&buffer[..read], to)?;
    }
    lines.end(to)
}

//! Writers start together and their end is known to the microsecond, whoever runs them:
//! two FIFOs do it, so that a start-up is never in a figure about output.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::libc;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tempfile::TempDir;

use super::Outcome;
use super::process::wait_readable;

/// The bench's end of a gate.
#[derive(Debug)]
pub(crate) struct Gate {
    dir: TempDir,
    start: Option<File>,
    done: File,
}

impl Gate {
    /// A shut gate.
    pub(crate) fn new() -> Outcome<Self> {
        let dir = tempfile::tempdir()?;
        for name in ["start", "done"] {
            mkfifo(&dir.path().join(name), Mode::S_IRUSR | Mode::S_IWUSR)?;
        }
        // read and write: opening it must not wait for a writer that is still to come
        let start = OpenOptions::new()
            .read(true)
            .write(true)
            .open(dir.path().join("start"))?;
        let done = OpenOptions::new()
            .read(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(dir.path().join("done"))?;
        Ok(Self {
            dir,
            start: Some(start),
            done,
        })
    }

    /// Where writers find it.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Waits until so many writers stand before it.
    pub(crate) fn await_ready(&mut self, writers: usize) -> Outcome<()> {
        let mut ready = 0;
        while ready < writers {
            wait_readable(&self.done, "a writer to be ready")?;
            let mut bytes = [0; 64];
            match self.done.read(&mut bytes) {
                Ok(0) => return Err("a writer went before it was let through".into()),
                Ok(count) => ready += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Lets all through; when.
    pub(crate) fn open(&mut self) -> Instant {
        let at = Instant::now();
        self.start = None;
        at
    }

    /// Waits until every writer has exited; when.
    pub(crate) fn await_exits(&mut self) -> Outcome<Instant> {
        loop {
            wait_readable(&self.done, "the writers to exit")?;
            let at = Instant::now();
            match self.done.read(&mut [0; 64]) {
                Ok(0) => return Ok(at),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Ok(_) => return Err("a writer came late".into()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A writer's side: says that it is ready and waits until the gate is open. What comes
/// back is to be held until the end.
pub(crate) fn pass(gate: &Path) -> io::Result<File> {
    let end = |name: &str| -> PathBuf { gate.join(name) };
    let mut start = File::open(end("start"))?;
    let mut done = OpenOptions::new().write(true).open(end("done"))?;
    done.write_all(b"r")?;
    start.read_to_end(&mut Vec::new())?;
    Ok(done)
}

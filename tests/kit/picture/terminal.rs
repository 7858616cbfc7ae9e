//! A program in a pseudo-terminal, and what an emulator makes of its output.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use alacritty_terminal::Term;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::Config;
use alacritty_terminal::vte::ansi::Processor;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{OpenptyResult, Winsize, openpty};

use crate::Outcome;

/// Longer than the scene takes to set.
const PATIENCE: Duration = Duration::from_secs(60);

/// Width and height in cells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) cols: u16,
    pub(crate) rows: u16,
}

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.rows.into()
    }

    fn screen_lines(&self) -> usize {
        self.rows.into()
    }

    fn columns(&self) -> usize {
        self.cols.into()
    }
}

/// A program on a terminal of its own.
pub(crate) struct Terminal {
    master: File,
    child: Child,
    parser: Processor,
    /// What it shows.
    pub(crate) term: Term<VoidListener>,
}

impl Terminal {
    /// Starts the program.
    pub(crate) fn open(mut command: Command, size: Size) -> Outcome<Self> {
        let window = Winsize {
            ws_row: size.rows,
            ws_col: size.cols,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let OpenptyResult { master, slave } = openpty(&window, None)?;
        command
            .stdin(Stdio::from(slave.try_clone()?))
            .stdout(Stdio::from(slave.try_clone()?))
            .stderr(Stdio::from(slave));
        // SAFETY: both calls are async-signal-safe
        unsafe {
            command.pre_exec(|| {
                nix::unistd::setsid()?;
                if libc::ioctl(0, libc::TIOCSCTTY, 0) < 0 {
                    return Err(std::io::Error::last_os_error());
                }
                Ok(())
            });
        }
        Ok(Self {
            master: File::from(master),
            child: command.spawn()?,
            parser: Processor::new(),
            term: Term::new(Config::default(), &size, VoidListener),
        })
    }

    /// Types.
    pub(crate) fn send(&mut self, keys: &str) -> Outcome<()> {
        Ok(self.master.write_all(keys.as_bytes())?)
    }

    /// Reads until the screen shows this.
    pub(crate) fn wait(&mut self, what: &str, shows: impl Fn(&str) -> bool) -> Outcome<()> {
        let until = Instant::now() + PATIENCE;
        let mut buffer = vec![0; 64 << 10];
        while !shows(&self.text()) {
            let left = until.saturating_duration_since(Instant::now());
            let mut ready = [PollFd::new(self.master.as_fd(), PollFlags::POLLIN)];
            if poll(&mut ready, PollTimeout::try_from(left)?)? == 0 {
                return Err(format!("waited in vain for {what}:\n{}", self.text()).into());
            }
            let count = self.master.read(&mut buffer)?;
            self.parser.advance(&mut self.term, &buffer[..count]);
        }
        Ok(())
    }

    fn text(&self) -> String {
        let grid = self.term.grid();
        let rows = (0..grid.screen_lines()).map(|row| {
            let cells = (0..grid.columns()).map(|col| grid[Line(row as i32)][Column(col)].c);
            cells.collect::<String>()
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

//! A terminal that is drained at once and read by an emulator, with a program in it.

use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use alacritty_terminal::event::VoidListener;
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::{Config, Term};
use alacritty_terminal::vte::ansi::{Processor, StdSyncHandler};
use nix::pty::{Winsize, openpty};

use super::Outcome;
use super::process::PATIENCE;

/// Columns and rows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size(pub(crate) u16, pub(crate) u16);

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.1.into()
    }

    fn screen_lines(&self) -> usize {
        self.1.into()
    }

    fn columns(&self) -> usize {
        self.0.into()
    }
}

/// What the terminal shows.
pub(crate) struct Shown {
    term: Term<VoidListener>,
    parser: Processor<StdSyncHandler>,
    bytes: u64,
    awaited: Option<(Condition, Sender<Instant>)>,
}

type Condition = Box<dyn FnMut(&Shown) -> bool + Send>;

impl Shown {
    /// A row's text.
    pub(crate) fn row(&self, number: usize) -> String {
        let row = &self.term.grid()[Line(number as i32)];
        (0..self.term.columns())
            .map(|column| row[Column(column)].c)
            .collect()
    }

    /// Whether a row holds this.
    pub(crate) fn has(&self, text: &str) -> bool {
        (0..self.term.screen_lines()).any(|number| self.row(number).contains(text))
    }

    /// How many cells are not blank.
    pub(crate) fn filled(&self) -> usize {
        (0..self.term.screen_lines())
            .map(|number| self.row(number).chars().filter(|c| *c != ' ').count())
            .sum()
    }

    /// All rows, for an error message.
    pub(crate) fn text(&self) -> String {
        let rows: Vec<_> = (0..self.term.screen_lines())
            .map(|number| self.row(number).trim_end().to_owned())
            .collect();
        rows.join("\n")
    }

    fn take(&mut self, bytes: &[u8], at: Instant) {
        self.bytes += bytes.len() as u64;
        self.parser.advance(&mut self.term, bytes);
        self.check(at);
    }

    fn check(&mut self, at: Instant) {
        if let Some((mut holds, tell)) = self.awaited.take() {
            if holds(self) {
                tell.send(at).ok();
            } else {
                self.awaited = Some((holds, tell));
            }
        }
    }
}

/// A program in a terminal of its own. Dropped, it is killed.
pub(crate) struct Pty {
    child: Child,
    input: File,
    shown: Arc<Mutex<Shown>>,
    drain: Option<JoinHandle<()>>,
}

impl Pty {
    /// Runs it with the terminal as its controlling one.
    pub(crate) fn spawn(mut command: Command, size: Size) -> Outcome<Self> {
        let window = Winsize {
            ws_col: size.0,
            ws_row: size.1,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pty = openpty(&window, None)?;
        let (master, slave) = (File::from(pty.master), File::from(pty.slave));
        for end in [&master, &slave] {
            rustix::io::fcntl_setfd(end, rustix::io::FdFlags::CLOEXEC)?;
        }
        command
            .stdin(Stdio::from(slave.try_clone()?))
            .stdout(Stdio::from(slave.try_clone()?))
            .stderr(Stdio::from(slave))
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env_remove("NO_COLOR");
        // SAFETY: setsid(2) and ioctl(2) are async-signal-safe
        unsafe {
            command.pre_exec(|| {
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
                Ok(())
            });
        }
        let child = command.spawn()?;
        // its copies of the slave go with it: the drain ends when the last holder is gone
        drop(command);
        let shown = Arc::new(Mutex::new(Shown {
            term: Term::new(Config::default(), &size, VoidListener),
            parser: Processor::new(),
            bytes: 0,
            awaited: None,
        }));
        let (mut output, theirs) = (master.try_clone()?, Arc::clone(&shown));
        let drain = std::thread::spawn(move || {
            let mut buffer = vec![0; 64 << 10];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                let at = Instant::now();
                lock(&theirs).take(&buffer[..count], at);
            }
        });
        Ok(Self {
            child,
            input: master,
            shown,
            drain: Some(drain),
        })
    }

    /// The program's process id.
    pub(crate) fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) -> Outcome<()> {
        Ok(self.input.write_all(keys.as_bytes())?)
    }

    /// Bytes that came so far.
    pub(crate) fn bytes(&self) -> u64 {
        lock(&self.shown).bytes
    }

    /// Awaits that something is shown as a result of what comes from now on.
    pub(crate) fn next(&self, holds: impl FnMut(&Shown) -> bool + Send + 'static) -> Awaited<'_> {
        let (tell, told) = channel();
        lock(&self.shown).awaited = Some((Box::new(holds), tell));
        Awaited { pty: self, told }
    }

    /// Awaits that something is shown, which it may be already.
    pub(crate) fn until(&self, holds: impl FnMut(&Shown) -> bool + Send + 'static) -> Awaited<'_> {
        let awaited = self.next(holds);
        lock(&self.shown).check(Instant::now());
        awaited
    }

    /// Types, and awaits something that is shown for it; how long that took.
    pub(crate) fn react(
        &mut self,
        keys: &str,
        what: &str,
        holds: impl FnMut(&Shown) -> bool + Send + 'static,
    ) -> Outcome<std::time::Duration> {
        let mut input = self.input.try_clone()?;
        let awaited = self.next(holds);
        let start = Instant::now();
        input.write_all(keys.as_bytes())?;
        Ok(awaited.at(what)?.duration_since(start))
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        // what a peer left in the terminal would keep it open: only ours is joined
        if let Some(drain) = self.drain.take()
            && drain.is_finished()
        {
            drain.join().ok();
        }
    }
}

/// Something that is to be shown.
pub(crate) struct Awaited<'a> {
    pty: &'a Pty,
    told: Receiver<Instant>,
}

impl Awaited<'_> {
    /// When the bytes came that made it so.
    pub(crate) fn at(self, what: &str) -> Outcome<Instant> {
        self.told.recv_timeout(PATIENCE).map_err(|_| {
            let shown = lock(&self.pty.shown).text();
            format!("waited {PATIENCE:?} in vain for {what} on the screen:\n{shown}").into()
        })
    }
}

/// A panic elsewhere leaves what is shown as it was.
fn lock(shown: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    shown.lock().unwrap_or_else(PoisonError::into_inner)
}

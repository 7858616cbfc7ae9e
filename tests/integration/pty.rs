//! The screen in a real terminal: keys in, and what an emulator makes of what comes out.

use std::fs::{File, OpenOptions};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::{Config, TermMode};
use alacritty_terminal::vte::ansi::Processor;
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::pty::{Winsize, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{Termios, tcgetattr};
use wrangle::core::id::Ident;
use wrangle::sys::proc;

use crate::herd::{Herd, finish};
use crate::procs::{PATIENCE, wait_until};

/// What a terminal was asked for besides drawing.
#[derive(Debug, Default)]
struct Wishes {
    answers: Vec<u8>,
    titles: Vec<String>,
    clipboard: Vec<String>,
    bells: usize,
}

#[derive(Debug, Clone, Default)]
struct Listener(Arc<Mutex<Wishes>>);

impl EventListener for Listener {
    fn send_event(&self, event: Event) {
        let mut wishes = self.0.lock().unwrap();
        match event {
            Event::PtyWrite(text) => wishes.answers.extend(text.bytes()),
            Event::Title(title) => wishes.titles.push(title),
            Event::ClipboardStore(_, text) => wishes.clipboard.push(text),
            Event::Bell => wishes.bells += 1,
            _ => {}
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Size {
    cols: u16,
    rows: u16,
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

struct Terminal {
    term: Term<Listener>,
    parser: Processor,
    raw: Vec<u8>,
    ended: bool,
}

impl Terminal {
    fn text(&self) -> String {
        let grid = self.term.grid();
        let rows = (0..grid.screen_lines()).map(|row| {
            let cells = (0..grid.columns()).map(|col| grid[Line(row as i32)][Column(col)].c);
            cells.collect::<String>().trim_end().to_owned()
        });
        rows.collect::<Vec<_>>().join("\n")
    }
}

/// A client on a terminal of its own.
pub(crate) struct Pty {
    master: Option<File>,
    /// Ours, to ask for the modes after the client has gone.
    slave: Option<File>,
    reader: Option<(PipeWriter, JoinHandle<()>)>,
    child: Option<Child>,
    who: Ident,
    before: Termios,
    terminal: Arc<(Mutex<Terminal>, Condvar)>,
    wishes: Listener,
}

impl Pty {
    /// Opens the screen of a herd.
    pub(crate) fn open(herd: &Herd, cols: u16, rows: u16) -> Self {
        Self::with(herd, cols, rows, &[])
    }

    /// Opens it with other variables; an empty value removes one.
    pub(crate) fn with(herd: &Herd, cols: u16, rows: u16, env: &[(&str, &str)]) -> Self {
        let mut command = herd.command([] as [&str; 0]);
        for (key, value) in env {
            if value.is_empty() {
                command.env_remove(key);
            } else {
                command.env(key, value);
            }
        }
        Self::start(command, cols, rows)
    }

    /// Starts any program on a terminal of its own.
    pub(crate) fn start(mut command: Command, cols: u16, rows: u16) -> Self {
        let (master, slave) = open_pty();
        set_size(&master, cols, rows);
        let before = tcgetattr(&slave).unwrap();
        command
            .stdin(Stdio::from(slave.try_clone().unwrap()))
            .stdout(Stdio::from(slave.try_clone().unwrap()))
            .stderr(Stdio::from(slave.try_clone().unwrap()));
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
        let child = command.spawn().unwrap();
        let who = proc::ident(child.id() as i32).unwrap();
        let wishes = Listener::default();
        let config = Config {
            scrolling_history: 0,
            ..Config::default()
        };
        let terminal = Terminal {
            term: Term::new(config, &Size { cols, rows }, wishes.clone()),
            parser: Processor::new(),
            raw: Vec::new(),
            ended: false,
        };
        let terminal = Arc::new((Mutex::new(terminal), Condvar::new()));
        let (stopped, stop) = std::io::pipe().unwrap();
        let reader = Reader {
            master: master.try_clone().unwrap(),
            stopped,
            terminal: Arc::clone(&terminal),
            wishes: wishes.clone(),
        };
        let reader = std::thread::spawn(move || reader.read_all());
        Self {
            master: Some(master),
            slave: Some(slave),
            reader: Some((stop, reader)),
            child: Some(child),
            who,
            before,
            terminal,
            wishes,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Terminal> {
        // what another thread left behind at its panic is only looked at
        self.terminal
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The client.
    pub(crate) fn client(&self) -> Ident {
        self.who
    }

    /// What the screen shows.
    pub(crate) fn text(&self) -> String {
        self.lock().text()
    }

    /// Everything that was ever sent to the terminal.
    pub(crate) fn raw(&self) -> Vec<u8> {
        self.lock().raw.clone()
    }

    /// Titles, clipboard contents and bells that the terminal was asked for.
    pub(crate) fn wishes(&self) -> (Vec<String>, Vec<String>, usize) {
        let wishes = self.wishes.0.lock().unwrap();
        (
            wishes.titles.clone(),
            wishes.clipboard.clone(),
            wishes.bells,
        )
    }

    /// Types. Esc wants a wait for what it changes before the next key: with one right
    /// behind it, it is that key with Alt.
    pub(crate) fn send(&self, keys: &str) {
        let mut master = self.master.as_ref().expect("an open terminal");
        master.write_all(keys.as_bytes()).unwrap();
    }

    /// Gives the terminal another size.
    pub(crate) fn resize(&self, cols: u16, rows: u16) {
        self.lock().term.resize(Size { cols, rows });
        set_size(self.master.as_ref().expect("an open terminal"), cols, rows);
    }

    /// Waits until the screen shows it; what it shows then.
    #[track_caller]
    pub(crate) fn wait_screen(&self, description: &str, shows: impl Fn(&str) -> bool) -> String {
        let until = Instant::now() + PATIENCE;
        let mut terminal = self.lock();
        loop {
            let text = terminal.text();
            if shows(&text) {
                return text;
            }
            let left = until.saturating_duration_since(Instant::now());
            let ended = terminal.ended;
            if left.is_zero() || ended {
                // the reader still needs it: a lock poisoned here would end all tests
                drop(terminal);
                panic!("waited in vain until {description}; ended: {ended}; the screen:\n{text}");
            }
            terminal = self.terminal.1.wait_timeout(terminal, left).unwrap().0;
        }
    }

    /// Waits until the screen shows all of these.
    #[track_caller]
    pub(crate) fn shows(&self, all: &[&str]) -> String {
        let description = format!("it shows {all:?}");
        self.wait_screen(&description, |text| {
            all.iter().all(|part| text.contains(part))
        })
    }

    /// Types, then waits until the screen shows all of these.
    #[track_caller]
    pub(crate) fn press(&self, keys: &str, all: &[&str]) -> String {
        self.send(keys);
        self.shows(all)
    }

    /// Types, then waits until the screen no longer shows this.
    #[track_caller]
    pub(crate) fn press_away(&self, keys: &str, gone: &str) -> String {
        self.send(keys);
        self.wait_screen(&format!("{gone:?} is gone"), |text| !text.contains(gone))
    }

    /// Waits until the client has ended; its exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> i32 {
        finish(self.child.take().expect("a client")).code
    }

    /// Closes the terminal, as its window or an SSH connection would: the kernel sends
    /// SIGHUP to the client, and it reads and writes no more.
    pub(crate) fn close(&mut self) {
        if let Some((stop, reader)) = self.reader.take() {
            drop(stop);
            reader.join().ok();
        }
        drop(self.slave.take());
        drop(self.master.take());
    }

    /// Once the client has gone, the terminal is as it was.
    #[track_caller]
    pub(crate) fn is_restored(&self) {
        let slave = self.slave.as_ref().expect("an open terminal");
        assert_eq!(
            tcgetattr(slave).unwrap(),
            self.before,
            "modes of the terminal"
        );
        let modes = || *self.lock().term.mode();
        let ours = TermMode::ALT_SCREEN
            | TermMode::MOUSE_MODE
            | TermMode::SGR_MOUSE
            | TermMode::BRACKETED_PASTE
            | TermMode::FOCUS_IN_OUT;
        wait_until("the screen is left, the cursor shown", || {
            !modes().intersects(ours) && modes().contains(TermMode::SHOW_CURSOR)
        });
    }
}

/// A pair that no program inherits which another test starts meanwhile.
fn open_pty() -> (File, File) {
    let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let master = posix_openpt(flags).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let name = ptsname_r(&master).unwrap();
    let slave = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NOCTTY)
        .open(name)
        .unwrap();
    (File::from(OwnedFd::from(master)), slave)
}

fn set_size(master: &File, cols: u16, rows: u16) {
    let size = Winsize {
        ws_row: rows,
        ws_col: cols,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ reads a winsize, which outlives the call
    let done = unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(done, 0);
}

/// Feeds the emulator until the terminal ends or is closed.
struct Reader {
    master: File,
    stopped: PipeReader,
    terminal: Arc<(Mutex<Terminal>, Condvar)>,
    wishes: Listener,
}

impl Reader {
    fn read_all(mut self) {
        let mut buffer = vec![0; 64 << 10];
        while self.is_readable()
            && let Ok(count) = self.master.read(&mut buffer)
            && count > 0
        {
            let mut guard = self.terminal.0.lock().unwrap();
            let Terminal {
                term, parser, raw, ..
            } = &mut *guard;
            parser.advance(term, &buffer[..count]);
            raw.extend_from_slice(&buffer[..count]);
            drop(guard);
            let answers = std::mem::take(&mut self.wishes.0.lock().unwrap().answers);
            self.master.write_all(&answers).ok();
            self.terminal.1.notify_all();
        }
        self.terminal.0.lock().unwrap().ended = true;
        self.terminal.1.notify_all();
    }

    fn is_readable(&self) -> bool {
        let mut fds = [
            PollFd::new(self.stopped.as_fd(), PollFlags::POLLIN),
            PollFd::new(self.master.as_fd(), PollFlags::POLLIN),
        ];
        while poll(&mut fds, PollTimeout::NONE) == Err(Errno::EINTR) {}
        fds[0].revents().is_some_and(|events| events.is_empty())
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.close();
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

//! The terminal: taken for the screen, given back whatever happens.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste};
use crossterm::style::ResetColor;
use crossterm::terminal::{
    Clear, ClearType, DisableLineWrap, EnableLineWrap, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{queue, style::Print};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::trouble::Trouble;

/// Buttons, wheel and drags, as SGR (1000, 1002, 1006; xterm's ctlseqs). Bare moves (1003)
/// are left out: each would wake the supervisor for nothing.
const MOUSE: &str = "\x1b[?1000h\x1b[?1002h\x1b[?1006h";
/// The size where the terminal doesn't tell.
const USUAL: (u16, u16) = (80, 24);
/// How long a terminal that takes no bytes may hold up the leaving, in milliseconds.
const STUCK: u16 = 200;

/// What a program that panicked exits with.
const PANICKED: i32 = 101;

/// Whether the terminal is in our hands.
static TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// Refuses what cannot show a screen.
pub(super) fn check() -> Result<(), Trouble> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Trouble::Usage(
            "the screen needs a terminal on standard input and output; wrangle help lists the verbs for scripts"
                .into(),
        ));
    }
    if std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
        return Err(Trouble::Usage(
            "TERM=dumb cannot show the screen; set TERM to what the terminal is, or use the verbs that wrangle help lists"
                .into(),
        ));
    }
    Ok(())
}

/// Columns and rows.
pub(super) fn size() -> (u16, u16) {
    match crossterm::terminal::size() {
        Ok((columns, rows)) if columns > 0 && rows > 0 => (columns, rows),
        _ => USUAL,
    }
}

/// Takes the terminal. From now on a panic gives it back before it is reported.
pub(super) fn take() -> io::Result<()> {
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |what| {
            let taken = give_back();
            report(what);
            // whichever thread it was: without it the screen is not what it seems
            if taken {
                std::process::exit(PANICKED);
            }
        }));
    });
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut bytes = Vec::new();
    queue!(
        bytes,
        EnterAlternateScreen,
        Clear(ClearType::All),
        DisableLineWrap,
        EnableBracketedPaste,
        Print(MOUSE),
        Hide
    )?;
    output()?.write_all(&bytes)
}

/// Gives the terminal back; whether it was ours.
pub(super) fn give_back() -> bool {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return false;
    }
    let mut bytes = Vec::new();
    let queued = queue!(
        bytes,
        EndSynchronizedUpdate,
        DisableMouseCapture,
        DisableBracketedPaste,
        EnableLineWrap,
        ResetColor,
        LeaveAlternateScreen,
        Show
    );
    // a terminal that is stopped or gone takes no bytes: its modes are set all the same
    if queued.is_ok() && takes_bytes() {
        output().and_then(|mut to| to.write_all(&bytes)).ok();
    }
    disable_raw_mode().ok();
    true
}

/// Standard output without the lock that a thread may hold which waits for the terminal.
pub(super) fn output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

fn takes_bytes() -> bool {
    let stdout = io::stdout();
    let mut fds = [PollFd::new(stdout.as_fd(), PollFlags::POLLOUT)];
    poll(&mut fds, PollTimeout::from(STUCK)).is_ok_and(|ready| ready > 0)
        && fds[0]
            .revents()
            .is_some_and(|events| events == PollFlags::POLLOUT)
}

/// The terminal while it is ours.
#[derive(Debug)]
pub(super) struct Taken;

impl Taken {
    pub(super) fn take() -> io::Result<Self> {
        let taken = Self;
        take()?;
        Ok(taken)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

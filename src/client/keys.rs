//! What comes from the terminal: keys, the mouse, pastes. Read by a thread of its own,
//! because crossterm reads without end when a terminal is closed under it: whether it is
//! gone is asked of the kernel before each read.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossterm::event::{Event, MouseEventKind};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use tokio::sync::mpsc::UnboundedSender;

/// How long crossterm looks for more of what has come. It must be above zero, else it does
/// not look at all; and short, as it looks without a pause (crossterm 0.29), and so takes
/// from the key's answer the processor that it needs.
const GLANCE: Duration = Duration::from_micros(50);

/// A glance that was held up saw nothing: so long after the last key comes a thorough one.
const LATER_MS: u8 = 20;
const THOROUGH: Duration = Duration::from_millis(1);

/// What the thread has to say.
#[derive(Debug)]
pub(super) enum Typed {
    /// Something for the screen.
    Event(Event),
    /// The terminal is gone.
    Closed,
}

/// The thread, while it reads.
#[derive(Debug)]
pub(super) struct Keys {
    /// Closed to end it.
    stop: OwnedFd,
    thread: JoinHandle<()>,
}

impl Keys {
    /// Begins to read. What is typed comes at human speed, so the queue needs no bound.
    pub(super) fn read(to: UnboundedSender<Typed>) -> io::Result<Self> {
        let (stop, stopped) = UnixStream::pair()?;
        let thread = thread::Builder::new()
            .name("keys".into())
            .spawn(move || serve(&stopped, &to))?;
        Ok(Self {
            stop: stop.into(),
            thread,
        })
    }

    /// Returns when nothing is read any more: the next reader gets every key.
    pub(super) fn stop(self) {
        drop(self.stop);
        self.thread.join().ok();
    }
}

fn serve(stopped: &UnixStream, to: &UnboundedSender<Typed>) {
    let stdin = io::stdin();
    // whether crossterm may hold something that a glance has missed
    let mut unsure = false;
    loop {
        let mut fds = [
            PollFd::new(stdin.as_fd(), PollFlags::POLLIN),
            PollFd::new(stopped.as_fd(), PollFlags::POLLIN),
        ];
        let timeout = if unsure {
            LATER_MS.into()
        } else {
            PollTimeout::NONE
        };
        let look = match poll(&mut fds, timeout) {
            Err(Errno::EINTR) => continue,
            Err(_) => break,
            Ok(0) => THOROUGH,
            Ok(_) => GLANCE,
        };
        if fds[1].any() == Some(true) {
            return;
        }
        let gone = PollFlags::POLLHUP | PollFlags::POLLERR | PollFlags::POLLNVAL;
        if fds[0].revents().is_some_and(|what| what.intersects(gone)) {
            break;
        }
        unsure = look == GLANCE;
        if forward(look, to).is_err() {
            break;
        }
    }
    to.send(Typed::Closed).ok();
}

/// Passes on what has come.
fn forward(look: Duration, to: &UnboundedSender<Typed>) -> io::Result<()> {
    while crossterm::event::poll(look)? {
        let event = crossterm::event::read()?;
        let idle = match &event {
            Event::Mouse(mouse) => mouse.kind == MouseEventKind::Moved,
            // the size is watched by SIGWINCH, which comes without a key too
            Event::Resize(..) => true,
            _ => false,
        };
        if !idle && to.send(Typed::Event(event)).is_err() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
    }
    Ok(())
}

//! The tree: everything below this process, which is its subreaper (prctl(2)), so
//! that no orphan leaves it.

use std::io;

use nix::errno::Errno;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rustix::process::Signal;

use crate::core::task::{Exit, Spec};
use crate::sys::proc::{self, Stat};

/// Makes orphans of the tree children of this process.
pub(super) fn adopt() -> io::Result<()> {
    nix::sys::prctl::set_child_subreaper(true).map_err(io::Error::from)
}

/// What a reaping pass found.
#[derive(Debug, Default)]
pub(super) struct Reaped {
    /// How the leader ended, if it was among them.
    pub(super) leader: Option<Exit>,
    /// The kernel's word that no child is left, and so no descendant.
    pub(super) empty: bool,
    /// More may be waiting: the pass was full.
    pub(super) more: bool,
}

/// The most that one pass reaps, so that a flood of exits can't starve the loop.
const PASS: usize = 256;

/// Reaps what has ended.
pub(super) fn reap(leader: Option<i32>) -> Reaped {
    let mut reaped = Reaped::default();
    for _ in 0..PASS {
        let (pid, exit) = match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::Exited(pid, code)) => (pid, Exit::Code(code)),
            Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, Exit::Signal(signal as i32)),
            Ok(WaitStatus::StillAlive) => return reaped,
            // a stop or a continue: not asked for, harmless
            Ok(_) | Err(Errno::EINTR) => continue,
            Err(_) => {
                reaped.empty = true;
                return reaped;
            }
        };
        if leader == Some(pid.as_raw()) {
            reaped.leader = Some(exit);
        }
    }
    reaped.more = true;
    reaped
}

/// Everything of the tree that lives.
pub(super) fn living() -> Vec<Stat> {
    let mut found = proc::descendants(std::process::id() as i32);
    found.retain(|stat| !stat.is_dead());
    found
}

/// Sends each of `signals` to all that live now. A process that is gone meanwhile is
/// no error; one that may not be signalled (a setuid program) is left to the kernel.
fn send(stats: &[Stat], signals: &[Signal]) {
    for stat in stats {
        for signal in signals {
            // the sweep goes on until nothing is left: a failure here is seen there
            drop(proc::signal(stat.ident, *signal));
        }
    }
}

/// What a task is asked to end by.
pub(super) fn stop_signal(spec: &Spec) -> Signal {
    let named = spec.agent.as_deref().and_then(|agent| agent.stop_signal);
    named
        .and_then(Signal::from_named_raw)
        .unwrap_or(Signal::TERM)
}

/// A signal that asks to end to all; SIGCONT too, since a stopped process would not see it.
pub(super) fn terminate(signal: Signal) {
    send(&living(), &[signal, Signal::CONT]);
}

/// SIGCONT to all.
pub(super) fn resume() {
    send(&living(), &[Signal::CONT]);
}

/// SIGSTOP until a look finds nothing that isn't stopped; what is born meanwhile is
/// caught by the next look. Bounded: one in an uninterruptible sleep stops later.
pub(super) fn freeze() {
    for _ in 0..50 {
        let mut running = living();
        running.retain(|stat| !stat.is_stopped());
        if running.is_empty() {
            return;
        }
        send(&running, &[Signal::STOP]);
    }
}

/// One round of the kill sweep: nothing can fork once it is stopped, so SIGKILL then
/// finds all of it. The caller repeats until [`reap`] says empty.
pub(super) fn kill() {
    freeze();
    send(&living(), &[Signal::KILL]);
}

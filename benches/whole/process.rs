//! What the kernel tells of processes: memory, wake-ups, ends.

use std::fs;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use wrangle::sys::proc;

use super::Outcome;

/// After so long something is broken, however slow the machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A field of a `/proc` file of lines `Name: value unit`.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let rest = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// Sums something over processes.
fn sum(pids: &[i32], of: impl Fn(i32) -> Option<u64>) -> u64 {
    pids.iter().filter_map(|pid| of(*pid)).sum()
}

/// Proportional set size in bytes: shared pages count by their share (proc(5), `smaps_rollup`).
pub(crate) fn pss(pids: &[i32]) -> u64 {
    1024 * sum(pids, |pid| {
        field(&format!("/proc/{pid}/smaps_rollup"), "Pss")
    })
}

/// Resident set size in bytes.
pub(crate) fn rss(pids: &[i32]) -> u64 {
    1024 * sum(pids, |pid| field(&format!("/proc/{pid}/status"), "VmRSS"))
}

/// Highest resident set size so far in bytes.
pub(crate) fn peak(pids: &[i32]) -> u64 {
    1024 * sum(pids, |pid| field(&format!("/proc/{pid}/status"), "VmHWM"))
}

/// How often these went to sleep and were woken, all threads of them.
pub(crate) fn wakeups(pids: &[i32]) -> u64 {
    sum(pids, |pid| {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
        Some(
            threads
                .flatten()
                .filter_map(|thread| {
                    let status = thread.path().join("status");
                    field(status.to_str()?, "voluntary_ctxt_switches")
                })
                .sum(),
        )
    })
}

/// Every living process below this one.
pub(crate) fn tree(root: i32) -> Vec<i32> {
    proc::descendants(root)
        .into_iter()
        .filter(|stat| !stat.is_dead())
        .map(|stat| stat.ident.pid)
        .collect()
}

/// Processes by handle, so that their end can be waited for.
#[derive(Debug)]
pub(crate) struct Ends(Vec<OwnedFd>);

impl Ends {
    /// Of these; one that is gone already counts as ended.
    pub(crate) fn of(pids: &[i32]) -> Self {
        let open = |pid: &i32| pidfd_open(Pid::from_raw(*pid)?, PidfdFlags::empty()).ok();
        Self(pids.iter().filter_map(open).collect())
    }

    /// Waits until all have ended; when that was seen.
    pub(crate) fn wait(&self, what: &str) -> Outcome<Instant> {
        for end in &self.0 {
            wait_readable(end, what)?;
        }
        Ok(Instant::now())
    }
}

/// Waits until there is something to read, or an end to be seen.
pub(crate) fn wait_readable(fd: &impl AsFd, what: &str) -> Outcome<()> {
    let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
    let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
    match poll(&mut fds, timeout)? {
        0 => Err(format!("waited {PATIENCE:?} in vain for {what}").into()),
        _ => Ok(()),
    }
}

/// Waits for a state that nothing announces, outside of what is measured.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Outcome<()> {
    let start = Instant::now();
    while !holds() {
        if start.elapsed() > PATIENCE {
            return Err(format!("waited {PATIENCE:?} in vain for {what}").into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}

/// Watches how far each of these grows at its highest, from now until it is asked.
#[derive(Debug)]
pub(crate) struct Growth {
    stop: Sender<()>,
    watch: JoinHandle<u64>,
}

impl Growth {
    /// Looks ten times a second; a peak is the kernel's own mark, so none is missed but in
    /// the last tenth of a process's life.
    pub(crate) fn of(pids: Vec<i32>) -> Self {
        let (stop, stopped) = channel();
        let before: Vec<u64> = pids.iter().map(|pid| rss(&[*pid])).collect();
        let watch = std::thread::spawn(move || {
            let mut highest = before.clone();
            loop {
                for (pid, highest) in pids.iter().zip(&mut highest) {
                    *highest = peak(&[*pid]).max(*highest);
                }
                let pause = stopped.recv_timeout(Duration::from_millis(100));
                if pause != Err(RecvTimeoutError::Timeout) {
                    return highest.iter().sum::<u64>() - before.iter().sum::<u64>();
                }
            }
        });
        Self { stop, watch }
    }

    /// By how many bytes all of them together, each at its own highest.
    pub(crate) fn bytes(self) -> Outcome<u64> {
        self.stop.send(()).ok();
        let failed = |_| "the watch on memory failed";
        Ok(self.watch.join().map_err(failed)?)
    }
}

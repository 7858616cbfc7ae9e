//! A short task that writes down, for all to see, when it ran.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use nix::libc;
use nix::sys::signal::{SigSet, Signal};
use rustix::time::{ClockId, clock_gettime};

/// Works for some milliseconds that follow from `number`, and exits with 3 where that is
/// told by it, else with 0. Leaves a line in `journal` when it begins and one when it ends,
/// by itself or by SIGTERM.
pub(crate) fn work(journal: &str, number: u64) -> ExitCode {
    let mut term = SigSet::empty();
    term.add(Signal::SIGTERM);
    term.thread_block().expect("sigprocmask");
    let run = std::env::var("WRANGLE_RUN").expect("WRANGLE_RUN");
    let run = Path::new(&run).file_stem().and_then(|stem| stem.to_str());
    let run = run.expect("a run's name");
    let stat = std::fs::read_to_string("/proc/self/stat").expect("/proc/self/stat");
    let mut fields = stat.rsplit(')').next().expect("fields").split_whitespace();
    let ticks = fields.nth(19).expect("a start time");
    let pid = std::process::id();
    note(
        journal,
        &format!("start {run} {number} {pid} {ticks} {}\n", now()),
    );
    let told = wait(&term, Duration::from_millis(30 + number * 37 % 120));
    let how = if told { "told" } else { "done" };
    note(journal, &format!("end {run} {how} {}\n", now()));
    if told {
        return ExitCode::from(9);
    }
    ExitCode::from(if number.is_multiple_of(7) { 3 } else { 0 })
}

/// Nanoseconds since the machine was started, by the clock of `/proc/PID/stat`.
fn now() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Whole lines, whoever else writes: each is one write to the end of the file.
fn note(journal: &str, line: &str) {
    let file = OpenOptions::new().append(true).create(true).open(journal);
    file.and_then(|mut file| file.write_all(line.as_bytes()))
        .expect("the journal");
}

/// Whether a signal of the set came within this time.
fn wait(set: &SigSet, time: Duration) -> bool {
    let time = libc::timespec {
        tv_sec: 0,
        tv_nsec: time.subsec_nanos().into(),
    };
    // SAFETY: both point to what lives as long as the call; no word is wanted of the signal
    let signal = unsafe { libc::sigtimedwait(set.as_ref(), std::ptr::null_mut(), &raw const time) };
    signal > 0
}

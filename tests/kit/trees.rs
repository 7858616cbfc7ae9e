//! Trees. Each says `ready` once all of it stands.

use std::cell::Cell;
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::fs::OpenOptions;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{ExitCode, exit};
use std::time::{Duration, Instant};

use nix::fcntl::OFlag;
use nix::libc;
use nix::sys::signal::{SigHandler, Signal, kill, raise, signal};
use nix::sys::wait::waitpid;
use nix::unistd::{
    ForkResult, Pid, dup2_stderr, dup2_stdin, dup2_stdout, execve, fork, pipe2, setpgid, setsid,
};

use crate::write::out;

/// Longer than any test, so that whatever a test loses ends by itself all the same.
const LIFE: Duration = Duration::from_secs(300);

/// Lives until it is killed.
pub(crate) fn sleep() -> ! {
    std::thread::sleep(LIFE);
    exit(99)
}

/// Forks; the child does `work` and ends.
fn spawn(work: impl FnOnce()) -> Pid {
    // SAFETY: this program has one thread, so the child may do anything
    match unsafe { fork() }.expect("fork") {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            work();
            exit(0)
        }
    }
}

fn ignore_term() {
    // SAFETY: SIG_IGN runs no code of ours
    unsafe { signal(Signal::SIGTERM, SigHandler::SigIgn) }.expect("signal");
}

/// Held by each process of a tree, each with a copy of its own, until it stands.
struct Gate {
    wait: OwnedFd,
    hold: Cell<Option<OwnedFd>>,
}

impl Gate {
    fn new() -> Self {
        let (wait, hold) = pipe2(OFlag::O_CLOEXEC).expect("pipe");
        Self {
            wait,
            hold: Cell::new(Some(hold)),
        }
    }

    /// This process stands.
    fn pass(&self) {
        drop(self.hold.take());
    }

    /// Waits until all have passed.
    fn wait(self) {
        self.pass();
        std::fs::File::from(self.wait)
            .read_to_end(&mut Vec::new())
            .expect("read");
    }

    /// Waits until all have passed, then tells the test.
    fn ready(self) {
        self.wait();
        say_ready();
    }
}

fn say_ready() {
    out(b"ready\n");
}

/// Leaves the terminal and the pipes, as daemons do.
fn close_standard() {
    let null = OpenOptions::new()
        .read(true)
        .write(true)
        .open("/dev/null")
        .expect("/dev/null");
    dup2_stdin(&null).expect("dup2");
    dup2_stdout(&null).expect("dup2");
    dup2_stderr(&null).expect("dup2");
}

/// Forks twice, so that nobody is left who knows the child, which then does `work`.
fn daemonise(work: impl FnOnce()) {
    let between = spawn(|| {
        setsid().expect("setsid");
        spawn(|| {
            close_standard();
            work();
        });
    });
    waitpid(between, None).expect("wait");
}

/// One well-behaved process.
pub(crate) fn stand() {
    Gate::new().ready();
    sleep()
}

/// Ignores SIGTERM.
pub(crate) fn stubborn() {
    ignore_term();
    stand();
}

/// A child in a session of its own that ignores SIGTERM.
pub(crate) fn session() {
    let gate = Gate::new();
    spawn(|| {
        setsid().expect("setsid");
        ignore_term();
        gate.pass();
        sleep()
    });
    gate.ready();
    sleep()
}

/// A daemon beside a leader that stays.
pub(crate) fn daemon() {
    leave_daemon();
    sleep()
}

/// A daemon whose leader ends with 4.
pub(crate) fn orphan() {
    leave_daemon();
    exit(4)
}

fn leave_daemon() {
    let gate = Gate::new();
    daemonise(|| {
        ignore_term();
        gate.pass();
        sleep()
    });
    gate.ready();
}

/// A daemon that is executed anew without any environment.
pub(crate) fn scrubbed(token: &str) {
    let gate = Gate::new();
    daemonise(|| {
        ignore_term();
        // the gate passes with the exec, which closes it
        become_bare(token).ok();
    });
    gate.ready();
    sleep()
}

fn become_bare(token: &str) -> nix::Result<Infallible> {
    let word = |text: &str| CString::new(text).expect("no NUL");
    let argv = [word("tree"), word("sleep"), word(token)];
    execve(c"/proc/self/exe", &argv, &[] as &[&CStr])
}

/// `count` processes: chains and fans, in sessions, groups and neither; every third
/// ignores SIGTERM.
pub(crate) fn crowd(count: u64) {
    let gate = Gate::new();
    let mut born = 1;
    while born < count {
        let chain = (count - born).min(5);
        spawn(|| link(&gate, born, chain));
        born += chain;
    }
    gate.ready();
    sleep()
}

/// One process of a chain of `left`, its child the next.
fn link(gate: &Gate, number: u64, left: u64) {
    if number.is_multiple_of(4) {
        setsid().expect("setsid");
    } else if number % 4 == 1 {
        setpgid(Pid::from_raw(0), Pid::from_raw(0)).expect("setpgid");
    }
    if number.is_multiple_of(3) {
        ignore_term();
    }
    if left > 1 {
        spawn(|| link(gate, number + 1, left - 1));
    }
    gate.pass();
    sleep()
}

/// Lines of processes that hop: each is born into a new session and its parent ends.
pub(crate) fn hydra(lines: u64) {
    ignore_term();
    let gate = Gate::new();
    for _ in 0..lines {
        spawn(|| hop(&gate));
    }
    gate.ready();
    sleep()
}

fn hop(gate: &Gate) {
    let born = Instant::now();
    while born.elapsed() < LIFE / 5 {
        // SAFETY: this program has one thread
        match unsafe { fork() } {
            Ok(ForkResult::Parent { .. }) => exit(0),
            Ok(ForkResult::Child) => {
                setsid().expect("setsid");
            }
            Err(_) => {}
        }
        gate.pass();
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// Stops its children, one of which ignores SIGTERM, and itself.
pub(crate) fn stopped() {
    let gate = Gate::new();
    let children = [
        spawn(|| {
            gate.pass();
            sleep()
        }),
        spawn(|| {
            setsid().ok();
            ignore_term();
            gate.pass();
            sleep()
        }),
    ];
    gate.wait();
    for child in children {
        kill(child, Signal::SIGSTOP).expect("kill");
    }
    say_ready();
    raise(Signal::SIGSTOP).expect("raise");
    sleep()
}

/// Children that ended and are never waited for, below a parent that ignores SIGTERM.
pub(crate) fn zombies() {
    ignore_term();
    let gate = Gate::new();
    for _ in 0..20 {
        spawn(|| {});
    }
    gate.ready();
    sleep()
}

/// Ends by a signal.
pub(crate) fn signal_self(number: i32) {
    let signal = Signal::try_from(number).expect("a signal");
    raise(signal).expect("raise");
}

/// A child with exactly this pid, the leader of a group of that number; it ends with
/// this process. 77: not permitted here.
pub(crate) fn with_pid(pid: i32) -> ExitCode {
    let until = Instant::now() + Duration::from_secs(5);
    loop {
        // SAFETY: zeroes are a valid clone_args
        let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
        args.exit_signal = libc::SIGCHLD as u64;
        args.set_tid = (&raw const pid) as u64;
        args.set_tid_size = 1;
        // SAFETY: as fork(2): the arguments are valid, and this program has one thread
        match unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size_of_val(&args)) } {
            0 => {
                rustix::process::set_parent_process_death_signal(Some(
                    rustix::process::Signal::KILL,
                ))
                .ok();
                setpgid(Pid::from_raw(0), Pid::from_raw(0)).ok();
                say_ready();
                sleep()
            }
            -1 => match nix::errno::Errno::last() {
                nix::errno::Errno::EEXIST if Instant::now() < until => {}
                nix::errno::Errno::EPERM | nix::errno::Errno::ENOSYS => return ExitCode::from(77),
                other => panic!("clone3 with pid {pid}: {other}"),
            },
            child => {
                waitpid(Pid::from_raw(child as i32), None).expect("wait");
                return ExitCode::SUCCESS;
            }
        }
    }
}

//! Processes as a test sees them from outside.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wrangle::core::id::Ident;
use wrangle::sys::proc::{self, Stat};

/// Longer than anything takes on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// Waits until it holds; the description is what a failure says.
#[track_caller]
pub(crate) fn wait_until(description: &str, mut holds: impl FnMut() -> bool) {
    wait_for(description, || holds().then_some(()));
}

/// Waits until there is an answer.
#[track_caller]
pub(crate) fn wait_for<T>(description: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(Instant::now() < until, "waited in vain until {description}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The words of a command line.
pub(crate) fn words(pid: i32) -> Vec<String> {
    let text = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    text.split(|byte| *byte == 0)
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// Every process of the tree that was given this token: programs of the kit have it as
/// their third word.
pub(crate) fn of_tree(token: &str) -> Vec<Ident> {
    proc::all()
        .filter(|stat| {
            words(stat.ident.pid)
                .get(2)
                .is_some_and(|word| word == token)
        })
        .map(|stat| stat.ident)
        .collect()
}

/// This very process, dead or alive: a zombie counts, unless it waits for init alone,
/// which takes its time on some machines.
pub(crate) fn exists(who: Ident) -> bool {
    proc::stat(who.pid)
        .is_some_and(|stat| stat.ident == who && !(stat.is_dead() && stat.parent == 1))
}

/// Kills this very process and waits until it is gone, or a zombie of a parent that
/// does not look.
pub(crate) fn kill(who: Ident) {
    proc::signal(who, rustix::process::Signal::KILL).unwrap();
    wait_until("a killed process is dead", || !proc::is_alive(who));
}

/// Kills several in one go.
pub(crate) fn kill_all(all: &[Ident]) {
    for who in all {
        proc::signal(*who, rustix::process::Signal::STOP).unwrap();
    }
    for who in all {
        proc::signal(*who, rustix::process::Signal::KILL).unwrap();
    }
    wait_until("killed processes are dead", || {
        !all.iter().any(|who| proc::is_alive(*who))
    });
}

/// Everything below a process, itself included.
pub(crate) fn family(pid: i32) -> Vec<Stat> {
    let mut all = proc::descendants(pid);
    all.extend(proc::stat(pid));
    all
}

/// The most memory that was ever resident, and what is now, in bytes.
pub(crate) fn memory(pid: i32) -> (u64, u64) {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB"));
        kib.unwrap().trim().parse::<u64>().unwrap() << 10
    };
    (line("VmHWM:"), line("VmRSS:"))
}

/// The kit's program.
pub(crate) fn kit() -> String {
    example("tree")
}

/// A program that stands beside the tests.
pub(crate) fn example(name: &str) -> String {
    let exe = std::env::current_exe().unwrap();
    let profile = exe.parent().and_then(|deps| deps.parent()).unwrap();
    let kit = profile.join("examples").join(name);
    assert!(
        kit.exists(),
        "{} is missing: cargo build --examples",
        kit.display()
    );
    kit.to_str().unwrap().to_owned()
}

/// A process of our own that must not be touched.
#[derive(Debug)]
pub(crate) struct Bystander {
    child: Child,
    who: Ident,
}

impl Bystander {
    /// The same program by the same name as the trees.
    pub(crate) fn new(token: &str) -> Self {
        Self::start(&mut Command::new(kit()), token)
    }

    /// One that leads a session of its own, as the leaders of runs do.
    pub(crate) fn in_a_session(token: &str) -> Self {
        let this = Self::start(Command::new("setsid").arg(kit()), token);
        let pid = this.who.pid;
        wait_until("a bystander leads a session", || {
            proc::stat(pid).is_some_and(|stat| stat.session == pid)
        });
        this
    }

    fn start(program: &mut Command, token: &str) -> Self {
        let child = program
            .args(["sleep", &format!("{token}-bystander")])
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let who = proc::ident(child.id() as i32).unwrap();
        Self { child, who }
    }

    /// Who it is.
    pub(crate) const fn who(&self) -> Ident {
        self.who
    }

    /// One with this pid, the leader of a group of that number; `None`, said aloud,
    /// where that is not permitted.
    pub(crate) fn with_pid(pid: i32, token: &str) -> Option<Self> {
        let mut child = Command::new(kit())
            .args(["as", &format!("{token}-bystander"), &pid.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let parent = child.id() as i32;
        let who = wait_for("a pid is taken again", || {
            if let Some(status) = child.try_wait().unwrap() {
                assert_eq!(status.code(), Some(77), "the pid {pid} was not to be had");
                eprintln!("skipped: choosing a pid needs CAP_CHECKPOINT_RESTORE or root");
                return Some(None);
            }
            let taken = proc::stat(pid).filter(|stat| stat.parent == parent);
            taken.map(|stat| Some(stat.ident))
        })?;
        Some(Self { child, who })
    }

    /// Nobody has hurt or stopped it.
    #[track_caller]
    pub(crate) fn lives_on(&self) {
        let stat = proc::stat(self.who.pid);
        assert!(
            stat.is_some_and(|stat| stat.ident == self.who
                && !stat.is_dead()
                && !stat.is_stopped()),
            "a bystander was touched: {stat:?}"
        );
    }
}

impl Drop for Bystander {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
        let who = self.who;
        if !std::thread::panicking() {
            wait_until("the bystander is gone", || !exists(who));
        }
    }
}

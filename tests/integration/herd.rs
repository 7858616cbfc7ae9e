//! A herd of a test's own: the real binary under a `WRANGLE_HOME` in a directory that
//! goes with the test, and the proof that nothing of it is left.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use serde_json::Value;
use tempfile::TempDir;
use wrangle::core::id::Ident;
use wrangle::sys::proc;

use crate::procs::{PATIENCE, example, exists, family, kill, kit, of_tree, wait_until, words};

/// What a call came to.
#[derive(Debug)]
pub(crate) struct Done {
    /// Exit code, 128 + N for signal N.
    pub(crate) code: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Done {
    /// Standard output as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.out).into_owned()
    }

    /// The call went well; its output.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.text()
    }

    /// The call failed with this code, and said so in one line that names `what`.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, what: &str) {
        assert_eq!(self.code, code, "{self:?}");
        assert_eq!(self.err.trim_end().lines().count(), 1, "{self:?}");
        assert!(self.err.contains(what), "no {what:?} in {self:?}");
    }
}

/// A herd.
#[derive(Debug)]
pub(crate) struct Herd {
    root: TempDir,
    home: PathBuf,
    token: String,
    guard: Child,
    tokens: Cell<u32>,
    /// Every process ever seen of it.
    seen: RefCell<BTreeSet<Ident>>,
}

impl Herd {
    /// With the default configuration.
    pub(crate) fn new() -> Self {
        Self::with("")
    }

    /// With this configuration.
    pub(crate) fn with(config: &str) -> Self {
        Self::at("home", config)
    }

    /// With its home somewhere below the test's directory.
    pub(crate) fn at(place: &str, config: &str) -> Self {
        let root = tempfile::Builder::new()
            .prefix("wrangle-test-")
            .tempdir()
            .unwrap();
        let home = root.path().join(place);
        fs::create_dir_all(&home).unwrap();
        if !config.is_empty() {
            fs::write(home.join("config.toml"), config).unwrap();
        }
        let token = root
            .path()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let guard = Command::new(kit())
            .args(["guard", &token])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self {
            root,
            home,
            token,
            guard,
            tokens: Cell::new(0),
            seen: RefCell::default(),
        }
    }

    /// The herd's `WRANGLE_HOME`.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// A directory for the test's own files.
    pub(crate) fn dir(&self) -> &Path {
        self.root.path()
    }

    /// A word that no process of anybody else has in its command line.
    pub(crate) fn token(&self) -> String {
        self.tokens.set(self.tokens.get() + 1);
        format!("{}-{}", self.token, self.tokens.get())
    }

    /// The program, not started yet.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        self.program(env!("CARGO_BIN_EXE_wrangle"), args)
    }

    /// The second build, which calls itself a later version, not started yet.
    pub(crate) fn next<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        self.program(&example("next"), args)
    }

    fn program<S: AsRef<OsStr>>(
        &self,
        program: &str,
        args: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.root.path())
            .env("WRANGLE_HOME", &self.home)
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR")
            .env_remove("COLORTERM")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Calls the program.
    #[track_caller]
    pub(crate) fn call<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Done {
        finish(self.command(args).spawn().unwrap())
    }

    /// Calls the program, which does well; its output.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let done = self.call(args);
        assert_eq!(done.code, 0, "wrangle {args:?}: {done:?}");
        done.text()
    }

    /// The objects that a call with `--json` prints.
    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Vec<Value> {
        let text = self.ok(args);
        text.lines()
            .map(|line| {
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
            })
            .collect()
    }

    /// Launches a command; its id.
    #[track_caller]
    pub(crate) fn run(&self, options: &[&str], argv: &[&str]) -> u64 {
        let args = [&["run", "--json"], options, &["--"], argv].concat();
        let id = self.json(&args)[0]["id"].as_u64().unwrap();
        self.remember();
        id
    }

    /// Launches a tree of the kit and waits until it stands; its id and its token.
    #[track_caller]
    pub(crate) fn tree(&self, options: &[&str], mode: &str) -> (u64, String) {
        let token = self.token();
        let id = self.run(options, &[&kit(), mode, &token]);
        self.wait_output(id, b"ready\n");
        self.remember();
        (id, token)
    }

    /// Launches a writer of the kit; its id.
    #[track_caller]
    pub(crate) fn writer(&self, mode: &str, args: &[&str]) -> u64 {
        let (kit, token) = (kit(), self.token());
        self.run(&[], &[&[kit.as_str(), mode, &token], args].concat())
    }

    /// A task as `show --json` has it.
    #[track_caller]
    pub(crate) fn task(&self, id: u64) -> Value {
        self.json(&["show", "--json", &id.to_string()]).remove(0)
    }

    /// Waits for a task to come to something.
    #[track_caller]
    pub(crate) fn wait_task(&self, id: u64, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        let until = std::time::Instant::now() + PATIENCE;
        while std::time::Instant::now() < until {
            last = self.task(id);
            if holds(&last) {
                return last;
            }
        }
        panic!("waited in vain until task {id} {what}: {last}")
    }

    /// Waits until a task stands like this.
    #[track_caller]
    pub(crate) fn wait_state(&self, id: u64, state: &str) -> Value {
        self.wait_task(id, &format!("is {state}"), |task| task["state"] == state)
    }

    /// Everything kept of a task's output, read from its segments.
    pub(crate) fn stored(&self, id: u64) -> Vec<u8> {
        let dir = self.task(id)["log"].as_str().unwrap().to_owned();
        stored(Path::new(&dir))
    }

    /// Waits until a task has written this.
    #[track_caller]
    pub(crate) fn wait_output(&self, id: u64, text: &[u8]) {
        let task = self.task(id);
        let dir = PathBuf::from(task["log"].as_str().unwrap());
        let what = format!("task {id} has written {:?}", String::from_utf8_lossy(text));
        wait_until(&what, || {
            memchr::memmem::find(&stored(&dir), text).is_some()
        });
    }

    /// The living supervisor, where there is one.
    pub(crate) fn supervisor(&self) -> Option<Ident> {
        self.supervisors().first().copied()
    }

    /// Everyone who is, or means to become, the supervisor.
    pub(crate) fn supervisors(&self) -> Vec<Ident> {
        let mark = [b"WRANGLE_HOME=", self.home.as_os_str().as_encoded_bytes()].concat();
        proc::all()
            .filter(|stat| !stat.is_dead())
            .map(|stat| stat.ident)
            .filter(|who| {
                words(who.pid)
                    .get(1)
                    .is_some_and(|word| word == "supervisor")
                    && proc::has_variable(who.pid, &mark)
            })
            .collect()
    }

    /// The shim of a task whose leader lives.
    #[track_caller]
    pub(crate) fn shim(&self, id: u64) -> Ident {
        let name = format!("{id}.1");
        let leader = self.task(id)["pid"].as_i64().map(|pid| pid as i32);
        let of_leader = leader.and_then(|pid| Some(proc::stat(pid)?.parent));
        let below = || self.supervisor().map(|who| proc::children(who.pid));
        of_leader
            .into_iter()
            .chain(below().into_iter().flatten())
            .find(|pid| {
                let words = words(*pid);
                words.get(1).is_some_and(|word| word == "__shim")
                    && words.get(2).is_some_and(|word| *word == name)
            })
            .and_then(proc::ident)
            .unwrap_or_else(|| panic!("task {id} has no shim"))
    }

    /// Notes every process of the herd that lives now: none of them may be left.
    pub(crate) fn remember(&self) {
        if let Some(supervisor) = self.supervisor() {
            let mut seen = self.seen.borrow_mut();
            seen.extend(family(supervisor.pid).into_iter().map(|stat| stat.ident));
        }
    }

    /// SIGKILL to the supervisor.
    #[track_caller]
    pub(crate) fn kill_supervisor(&self) -> Ident {
        self.remember();
        let supervisor = self.supervisor().expect("a supervisor");
        kill(supervisor);
        supervisor
    }

    /// Nothing that was ever seen of the herd exists, nor anything that bears its token.
    #[track_caller]
    pub(crate) fn nothing_left(&self) {
        let seen = self.seen.borrow();
        wait_until("no process of the herd is left", || {
            self.supervisor().is_none() && !seen.iter().any(|who| exists(*who))
        });
        for number in 1..=self.tokens.get() {
            let left = of_tree(&format!("{}-{number}", self.token));
            assert!(left.is_empty(), "left of tree {number}: {left:?}");
        }
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.remember();
            self.call(["shutdown", "--force"]).ok();
            self.nothing_left();
        }
        drop(self.guard.stdin.take());
        let clean = self.guard.wait().is_ok_and(|status| status.success());
        if !std::thread::panicking() {
            assert!(clean, "something of the herd had to be killed");
        }
    }
}

/// Everything kept in a directory of segments, in order.
pub(crate) fn stored(dir: &Path) -> Vec<u8> {
    let mut names: Vec<PathBuf> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "log"))
        .collect();
    names.sort();
    names
        .iter()
        .flat_map(|path| fs::read(path).unwrap_or_default())
        .collect()
}

/// Waits for a call to end; one that takes too long is killed, and the test fails.
#[track_caller]
pub(crate) fn finish(mut child: Child) -> Done {
    let (done, end) = mpsc::channel();
    let pid = child.id() as i32;
    let who = proc::ident(pid);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    std::thread::spawn(move || {
        let errors = std::thread::spawn(move || {
            let mut text = Vec::new();
            err.map(|mut err| err.read_to_end(&mut text));
            text
        });
        let mut text = Vec::new();
        out.map(|mut out| out.read_to_end(&mut text));
        let errors = errors.join().unwrap_or_default();
        done.send((child.wait(), text, errors)).ok();
    });
    let Ok((status, out, err)) = end.recv_timeout(PATIENCE) else {
        if let Some(who) = who {
            kill(who);
        }
        panic!("a call took longer than {PATIENCE:?}")
    };
    let status = status.unwrap();
    let signal = status.signal().map_or(-1, |signal| 128 + signal);
    Done {
        code: status.code().unwrap_or(signal),
        out,
        err: String::from_utf8_lossy(&err).into_owned(),
    }
}

/// Held by a test that keeps the machine busy: one at a time, whoever runs the tests.
pub(crate) fn heavy() -> nix::fcntl::Flock<File> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("heavy.lock");
    let file = File::create(path).unwrap();
    nix::fcntl::Flock::lock(file, nix::fcntl::FlockArg::LockExclusive).unwrap()
}

//! A herd of its own: a home in a temporary directory, a supervisor, calls and screens.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;
use wrangle::config::Paths;
use wrangle::core::id::{Target, TaskId};
use wrangle::core::raw::Raw;
use wrangle::core::report::TaskReport;
use wrangle::core::task::{AfterExit, Kind, Spec};
use wrangle::core::wire::{
    Answer, FromClient, FromSupervisor, Hello, PROTOCOL, Request, Role, RunRequest,
};
use wrangle::sys::{proc, socket};

use super::process::PATIENCE;
use super::pty::{Pty, Size};
use super::{Outcome, figure, tidy};

/// The binary that is measured.
const WRANGLE: &str = env!("CARGO_BIN_EXE_wrangle");

/// Nothing that is counted is dropped, nothing stays: what a bench needs of the configuration.
const CONFIG: &str = "[output]\ntask_cap = \"2 GiB\"\ntotal_cap = \"4 GiB\"\n\
    [supervisor]\norphan_limit = \"10s\"\nidle_exit = \"1m\"\n";

/// A herd. Dropped, it is shut down.
#[derive(Debug)]
pub(crate) struct Herd {
    home: TempDir,
    supervisor: i32,
}

impl Herd {
    /// Starts one, with a clock on the screen or without.
    pub(crate) fn start(clock: bool) -> Outcome<Self> {
        let home = Self::home(clock)?;
        Self::wake(home)
    }

    /// A home without a supervisor.
    pub(crate) fn home(clock: bool) -> Outcome<TempDir> {
        let home = tempfile::tempdir()?;
        let config = format!("{CONFIG}[screen]\nclock = {clock}\n");
        fs::write(paths(home.path())?.config, config)?;
        Ok(home)
    }

    /// Takes over a home, starting its supervisor where none runs.
    pub(crate) fn wake(home: TempDir) -> Outcome<Self> {
        let done = program(home.path())
            .arg("ls")
            .stdin(Stdio::null())
            .output()?;
        if !done.status.success() {
            let line = String::from_utf8_lossy(&done.stderr);
            return Err(format!("wrangle ls: {}: {line}", done.status).into());
        }
        let supervisor = Call::connect(home.path())?.supervisor;
        let who = proc::ident(supervisor).ok_or("the supervisor went at once")?;
        tidy::begun(home.path(), who);
        Ok(Self { home, supervisor })
    }

    /// Where it lives.
    pub(crate) fn home_dir(&self) -> &Path {
        self.home.path()
    }

    /// The supervisor's process id.
    pub(crate) const fn supervisor(&self) -> i32 {
        self.supervisor
    }

    /// The supervisor and the shims.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let mut all = proc::children(self.supervisor);
        all.push(self.supervisor);
        all
    }

    /// A command-line call's connection.
    pub(crate) fn call(&self) -> Outcome<Call> {
        Call::connect(self.home.path())
    }

    /// A screen.
    pub(crate) fn screen(&self, size: Size) -> Outcome<Pty> {
        Pty::spawn(program(self.home.path()), size)
    }

    /// A screen that shows the newest task's output.
    pub(crate) fn screen_of_newest(&self, size: Size) -> Outcome<Pty> {
        let mut screen = self.screen(size)?;
        screen
            .until(|shown| shown.has("bench"))
            .at("the tasks in the list")?;
        screen.keys("G")?;
        Ok(screen)
    }

    /// Launches so many tasks that do nothing, and waits until they run.
    pub(crate) fn idle(&self, tasks: usize) -> Outcome<()> {
        let mut call = self.call()?;
        for _ in 0..tasks {
            let id = call.run(&["sleep", "100000"])?;
            call.await_running(id)?;
        }
        Ok(())
    }
}

impl Drop for Herd {
    fn drop(&mut self) {
        let killed = tidy::end(self.home.path());
        if killed > 0 {
            figure::say(&format!("  {killed} processes had to be killed at the end"));
        }
    }
}

fn paths(home: &Path) -> Outcome<Paths> {
    Ok(Paths::under(&OsString::from(home))?)
}

/// The binary, for a home.
pub(crate) fn program(home: &Path) -> Command {
    let mut command = Command::new(WRANGLE);
    command.env("WRANGLE_HOME", home).current_dir("/");
    command
}

/// A connection that asks.
#[derive(Debug)]
pub(crate) struct Call {
    answers: BufReader<UnixStream>,
    asked: u64,
    supervisor: i32,
}

impl Call {
    /// Connects to a home's supervisor.
    pub(crate) fn connect(home: &Path) -> Outcome<Self> {
        let stream = socket::connect(&paths(home)?.socket())?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut call = Self {
            answers: BufReader::new(stream),
            asked: 0,
            supervisor: 0,
        };
        call.say(&Hello {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").into(),
            role: Role::Call,
        })?;
        match call.hear()? {
            FromSupervisor::Welcome(welcome) => call.supervisor = welcome.pid,
            other => return Err(format!("not welcome: {other:?}").into()),
        }
        Ok(call)
    }

    fn say(&mut self, line: &impl serde::Serialize) -> Outcome<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        Ok(self.answers.get_mut().write_all(&text)?)
    }

    fn hear(&mut self) -> Outcome<FromSupervisor> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(0) => return Err("the supervisor hung up".into()),
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                return Err(format!("the supervisor did not answer within {PATIENCE:?}").into());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(serde_json::from_str(&line)?)
    }

    /// Asks without waiting for the answer.
    pub(crate) fn send(&mut self, request: Request) -> Outcome<u64> {
        self.asked += 1;
        self.say(&FromClient::Request(self.asked, request))?;
        Ok(self.asked)
    }

    /// The next answer: to which request, what, whether it is the last. News of a watched
    /// task is acknowledged, so that more may come.
    pub(crate) fn next(&mut self) -> Outcome<(u64, Answer, bool)> {
        match self.hear()? {
            FromSupervisor::Answer(_, Answer::Failed(_, line), _) => Err(line.into()),
            FromSupervisor::Answer(number, answer, last) => {
                if !last {
                    self.say(&FromClient::Drawn)?;
                }
                Ok((number, answer, last))
            }
            other => Err(format!("not an answer: {other:?}").into()),
        }
    }

    /// Asks and takes answers up to the last one.
    pub(crate) fn ask(&mut self, request: Request) -> Outcome<Answer> {
        let asked = self.send(request)?;
        loop {
            if let (number, answer, true) = self.next()?
                && number == asked
            {
                return Ok(answer);
            }
        }
    }

    /// Launches a command.
    pub(crate) fn run(&mut self, argv: &[impl AsRef<str>]) -> Outcome<TaskId> {
        match self.ask(run_request(argv))? {
            Answer::Task(report) => Ok(report.id),
            other => Err(format!("not a task: {other:?}").into()),
        }
    }

    /// Waits until nothing of a task lives and all it wrote is stored.
    pub(crate) fn await_end(&mut self, id: TaskId) -> Outcome<TaskReport> {
        match self.ask(Request::Watch(Target::Id(id)))? {
            Answer::Task(report) => Ok(*report),
            other => Err(format!("not a task: {other:?}").into()),
        }
    }

    /// Waits until a task's leader runs.
    pub(crate) fn await_running(&mut self, id: TaskId) -> Outcome<TaskReport> {
        let asked = self.send(Request::Watch(Target::Id(id)))?;
        loop {
            match self.next()? {
                (number, Answer::Task(report), _)
                    if number == asked && report.state == "running" =>
                {
                    return Ok(*report);
                }
                (number, Answer::Task(report), true) if number == asked => {
                    return Err(format!("task {id} does not run: {:?}", report.reason).into());
                }
                _ => {}
            }
        }
    }
}

/// What launches a command, with 500 ms of grace and little environment.
pub(crate) fn run_request(argv: &[impl AsRef<str>]) -> Request {
    let path = std::env::var_os("PATH").unwrap_or_default();
    Request::Run(Box::new(RunRequest::new(
        Spec {
            name: "bench".into(),
            kind: Kind::Command,
            argv: argv.iter().map(|word| Raw::from(word.as_ref())).collect(),
            dir: Raw::from("/"),
            grace_ms: GRACE_MS,
            after_exit: AfterExit::Keep,
            stdin: false,
            env_names: Vec::new(),
            labels: Vec::new(),
            restarts: 0,
            ..Spec::command(String::new(), Vec::new(), "/".into())
        },
        vec![(Raw::from("PATH"), Raw::from(path))],
    )))
}

/// Of every task here.
pub(crate) const GRACE_MS: u64 = 500;

//! Hooks: commands that the configuration wants run when something happens. Each is
//! given to a helper of its own, which keeps the time limit whatever becomes of this
//! process; here they are counted, queued and complained about.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::fs::{MemfdFlags, memfd_create};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;
use super::hub::Hub;
use crate::config::{Hooks, Paths};
use crate::core::engine::hook_words;
use crate::core::event::Event as Happening;
use crate::core::hook::{Hook, Ran};
use crate::core::raw::Raw;
use crate::core::report::TaskReport;
use crate::core::shim::MARK;

/// How many run at once.
const AT_ONCE: usize = 8;
/// How many wait at most: so many that happen while others hang are worth no more.
const WAITING: usize = 256;

/// Hooks under way and hooks that wait.
#[derive(Debug)]
pub(super) struct Runner {
    hooks: Hooks,
    waiting: VecDeque<Hook>,
    running: usize,
    /// The file to which output is added.
    log: PathBuf,
    home: Option<PathBuf>,
    mark: PathBuf,
    events: UnboundedSender<Event>,
}

impl Runner {
    pub(super) fn new(hooks: Hooks, paths: &Paths, events: UnboundedSender<Event>) -> Self {
        Self {
            hooks,
            waiting: VecDeque::new(),
            running: 0,
            log: paths.hooks_log(),
            home: paths.home.clone(),
            mark: paths.shims().join("hook"),
            events,
        }
    }

    /// Another configuration holds from now on; what waits goes on to wait.
    pub(super) fn configure(&mut self, hooks: Hooks) {
        self.hooks = hooks;
    }

    /// Queues what the configuration wants run now; what was refused, in one line.
    pub(super) fn happened(&mut self, event: &Happening, task: &TaskReport) -> Option<String> {
        let mut refused = 0;
        for word in hook_words(event, task.attention) {
            let commands = self.hooks.commands.get(word).into_iter().flatten();
            for argv in commands.filter(|argv| !argv.is_empty()) {
                if self.waiting.len() >= WAITING {
                    refused += 1;
                    continue;
                }
                self.waiting.push_back(self.hook(word, argv, event, task));
            }
        }
        (refused > 0).then(|| {
            format!(
                "no hook was run for what happened to task {}: {WAITING} wait already",
                task.id
            )
        })
    }

    fn hook(&self, word: &str, argv: &[String], event: &Happening, task: &TaskReport) -> Hook {
        let mut env: Vec<(Raw, Raw)> = vec![
            // what is started here goes with it, like what a task starts
            (MARK.into(), self.mark.clone().into()),
        ];
        let mut set = |key: &str, value: Option<String>| {
            env.extend(value.map(|value| (key.into(), value.into())));
        };
        set("WRANGLE_EVENT", Some(word.into()));
        set("WRANGLE_ID", Some(task.id.to_string()));
        set("WRANGLE_NAME", Some(task.name.clone()));
        set("WRANGLE_STATE", Some(task.state.clone()));
        set("WRANGLE_OUTCOME", task.outcome.clone());
        set(
            "WRANGLE_EXIT_CODE",
            task.exit_code.map(|code| code.to_string()),
        );
        set(
            "WRANGLE_SIGNAL",
            task.signal.map(|signal| signal.to_string()),
        );
        set("WRANGLE_DIR", Some(task.dir.clone()));
        set("WRANGLE_LOG", Some(task.log.clone()));
        set(
            "WRANGLE_REASON",
            task.reason.clone().or_else(|| event.text.clone()),
        );
        env.extend(
            self.home
                .clone()
                .map(|home| ("WRANGLE_HOME".into(), home.into())),
        );
        let mut input = serde_json::to_vec(task).unwrap_or_default();
        input.push(b'\n');
        Hook {
            title: format!("{word} of task {}", task.id),
            argv: argv.iter().map(|word| word.as_str().into()).collect(),
            env,
            input: input.into(),
            timeout_ms: u64::try_from(self.hooks.timeout.as_millis()).unwrap_or(u64::MAX),
            log: self.log.clone().into(),
        }
    }

    /// Starts what may run now; the helpers' pids. What can't be started comes back as
    /// an event like any other end.
    pub(super) fn start(&mut self) -> Vec<i32> {
        let mut started = Vec::new();
        while self.running < AT_ONCE
            && let Some(hook) = self.waiting.pop_front()
        {
            self.running += 1;
            match self.spawn(&hook) {
                Ok(pid) => started.push(pid),
                Err(error) => {
                    let why = format!("its helper can't be started: {error}");
                    self.events.send(Event::Hooked(hook.title, Some(why))).ok();
                }
            }
        }
        started
    }

    fn spawn(&self, hook: &Hook) -> io::Result<i32> {
        // a file in memory: a helper that does not read holds nobody up
        let mut order = File::from(memfd_create("hook", MemfdFlags::CLOEXEC)?);
        order.write_all(&serde_json::to_vec(hook)?)?;
        order.seek(SeekFrom::Start(0))?;
        let (answer, theirs) = io::pipe()?;
        let mut answer = Receiver::from_owned_fd(OwnedFd::from(answer))?;
        // as a shim is: without pre_exec
        let child = Command::new("/proc/self/exe")
            .arg0("wrangle")
            .arg("__hook")
            .arg(&hook.title)
            .stdin(Stdio::from(order))
            .stdout(Stdio::from(theirs))
            .stderr(Stdio::null())
            .spawn()?;
        let (title, events) = (hook.title.clone(), self.events.clone());
        tokio::spawn(async move {
            let mut text = Vec::new();
            let read = answer.read_to_end(&mut text).await;
            let ran = read.ok().and_then(|_| serde_json::from_slice(&text).ok());
            let complaint = ran.map_or_else(
                || Some("its helper was killed".to_owned()),
                |ran: Ran| ran.complaint(),
            );
            events.send(Event::Hooked(title, complaint)).ok();
        });
        Ok(child.id() as i32)
    }

    /// One has ended: there is room for another.
    pub(super) const fn ended(&mut self) {
        self.running -= 1;
    }

    /// Whether none waits. Those that run need nobody.
    pub(super) fn is_drained(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Gives up on those that wait, at the very end; how many those are.
    pub(super) fn give_up(&mut self) -> usize {
        std::mem::take(&mut self.waiting).len()
    }
}

impl Hub {
    /// Runs what the configuration wants run now.
    pub(super) fn hook(&mut self, event: &Happening, task: &TaskReport) {
        if let Some(refused) = self.hooks.happened(event, task) {
            self.complain(&refused);
        }
        self.start_hooks();
    }

    /// One hook is over.
    pub(super) fn hooked(&mut self, title: &str, complaint: Option<&str>) {
        self.hooks.ended();
        if let Some(why) = complaint {
            self.complain(&format!("hook for {title}: {why}; see hooks.log"));
        }
        self.start_hooks();
    }

    fn start_hooks(&mut self) {
        for pid in self.hooks.start() {
            self.shims.helper(pid);
        }
    }

    fn complain(&mut self, line: &str) {
        tracing::warn!("{line}");
        for session in self.sessions() {
            session.screen.notice(line);
            session.touch();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use tokio::sync::mpsc::unbounded_channel;

    use super::*;
    use crate::core::engine::reason;
    use crate::core::event::{By, What};
    use crate::core::id::TaskId;
    use crate::core::task::{AfterExit, Exit, Kind, Outcome, Run, Spec, State, Task};
    use crate::core::time::Timestamp;

    fn happening(what: What, outcome: Option<Outcome>) -> Happening {
        Happening {
            seq: 1,
            at: Timestamp(0),
            what,
            by: By::Task,
            task: TaskId(3),
            run: 1,
            name: "a name".into(),
            outcome,
            exit: None,
            text: None,
        }
    }

    fn report(outcome: Outcome) -> TaskReport {
        let mut run = Run::new(1, Timestamp(0));
        run.state = State::Ended {
            at: Timestamp(0),
            outcome,
        };
        let spec = Spec {
            name: "a name".into(),
            kind: Kind::Command,
            argv: vec!["false".into()],
            dir: "/tmp".into(),
            grace_ms: 0,
            after_exit: AfterExit::Keep,
            stdin: false,
            env_names: vec![],
            labels: vec![],
            restarts: 0,
            ..Spec::command(String::new(), Vec::new(), "/".into())
        };
        let task = Task::new(TaskId(3), spec, run);
        TaskReport::of(&task, reason(&task.run), "/log".into())
    }

    fn runner(words: &[&str]) -> Runner {
        let command = vec![vec!["notify".to_owned(), "me".to_owned()]];
        let commands = words
            .iter()
            .map(|word| ((*word).to_owned(), command.clone()));
        let hooks = Hooks {
            commands: commands.collect(),
            timeout: std::time::Duration::from_secs(30),
        };
        let paths = Paths::under(&OsString::from("/home")).unwrap();
        Runner::new(hooks, &paths, unbounded_channel().0)
    }

    #[test]
    fn a_bad_end_is_an_end_and_a_failure() {
        let cases = [
            (Outcome::Succeeded, &["ended"][..]),
            (Outcome::Revoked(Some(Exit::Signal(15))), &["ended"]),
            (Outcome::Failed(7), &["ended", "failed"]),
            (Outcome::Killed(9), &["ended", "failed"]),
            (Outcome::Lost("so".into()), &["ended", "failed"]),
            (Outcome::DidNotStart("so".into()), &["ended", "failed"]),
        ];
        for (outcome, expected) in cases {
            let mut runner = runner(&["ended", "failed", "started"]);
            let event = happening(What::Ended, Some(outcome.clone()));
            assert_eq!(runner.happened(&event, &report(outcome)), None);
            let titles: Vec<&str> = runner.waiting.iter().map(|hook| &hook.title[..]).collect();
            let expected: Vec<String> = expected
                .iter()
                .map(|word| format!("{word} of task 3"))
                .collect();
            assert_eq!(titles, expected);
        }
    }

    #[test]
    fn a_hook_is_told_of_the_task_in_variables_and_as_json() {
        let mut runner = runner(&["failed"]);
        let event = happening(What::Ended, Some(Outcome::Failed(7)));
        runner.happened(&event, &report(Outcome::Failed(7)));
        let hook = runner.waiting.pop_front().unwrap();
        let value = |name: &str| {
            let found = hook.env.iter().find(|(key, _)| key.lossy() == name);
            found.map(|(_, value)| value.lossy())
        };
        for (name, wanted) in [
            ("WRANGLE_EVENT", Some("failed")),
            ("WRANGLE_ID", Some("3")),
            ("WRANGLE_NAME", Some("a name")),
            ("WRANGLE_STATE", Some("ended")),
            ("WRANGLE_OUTCOME", Some("failed")),
            ("WRANGLE_EXIT_CODE", Some("7")),
            ("WRANGLE_SIGNAL", None),
            ("WRANGLE_DIR", Some("/tmp")),
            ("WRANGLE_LOG", Some("/log")),
            ("WRANGLE_HOME", Some("/home")),
        ] {
            assert_eq!(value(name).as_deref(), wanted, "{name}");
        }
        let told: TaskReport = serde_json::from_slice(hook.input.as_bytes()).unwrap();
        assert_eq!(told.exit_code, Some(7));
        assert_eq!(hook.argv, ["notify".into(), "me".into()]);
        assert_eq!(hook.timeout_ms, 30_000);
    }

    #[test]
    fn what_nobody_configured_is_nothing_and_too_much_is_said() {
        let mut runner = runner(&["started"]);
        let end = happening(What::Ended, Some(Outcome::Succeeded));
        assert_eq!(runner.happened(&end, &report(Outcome::Succeeded)), None);
        assert!(runner.is_drained());
        let start = happening(What::Started, None);
        for _ in 0..WAITING {
            assert_eq!(runner.happened(&start, &report(Outcome::Succeeded)), None);
        }
        let refused = runner.happened(&start, &report(Outcome::Succeeded));
        assert!(refused.is_some_and(|line| line.contains("task 3")));
        assert_eq!(runner.give_up(), WAITING);
    }
}

//! What a verb comes down to.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::config;
use super::told::Told;
use crate::config::{Agents, Config, Paths, Templates, Trust};
use crate::core::id::Target;
use crate::core::limit::Limit;
use crate::core::wire::{Caller, EventsAsked, Request};

/// Where a verb was given, and what holds where its options say nothing.
#[derive(Debug, Clone)]
pub struct Context {
    /// The directory and environment it was given from.
    pub caller: Caller,
    /// Between SIGTERM and SIGKILL.
    pub grace: Duration,
    /// Whose project files may run things.
    pub trust: Trust,
    /// Which agents there are.
    pub agents: Arc<Agents>,
    /// Templates of prompts.
    pub templates: Arc<Templates>,
    /// What is selected on the screen, for templates that have a place for it.
    pub selection: Option<String>,
}

impl Context {
    /// Of this process.
    pub fn here(config: &Config, paths: &Paths) -> Self {
        // a directory that was removed is named by PWD, and refused where it matters
        let dir = env::current_dir()
            .ok()
            .or_else(|| env::var_os("PWD").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("/"));
        let env = env::vars_os()
            .map(|(key, value)| (key.into(), value.into()))
            .collect();
        Self {
            caller: Caller {
                dir: dir.into(),
                env,
            },
            grace: config.task.grace,
            trust: Trust::at(paths.trust()),
            agents: Arc::clone(&config.agents),
            templates: Arc::clone(&config.templates),
            selection: None,
        }
    }
}

/// A verb that can say what it comes down to.
pub(super) trait Ask {
    /// # Errors
    /// One line that names what was wrong and the remedy.
    fn ask(self, context: &Context) -> Result<Command, String>;
}

/// What the command line carries out.
#[derive(Debug, Clone)]
pub enum Command {
    /// Open the screen.
    Screen,
    /// Ask the supervisor.
    Call(Call),
    /// Run many tasks again.
    Again(Again),
    /// Say which limits there are, or set one.
    Limits(Limits),
    /// Say why a task stands where it stands.
    Why(Target),
    /// Print a task's output.
    Logs(Logs),
    /// Write a task with its output as one document.
    Export(Export),
    /// Print what happened to tasks.
    Events(Events),
    /// Say what the program tells of itself.
    Told(Told),
    /// Be the supervisor.
    Supervisor {
        /// Started by a client: says on standard output when it is ready.
        detached: bool,
        /// In place of the one that runs.
        takeover: bool,
    },
    /// Say what works on this machine.
    Doctor,
    /// Say what is set.
    Config(config::Config),
    /// It is done; what there is to say about it, in lines.
    Said(Vec<String>),
}

/// A request, and what becomes of its answers.
#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own on the command line"
)]
pub struct Call {
    /// What is asked.
    pub request: Request,
    /// One JSON object per task.
    pub json: bool,
    /// Print a launched task's output until it ends, and exit with its code.
    pub follow: bool,
    /// How long to wait for the last answer.
    pub timeout: Option<Duration>,
    /// What a person should know beforehand.
    pub notice: Option<String>,
    /// Wait for the first of several alone.
    pub any: bool,
    /// Show each task under the one that it waits for.
    pub tree: bool,
}

impl From<Request> for Call {
    fn from(request: Request) -> Self {
        Self {
            request,
            json: false,
            follow: false,
            timeout: None,
            notice: None,
            any: false,
            tree: false,
        }
    }
}

impl From<Request> for Command {
    fn from(request: Request) -> Self {
        Self::Call(request.into())
    }
}

/// Which ended tasks are run again, of those that did not succeed.
#[derive(Debug, Clone)]
pub struct Again {
    /// Those that bear all of these.
    pub labels: Vec<String>,
    /// Whose environment they have, where their own is no longer known.
    pub caller: Caller,
}

/// Which limits, and how they are printed.
#[derive(Debug, Clone)]
pub struct Limits {
    /// What is asked of the supervisor.
    pub request: Request,
    /// Only this one.
    pub on: Option<Limit>,
    /// One JSON object per limit.
    pub json: bool,
}

/// Which output, and how it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logs {
    /// Whose.
    pub target: Target,
    /// Only so many of the last lines.
    pub lines: Option<u64>,
    /// Go on until the task has ended.
    pub follow: bool,
    /// The bytes as they were written.
    pub raw: bool,
}

/// Which task, and as what document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Whose.
    pub target: Target,
    /// What kind.
    pub document: Document,
    /// To this file, absolute; standard output where not given.
    pub to: Option<PathBuf>,
    /// Only this run.
    pub run: Option<u32>,
    /// Say on standard output when it is written to a file, and to which.
    pub told: bool,
}

/// A kind of document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Document {
    /// Markdown, to be read.
    Markdown,
    /// One JSON object, for programs.
    Json,
}

/// Which events, and how they are printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Events {
    /// What is asked of the supervisor.
    pub asked: EventsAsked,
    /// Each line of output too.
    pub lines: bool,
    /// One JSON object per event.
    pub json: bool,
}

/// What a line in the command bar asks of the screen.
#[derive(Debug, Clone)]
pub enum Asked {
    /// Ask the supervisor.
    Request(Request),
    /// Ask the supervisor, and say this line: what a person should know of it.
    Noted(Request, String),
    /// Ask the supervisor for the limits, and show all, or this one.
    Limits(Request, Option<Limit>),
    /// Select this task and show its live output.
    Look(Target),
    /// Select this task and say why it stands where it stands.
    Why(Target),
    /// Show this task's whole log in the pager.
    Page(Target),
    /// Write this task to a file.
    Export(Export),
    /// Say this line: it is done.
    Said(String),
    /// Show this help, several lines.
    Help(String),
    /// Show these lines under this title: it is done.
    Text(String, String),
}

//! What client and supervisor say to each other: JSON lines on a Unix socket. A
//! [`FromSupervisor::Frame`] line is followed by as many raw bytes as it says.

use crossterm::event::Event;
use serde::{Deserialize, Serialize};

use super::event::Event as Happening;
use super::filter::Filter;
use super::id::Target;
use super::raw::Raw;
use super::report::TaskReport;
use super::task::{AfterExit, Spec};

/// Counts changes of this protocol that an older program would misread.
pub const PROTOCOL: u32 = 1;

/// A client's first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Hello {
    /// [`PROTOCOL`] of the client.
    pub protocol: u32,
    /// The client's program version.
    pub version: String,
    /// What it is.
    pub role: Role,
}

/// What a client is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// One command-line call: requests and answers.
    Call,
    /// A terminal that shows the screen.
    Screen(Box<Terminal>),
}

/// A client's terminal, and where it was called from.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Terminal {
    /// Width in cells.
    pub cols: u16,
    /// Height in cells.
    pub rows: u16,
    /// Where commands typed on this screen run.
    pub caller: Caller,
}

/// The place a command was given from: its directory and environment are the task's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Caller {
    /// Working directory, absolute.
    pub dir: Raw,
    /// The whole environment.
    pub env: Vec<(Raw, Raw)>,
}

impl Caller {
    /// A variable's value, where it is set.
    pub fn var(&self, name: &str) -> Option<&Raw> {
        self.env
            .iter()
            .find(|(key, _)| key.as_bytes() == name.as_bytes())
            .map(|(_, value)| value)
    }
}

/// A line from a client, after the hello.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromClient {
    /// A request; answers bear the same number.
    Request(u64, Request),
    /// A key, a mouse event, a paste, a resize.
    Event(Event),
    /// The last frame is on the terminal, or the last news of a watched task is taken
    /// in: another may be sent.
    Drawn,
}

/// A line from the supervisor.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromSupervisor {
    /// The hello is accepted.
    Welcome(Welcome),
    /// It isn't; why, in one line. Nothing follows.
    Refused(String),
    /// An answer to a request of that number, and whether it is the last.
    Answer(u64, Answer, bool),
    /// So many bytes for the terminal follow.
    Frame(usize),
    /// Put this on the terminal's clipboard.
    Copy(String),
    /// Show a run's whole log in the pager, then draw anew.
    Page {
        /// The run's directory.
        log: Raw,
        /// What it is called.
        title: String,
    },
    /// The screen is over; why, where that needs saying.
    Bye(Option<String>),
}

/// The supervisor's first line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Welcome {
    /// Program version.
    pub version: String,
    /// Process id.
    pub pid: i32,
    /// Where it keeps its data.
    pub data: Raw,
    /// Why nothing can be stored at present, where that is so.
    #[serde(default)]
    pub trouble: Option<String>,
}

/// A task to be launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRequest {
    /// What is wanted, its directory absolute.
    pub spec: Spec,
    /// The leader's environment, what `--env` gave included.
    pub env: Vec<(Raw, Raw)>,
}

/// What a client asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Launch. Answered with the task once it is stored and being started; with
    /// `Failed` where it never ran.
    Run(Box<RunRequest>),
    /// Tasks, oldest first.
    List(Filter),
    /// One task, with all its runs.
    Show(Target),
    /// Remove ended tasks with their output: these, or all that the filter lets through
    /// and that ended before. Answered with how many.
    Remove {
        /// Which; those that the rest describes when empty.
        targets: Vec<Target>,
        /// Every ended task that this lets through.
        ended: Option<Filter>,
        /// Of these only such as ended so many milliseconds ago or earlier.
        older_than_ms: u64,
    },
    /// The activity log, oldest first.
    Events(EventsAsked),
    /// Read the configuration anew.
    Reload,
    /// Stop these, or all. Answered with a task each.
    Revoke {
        /// Which; all active ones when empty and `all`.
        targets: Vec<Target>,
        /// Every active task.
        all: bool,
        /// SIGKILL at once.
        force: bool,
        /// Answer when nothing of them lives, not when the stop is on record.
        wait: bool,
    },
    /// Answered with each task as its outcome is decided.
    Wait(Vec<Target>),
    /// Answered with the task now and after changes, the last time when it has ended.
    /// Each answer is the whole truth and is to be acknowledged by
    /// [`FromClient::Drawn`]; changes meanwhile come as one.
    Watch(Target),
    /// Stop the whole tree by SIGSTOP.
    Pause(Vec<Target>),
    /// Let it go on.
    Resume(Vec<Target>),
    /// A further run of an ended task.
    Retry {
        /// Which.
        target: Target,
        /// Its environment where the first one is no longer known.
        caller: Caller,
    },
    /// Write to a task's standard input.
    Send {
        /// Which.
        target: Target,
        /// A line; the line feed is added.
        text: String,
    },
    /// Revoke everything, end the supervisor. Answered when nothing lives.
    Shutdown {
        /// SIGKILL at once.
        force: bool,
    },
}

/// Which entries of the activity log are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsAsked {
    /// Of this task alone.
    pub task: Option<Target>,
    /// So many of the last entries; all that are kept where not given.
    pub last: Option<u32>,
    /// Go on with what happens from now on.
    pub follow: bool,
}

/// Why a request was not carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The thing asked for failed.
    Failed,
    /// Asked for wrongly.
    Usage,
    /// No such task, or a name that more than one bears.
    NoSuchTask,
}

/// An answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// A task.
    Task(Box<TaskReport>),
    /// Tasks.
    Tasks(Vec<TaskReport>),
    /// Entries of the activity log, oldest first.
    Events(Vec<Happening>),
    /// It is done; something worth saying about it.
    Done(Option<String>),
    /// It isn't: the kind, and one line for people.
    Failed(Failure, String),
}

/// Defaults of a spec, where neither options nor configuration say.
pub const AFTER_EXIT: AfterExit = AfterExit::Keep;

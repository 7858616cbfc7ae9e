//! What client and supervisor say to each other: JSON lines on a Unix socket. A
//! [`FromSupervisor::Frame`] line is followed by as many raw bytes as it says.
//!
//! # What every version says alike
//! [`PROTOCOL`] counts changes of the rest. These lines are frozen, so that any two
//! versions can part in words and one can replace the other; fields may be added to them
//! where they may be missing, none is renamed, removed or given another meaning.
//! - `{"protocol":N,"version":"X","role":R}`: a client's first line; of a role that isn't
//!   known the [`Greeting`] is.
//! - `"takeover"` as that role, accepted whatever `N` is: the newcomer wants to be the
//!   supervisor. The old one answers `welcome`, and by then no longer listens; it
//!   carries out what it was asked before, lets go of its shims, stops no task, frees
//!   the lock `supervisor.lock` in the data directory and exits with 0. Or it answers
//!   `refused` and stays.
//! - `{"welcome":{"version":"X","pid":N,"data":"DIR"}}`, `{"refused":"why"}`,
//!   `{"differs":{"version":"X","protocol":N,"pid":N}}`: the answers to a first line.
//! - `{"replaced":"X"}`, `{"bye":null}`: the last line to a client.

use crossterm::event::Event;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::agent::say::Reply;
use super::agent::tool::ToolCall;
pub use super::ask::{Each, Kin, Move, Pick, RunRequest};
use super::event::Event as Happening;
use super::filter::Filter;
use super::id::Target;
use super::limit::{Limit, LimitReport, SetTo};
use super::plan::{Behind, Priority};
use super::raw::Raw;
use super::report::{StatsReport, TaskReport};
use super::task::AfterExit;

/// Counts changes of this protocol that an older program would misread.
pub const PROTOCOL: u32 = 4;

/// The longest line that a client may send, in bytes: a command with its environment, many
/// commands, or a paste. One that sends a longer one is not heard any more.
pub const LONGEST: usize = 64 << 20;

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

/// What can be read of a first line in any protocol.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Greeting {
    /// [`PROTOCOL`] of the client.
    pub protocol: u32,
    /// The client's program version.
    pub version: String,
}

/// What a client is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// One command-line call: requests and answers.
    Call,
    /// Wants to be the supervisor in place of the one that runs.
    Takeover,
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
    /// Why it comes again, where it was attached before.
    #[serde(default)]
    pub returns: Option<Returns>,
    /// What the last supervisor said by [`FromSupervisor::Place`].
    #[serde(default)]
    pub place: Option<Value>,
    /// Whether it wants to hear of [`FromSupervisor::Heeded`].
    #[serde(default)]
    pub counts: bool,
}

/// Why a client comes again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Returns {
    /// Its supervisor was replaced.
    Replaced,
    /// Its supervisor died.
    Died,
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
    /// The last frame is drawn, or the last news of a watched task taken in: more may be sent.
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
    /// It isn't: the client speaks another protocol. Nothing follows.
    Differs(Differs),
    /// An answer to a request of that number, and whether it is the last.
    Answer(u64, Answer, bool),
    /// So many bytes for the terminal follow.
    Frame(usize),
    /// Where a person is on the screen ([`super::place::Place`]): to be handed back by a
    /// screen that comes again. It means nothing to the client.
    Place(Value),
    /// So many [`FromClient::Event`]s of this client were heeded, of all that it sent on
    /// this line. What else it sent by the time of [`FromSupervisor::Replaced`] nobody has
    /// looked at: it is for the next supervisor.
    Heeded(u64),
    /// Put this on the terminal's clipboard.
    Copy(String),
    /// Show a run's whole log in the pager, then draw anew.
    Page {
        /// The run's directory.
        log: Raw,
        /// What it is called.
        title: String,
    },
    /// The screen, or the supervisor, is over; why, where that needs saying.
    Bye(Option<String>),
    /// A supervisor of this version takes over: ask that one. No request that is
    /// unanswered was carried out, but that what was to be waited for was begun.
    Replaced(String),
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// What was wrong with what is stored, at start and since, in one line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// The supervisor, to a client of another protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differs {
    /// Program version.
    pub version: String,
    /// Its [`PROTOCOL`].
    pub protocol: u32,
    /// Process id.
    pub pid: i32,
}

/// What a client asks for.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Request {
    /// Launch. Answered with the task once it is stored and queued, or its leader was
    /// started; with `Failed` where it never ran.
    Run(Box<RunRequest>),
    /// Launch many that are alike but for name and command. Answered with all of them once
    /// they are stored; where one of them is wrong, none is launched.
    RunEach(Box<RunRequest>, Vec<Each>),
    /// Say which limits there are, and what counts against them.
    Limits,
    /// Set a limit until it is set again. Answered with the limits.
    SetLimit {
        /// On what.
        limit: Limit,
        /// What to.
        to: SetTo,
        /// Whether a lane that nobody knows yet, and that is called almost like another, is meant.
        new: bool,
    },
    /// Give queued tasks, and further runs of others, another priority.
    Priority(Pick, Priority),
    /// Give a queued task another place in the queue.
    Move(Target, Move),
    /// Have a queued task wait for these, instead of those that it waits for.
    After(Target, Vec<Behind>),
    /// Start nothing that is queued, or start it again.
    PauseQueue(bool),
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
        pick: Pick,
        /// Every active task.
        all: bool,
        /// SIGKILL at once.
        force: bool,
        /// Answer when nothing of them lives, not when the stop is on record.
        wait: bool,
    },
    /// Answered with each task as its outcome is decided.
    Wait(Pick),
    /// Answered with the task now and after changes, the last time when it has ended and
    /// does not go on by itself. Each answer is the whole truth and is to be acknowledged by
    /// [`FromClient::Drawn`]; changes meanwhile come as one.
    Watch(Target),
    /// Stop the whole tree by SIGSTOP.
    Pause(Pick),
    /// Let it go on.
    Resume(Pick),
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
        /// A line; the line feed is added. For an agent a message, which may have many.
        text: String,
        /// Another way from where the agent's conversation has ended, in a run of its own.
        fork: bool,
        /// The environment of that run where the first one is no longer known.
        caller: Caller,
    },
    /// Answer an agent's question.
    Answer {
        /// Which task's.
        target: Target,
        /// How.
        reply: Reply,
        /// Which that a person saw; else the oldest.
        #[serde(default)]
        question: Option<super::agent::asked::Which>,
    },
    /// Break off an agent's turn; it stays, and waits for what comes next.
    Interrupt(Target),
    /// Which tools a task's agent called.
    Tools(Target),
    /// What was used, in sum.
    Stats {
        /// Of runs that began so many days ago or later; of all when 0.
        days: u32,
        /// By what it is summed up.
        by: By,
    },
    /// Revoke everything, end the supervisor. Answered when nothing lives.
    Shutdown {
        /// SIGKILL at once.
        force: bool,
    },
}

impl Request {
    /// Whether it changes how tasks wait, and is worth nothing unless it is stored.
    pub const fn changes_the_queue(&self) -> bool {
        matches!(
            self,
            Self::SetLimit { .. }
                | Self::Priority(..)
                | Self::Move(..)
                | Self::After(..)
                | Self::PauseQueue(_)
        )
    }

    /// Whether it is answered when tasks come to something, not when it is carried out.
    pub const fn lasts(&self) -> bool {
        match self {
            Self::Wait(_) | Self::Watch(_) | Self::Shutdown { .. } => true,
            Self::Revoke { wait, .. } => *wait,
            Self::Events(asked) => asked.follow,
            _ => false,
        }
    }
}

/// By what usage is summed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// Which agent it was.
    Agent,
    /// Which model.
    Model,
    /// Which lane.
    Lane,
    /// On which day the run began, in UTC.
    Day,
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
    /// What is wrong with what follows, in one line each.
    Aside(Vec<String>),
    /// Calls of tools, in the order in which they began.
    Tools(Vec<ToolCall>),
    /// What was used, a line for each.
    Stats(Vec<StatsReport>),
    /// Every limit, those that count for all first.
    Limits(Vec<LimitReport>),
    /// It is done; something worth saying about it.
    Done(Option<String>),
    /// It isn't: the kind, and one line for people.
    Failed(Failure, String),
}

/// Defaults of a spec, where neither options nor configuration say.
pub const AFTER_EXIT: AfterExit = AfterExit::Keep;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_version_says_alike_is_as_it_was() {
        let hello: Hello =
            serde_json::from_str(r#"{"protocol":9,"version":"X","role":"takeover","later":1}"#)
                .unwrap();
        assert_eq!((hello.protocol, hello.version.as_str()), (9, "X"));
        assert!(matches!(hello.role, Role::Takeover));
        let line = serde_json::to_string(&hello).unwrap();
        assert_eq!(line, r#"{"protocol":9,"version":"X","role":"takeover"}"#);
        let greeting: Greeting =
            serde_json::from_str(r#"{"protocol":9,"version":"X","role":{"new":[1]}}"#).unwrap();
        assert_eq!((greeting.protocol, greeting.version.as_str()), (9, "X"));
        let welcome = Welcome {
            version: "X".into(),
            pid: 7,
            data: "/d".into(),
            trouble: None,
            problems: Vec::new(),
        };
        let differs = Differs {
            version: "X".into(),
            protocol: 9,
            pid: 7,
        };
        for (said, line) in [
            (
                FromSupervisor::Welcome(welcome),
                r#"{"welcome":{"version":"X","pid":7,"data":"/d"}}"#,
            ),
            (
                FromSupervisor::Differs(differs),
                r#"{"differs":{"version":"X","protocol":9,"pid":7}}"#,
            ),
            (
                FromSupervisor::Refused("why".into()),
                r#"{"refused":"why"}"#,
            ),
            (FromSupervisor::Replaced("X".into()), r#"{"replaced":"X"}"#),
            (FromSupervisor::Bye(None), r#"{"bye":null}"#),
        ] {
            assert_eq!(serde_json::to_string(&said).unwrap(), line);
            assert!(serde_json::from_str::<FromSupervisor>(line).is_ok());
        }
    }
}

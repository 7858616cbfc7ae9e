//! Everything that can happen to the engine.

use std::ops::Range;

use serde_json::Value;

use super::agent::event::AgentEvent;
use super::agent::say::Say;
use super::agent::tool::ToolCall;
use super::effect::Effect;
use super::engine::Rules;
use super::event::{By, Event};
use super::id::{RunId, TaskId};
use super::record::{Change, Record};
use super::shim::Status;
use super::wire::Request;

/// Names a request until its last answer. Handed out by the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Something that happened. The engine learns of the world by these alone.
#[derive(Debug, Clone)]
pub enum Input {
    /// A client asks for something.
    Request(Ticket, Request),
    /// The client behind a ticket went away: answer it no more.
    Forget(Ticket),
    /// A screen or a call connected.
    Joined,
    /// It went away.
    Left,
    /// A person has this task before their eyes.
    Seen(TaskId),
    /// A change was stored, with what happened by it; these effects waited for it.
    Stored(Change, Vec<Event>, Vec<Effect>),
    /// It could not be stored: why, and what waited for it.
    StoreFailed(String, Change, Vec<Event>, Vec<Effect>),
    /// The store had to begin anew and holds no task: what had happened.
    StoredAnew(String),
    /// Something was heard of an agent.
    Heard(Box<Heard>),
    /// An agent can't be told what it was to be told; why.
    Unsaid(RunId, Say, String),
    /// A task's calls of tools were read.
    ToolsRead(Ticket, Result<Vec<ToolCall>, String>),
    /// The activity log was read.
    EventsRead(Box<EventsRead>),
    /// What lay on disk of removed tasks is gone.
    Deleted(Vec<TaskId>),
    /// What the engine is bound by has changed.
    Rules(Box<Rules>),
    /// A client wants something remembered.
    Remember {
        /// What.
        key: String,
        /// Its value.
        value: String,
    },
    /// A shim could not be started.
    SpawnFailed(RunId, String),
    /// A shim reported.
    Status(Box<Status>),
    /// A shim is gone without having been released.
    ShimGone(RunId),
    /// What a gone shim left behind is dead; what lies on disk of it.
    Swept(RunId, Remains),
    /// Ended tasks were read at start.
    History(Vec<Record>),
    /// A stored task that had not ended was read at start, with what was found of its
    /// current run; by whom the supervisor before this one went.
    Recovered(Box<Record>, Found, By),
    /// Everything that an earlier supervisor left has been told: who waits may start.
    Open,
    /// Bytes of memory that could be used without swapping, where that can be known.
    Memory(Option<u64>),
    /// The clock was set.
    ClockSet,
    /// Oldest segments were removed: the runs and their new first kept bytes.
    Trimmed(Vec<(RunId, u64)>),
    /// SIGTERM, or a person's word: revoke everything, then end.
    Shutdown {
        /// SIGKILL at once.
        force: bool,
    },
    /// A deadline of the engine's has come.
    Tick,
}

/// What was heard of an agent since the last time.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Which run.
    pub run: RunId,
    /// What it said and did.
    pub events: Vec<AgentEvent>,
    /// What is to be written to its standard input for that.
    pub replies: Vec<u8>,
    /// How far its log is decoded, and the decoder's state there.
    pub at: (u64, Value),
    /// Whether this comes of what the agent was to be told first of all.
    pub said: bool,
    /// Whether nothing follows.
    pub over: bool,
}

/// What a look at the activity log came to.
#[derive(Debug, Clone)]
pub struct EventsRead {
    /// Whom to answer.
    pub ticket: Ticket,
    /// Of this task alone.
    pub task: Option<TaskId>,
    /// So many of the last.
    pub most: Option<u32>,
    /// Whether this is the last answer.
    pub last: bool,
    /// What is stored, oldest first, and what is wrong with other entries, in one line
    /// each; or why nothing can be read.
    pub found: Result<(Vec<Event>, Vec<String>), String>,
}

/// What lies on disk of a run whose shim is gone.
#[derive(Debug, Clone, Default)]
pub struct Remains {
    /// The last that its shim had put on record.
    pub last: Option<Box<Status>>,
    /// What its log holds: the first kept byte and the end. A shim that was killed has
    /// stored more than it had put on record.
    pub log: Range<u64>,
}

/// What was found at start of a run that was not on record as ended.
#[derive(Debug, Clone)]
pub enum Found {
    /// Its shim lives and reported.
    Shim(Box<Status>),
    /// Its shim is gone.
    Gone {
        /// From the run's directory.
        remains: Remains,
        /// Whether its pids can still mean anything.
        same_boot: bool,
    },
}

//! Everything the engine can want done: the list of all that wrangle does to the world.

use serde_json::Value;

use super::agent::plan::Speech;
use super::agent::say::Say;
use super::event::Event;
use super::id::{Ident, RunId, TaskId};
use super::input::Ticket;
use super::record::Change;
use super::report::TaskReport;
use super::shim::{Launch, Order};
use super::task::Exit;
use super::wire::Answer;

/// What of an agent's log is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hear {
    /// Which run.
    pub run: RunId,
    /// Its language.
    pub speech: Speech,
    /// Where to begin, and the decoder's state there, where nothing of the run was read
    /// before in this supervisor's life.
    pub from: (u64, Value),
    /// Up to where at least.
    pub upto: u64,
    /// How its leader ended, where it did: nothing that matters follows.
    pub end: Option<Exit>,
}

/// Something to be done. Performed in order, in one place.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Store a change, and what happened by it, as one; hand it back, with `then`, by
    /// `Input::Stored` once it lies there. Writes are done in the order in which they
    /// are asked for.
    Store {
        /// What changes.
        change: Change,
        /// What happened.
        events: Vec<Event>,
        /// What must not happen before.
        then: Vec<Self>,
    },
    /// Read the activity log and answer with it; what is asked of the store before this
    /// is seen, what is asked after it is not.
    ReadEvents {
        /// Whom to answer.
        ticket: Ticket,
        /// Of this task alone.
        task: Option<TaskId>,
        /// So many of the last.
        most: Option<u32>,
        /// Whether this is the last answer.
        last: bool,
    },
    /// Read which tools a task called, and answer with that; what is asked of the store
    /// before this is seen.
    ReadTools {
        /// Whom to answer.
        ticket: Ticket,
        /// Which task.
        task: TaskId,
    },
    /// Read an agent's log on, up to this offset at least, and say by `Input::Heard` what
    /// there was.
    Hear(Box<Hear>),
    /// Tell an agent something; `Input::Unsaid` where it can't be told that.
    Say(RunId, Say),
    /// Delete what lies on disk of these tasks, which are removed; then say
    /// `Input::Deleted`.
    Delete(Vec<TaskId>),
    /// Run what the configuration wants run when this happens.
    Hook {
        /// What happened.
        event: Box<Event>,
        /// The task, as it was then.
        task: Box<TaskReport>,
    },
    /// Read the configuration anew, tell who asked.
    Reload(Ticket),
    /// Start a shim and give it this.
    Spawn(Box<Launch>),
    /// See how much memory is free, then say `Input::Memory`.
    LookAtMemory,
    /// Tell a run's shim.
    Order(RunId, Order),
    /// The run's shim is gone: end every process of it, then say `Input::Swept`.
    Sweep {
        /// Which run.
        run: RunId,
        /// Its first process, where it was ever known.
        leader: Option<Ident>,
    },
    /// Remove oldest segments, from these runs in this order, until so many bytes are
    /// gone; then say `Input::Trimmed`.
    Trim {
        /// Whose, most expendable first.
        runs: Vec<RunId>,
        /// How many bytes.
        bytes: u64,
    },
    /// Answer a client.
    Answer {
        /// Which request.
        ticket: Ticket,
        /// What.
        answer: Answer,
        /// Whether more follow.
        last: bool,
    },
    /// End the supervisor: nothing of the herd lives.
    Exit,
}

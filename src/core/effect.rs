//! Everything the engine can want done: the list of all that wrangle does to the world.

use super::event::Event;
use super::id::{Ident, RunId, TaskId};
use super::input::Ticket;
use super::record::Change;
use super::report::TaskReport;
use super::shim::{Launch, Order};
use super::wire::Answer;

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

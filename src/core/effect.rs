//! Everything the engine can want done: the list of all that wrangle does to the world.

use super::id::{Ident, RunId};
use super::input::Ticket;
use super::record::Record;
use super::shim::{Launch, Order};
use super::wire::Answer;

/// Something to be done. Performed in order, in one place.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Put a record on disk; hand `then` back with `Input::Stored` once it lies there.
    Store {
        /// The task as it stands.
        record: Box<Record>,
        /// What must not happen before.
        then: Vec<Self>,
    },
    /// Start a shim and give it this.
    Spawn(Box<Launch>),
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

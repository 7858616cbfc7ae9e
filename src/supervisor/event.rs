//! Everything that reaches the loop from its tasks and threads.

use crate::config::Config;
use crate::core::agent::say::Say;
use crate::core::id::{RunId, TaskId};
use crate::core::input::{Heard, Ticket};
use crate::core::shim::Status;
use crate::core::wire::{FromClient, Greeting, Hello};
use crate::output;
use crate::store;

use super::talks::Told;

/// A connected client, by the order in which they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct ClientId(pub(super) u64);

/// Something happened.
#[derive(Debug)]
pub(super) enum Event {
    /// A shim reported.
    Shim(Box<Status>),
    /// A connection to a run's shim ended.
    ShimGone(RunId, u64),
    /// A client said who it is.
    Hello(ClientId, Box<Hello>),
    /// A client said who it is, in words that are not known here.
    Greeting(ClientId, Greeting),
    /// A client said something.
    Client(ClientId, Box<FromClient>),
    /// A client is gone.
    ClientGone(ClientId),
    /// A hook is over: which, and what was wrong with it.
    Hooked(String, Option<String>),
    /// An export that a screen asked for is over: a line that says where to, or why not.
    Exported(ClientId, Result<String, String>),
    /// Something asked of the store is done, or not.
    Stored(store::Done),
    /// What lay on disk of removed tasks is gone.
    Deleted(Vec<TaskId>),
    /// Segments were removed.
    Trimmed(Vec<(RunId, u64)>),
    /// Something was heard of an agent; the thread is told once it was taken in.
    Heard(Box<Heard>),
    /// An agent can't be told this; why.
    Unsaid(RunId, Say, String),
    /// Bytes of a log were read for the screens.
    Block(Box<output::Block>),
    /// What an agent wrote was decoded for the screens.
    Told(Box<Told>),
    /// More is known of code that a screen shows.
    Coloured,
    /// The configuration was read anew: who asked, which reading it is, and what was read.
    Reloaded(Option<Ticket>, u64, Result<Box<Config>, Vec<String>>),
    /// A search found something, or is through.
    Hits(ClientId, output::Hits),
}

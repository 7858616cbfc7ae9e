//! Everything that reaches the loop from its tasks and threads.

use crate::config::Config;
use crate::core::id::RunId;
use crate::core::input::Ticket;
use crate::core::shim::Status;
use crate::core::wire::{FromClient, Hello};
use crate::output;
use crate::store;

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
    /// A client said something.
    Client(ClientId, Box<FromClient>),
    /// A client is gone.
    ClientGone(ClientId),
    /// A record was written, or not.
    Stored(store::Done),
    /// Segments were removed.
    Trimmed(Vec<(RunId, u64)>),
    /// Bytes of a log were read for the screens.
    Block(Box<output::Block>),
    /// The configuration was read anew: who asked, which reading it is, and what was read.
    Reloaded(Option<Ticket>, u64, Result<Box<Config>, Vec<String>>),
    /// A search found something, or is through.
    Hits(ClientId, output::Hits),
}

//! A thread that reads logs for those who must not block.

use std::ops::Range;
use std::path::PathBuf;

use crate::core::id::RunId;

/// Bytes that somebody wants of a run's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetch {
    /// Whose log.
    pub run: RunId,
    /// The directory of its segments.
    pub dir: PathBuf,
    /// Which bytes, as [`Ring::wants`](super::Ring::wants) or a layout said.
    pub range: Range<u64>,
}

/// What a fetch brought. For [`Ring::accept`](super::Ring::accept).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// Whose log.
    pub run: RunId,
    /// What was asked for.
    pub asked: Range<u64>,
    /// Where the bytes are, which is later than asked for where those were dropped.
    pub offset: u64,
    /// The bytes; fewer than asked for where the log has no more.
    pub bytes: Vec<u8>,
    /// The log's first kept byte at the time of reading.
    pub first: u64,
    /// The log's end at the time of reading.
    pub end: u64,
    /// Why there are none, where reading failed.
    pub error: Option<String>,
}

/// The reader: one thread, started by the first fetch, asleep while nobody asks,
/// gone when this is dropped.
#[derive(Debug)]
pub struct Reader {}

impl Reader {
    /// A reader that hands every block to `deliver`, on its own thread.
    pub fn new(_deliver: impl FnMut(Block) + Send + 'static) -> Self {
        Self {}
    }

    /// Reads soon. Takes the place of the run's earlier fetch where that has not begun;
    /// does nothing where the same one is under way. Never blocks.
    pub fn fetch(&mut self, _fetch: Fetch) {}
}

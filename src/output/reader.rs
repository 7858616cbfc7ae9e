//! A thread that reads logs for those who must not block.

use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::log::LogFiles;
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

/// At most so many bytes are read for one fetch: of a longer range, the last ones.
const MAX_FETCH: u64 = super::ring::CAP as u64;

/// The reader: one thread, started by the first fetch, asleep while nobody asks,
/// gone when this is dropped.
pub struct Reader {
    shared: Arc<Shared>,
    start: Option<Box<dyn FnOnce() + Send>>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    asked: Condvar,
}

#[derive(Default)]
struct Queue {
    /// At most one for each run, oldest first.
    waiting: VecDeque<Fetch>,
    /// Being read.
    busy: Option<Fetch>,
    closed: bool,
}

impl Shared {
    /// The queue is whole between any two statements, so a panic elsewhere spoils nothing.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Fetch> {
        let mut queue = self.queue();
        loop {
            if queue.closed {
                return None;
            }
            if let Some(fetch) = queue.waiting.pop_front() {
                queue.busy = Some(fetch.clone());
                return Some(fetch);
            }
            queue = self
                .asked
                .wait(queue)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Reader {
    /// A reader that hands every block to `deliver`, on its own thread.
    pub fn new(mut deliver: impl FnMut(Block) + Send + 'static) -> Self {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let work = move || {
            while let Some(fetch) = theirs.next() {
                let block = read(fetch);
                // from here on the same range may have changed: asking again is no repeat
                theirs.queue().busy = None;
                deliver(block);
            }
        };
        Self {
            shared,
            start: Some(Box::new(work)),
        }
    }

    /// Reads soon. Takes the place of the run's earlier fetch where that has not begun;
    /// does nothing where the same one is under way. Never blocks. An error where the
    /// thread could not be started: nothing will ever be read.
    pub fn fetch(&mut self, fetch: Fetch) -> io::Result<()> {
        {
            let mut queue = self.shared.queue();
            if queue.busy.as_ref() == Some(&fetch) {
                return Ok(());
            }
            match queue.waiting.iter_mut().find(|old| old.run == fetch.run) {
                Some(old) => *old = fetch,
                None => queue.waiting.push_back(fetch),
            }
        }
        self.shared.asked.notify_one();
        if let Some(work) = self.start.take() {
            let thread = thread::Builder::new().name("log reader".into());
            drop(thread.spawn(work)?);
        }
        Ok(())
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.queue().closed = true;
        self.shared.asked.notify_one();
    }
}

fn read(fetch: Fetch) -> Block {
    let mut block = Block {
        run: fetch.run,
        offset: fetch.range.start,
        asked: fetch.range,
        bytes: Vec::new(),
        first: 0,
        end: 0,
        error: None,
    };
    if let Err(error) = fill(&fetch.dir, &mut block) {
        block.error = Some(error.to_string());
    }
    block
}

fn fill(dir: &Path, block: &mut Block) -> io::Result<()> {
    let mut log = LogFiles::open(dir)?;
    let bounds = log.bounds()?;
    if bounds.end == 0 {
        // not a segment is left: all that was asked for is gone
        block.first = block.asked.end;
        return Ok(());
    }
    (block.first, block.end) = (bounds.start, bounds.end);
    let range = block.asked.start.max(bounds.start)..block.asked.end.min(bounds.end);
    let range = range.start.max(range.end.saturating_sub(MAX_FETCH))..range.end;
    block.offset = range.start;
    if range.is_empty() {
        return Ok(());
    }
    block.bytes = vec![0; (range.end - range.start) as usize];
    let mut filled = 0;
    while filled < block.bytes.len() {
        let next = range.start + filled as u64;
        let (at, count) = log.read_at(next, &mut block.bytes[filled..])?;
        if at != next {
            // dropped while it was read: what was read before that still holds
            let bounds = log.bounds()?;
            (block.first, block.end) = (bounds.start, bounds.end);
            if filled == 0 {
                (block.offset, filled) = (at, count);
            }
            break;
        }
        if count == 0 {
            break;
        }
        filled += count;
    }
    block.bytes.truncate(filled);
    Ok(())
}

//! Every line that a pattern matches, newest first.

use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::lines::{CUT, Slice, start_of};
use super::log::LogFiles;
use super::pattern::Pattern;

/// At most so many hits are kept of one search.
pub const MAX_HITS: usize = 100_000;

/// Bytes searched at once; between two such pieces a search can be stopped.
const PIECE: u64 = 1 << 20;

/// As far as a line's beginning can depend on what lies before it.
const LOOK_BACK: u64 = 4 * CUT;

/// Hits are handed out at least so often, in bytes searched.
const BATCH: u64 = 8 << 20;

/// What to search.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Tells this search's hits from an earlier one's.
    pub generation: u64,
    /// The directory of the log's segments.
    pub dir: PathBuf,
    /// For what.
    pub pattern: Arc<Pattern>,
}

/// Some hits, as they are found: from the log's end towards its beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hits {
    /// Which search's.
    pub generation: u64,
    /// Line ids in no order; older than those of earlier batches, but for what was
    /// written since.
    pub offsets: Vec<u64>,
    /// Bytes searched so far.
    pub scanned: u64,
    /// Bytes to search in all.
    pub total: u64,
    /// Whether all is searched that is there.
    pub done: bool,
    /// Whether there are more hits than are kept.
    pub capped: bool,
    /// Why the log could not be read on.
    pub error: Option<String>,
    /// Whether the beginning is no longer there to be searched, though the log has it.
    pub short: bool,
}

/// A search under way, on a thread of its own. Dropped, it ends at once.
#[derive(Debug)]
pub struct Search {
    stop: Arc<AtomicBool>,
    ends: Sender<u64>,
}

impl Search {
    /// Searches everything kept, from the end of the log to its beginning; `deliver` is
    /// called on the search's thread. An error where no thread could be started.
    pub fn start(ask: Ask, deliver: impl FnMut(Hits) + Send + 'static) -> io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (ends, grown) = mpsc::channel();
        let mut work = Work {
            hits: Hits {
                generation: ask.generation,
                ..Hits::default()
            },
            ask,
            deliver,
            stop: Arc::clone(&stop),
            found: 0,
            delivered_at: 0,
        };
        let thread = thread::Builder::new().name("log search".into());
        drop(thread.spawn(move || work.run(&grown))?);
        Ok(Self { stop, ends })
    }

    /// More was written: the log now ends at `end`. What came is searched once the rest is.
    pub fn extend(&self, end: u64) {
        // a search that failed has said so and listens no more
        let _ = self.ends.send(end);
    }
}

impl Drop for Search {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

struct Work<D> {
    ask: Ask,
    deliver: D,
    stop: Arc<AtomicBool>,
    hits: Hits,
    found: usize,
    /// How much was searched when hits were last handed out.
    delivered_at: u64,
}

impl<D: FnMut(Hits)> Work<D> {
    fn run(&mut self, grown: &Receiver<u64>) {
        if let Err(error) = self.search(grown) {
            self.hits.error = Some(error.to_string());
            self.hits.done = true;
            self.deliver();
        }
    }

    fn search(&mut self, grown: &Receiver<u64>) -> io::Result<()> {
        let mut log = LogFiles::open(&self.ask.dir)?;
        let mut searched = 0;
        loop {
            let bounds = log.bounds()?;
            if bounds.end > searched || !self.hits.done {
                let from = bounds.start.max(searched);
                self.hits.total = self.hits.scanned + bounds.end.saturating_sub(from);
                self.hits.done = false;
                if let Some(last) = self.scan(&mut log, &bounds, from)? {
                    searched = last;
                }
                if self.stopped() {
                    return Ok(());
                }
                self.hits.done = true;
                self.deliver();
            }
            if self.hits.capped {
                return Ok(());
            }
            // ends when the search is dropped
            loop {
                let Ok(end) = grown.recv() else { return Ok(()) };
                if end > bounds.end {
                    break;
                }
            }
        }
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn deliver(&mut self) {
        let next = Hits {
            offsets: Vec::new(),
            ..self.hits.clone()
        };
        self.delivered_at = self.hits.scanned;
        (self.deliver)(std::mem::replace(&mut self.hits, next));
    }

    /// Searches from the end back to `from`, a line's start; where the last line begins.
    fn scan(
        &mut self,
        log: &mut LogFiles,
        bounds: &Range<u64>,
        from: u64,
    ) -> io::Result<Option<u64>> {
        let mut buffer = Vec::new();
        let mut last = None;
        let mut first = bounds.start;
        let mut to = bounds.end;
        while to > from.max(first) && !self.stopped() && !self.hits.capped {
            let want = from.max(first).max(to.saturating_sub(PIECE));
            let base = first.max(want.saturating_sub(LOOK_BACK));
            let at = read(log, base..to, &mut buffer)?;
            if at != base {
                // dropped while we search
                first = at;
                if at >= to {
                    break;
                }
            }
            let slice = Slice {
                offset: at,
                bytes: &buffer,
                first,
            };
            // the bytes looked back on are all here, so none can be missing
            let start = start_of(&slice, want.max(at)).unwrap_or(at);
            let room = MAX_HITS - self.found;
            let found = self.hits.offsets.len();
            let hits = &mut self.hits.offsets;
            self.hits.capped = self.ask.pattern.lines(&slice, start..to, room, hits);
            self.found += self.hits.offsets.len() - found;
            last = last.or_else(|| start_of(&slice, to - 1).ok());
            self.hits.scanned += to - start;
            let due = self.hits.scanned - self.delivered_at >= BATCH;
            if due || (self.found > 0 && found == 0 && self.delivered_at == 0) {
                self.deliver();
            }
            to = start;
        }
        Ok(last)
    }
}

/// Fills `buffer` with `range`; where it really begins, as its beginning may be gone.
fn read(log: &mut LogFiles, range: Range<u64>, buffer: &mut Vec<u8>) -> io::Result<u64> {
    let mut start = range.start;
    buffer.clear();
    buffer.resize((range.end - range.start) as usize, 0);
    let mut filled = 0;
    while filled < buffer.len() {
        let next = start + filled as u64;
        let (at, count) = log.read_at(next, &mut buffer[filled..])?;
        if count == 0 {
            buffer.clear();
            return Ok(range.end);
        }
        if at != next {
            // what lies before the gap is no longer of the log
            start = at;
            buffer.clear();
            buffer.resize(range.end.saturating_sub(at) as usize, 0);
            filled = 0;
            continue;
        }
        filled += count;
    }
    Ok(start)
}

/// All hits of one search so far.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Line ids, ascending.
    offsets: Vec<u64>,
    /// Bytes searched, and to be searched.
    pub scanned: (u64, u64),
    /// Whether all is searched.
    pub done: bool,
    /// Whether there are more than are kept.
    pub capped: bool,
    /// Why not all could be searched.
    pub error: Option<String>,
    /// Whether the beginning was not there to be searched.
    pub short: bool,
}

impl Found {
    /// Adds a batch.
    pub fn add(&mut self, hits: &Hits) {
        self.offsets.extend(&hits.offsets);
        self.offsets.sort_unstable();
        self.offsets.dedup();
        self.scanned = (hits.scanned, hits.total);
        self.done = hits.done;
        self.capped |= hits.capped;
        self.short = hits.short;
        self.error.clone_from(&hits.error);
    }

    /// Line ids, ascending.
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// The nearest hit after this line.
    pub fn after(&self, offset: u64) -> Option<u64> {
        let index = self.offsets.partition_point(|hit| *hit <= offset);
        self.offsets.get(index).copied()
    }

    /// The nearest hit before this line.
    pub fn before(&self, offset: u64) -> Option<u64> {
        let index = self.offsets.partition_point(|hit| *hit < offset);
        index.checked_sub(1).map(|index| self.offsets[index])
    }
}

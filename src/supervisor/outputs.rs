//! The bytes that screens show: a ring for each run that is on some screen, filled by
//! the reading thread. The log is the truth; a ring is dropped when nobody looks.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use tokio::sync::mpsc::UnboundedSender;

use super::event::Event;
use crate::core::engine::Engine;
use crate::core::id::RunId;
use crate::output::{Block, Fetch, Reader, Ring};

/// What of a log's end is read at once: more than any screen shows of it. A log that
/// grew by more since the last look is not read in between.
const TAIL: u64 = 256 << 10;

/// All rings.
pub(super) struct Outputs {
    rings: BTreeMap<RunId, Ring>,
    reader: Reader,
    cap: usize,
}

impl Outputs {
    pub(super) fn new(cap: u64, events: UnboundedSender<Event>) -> Self {
        Self {
            rings: BTreeMap::new(),
            reader: Reader::new(move |block| {
                events.send(Event::Block(Box::new(block))).ok();
            }),
            cap: usize::try_from(cap).unwrap_or(usize::MAX),
        }
    }

    /// Rings of another size are filled anew.
    pub(super) fn set_cap(&mut self, cap: u64) {
        let cap = usize::try_from(cap).unwrap_or(usize::MAX);
        if cap != self.cap {
            self.cap = cap;
            self.rings.clear();
        }
    }

    pub(super) fn ring(&self, run: RunId) -> Option<&Ring> {
        self.rings.get(&run)
    }

    /// Keeps rings for these runs alone; those that are new.
    pub(super) fn keep(&mut self, shown: &BTreeSet<RunId>) -> Vec<RunId> {
        self.rings.retain(|run, _| shown.contains(run));
        let new: Vec<RunId> = shown
            .iter()
            .filter(|run| !self.rings.contains_key(run))
            .copied()
            .collect();
        for run in &new {
            self.rings.insert(*run, Ring::new(self.cap));
        }
        new
    }

    /// Has the tail of a shown run read, where its log went on. The ring is told of the
    /// new end only together with the bytes, so that a pane never waits for its last rows.
    pub(super) fn follow(&mut self, engine: &Engine, run: RunId) {
        let Some(ring) = self.rings.get(&run) else {
            return;
        };
        let Some(task) = engine.task(run.task).filter(|task| task.run_id() == run) else {
            return;
        };
        let end = task.run.written;
        let start = ring
            .bounds()
            .end
            .max(end.saturating_sub(TAIL))
            .max(task.run.dropped);
        if start < end {
            self.fetch(engine, run, start..end);
        }
    }

    /// Has a range read.
    pub(super) fn fetch(&mut self, engine: &Engine, run: RunId, range: Range<u64>) {
        let fetch = Fetch {
            run,
            dir: engine.rules().run_dir(run),
            range,
        };
        if let Err(error) = self.reader.fetch(fetch) {
            tracing::error!(%run, %error, "a log can't be read for the screen");
        }
    }

    /// Takes in what was read.
    pub(super) fn accept(&mut self, block: &Block) {
        let Some(ring) = self.rings.get_mut(&block.run) else {
            return;
        };
        if block.bytes.is_empty() {
            ring.accept(block);
        } else {
            ring.set_bounds(block.first, block.offset + block.bytes.len() as u64);
            ring.insert(block.offset, &block.bytes);
        }
    }
}

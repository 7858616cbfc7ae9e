//! Every line that a pattern matches, newest first, a slice with each layout.

use std::ops::Range;
use std::sync::Arc;

use super::lines::Laid;
use super::talk::{Block, Transcript};
use crate::output::search::MAX_HITS;
use crate::output::{Hits, Pattern};

/// Bytes of text looked at between two frames.
const SLICE: usize = 1 << 20;

/// A search under way.
#[derive(Debug)]
pub(super) struct Seek {
    generation: u64,
    pattern: Arc<Pattern>,
    /// Blocks still to be looked at of those that were there when it began.
    rest: Range<u64>,
    begun: bool,
    /// From here on blocks may have changed since they were looked at.
    seen: u64,
    /// The conversation's version when all was seen.
    version: u64,
    scanned: u64,
    found: usize,
}

impl Seek {
    pub(super) const fn new(generation: u64, pattern: Arc<Pattern>) -> Self {
        Self {
            generation,
            pattern,
            rest: 0..0,
            begun: false,
            seen: 0,
            version: 0,
            scanned: 0,
            found: 0,
        }
    }

    /// Looks at some blocks, laid out by `lines`; what was found, where anything is new, and
    /// whether more is to be looked at.
    pub(super) fn step(
        &mut self,
        talk: &Transcript,
        lines: impl Fn(&Block, u64) -> Vec<(u64, Laid)>,
    ) -> Option<(Hits, bool)> {
        let (first, end) = talk.bounds();
        if !self.begun {
            (self.begun, self.rest, self.seen) = (true, first..end, end);
            self.version = talk.version();
        } else if self.rest.is_empty() {
            if self.version == talk.version() {
                return None;
            }
            // what came; and the last few, which may have grown
            self.rest = self.seen.saturating_sub(8).max(first)..end;
            (self.seen, self.version) = (end, talk.version());
        }
        let mut hits = Hits {
            generation: self.generation,
            ..Hits::default()
        };
        let mut looked = 0;
        while looked < SLICE && self.rest.end > self.rest.start.max(first) {
            self.rest.end -= 1;
            let number = self.rest.end;
            self.scanned += 1;
            let Some(block) = talk.block(number) else {
                continue;
            };
            for (name, laid) in lines(block, number) {
                looked += laid.text().len() + 16;
                if !self.pattern.matches(laid.text()).is_empty() {
                    hits.offsets.push(name);
                }
            }
        }
        self.rest.start = self.rest.start.max(first).min(self.rest.end);
        let room = MAX_HITS.saturating_sub(self.found);
        hits.capped = hits.offsets.len() > room;
        hits.offsets.truncate(room);
        self.found += hits.offsets.len();
        let left = self.rest.end - self.rest.start;
        (hits.scanned, hits.total) = (self.scanned, self.scanned + left);
        hits.done = left == 0;
        hits.short = talk.has_lost();
        Some((hits, left > 0))
    }
}

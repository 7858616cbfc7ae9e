//! Every line that a pattern matches, newest first.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use regex::bytes::Regex;

/// At most so many hits are kept of one search.
pub const MAX_HITS: usize = 100_000;

/// A compiled search pattern. Smart case: without a capital letter it matches either.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
}

impl Pattern {
    /// Compiles a regular expression; the error is one line for people.
    pub fn new(text: &str) -> Result<Self, String> {
        let regex = Regex::new(text).map_err(|e| e.to_string())?;
        Ok(Self { regex })
    }

    /// Byte ranges of `text` that match, none empty.
    pub fn matches(&self, text: &str) -> Vec<Range<usize>> {
        let found = self.regex.find_iter(text.as_bytes());
        found.map(|m| m.range()).filter(|r| !r.is_empty()).collect()
    }
}

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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hits {
    /// Which search's.
    pub generation: u64,
    /// Line ids, ascending; older than those of earlier batches, but for what was
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
}

/// A search under way, on a thread of its own. Dropped, it ends at once.
#[derive(Debug)]
pub struct Search {}

impl Search {
    /// Searches everything kept; `deliver` is called on the search's thread.
    pub fn start(_ask: Ask, _deliver: impl FnMut(Hits) + Send + 'static) -> Self {
        Self {}
    }

    /// More was written: the log now ends here. Searched once the rest is.
    pub fn extend(&self, _end: u64) {}
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
}

impl Found {
    /// Adds a batch.
    pub fn add(&mut self, hits: &Hits) {
        self.offsets.extend(&hits.offsets);
        self.offsets.sort_unstable();
        self.offsets.dedup();
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

//! A search in the shown output: what is sought, what was found, where it stands.

use std::sync::Arc;

use super::output::View;
use crate::core::id::RunId;
use crate::core::place;
use crate::output::{Found, Hits, Pattern};

/// A search.
#[derive(Debug)]
pub(super) struct Find {
    pub(super) generation: u64,
    pub(super) run: RunId,
    /// Whether it searches the conversation, and not what was written.
    pub(super) talks: bool,
    /// As typed.
    pub(super) text: String,
    /// `None` while nothing is typed or it is no pattern.
    pub(super) pattern: Option<Arc<Pattern>>,
    /// What is wrong with it.
    pub(super) error: Option<String>,
    /// The line a person stood at when it began, and whether the end was followed.
    pub(super) from: (u64, bool),
    found: Found,
    /// The hit it stands on.
    at: Option<u64>,
    /// Whether a person chose that hit.
    chosen: bool,
}

impl Find {
    /// A search that begins.
    pub(super) fn new(
        generation: u64,
        (run, talks): (RunId, bool),
        text: &str,
        from: (u64, bool),
    ) -> Self {
        let (pattern, error) = match Pattern::new(text) {
            _ if text.is_empty() => (None, None),
            Ok(pattern) => (Some(Arc::new(pattern)), None),
            Err(why) => (None, Some(why)),
        };
        Self {
            generation,
            run,
            talks,
            text: text.to_owned(),
            pattern,
            error,
            from,
            found: Found::default(),
            at: None,
            chosen: false,
        }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> place::Find {
        place::Find {
            run: self.run,
            talks: self.talks,
            text: self.text.clone(),
            from: self.from,
            at: self.at,
        }
    }

    /// The search that stood there, begun again.
    pub(super) fn resume(generation: u64, place: &place::Find) -> Self {
        Self {
            at: place.at,
            chosen: place.at.is_some(),
            ..Self::new(
                generation,
                (place.run, place.talks),
                &place.text,
                place.from,
            )
        }
    }

    /// Takes in what was found, and shows the hit nearest to where the search began.
    pub(super) fn take(&mut self, hits: &Hits, view: &mut View) {
        self.found.add(hits);
        if self.chosen {
            return;
        }
        let (line, _) = self.from;
        let near = self
            .found
            .before(line.saturating_add(1))
            .or_else(|| self.found.after(line));
        if near.is_some() && near != self.at {
            self.at = near;
            self.show(view);
        }
    }

    /// To the next hit, or the one before; round and round.
    pub(super) fn step(&mut self, forward: bool, view: &mut View) {
        let hits = self.found.offsets();
        let ends = (hits.first().copied(), hits.last().copied());
        let to = match (self.at, forward) {
            (Some(at), true) => self.found.after(at).or(ends.0),
            (Some(at), false) => self.found.before(at).or(ends.1),
            (None, true) => ends.0,
            (None, false) => ends.1,
        };
        if to.is_some() {
            self.chosen = true;
            self.at = to;
            self.show(view);
        }
    }

    /// Back to where it began.
    pub(super) fn give_up(&self, view: &mut View) {
        if self.at.is_some() {
            match self.from {
                (_, true) => view.go_end(),
                (line, false) => view.jump(line),
            }
        }
    }

    /// The line it stands on.
    pub(super) const fn at(&self) -> Option<u64> {
        self.at
    }

    /// Which hit of how many, and how far the search has come.
    pub(super) fn standing(&self) -> String {
        let Some(_) = self.pattern else {
            return self.error.clone().unwrap_or_default();
        };
        if let Some(error) = &self.found.error {
            return error.clone();
        }
        let hits = self.found.offsets();
        let more = if self.found.capped { "+" } else { "" };
        let count = match (hits.len(), self.at) {
            (0, _) if self.found.done => "no hit".into(),
            (0, _) => "searching".into(),
            (count, Some(at)) => {
                let before = hits.partition_point(|hit| *hit < at);
                format!("{} of {count}{more}", before + 1)
            }
            (count, None) => format!("{count}{more}"),
        };
        let (scanned, total) = self.found.scanned;
        if self.found.done && self.found.short {
            return format!("{count}; not searched: what is earlier than is held");
        }
        if self.found.done || total == 0 {
            return count;
        }
        let percent = u128::from(scanned) * 100 / u128::from(total);
        format!("{count}, {percent}% searched")
    }

    fn show(&self, view: &mut View) {
        if let Some(at) = self.at {
            view.jump(at);
        }
    }
}

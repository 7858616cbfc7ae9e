//! Ends of runs and turns: the last word, and what goes on no longer.

use super::call::End;
use super::kept::Kept;
use super::talk::{Block, Body, Transcript};
use crate::core::agent::event::Trouble;

/// How far a subagent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stands {
    /// It is at work.
    Works,
    /// It is through.
    Through,
    /// The run ended before it did.
    BrokenOff,
}

impl Stands {
    pub(super) const fn of(ended: bool) -> Self {
        if ended { Self::Through } else { Self::Works }
    }
}

impl Transcript {
    /// The last word; that it repeats what was said last needs no second time.
    pub(super) fn verdict(&mut self, ok: bool, trouble: Option<Trouble>, text: &str) {
        let since = self.blocks.iter().rev();
        let mut since = since.take_while(|block| !matches!(block.body, Body::Person(_)));
        let repeats = |kept: &Kept| kept.whole().is_some_and(|said| said.trim() == text.trim());
        let said = since.find_map(|block| match &block.body {
            // of a success it is what was said
            Body::Said(kept) => Some(ok || repeats(kept)),
            _ => None,
        });
        let text = if said == Some(true) { "" } else { text };
        self.push(Body::Verdict(ok, trouble, Kept::new(text)), 0);
    }

    /// The run is over: what goes on in it was broken off, and nobody can answer what it asks.
    pub(super) fn over(&mut self) {
        let open = |block: &Block| match &block.body {
            Body::Call(call) => call.end.is_none(),
            Body::Subagent(_, stands) => *stands == Stands::Works,
            Body::Asks(asked) => !asked.answered,
            _ => false,
        };
        let blocks = (self.first..).zip(&self.blocks);
        let open: Vec<u64> = blocks
            .filter(|(_, block)| open(block))
            .map(|(number, _)| number)
            .collect();
        for number in open {
            self.change(number, |body| match body {
                Body::Call(call) => call.end = Some(End::broken_off()),
                Body::Subagent(_, stands) => *stands = Stands::BrokenOff,
                Body::Asks(asked) => asked.answered = true,
                _ => {}
            });
        }
    }
}

//! What of a conversation is unfolded, and what is left out.

use super::call::{Call, End};
use super::lay::Ink;
use super::pane::{Stand, TalkPane, name, named};
use super::talk::{Block, Body, Transcript};
use crate::output::Row;

/// What is to be done at the next layout, where the blocks are at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Choose the next block that folds, or the one before.
    Choose(bool),
    /// Fold or unfold what is chosen.
    Toggle,
    /// Fold or unfold this one.
    ToggleAt(u64),
    /// Fold or unfold all.
    ToggleAll,
}

/// What of a conversation is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(in crate::screen) enum Only {
    /// All of it.
    #[default]
    All,
    /// Calls of tools alone.
    Calls,
    /// Those of them that failed.
    Failed,
}

impl Only {
    /// Whether a block is.
    pub(super) const fn shows(self, block: &Block) -> bool {
        match (self, &block.body) {
            (Self::All, _) | (Self::Calls, Body::Call(_) | Body::Subagent(..)) => true,
            (Self::Failed, Body::Call(call)) => has_failed(call),
            _ => false,
        }
    }

    /// The next in turn.
    pub(in crate::screen) const fn next(self) -> Self {
        match self {
            Self::All => Self::Calls,
            Self::Calls => Self::Failed,
            Self::Failed => Self::All,
        }
    }

    /// What is shown, in a few words; `None` where all is.
    pub(in crate::screen) const fn word(self) -> Option<&'static str> {
        match self {
            Self::All => None,
            Self::Calls => Some("tools only"),
            Self::Failed => Some("failed tools"),
        }
    }

    /// Why there is nothing to be seen where there is none of it.
    pub(super) const fn none(self) -> &'static str {
        match self {
            Self::All => "",
            Self::Calls => "it has called no tools",
            Self::Failed => "none of its calls failed",
        }
    }
}

const fn has_failed(call: &Call) -> bool {
    matches!(&call.end, Some(End { fault: Some(_), .. }))
}

impl TalkPane {
    /// Chooses the next block that folds, or the one before.
    pub(in crate::screen) fn choose(&mut self, forward: bool) {
        self.steps.push(Step::Choose(forward));
    }

    /// Folds or unfolds what is chosen, else the last in view that folds.
    pub(in crate::screen) fn toggle(&mut self) {
        self.steps.push(Step::Toggle);
    }

    /// Folds or unfolds all.
    pub(in crate::screen) fn toggle_all(&mut self) {
        self.steps.push(Step::ToggleAll);
    }

    /// Folds or unfolds the block of a row, where it is one by which that is done.
    pub(in crate::screen) fn toggle_row(&mut self, row: &Row) {
        if row.part == 0 && self.heads.contains(&row.offset) {
            self.steps.push(Step::ToggleAt(named(row.offset).0));
        }
    }

    /// Whether a block is chosen.
    pub(in crate::screen) const fn has_chosen(&self) -> bool {
        self.chosen.is_some()
    }

    /// Nothing is chosen any more; whether something was.
    pub(in crate::screen) fn unchoose(&mut self) -> bool {
        self.chosen.take().is_some()
    }

    /// Shows this of the conversation alone, from where it stands.
    pub(in crate::screen) fn show_only(&mut self, only: Only) {
        self.only = only;
        self.forget();
    }

    /// What is shown.
    pub(in crate::screen) const fn only(&self) -> Only {
        self.only
    }

    pub(super) fn is_open(&self, number: u64, block: &Block) -> bool {
        let usual = self.all_open || !matches!(block.body, Body::Call(_) | Body::Thought(_));
        self.folds.get(&number).copied().unwrap_or(usual)
    }

    pub(super) fn step(&mut self, step: Step, talk: &Transcript, ink: &Ink) {
        let (first, end) = talk.bounds();
        match step {
            Step::Choose(forward) => {
                let seen = self.heads.iter().map(|head| named(*head).0);
                let from = match (self.chosen, forward) {
                    (Some(chosen), _) => Some(chosen),
                    // from what is in view
                    (None, true) => seen.min().and_then(|seen| seen.checked_sub(1)),
                    (None, false) => seen.max().map(|seen| seen + 1),
                };
                let only = self.only;
                let folds = |number: &u64| {
                    let block = talk.block(*number);
                    block.is_some_and(|block| folds(block) && only.shows(block))
                };
                let found = if forward {
                    (from.map_or(first, |from| from + 1).max(first)..end).find(folds)
                } else {
                    (first..from.unwrap_or(end).min(end)).rev().find(folds)
                };
                if let Some(found) = found {
                    self.chosen = Some(found);
                    self.reveal(found, talk, ink);
                }
            }
            Step::Toggle => {
                let seen = self.heads.iter().map(|head| named(*head).0).max();
                if let Some(number) = self.chosen.or(seen) {
                    self.toggle_at(number, talk);
                }
            }
            Step::ToggleAt(number) => self.toggle_at(number, talk),
            Step::ToggleAll => {
                self.all_open = !self.all_open;
                self.folds.clear();
            }
        }
    }

    fn toggle_at(&mut self, number: u64, talk: &Transcript) {
        let Some(block) = talk.block(number) else {
            return;
        };
        let open = !self.is_open(number, block);
        self.folds.insert(number, open);
        // what is unfolded is to be read, where it stands
        if open {
            self.hold_here();
        }
    }

    /// Shows all of a block.
    pub(super) fn unfold(&mut self, number: u64) {
        self.folds.insert(number, true);
    }

    /// Stays at the rows that were last in view.
    fn hold_here(&mut self) {
        if self.following() {
            self.followed = true;
            self.stand = self.top.map_or(Stand::Hold, Stand::At);
        }
    }

    /// Scrolls so that a block is in view.
    fn reveal(&mut self, number: u64, talk: &Transcript, ink: &Ink) {
        let page = self.page_of(number, talk, ink);
        let head = name(number, page.head.unwrap_or(0));
        if !self.heads.contains(&head) {
            self.jump(head);
        }
    }
}

/// Whether a block can be folded.
const fn folds(block: &Block) -> bool {
    matches!(block.body, Body::Call(_) | Body::Thought(_))
}

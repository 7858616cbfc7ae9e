//! Calls of tools on their way to the store.

use super::herd::Engine;
use crate::core::agent::tool::ToolCall;
use crate::core::effect::Effect;
use crate::core::id::TaskId;
use crate::core::record::Change;

/// So many that could not be written are kept for each task: the last ones.
const MOST: usize = 1_000;

impl Engine {
    /// Stores calls as they stand now.
    pub(super) fn store_calls(id: TaskId, calls: Vec<ToolCall>, out: &mut Vec<Effect>) {
        if !calls.is_empty() {
            out.push(Effect::Store {
                change: Change::Tools(id, calls),
                events: Vec::new(),
                then: Vec::new(),
            });
        }
    }

    /// Keeps what could not be written.
    pub(super) fn keep_calls(&mut self, id: TaskId, calls: &[ToolCall]) {
        let kept = self.unstored_calls.entry(id).or_default();
        kept.extend_from_slice(calls);
        kept.drain(..kept.len().saturating_sub(MOST));
    }

    /// Writes it again: after the tasks whose calls they are.
    pub(super) fn store_kept_calls(&mut self, out: &mut Vec<Effect>) {
        for (id, calls) in std::mem::take(&mut self.unstored_calls) {
            if self.tasks.contains(id) {
                Self::store_calls(id, calls, out);
            }
        }
    }
}

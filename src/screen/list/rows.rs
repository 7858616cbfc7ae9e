//! The rows of the list, top to bottom.

use std::cmp::Reverse;

use crate::core::id::TaskId;
pub(in crate::screen) use crate::core::place::Row;

/// Tasks above by number, below them the history, newest first: both in an order in
/// which a task is found without going through them.
#[derive(Debug, Default)]
pub(super) struct Rows {
    above: Vec<TaskId>,
    fold: bool,
    history: Vec<TaskId>,
}

impl Rows {
    /// Rows of these tasks: `above` ascending, `history` descending; `fold` says whether
    /// a row that folds stands between.
    pub(super) const fn new(above: Vec<TaskId>, fold: bool, history: Vec<TaskId>) -> Self {
        Self {
            above,
            fold,
            history,
        }
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.above.len() + self.fold as usize + self.history.len()
    }

    /// The tasks above the history.
    pub(super) fn above(&self) -> &[TaskId] {
        &self.above
    }

    /// The row at a place.
    pub(super) fn get(&self, at: usize) -> Option<Row> {
        let below = || {
            let at = at - self.above.len();
            match at.checked_sub(usize::from(self.fold)) {
                None => Some(Row::Fold),
                Some(at) => self.history.get(at).copied().map(Row::Task),
            }
        };
        let above = self.above.get(at).copied().map(Row::Task);
        above.or_else(below)
    }

    /// The place of a row.
    pub(super) fn position(&self, row: Row) -> Option<usize> {
        let above = self.above.len();
        match row {
            Row::Fold => self.fold.then_some(above),
            Row::Task(id) => self.above.binary_search(&id).ok().or_else(|| {
                let found = self
                    .history
                    .binary_search_by_key(&Reverse(id), |id| Reverse(*id));
                Some(above + usize::from(self.fold) + found.ok()?)
            }),
        }
    }
}

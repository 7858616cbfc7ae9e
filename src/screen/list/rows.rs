//! The rows of the list, top to bottom.

use crate::core::id::TaskId;
pub(in crate::screen) use crate::core::place::Row;

/// Where a task has its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Above,
    History,
    Nowhere,
}

/// Tasks above by number, below them the history, newest first: both in an order in
/// which a task is found without going through them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    above: Vec<TaskId>,
    fold: bool,
    /// Newest last: there one more is put in without moving the rest.
    history: Vec<TaskId>,
}

impl Rows {
    /// Rows of these tasks, both ascending; `fold` says whether a row that folds stands
    /// between.
    pub(super) const fn new(above: Vec<TaskId>, fold: bool, history: Vec<TaskId>) -> Self {
        Self {
            above,
            fold,
            history,
        }
    }

    /// Puts a task where it belongs, and takes it away from where it was.
    pub(super) fn put(&mut self, id: TaskId, part: Part) {
        set(&mut self.above, id, part == Part::Above);
        set(&mut self.history, id, part == Part::History);
    }

    /// Whether a row that folds is to stand between.
    pub(super) const fn set_fold(&mut self, fold: bool) {
        self.fold = fold;
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.above.len() + self.fold as usize + self.history.len()
    }

    /// The row at a place.
    pub(super) fn get(&self, at: usize) -> Option<Row> {
        if let Some(id) = self.above.get(at) {
            return Some(Row::Task(*id));
        }
        let at = at - self.above.len();
        let Some(at) = at.checked_sub(usize::from(self.fold)) else {
            return Some(Row::Fold);
        };
        let at = self.history.len().checked_sub(at + 1)?;
        self.history.get(at).copied().map(Row::Task)
    }

    /// The place of a row.
    pub(super) fn position(&self, row: Row) -> Option<usize> {
        let above = self.above.len();
        match row {
            Row::Fold => self.fold.then_some(above),
            Row::Task(id) => self.above.binary_search(&id).ok().or_else(|| {
                let found = self.history.binary_search(&id).ok()?;
                let below = self.history.len() - 1 - found;
                Some(above + usize::from(self.fold) + below)
            }),
        }
    }
}

/// Has an ascending list hold a task, or not.
fn set(list: &mut Vec<TaskId>, id: TaskId, holds: bool) {
    match (list.binary_search(&id), holds) {
        (Ok(at), false) => drop(list.remove(at)),
        (Err(at), true) => list.insert(at, id),
        _ => {}
    }
}

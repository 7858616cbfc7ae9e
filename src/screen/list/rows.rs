//! The rows of the list, top to bottom.

use super::line::Line;
use super::tree::Tree;
use crate::core::engine::Engine;
use crate::core::id::TaskId;
pub(in crate::screen) use crate::core::place::Row;

/// Where a task has its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Above,
    /// Among those that wait in line, in this turn.
    Line(i64),
    History,
    Nowhere,
}

/// Tasks above by number, below them those that wait in line, in their order, then the
/// history, newest first: all in an order in which a task is found without going through
/// them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rows {
    above: Vec<TaskId>,
    line: Line,
    fold: bool,
    /// Newest last: there one more is put in without moving the rest.
    history: Vec<TaskId>,
    /// The same rows as a tree, where a person wants that.
    tree: Option<Tree>,
}

impl Rows {
    /// Rows of these tasks, the first and the last ascending.
    pub(super) const fn new(above: Vec<TaskId>, line: Line, history: Vec<TaskId>) -> Self {
        Self {
            above,
            line,
            fold: false,
            history,
            tree: None,
        }
    }

    /// Puts a task where it belongs, and takes it away from where it was. Whether that is
    /// anything new.
    pub(super) fn put(&mut self, id: TaskId, part: Part) -> bool {
        let turn = match part {
            Part::Line(turn) => Some(turn),
            _ => None,
        };
        let above = set(&mut self.above, id, part == Part::Above);
        let line = self.line.put(id, turn);
        let history = set(&mut self.history, id, part == Part::History);
        above || line || history
    }

    /// Whether a row that folds is to stand before the history. Whether that is anything
    /// new.
    pub(super) const fn set_fold(&mut self, fold: bool) -> bool {
        let is_new = self.fold != fold;
        self.fold = fold;
        is_new
    }

    /// Makes a tree of them as they are, or what was one flat.
    pub(super) fn set_tree(&mut self, engine: &Engine, tree: bool) {
        self.tree = tree.then(|| {
            let above = self.above.iter().map(|id| (Row::Task(*id), Part::Above));
            let line = self.line.iter().map(|id| (Row::Task(id), Part::Line(0)));
            let fold = self.fold.then_some((Row::Fold, Part::Nowhere));
            let history = self.history.iter().rev();
            let history = history.map(|id| (Row::Task(*id), Part::History));
            let all: Vec<_> = above.chain(line).chain(fold).chain(history).collect();
            Tree::of(engine, &all)
        });
    }

    /// The tree, where they are one.
    pub(super) const fn tree(&self) -> Option<&Tree> {
        self.tree.as_ref()
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.above.len() + self.line.len() + self.fold as usize + self.history.len()
    }

    /// The row at a place.
    pub(super) fn get(&self, at: usize) -> Option<Row> {
        if let Some(tree) = &self.tree {
            return tree.get(at);
        }
        if let Some(id) = self.above.get(at) {
            return Some(Row::Task(*id));
        }
        let at = at - self.above.len();
        if let Some(id) = self.line.get(at) {
            return Some(Row::Task(id));
        }
        let at = at - self.line.len();
        let Some(at) = at.checked_sub(usize::from(self.fold)) else {
            return Some(Row::Fold);
        };
        let at = self.history.len().checked_sub(at + 1)?;
        self.history.get(at).copied().map(Row::Task)
    }

    /// The place of a row.
    pub(super) fn position(&self, row: Row) -> Option<usize> {
        if let Some(tree) = &self.tree {
            return tree.position(row);
        }
        let (above, line) = (self.above.len(), self.line.len());
        let id = match row {
            Row::Fold => return self.fold.then_some(above + line),
            Row::Task(id) => id,
        };
        if let Ok(at) = self.above.binary_search(&id) {
            return Some(at);
        }
        if let Some(at) = self.line.position(id) {
            return Some(above + at);
        }
        let found = self.history.binary_search(&id).ok()?;
        let below = self.history.len() - 1 - found;
        Some(above + line + usize::from(self.fold) + below)
    }
}

/// Has an ascending list hold a task, or not. Whether that is anything new.
fn set(list: &mut Vec<TaskId>, id: TaskId, holds: bool) -> bool {
    match (list.binary_search(&id), holds) {
        (Ok(at), false) => drop(list.remove(at)),
        (Err(at), true) => list.insert(at, id),
        _ => return false,
    }
    true
}

//! The tasks that wait in line, in the order in which they come.

use std::collections::HashMap;

use crate::core::id::TaskId;

/// Tasks by their turns: one is found, put in and taken away without going through them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The first first.
    order: Vec<(i64, TaskId)>,
    turns: HashMap<TaskId, i64>,
}

impl Line {
    /// Tasks with their turns, in whatever order.
    pub(super) fn new(mut order: Vec<(i64, TaskId)>) -> Self {
        order.sort_unstable();
        let turns = order.iter().map(|(turn, id)| (*id, *turn)).collect();
        Self { order, turns }
    }

    /// Has a task wait in this turn, or not. Whether that is anything new.
    pub(super) fn put(&mut self, id: TaskId, turn: Option<i64>) -> bool {
        if self.turns.get(&id).copied() == turn {
            return false;
        }
        if let Some(at) = self.position(id) {
            self.order.remove(at);
            self.turns.remove(&id);
        }
        if let Some(turn) = turn {
            let (Ok(at) | Err(at)) = self.order.binary_search(&(turn, id));
            self.order.insert(at, (turn, id));
            self.turns.insert(id, turn);
        }
        true
    }

    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.order.len()
    }

    /// The task at a place.
    pub(super) fn get(&self, at: usize) -> Option<TaskId> {
        self.order.get(at).map(|(_, id)| *id)
    }

    /// Which turn a task waits for.
    pub(super) fn turn(&self, id: TaskId) -> Option<i64> {
        self.turns.get(&id).copied()
    }

    /// The place of a task.
    pub(super) fn position(&self, id: TaskId) -> Option<usize> {
        let turn = *self.turns.get(&id)?;
        self.order.binary_search(&(turn, id)).ok()
    }

    /// All of them, the first first.
    pub(super) fn iter(&self) -> impl Iterator<Item = TaskId> + '_ {
        self.order.iter().map(|(_, id)| *id)
    }
}

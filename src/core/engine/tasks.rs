//! All tasks, with the indices by which none of them has to be looked for.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::changes::Changes;
use super::queue::{Queue, Standing};
use crate::core::attention::Attention;
use crate::core::id::TaskId;
use crate::core::task::{State, Task};
use crate::core::time::Timestamp;

/// All tasks. What is active, what wants a person and what ended when is known without a
/// look at the rest, so that ten thousand ended tasks cost nothing but their memory.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    all: BTreeMap<TaskId, Task>,
    active: BTreeSet<TaskId>,
    /// Those of them that don't wait in line.
    under_way: BTreeSet<TaskId>,
    attention: BTreeSet<TaskId>,
    /// The same, by urgency.
    urgent: BTreeSet<(Attention, TaskId)>,
    /// The same, by urgency and by how long they have waited.
    waiting: BTreeSet<Turn>,
    /// Ended ones, by the time of their end.
    ended: BTreeSet<(Timestamp, TaskId)>,
    /// Bytes in all logs, and in those of ended tasks.
    kept: u64,
    kept_ended: u64,
    shape: u64,
    changes: Changes,
    queue: Queue,
}

/// Which wants a person most: what it wants, then who has waited longest, then the oldest.
pub type Turn = (Attention, Reverse<Option<Timestamp>>, Reverse<TaskId>);

/// What the indices say of one task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    ended: Option<Timestamp>,
    in_line: bool,
    attention: Attention,
    wanted: Option<Timestamp>,
    kept: u64,
}

impl Place {
    fn of(task: &Task) -> Self {
        Self {
            ended: match task.run.state {
                State::Ended { at, .. } => Some(at),
                _ => None,
            },
            in_line: task.in_line(),
            attention: task.attention,
            wanted: task.wanted_since,
            kept: task.kept(),
        }
    }

    const fn waiting(self, id: TaskId) -> Turn {
        (self.attention, Reverse(self.wanted), Reverse(id))
    }
}

impl Tasks {
    pub(super) fn get(&self, id: TaskId) -> Option<&Task> {
        self.all.get(&id)
    }

    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.all.contains_key(&id)
    }

    /// Oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.all.values()
    }

    /// Those of which anything may live, oldest first.
    pub(super) fn active(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.active.iter().map(|id| &self.all[id])
    }

    /// Those of them that don't wait in line, oldest first.
    pub(super) fn under_way(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.under_way.iter().map(|id| &self.all[id])
    }

    /// Those that want something of a person, oldest first.
    pub(super) fn attention(&self) -> impl DoubleEndedIterator<Item = &Task> + ExactSizeIterator {
        self.attention.iter().map(|id| &self.all[id])
    }

    /// The same, the least urgent first, of those alike the oldest.
    pub(super) fn urgent(&self) -> impl DoubleEndedIterator<Item = TaskId> {
        self.urgent.iter().map(|(_, id)| *id)
    }

    /// The same, the most urgent first, of those alike who has waited longest.
    pub(super) fn waiting(&self) -> impl Iterator<Item = Turn> {
        self.waiting.iter().rev().copied()
    }

    /// Those that want this.
    pub(super) fn wanting(&self, what: Attention) -> impl Iterator<Item = TaskId> {
        let range = self
            .urgent
            .range((what, TaskId(0))..=(what, TaskId(u32::MAX)));
        range.map(|(_, id)| *id)
    }

    /// Ended ones, the longest ended first.
    pub(super) fn ended(&self) -> impl ExactSizeIterator<Item = (Timestamp, TaskId)> + '_ {
        self.ended.iter().copied()
    }

    /// Bytes in all logs.
    pub(super) const fn kept(&self) -> u64 {
        self.kept
    }

    /// Bytes in the logs of ended tasks.
    pub(super) const fn kept_ended(&self) -> u64 {
        self.kept_ended
    }

    /// Changes whenever a task comes, goes, starts, ends, begins again or wants something
    /// else.
    pub(super) const fn shape(&self) -> u64 {
        self.shape
    }

    /// Which came, went or changed.
    pub(super) const fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Who waits, and who counts against which limit.
    pub(super) const fn queue(&self) -> &Queue {
        &self.queue
    }

    pub(super) const fn queue_mut(&mut self) -> &mut Queue {
        &mut self.queue
    }

    pub(super) fn insert(&mut self, task: Task) {
        let id = task.id;
        self.remove(id);
        self.enter(id, Place::of(&task));
        self.queue.enter(Standing::of(&task), &task);
        self.all.insert(id, task);
        self.changes.note(id);
        self.shape += 1;
    }

    pub(super) fn remove(&mut self, id: TaskId) -> Option<Task> {
        let task = self.all.remove(&id)?;
        self.leave(id, Place::of(&task));
        self.changes.note(id);
        self.queue.leave(Standing::of(&task), &task);
        self.queue.settled(id);
        self.shape += 1;
        Some(task)
    }

    /// Changes a task, and the indices with it.
    pub(super) fn update<R>(
        &mut self,
        id: TaskId,
        change: impl FnOnce(&mut Task) -> R,
    ) -> Option<R> {
        let task = self.all.get_mut(&id)?;
        let (before, stood) = (Place::of(task), Standing::of(task));
        let was_settled = task.state().is_settled();
        let waited = task.after.clone();
        let answer = change(task);
        self.changes.note(id);
        let (after, stands) = (Place::of(task), Standing::of(task));
        if stood != stands || waited != task.after {
            self.queue.leave(stood, task);
            self.queue.enter(stands, task);
        }
        if task.state().is_settled() && !was_settled {
            self.queue.settled(id);
        }
        if before != after {
            self.leave(id, before);
            self.enter(id, after);
        }
        let shape = |place: Place| (place.ended, place.in_line, place.attention);
        if shape(before) != shape(after) {
            self.shape += 1;
        }
        Some(answer)
    }

    fn enter(&mut self, id: TaskId, place: Place) {
        self.kept += place.kept;
        match place.ended {
            Some(at) => {
                self.ended.insert((at, id));
                self.kept_ended += place.kept;
            }
            None => drop(self.active.insert(id)),
        }
        if place.ended.is_none() && !place.in_line {
            self.under_way.insert(id);
        }
        if place.attention != Attention::None {
            self.attention.insert(id);
            self.urgent.insert((place.attention, id));
            self.waiting.insert(place.waiting(id));
        }
    }

    fn leave(&mut self, id: TaskId, place: Place) {
        self.kept -= place.kept;
        match place.ended {
            Some(at) => {
                self.ended.remove(&(at, id));
                self.kept_ended -= place.kept;
            }
            None => drop(self.active.remove(&id)),
        }
        self.under_way.remove(&id);
        self.attention.remove(&id);
        self.urgent.remove(&(place.attention, id));
        self.waiting.remove(&place.waiting(id));
    }
}

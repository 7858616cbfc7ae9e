//! Who is active and who wants a person, without going through all tasks: a history of
//! ten thousand must cost a screen nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::herd::Engine;
use crate::core::attention::Attention;
use crate::core::id::TaskId;
use crate::core::input::Input;
use crate::core::task::Task;

/// What is known of the tasks without looking at each.
#[derive(Debug)]
pub(super) struct Index {
    active: BTreeSet<TaskId>,
    attention: BTreeMap<TaskId, Attention>,
    /// How many tasks there were, and the newest.
    tasks: (usize, Option<TaskId>),
    shape: u64,
}

impl Index {
    pub(super) const fn new() -> Self {
        Self {
            active: BTreeSet::new(),
            attention: BTreeMap::new(),
            tasks: (0, None),
            shape: 0,
        }
    }

    /// Takes in what has become of one task. Whether that is another shape.
    fn put(&mut self, id: TaskId, task: Option<&Task>) -> bool {
        let active = match task {
            Some(task) if task.is_active() => self.active.insert(id),
            _ => self.active.remove(&id),
        };
        let wants = task.map_or(Attention::None, |task| task.attention);
        let wanted = match wants {
            Attention::None => self.attention.remove(&id),
            wants => self.attention.insert(id, wants),
        };
        active || wanted.unwrap_or_default() != wants
    }
}

impl Engine {
    /// Which tasks are active, oldest first.
    pub fn active_ids(&self) -> impl Iterator<Item = TaskId> {
        self.index.active.iter().copied()
    }

    /// How many tasks are active.
    pub fn active(&self) -> usize {
        self.index.active.len()
    }

    /// Which tasks want something of a person, oldest first.
    pub fn attention_ids(&self) -> impl Iterator<Item = TaskId> {
        self.index.attention.keys().copied()
    }

    /// Another number whenever a task was added or removed, became active or ended, or
    /// wants something else of a person: a list made of these holds while it is the same.
    pub const fn shape(&self) -> u64 {
        self.index.shape
    }

    /// The one task that an input can change, where it is known to be only one.
    pub(super) fn concerns(input: &Input) -> Option<TaskId> {
        match input {
            Input::Seen(id) => Some(*id),
            Input::SpawnFailed(run, _) | Input::ShimGone(run) | Input::Swept(run, _) => {
                Some(run.task)
            }
            Input::Status(status) => Some(status.run.task),
            Input::Recovered(record, _) => Some(record.task.id),
            _ => None,
        }
    }

    /// Brings the index up to date after an input that could change this task, else any.
    pub(super) fn reindex(&mut self, concerned: Option<TaskId>) {
        let mut other = false;
        if let Some(id) = concerned {
            other |= self.index.put(id, self.tasks.get(&id));
        } else {
            let gone: Vec<TaskId> = self
                .index
                .active
                .iter()
                .chain(self.index.attention.keys())
                .filter(|id| !self.tasks.contains_key(id))
                .copied()
                .collect();
            for id in gone {
                other |= self.index.put(id, None);
            }
            for (id, task) in &self.tasks {
                other |= self.index.put(*id, Some(task));
            }
        }
        let tasks = (self.tasks.len(), self.tasks.keys().next_back().copied());
        other |= tasks != self.index.tasks;
        self.index.tasks = tasks;
        self.index.shape += u64::from(other);
    }
}

//! Which tasks changed since somebody last looked.

use std::collections::{BTreeMap, HashMap};

use crate::core::id::TaskId;

/// Most tasks whose last change is remembered.
const MOST: usize = 1_000;

/// The last change of each task that changed of late: one that changes all the time takes
/// no more room than one that did once.
#[derive(Debug, Default)]
pub(super) struct Changes {
    count: u64,
    /// By the number of the change.
    tasks: BTreeMap<u64, TaskId>,
    /// The same the other way round.
    last: HashMap<TaskId, u64>,
    /// The latest change that is remembered no more.
    forgotten: u64,
}

impl Changes {
    /// A task came, went or changed.
    pub(super) fn note(&mut self, id: TaskId) {
        self.count += 1;
        if let Some(before) = self.last.insert(id, self.count) {
            self.tasks.remove(&before);
        }
        self.tasks.insert(self.count, id);
        if self.tasks.len() > MOST
            && let Some((at, oldest)) = self.tasks.pop_first()
        {
            self.last.remove(&oldest);
            self.forgotten = at;
        }
    }

    /// How many there were so far.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// The tasks that changed after so many, each once; `None` where that is forgotten.
    pub(super) fn since(&self, count: u64) -> Option<impl Iterator<Item = TaskId> + '_> {
        let is_known = (self.forgotten..=self.count).contains(&count);
        is_known.then(|| self.tasks.range(count + 1..).map(|(_, id)| *id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn since(changes: &Changes, count: u64) -> Option<Vec<u32>> {
        Some(changes.since(count)?.map(|id| id.0).collect())
    }

    #[test]
    fn each_is_told_once_where_it_changed_last() {
        let mut changes = Changes::default();
        for id in [1, 2, 1, 3, 1] {
            changes.note(TaskId(id));
        }
        assert_eq!(since(&changes, 0), Some(vec![2, 3, 1]));
        assert_eq!(since(&changes, 3), Some(vec![3, 1]));
        assert_eq!(since(&changes, changes.count()), Some(vec![]));
        // whoever asks so has looked at other tasks than these
        assert_eq!(since(&changes, 6), None);
    }

    #[test]
    fn what_is_forgotten_is_not_made_up() {
        let mut changes = Changes::default();
        for id in 1..=MOST as u32 + 2 {
            changes.note(TaskId(id));
        }
        assert_eq!(since(&changes, 1), None);
        assert_eq!(since(&changes, 2).unwrap().len(), MOST);
        let last = changes.count();
        for _ in 0..MOST * 2 {
            changes.note(TaskId(7));
        }
        assert_eq!(since(&changes, last), Some(vec![7]));
    }
}

//! When which task wants to be looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::core::id::TaskId;

/// One time a task, in monotonic time.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    by_time: BTreeSet<(Duration, TaskId)>,
    by_task: BTreeMap<TaskId, Duration>,
}

impl Alarms {
    /// A task wants to be looked at then, and not when it last said.
    pub(super) fn set(&mut self, id: TaskId, at: Duration) {
        self.clear(id);
        self.by_time.insert((at, id));
        self.by_task.insert(id, at);
    }

    /// It wants not to be looked at.
    pub(super) fn clear(&mut self, id: TaskId) {
        if let Some(at) = self.by_task.remove(&id) {
            self.by_time.remove(&(at, id));
        }
    }

    /// When the next one does.
    pub(super) fn next(&self) -> Option<Duration> {
        self.by_time.first().map(|(at, _)| *at)
    }

    /// One whose time has come.
    pub(super) fn pop_due(&mut self, now: Duration) -> Option<TaskId> {
        let (at, id) = *self.by_time.first()?;
        if at > now {
            return None;
        }
        self.clear(id);
        Some(id)
    }

    /// All tasks that want to be looked at some time.
    pub(super) fn tasks(&self) -> Vec<TaskId> {
        self.by_task.keys().copied().collect()
    }
}

//! Which tasks stand above the history.

use std::collections::BTreeSet;

use crate::core::attention::Attention;
use crate::core::engine::Engine;
use crate::core::id::TaskId;

/// Most tasks that stand above because they want a person.
const WANTING: usize = 20;
/// Most tasks that stay above only because they were there.
const KEPT: usize = 20;

/// The tasks above the history, whether a filter shows them or not.
#[derive(Debug, Default)]
pub(super) struct Above {
    /// All of them, ascending.
    ids: Vec<TaskId>,
    /// Those that stay only because they were there, longest there first.
    kept: Vec<TaskId>,
    /// The newest task there was when that was settled.
    newest: Option<TaskId>,
    /// As of which shape of the herd it was; none before the first time.
    shape: Option<u64>,
}

impl Above {
    /// All of them, ascending.
    pub(super) fn ids(&self) -> &[TaskId] {
        &self.ids
    }

    /// Whether a task is one of them.
    pub(super) fn contains(&self, id: TaskId) -> bool {
        self.ids.binary_search(&id).is_ok()
    }

    /// Settles which they are, where the herd has another shape now, while `selected` is
    /// and must stay, and these ended that had waited in line. `alone` says whether nothing
    /// is in view but what stands above: then the newest task does at first, if no other.
    /// Whether there was anything to settle; `moved` is told which came and went.
    pub(super) fn settle(
        &mut self,
        engine: &Engine,
        (selected, alone): (Option<TaskId>, bool),
        ended: &[TaskId],
        moved: &mut BTreeSet<TaskId>,
    ) -> bool {
        if self.shape == Some(engine.shape()) {
            return false;
        }
        let under_way = engine.under_way().map(|task| task.id);
        let mut ids: Vec<TaskId> = under_way.chain(self.wanting(engine, ended)).collect();
        ids.sort_unstable();
        ids.dedup();
        let leaves = |id: &TaskId| {
            let is_here = engine.task(*id).is_some_and(|task| !task.in_line());
            is_here && ids.binary_search(id).is_err()
        };
        let mut kept: Vec<TaskId> = self.kept.iter().copied().filter(leaves).collect();
        let left = self.ids.iter().copied().filter(leaves);
        kept.extend(left.filter(|id| !self.kept.contains(id)));
        if self.shape.is_some() {
            // some come and go between two looks
            let unseen = engine.tasks().rev().map(|task| task.id);
            let unseen = unseen.take_while(|id| Some(*id) > self.newest);
            let mut unseen: Vec<TaskId> = unseen.filter(leaves).take(KEPT).collect();
            unseen.reverse();
            kept.extend(unseen);
        } else if ids.is_empty() && alone {
            kept.extend(engine.tasks().next_back().map(|task| task.id));
        }
        self.newest = engine.tasks().next_back().map(|task| task.id);
        self.shape = Some(engine.shape());
        self.kept = kept;
        drop(self.forget(selected));
        ids.extend(&self.kept);
        ids.sort_unstable();
        let is_new = |id: &&TaskId| !self.contains(**id);
        moved.extend(ids.iter().filter(is_new));
        moved.extend(self.ids.iter().filter(|id| ids.binary_search(id).is_err()));
        self.ids = ids;
        true
    }

    /// Those that most want a person, the later the more. None comes up from the history
    /// by itself: what is read there makes no room for others.
    fn wanting(&self, engine: &Engine, ended: &[TaskId]) -> Vec<TaskId> {
        let has_ended = |id: &TaskId| engine.task(*id).is_some_and(|task| !task.is_active());
        if self.shape.is_none() {
            let urgent = engine.urgent_ids().rev().filter(has_ended);
            return urgent.take(WANTING).collect();
        }
        let came = engine.attention_ids().rev();
        let came = came.take_while(|id| Some(*id) > self.newest);
        let all = self.ids.iter().copied().chain(came);
        let all = all.chain(ended.iter().copied()).filter(has_ended);
        let all = all.filter_map(|id| engine.task(id));
        let all = all.filter(|task| task.attention != Attention::None);
        let mut all: Vec<_> = all.map(|task| (task.attention, task.id)).collect();
        all.sort_unstable();
        all.dedup();
        let rest = all.len().saturating_sub(WANTING);
        all.into_iter().skip(rest).map(|(_, id)| id).collect()
    }

    /// Of too many that are kept the first go, but never the selected one. Which went.
    fn forget(&mut self, selected: Option<TaskId>) -> Vec<TaskId> {
        let many = self.kept.len().saturating_sub(KEPT);
        let rest = self.kept.iter().filter(|id| Some(**id) != selected);
        let gone: Vec<TaskId> = rest.take(many).copied().collect();
        self.kept.retain(|id| !gone.contains(id));
        gone
    }

    /// Has a task of the history among them; `moved` is told which came and went.
    pub(super) fn keep(
        &mut self,
        id: TaskId,
        selected: Option<TaskId>,
        moved: &mut BTreeSet<TaskId>,
    ) {
        if let Err(at) = self.ids.binary_search(&id) {
            self.ids.insert(at, id);
            self.kept.push(id);
            let gone = self.forget(selected);
            self.ids.retain(|id| !gone.contains(id));
            moved.insert(id);
            moved.extend(gone);
        }
    }

    /// All of them: those that stay only because they were there, longest there first,
    /// then the others.
    pub(super) fn by_stay(&self) -> impl Iterator<Item = TaskId> + '_ {
        let others = self.ids.iter().rev().filter(|id| !self.kept.contains(id));
        self.kept.iter().chain(others).copied()
    }

    /// Has these stay, before anything is settled.
    pub(super) fn resume(&mut self, kept: Vec<TaskId>) {
        self.kept = kept;
    }

    /// Has one more stay.
    pub(super) fn stay(&mut self, id: TaskId) {
        if !self.kept.contains(&id) {
            self.kept.push(id);
        }
    }

    /// Lets go of all but the selected one; they will be settled as if for the first time.
    pub(super) fn fold(&mut self, selected: Option<TaskId>) {
        self.ids.retain(|id| Some(*id) == selected);
        self.kept.retain(|id| Some(*id) == selected);
        self.shape = None;
    }
}

//! Ended tasks: how long they stay, and how they go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::herd::{Engine, answer, refuse};
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::filter::Filter;
use crate::core::id::{Target, TaskId};
use crate::core::input::Ticket;
use crate::core::record::Change;
use crate::core::shim::Order;
use crate::core::task::{State, Task};
use crate::core::time::Now;
use crate::core::wire::{Answer, Failure};

/// Most tasks that go by one write when the configuration keeps no more.
const MOST: usize = 500;

/// What is on its way out.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Tasks whose removal is being stored, and what waits for a write of each until it
    /// is known whether they go.
    leaving: BTreeMap<TaskId, Vec<Effect>>,
    /// When the next task is too old to stay, in monotonic time.
    pub(super) expires: Option<Duration>,
}

impl History {
    /// Where what waits for a write of this task waits, if it is on its way out: its row
    /// may be gone already, and must not come back.
    pub(super) fn waiting(&mut self, id: TaskId) -> Option<&mut Vec<Effect>> {
        self.leaving.get_mut(&id)
    }
}

impl Engine {
    /// Whether a task is being removed.
    pub(super) fn is_leaving(&self, id: TaskId) -> bool {
        self.history.leaving.contains_key(&id)
    }

    /// Removes ended tasks: those named, or those described.
    pub(super) fn remove(
        &mut self,
        now: Now,
        ticket: Ticket,
        (targets, ended): (&[Target], Option<&Filter>),
        older_than: Duration,
        out: &mut Vec<Effect>,
    ) {
        let mut ids = BTreeSet::new();
        for target in targets {
            match self.resolve(target) {
                Ok(id) => ids.extend([id]),
                Err(line) => return out.push(refuse(ticket, Failure::NoSuchTask, line)),
            }
        }
        let active = ids
            .iter()
            .filter_map(|id| self.tasks.get(*id))
            .find(|task| task.is_active());
        if let Some(task) = active {
            let line = format!(
                "task {} is {}; revoke it first, nothing was removed",
                task.id,
                task.state().word()
            );
            return out.push(refuse(ticket, Failure::Failed, line));
        }
        // who is waited for stays: nobody could tell any more what came of it
        let waited_for = |id: &TaskId| self.tasks.queue().is_waited_for(*id);
        if let Some((id, by)) = ids.iter().find_map(|id| Some((*id, waited_for(id)?))) {
            let line = format!("task {id} is waited for by #{by}; nothing was removed");
            return out.push(refuse(ticket, Failure::Failed, line));
        }
        if let Some(filter) = ended {
            let old = |task: &&Task| match task.state() {
                State::Ended { at, .. } => at.until(now.wall) >= older_than,
                _ => false,
            };
            let meant = self
                .tasks
                .iter()
                .filter(old)
                .filter(|task| filter.lets(task) && waited_for(&task.id).is_none());
            ids.extend(meant.map(|task| task.id));
        }
        ids.retain(|id| !self.is_leaving(*id));
        if ids.is_empty() {
            let line = "nothing to remove: no ended task is meant".into();
            return out.push(answer(ticket, Answer::Done(Some(line))));
        }
        let line = match ids.len() {
            1 => "removed 1 task".into(),
            count => format!("removed {count} tasks"),
        };
        let told = answer(ticket, Answer::Done(Some(line)));
        self.let_go(now, ids.into_iter().collect(), By::Person, vec![told], out);
    }

    /// Has a removal stored; what is on disk is deleted afterwards.
    fn let_go(
        &mut self,
        now: Now,
        ids: Vec<TaskId>,
        by: By,
        then: Vec<Effect>,
        out: &mut Vec<Effect>,
    ) {
        self.write_down(out);
        self.remember_use(now, &ids, out);
        for id in &ids {
            self.note(now, *id, What::Removed, by, None);
        }
        self.history
            .leaving
            .extend(ids.iter().map(|id| (*id, Vec::new())));
        out.push(Effect::Store {
            change: Change::Remove(ids),
            events: self.journal.take(),
            then,
        });
    }

    /// The removal is stored.
    pub(super) fn removed(&mut self, ids: Vec<TaskId>, out: &mut Vec<Effect>) {
        for id in &ids {
            if let Some(task) = self.tasks.remove(*id) {
                // one whose end could not be stored keeps its shim waiting
                out.push(Effect::Order(task.run_id(), Order::Release));
            }
            self.envs.remove(*id);
            out.extend(self.history.leaving.remove(id).unwrap_or_default());
        }
        self.today.forget(&ids);
        self.watches.retain(|_, id| !ids.contains(id));
        out.push(Effect::Delete(ids));
    }

    /// The removal could not be stored: they stay.
    pub(super) fn spare(&mut self, ids: &[TaskId], out: &mut Vec<Effect>) {
        for id in ids {
            if let Some(then) = self.history.leaving.remove(id) {
                self.store(*id, then, out);
            }
        }
    }

    /// What lay on disk is gone too.
    pub(super) fn deleted(ids: Vec<TaskId>, out: &mut Vec<Effect>) {
        out.push(Effect::Store {
            change: Change::Deleted(ids),
            events: Vec::new(),
            then: Vec::new(),
        });
    }

    /// Removes what the configuration keeps no longer, and says when to look again.
    pub(super) fn retain(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.history.expires = None;
        // one removal at a time, and none while nothing can be stored
        if !self.history.leaving.is_empty() || self.writes.trouble().is_some() {
            return;
        }
        let keep = self.rules.keep;
        let count = self.tasks.ended().len();
        let excess = keep
            .count
            .map_or(0, |most| count.saturating_sub(most as usize));
        let mut bytes = keep
            .bytes
            .map_or(0, |most| self.tasks.kept_ended().saturating_sub(most));
        let mut ids = Vec::new();
        for (at, id) in self.tasks.ended().take(MOST) {
            if self.tasks.queue().is_waited_for(id).is_some() {
                continue;
            }
            let age = at.until(now.wall);
            let is_old = keep.age.is_some_and(|most| age >= most);
            if ids.len() >= excess && bytes == 0 && !is_old {
                self.history.expires = keep.age.map(|most| now.mono + most.saturating_sub(age));
                break;
            }
            bytes = bytes.saturating_sub(self.tasks.get(id).map_or(0, Task::kept));
            ids.push(id);
        }
        if !ids.is_empty() {
            self.let_go(now, ids, By::Policy, Vec::new(), out);
        }
    }
}

//! Who waits, who counts against which limit, and who has which directory: an index that
//! follows every change of a task's state, so that no way out of it can forget to free
//! what it had, and nothing is looked for that can't have changed.

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use super::leases::Leases;
use super::ready::Ready;
use crate::core::id::TaskId;
use crate::core::limit::Limit;
use crate::core::plan::Lease;
use crate::core::raw::Raw;
use crate::core::task::{Kind, State, Task};

/// What tasks count against, the narrowest first. Of those that count against the same, only
/// the first in the queue has to be looked at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Class(Arc<[Limit]>);

impl Class {
    pub(super) fn of(task: &Task) -> Self {
        let lane = task.spec.lane.clone().map(Limit::Lane);
        let provider = task.spec.provider.clone().map(Limit::Provider);
        let agents = (task.spec.kind == Kind::Agent).then_some(Limit::Agents);
        let narrow = lane.into_iter().chain(provider).chain(agents);
        Self(narrow.chain([Limit::Global]).collect())
    }

    /// The limits that count, the narrowest first.
    pub(super) fn limits(&self) -> &[Limit] {
        &self.0
    }

    pub(super) fn is_agent(&self) -> bool {
        self.0.contains(&Limit::Agents)
    }
}

/// A place in the queue: the turn, and the number where two have the same.
pub(super) type Turn = (i64, TaskId);

/// A queued task.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) turn: i64,
    pub(super) class: Class,
    pub(super) lease: Option<Lease>,
    /// Since when it waits for nothing but a place and its directory, in monotonic time.
    pub(super) since: Option<Duration>,
    /// Whom it waits for.
    after: Vec<TaskId>,
    /// One of them that had not come to what it waits for when that was last looked at.
    pub(super) waits_for: Option<TaskId>,
}

/// Where a task stands towards the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It has nothing to do with it.
    Off,
    /// It waits, in this turn.
    Queued(i64),
    /// It takes up a slot, and has its lease.
    On,
}

impl Standing {
    pub(super) fn of(task: &Task) -> Self {
        match task.state() {
            State::Queued { .. } => Self::Queued(task.turn()),
            state if state.is_on() => Self::On,
            _ => Self::Off,
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<TaskId, Entry>,
    order: BTreeSet<Turn>,
    /// Those that came, or whose wait for a time or for others may be over, with those of
    /// the others that have come to something; none: whatever it waits for is looked at.
    fresh: BTreeMap<TaskId, BTreeSet<TaskId>>,
    ready: BTreeMap<Class, Ready>,
    /// Who waits for which task's end.
    dependants: BTreeMap<TaskId, BTreeSet<TaskId>>,
    /// Which groups wait behind which task for their directory.
    waiters: BTreeMap<TaskId, BTreeSet<(Class, Raw)>>,
    /// Leases of the first of each group that waits behind another.
    wanted: Leases,
    held: Leases,
    on: BTreeMap<Limit, BTreeSet<TaskId>>,
    /// How many that wait need which limit.
    needed: BTreeMap<Limit, u32>,
    /// Whether anything changed that may let somebody start.
    dirty: bool,
}

impl Queue {
    /// A task has come to stand so.
    pub(super) fn enter(&mut self, standing: Standing, task: &Task) {
        match standing {
            Standing::Off => {}
            Standing::On => {
                for limit in Class::of(task).limits() {
                    self.on.entry(limit.clone()).or_default().insert(task.id);
                }
                if let Some(lease) = &task.spec.lease {
                    self.held.insert(task.id, lease.clone());
                }
            }
            Standing::Queued(turn) => self.queue(turn, task),
        }
    }

    fn queue(&mut self, turn: i64, task: &Task) {
        let after: Vec<TaskId> = task.after.iter().map(|after| after.task).collect();
        for id in &after {
            self.dependants.entry(*id).or_default().insert(task.id);
        }
        let entry = Entry {
            turn,
            class: Class::of(task),
            lease: task.spec.lease.clone(),
            since: None,
            after,
            waits_for: None,
        };
        for limit in entry.class.limits() {
            *self.needed.entry(limit.clone()).or_default() += 1;
        }
        self.order.insert((turn, task.id));
        self.entries.insert(task.id, entry);
        self.look_again(task.id);
    }

    /// It no longer stands so.
    pub(super) fn leave(&mut self, standing: Standing, task: &Task) {
        let id = task.id;
        match standing {
            Standing::Off => return,
            Standing::On => {
                for limit in Class::of(task).limits() {
                    remove_from(&mut self.on, limit, &id);
                }
                self.held.remove(id);
                self.dirty = true;
            }
            Standing::Queued(turn) => {
                self.order.remove(&(turn, id));
                self.fresh.remove(&id);
                if let Some(entry) = self.entries.remove(&id) {
                    for limit in entry.class.limits() {
                        self.need_less(limit);
                    }
                    self.unready((turn, id), &entry);
                    for other in &entry.after {
                        remove_from(&mut self.dependants, other, &id);
                    }
                }
            }
        }
        self.free_waiters(id);
    }

    /// What a queued task waits for may have come.
    pub(super) fn look_again(&mut self, id: TaskId) {
        if self.entries.contains_key(&id) {
            self.fresh.insert(id, BTreeSet::new());
            self.dirty = true;
        }
    }

    /// This task's end is decided, or it is gone: who waits for it is looked at.
    pub(super) fn settled(&mut self, id: TaskId) {
        for dependant in self.dependants.get(&id).into_iter().flatten() {
            match self.fresh.entry(*dependant) {
                btree_map::Entry::Vacant(new) => drop(new.insert([id].into())),
                // one that is looked at whole stays so
                btree_map::Entry::Occupied(mut others) => {
                    if !others.get().is_empty() {
                        others.get_mut().insert(id);
                    }
                }
            }
            self.dirty = true;
        }
    }

    /// Something changed that concerns all that wait.
    pub(super) const fn touch(&mut self) {
        self.dirty = true;
    }

    /// Whether anything changed since this was last asked.
    pub(super) const fn take_dirty(&mut self) -> bool {
        std::mem::replace(&mut self.dirty, false)
    }

    /// One of those to be looked at.
    pub(super) fn pop_fresh(&mut self) -> Option<(TaskId, BTreeSet<TaskId>)> {
        self.fresh.pop_first()
    }

    /// It waits for another one, whatever becomes of the rest.
    pub(super) fn note_wait(&mut self, id: TaskId, other: TaskId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.waits_for = Some(other);
        }
    }

    /// It waits for nothing but a place and its directory.
    pub(super) fn make_ready(&mut self, id: TaskId, now: Duration) {
        let Some(entry) = self.entries.get_mut(&id) else {
            return;
        };
        entry.since.get_or_insert(now);
        let (turn, class) = ((entry.turn, id), entry.class.clone());
        let dir = entry.lease.as_ref().map(|lease| lease.dir.clone());
        let ready = self.ready.entry(class.clone()).or_default();
        let was = ready.insert(dir.clone(), turn);
        // a group is behind another for its first: with another first it is looked at anew
        if let (Some(dir), Some(was)) = (dir, was)
            && turn < was
        {
            self.come_forward(&class, &dir, was.1);
        }
    }

    fn unready(&mut self, turn: Turn, entry: &Entry) {
        let dir = entry.lease.as_ref().map(|lease| lease.dir.clone());
        let Some(ready) = self.ready.get_mut(&entry.class) else {
            return;
        };
        let was_first = ready.remove(dir.as_ref(), turn);
        // what was kept for it may go to others
        self.dirty = true;
        if let Some(dir) = dir.filter(|_| was_first) {
            self.come_forward(&entry.class, &dir, turn.1);
        }
        if self.ready.get(&entry.class).is_some_and(Ready::is_empty) {
            self.ready.remove(&entry.class);
        }
    }

    /// The first of a group, and with it all that wants the same, waits behind another for
    /// its directory, which it wants before all that come later.
    pub(super) fn put_behind(&mut self, id: TaskId, other: TaskId) {
        let Some(entry) = self.entries.get(&id) else {
            return;
        };
        let (Some(lease), Some(ready)) = (&entry.lease, self.ready.get_mut(&entry.class)) else {
            return;
        };
        ready.put_behind(&lease.dir, other);
        self.wanted.insert(id, lease.clone());
        let group = (entry.class.clone(), lease.dir.clone());
        self.waiters.entry(other).or_default().insert(group);
    }

    /// A group that waits behind another is looked at again; `first` was its first.
    fn come_forward(&mut self, class: &Class, dir: &Raw, first: TaskId) {
        let Some(other) = self
            .ready
            .get_mut(class)
            .and_then(|it| it.come_forward(dir))
        else {
            return;
        };
        remove_from(&mut self.waiters, &other, &(class.clone(), dir.clone()));
        self.wanted.remove(first);
        self.dirty = true;
        self.free_waiters(first);
    }

    /// Groups that waited behind this task are looked at again.
    fn free_waiters(&mut self, id: TaskId) {
        for (class, dir) in self.waiters.remove(&id).unwrap_or_default() {
            let first = self.ready.get(&class).and_then(|it| it.first_of(&dir));
            if let Some((_, first)) = first {
                self.come_forward(&class, &dir, first);
            }
        }
    }

    /// The first that is ready and behind nobody, of each class.
    pub(super) fn heads(&self) -> BTreeSet<Turn> {
        self.ready.values().filter_map(Ready::head).collect()
    }

    /// Those of them that come before a turn and are of a class that is meant.
    pub(super) fn heads_before(
        &self,
        turn: Turn,
        meant: impl Fn(&Class) -> bool,
    ) -> BTreeMap<Turn, &Entry> {
        let meant = self.ready.iter().filter(|(class, _)| meant(class));
        meant
            .filter_map(|(_, ready)| ready.head().filter(|head| *head < turn))
            .filter_map(|head| Some((head, self.entries.get(&head.1)?)))
            .collect()
    }

    /// The first that is ready and behind nobody of a class.
    pub(super) fn head(&self, class: &Class) -> Option<Turn> {
        self.ready.get(class)?.head()
    }

    /// A queued task.
    pub(super) fn entry(&self, id: TaskId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Those that wait, first come first.
    pub(super) fn order(&self) -> impl DoubleEndedIterator<Item = Turn> + ExactSizeIterator + '_ {
        self.order.iter().copied()
    }

    /// Who stands before a place in the queue, the nearest first.
    pub(super) fn before(&self, turn: Turn) -> impl Iterator<Item = Turn> + '_ {
        self.order.range(..turn).rev().copied()
    }

    /// Who stands after it, the nearest first.
    pub(super) fn behind(&self, turn: Turn) -> impl Iterator<Item = Turn> + '_ {
        let after = (Bound::Excluded(turn), Bound::Unbounded);
        self.order.range(after).copied()
    }

    /// Who counts against a limit.
    pub(super) fn on(&self, limit: &Limit) -> impl ExactSizeIterator<Item = TaskId> + '_ {
        static NOBODY: BTreeSet<TaskId> = BTreeSet::new();
        self.on.get(limit).unwrap_or(&NOBODY).iter().copied()
    }

    /// Every limit that somebody counts against, or needs.
    pub(super) fn limits_in_use(&self) -> impl Iterator<Item = &Limit> {
        self.on.keys().chain(self.needed.keys())
    }

    /// Whether somebody counts against a limit, or needs it.
    pub(super) fn is_in_use(&self, limit: &Limit) -> bool {
        self.on.contains_key(limit) || self.needed.contains_key(limit)
    }

    /// How many that wait need a limit.
    pub(super) fn needing(&self, limit: &Limit) -> u32 {
        self.needed.get(limit).copied().unwrap_or(0)
    }

    fn need_less(&mut self, limit: &Limit) {
        if let Some(count) = self.needed.get_mut(limit) {
            *count -= 1;
            if *count == 0 {
                self.needed.remove(limit);
            }
        }
    }

    /// Who has what can't be had beside a lease; else who wants it and comes before `turn`.
    pub(super) fn in_the_way(&self, lease: &Lease, turn: Turn) -> Option<TaskId> {
        let held = self.held.conflicts(lease).min();
        held.or_else(|| {
            let before = |id: TaskId| {
                let entry = self.entries.get(&id)?;
                Some((entry.turn, id)).filter(|other| *other < turn)
            };
            let first = self.wanted.conflicts(lease).filter_map(before).min();
            first.map(|(_, id)| id)
        })
    }

    /// Behind whom a queued task waits for its directory, with all that want the same.
    pub(super) fn behind_whom(&self, id: TaskId) -> Option<TaskId> {
        let entry = self.entries.get(&id)?;
        let dir = &entry.lease.as_ref()?.dir;
        self.ready.get(&entry.class)?.behind.get(dir).copied()
    }

    /// A queued task that waits for this one's end.
    pub(super) fn is_waited_for(&self, id: TaskId) -> Option<TaskId> {
        self.dependants.get(&id)?.first().copied()
    }
}

fn remove_from<K: Ord, V: Ord>(map: &mut BTreeMap<K, BTreeSet<V>>, key: &K, value: &V) {
    if let Some(set) = map.get_mut(key) {
        set.remove(value);
        if set.is_empty() {
            map.remove(key);
        }
    }
}

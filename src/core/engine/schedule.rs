//! Who starts, and why others don't yet: one function decides both.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::bounds::Kept;
use super::herd::Engine;
use super::queue::{Class, Turn};
use crate::core::effect::Effect;
use crate::core::id::TaskId;
use crate::core::limit::Limit;
use crate::core::plan::{Hold, HoldCause};
use crate::core::task::{Outcome, State, Task};
use crate::core::time::{Now, Timestamp};
use crate::core::waiting::Waiting;

/// How long the first of its kind is passed over by others that can start before it:
/// from then on a place that it could use is kept for it.
pub(super) const PATIENCE: Duration = Duration::from_secs(3600);

/// What the queue is beside its order.
#[derive(Debug)]
pub(super) struct Gate {
    /// Everything that was stored has been told: before, nobody knows who runs.
    pub(super) open: bool,
    /// Since when a person wants nothing started.
    pub(super) paused: Option<Timestamp>,
    memory: Memory,
    /// The queue's own time at the beginning of the clock, in microseconds.
    base: i64,
    /// The last place given out.
    last: i64,
    /// Queued tasks of which the store has never heard that.
    unsaved: BTreeSet<TaskId>,
}

/// How much memory is free, as far as that is known.
#[derive(Debug)]
struct Memory {
    look: Look,
    /// In bytes, as last looked at; `None`: that can't be known.
    seen: Option<u64>,
    /// Whether somebody waits for it alone.
    short: bool,
}

/// Whether memory was looked at for the decision that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Due,
    Asked,
    Done,
}

impl Gate {
    pub(super) const fn closed() -> Self {
        Self {
            open: false,
            paused: None,
            memory: Memory {
                look: Look::Due,
                seen: None,
                short: false,
            },
            base: 0,
            last: 0,
            unsaved: BTreeSet::new(),
        }
    }
}

impl Engine {
    /// A supervisor has told all that was stored: the queue opens.
    pub(super) fn open_queue(&mut self, now: Now) {
        let mono = i64::try_from(now.mono.as_micros()).unwrap_or(i64::MAX);
        let wall = i64::try_from(now.wall.0.saturating_mul(1000)).unwrap_or(i64::MAX);
        self.gate.base = wall.max(self.gate.last + 1) - mono;
        self.gate.open = true;
        self.tasks.queue_mut().touch();
    }

    /// The next place at the end of the queue.
    pub(super) fn next_place(&mut self, now: Now) -> i64 {
        let mono = i64::try_from(now.mono.as_micros()).unwrap_or(i64::MAX);
        self.gate.last = (self.gate.base + mono).max(self.gate.last + 1);
        self.gate.last
    }

    /// A task of an earlier supervisor has this place: later ones come after it.
    pub(super) fn know_place(&mut self, place: i64) {
        self.gate.last = self.gate.last.max(place);
    }

    /// Queues what a task's current run waits in: it starts at once where it may.
    pub(super) fn enqueue(&mut self, now: Now, id: TaskId) {
        self.gate.unsaved.insert(id);
        self.hold_until(now, id);
        self.tasks.queue_mut().look_again(id);
    }

    /// Starts everything that may start, in its turn.
    pub(super) fn schedule(&mut self, now: Now, out: &mut Vec<Effect>) {
        // what starts has to be stored first: while that fails, all waits on
        if !self.gate.open || self.shutting_down() || self.is_store_failing() {
            return;
        }
        while self.tasks.queue_mut().take_dirty() {
            while let Some((id, others)) = self.tasks.queue_mut().pop_fresh() {
                if !self.waits_still(id, &others) {
                    self.sort_in(now, id, out);
                }
            }
            if self.gate.paused.is_some() {
                continue;
            }
            if self.needs_memory() {
                // first that: else others would take the places of those that come first
                if self.gate.memory.look == Look::Due {
                    self.gate.memory.look = Look::Asked;
                    out.push(Effect::LookAtMemory);
                }
                return;
            }
            self.start_ready(now, out);
        }
        if self.gate.memory.look == Look::Done {
            self.gate.memory.look = Look::Due;
        }
    }

    /// Whether an agent could start if only there is memory, and that is not known yet.
    fn needs_memory(&self) -> bool {
        let kept = Kept::default();
        let may_start = |(_, id): Turn| {
            let entry = self.tasks.queue().entry(id);
            entry.is_some_and(|entry| {
                entry.class.is_agent() && self.bound(&entry.class, &kept).is_none()
            })
        };
        let known = self.gate.memory.look == Look::Done;
        self.rules.limits.memory.is_some()
            && !known
            && !self.is_full_for_all()
            && self.tasks.queue().heads().into_iter().any(may_start)
    }

    /// Finds out whether a queued task waits for more than a place and its directory.
    fn sort_in(&mut self, now: Now, id: TaskId, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        if let Some(why) = self.never(task) {
            return self.end(now, id, Outcome::DidNotStart(why), out);
        }
        if let Some(Waiting::After { task: other, .. }) = self.first_others(task) {
            self.tasks.queue_mut().note_wait(id, other);
        } else if Self::first_time(task).is_none() {
            self.tasks.queue_mut().make_ready(id, now.mono);
        }
    }

    /// In the order of their turns, those that are ready: whoever finds a place starts.
    fn start_ready(&mut self, now: Now, out: &mut Vec<Effect>) {
        self.gate.memory.short = false;
        if self.is_full_for_all() {
            return;
        }
        let mut kept = Kept::default();
        let mut heads = self.tasks.queue().heads();
        while let Some(turn) = heads.pop_first() {
            let Some(entry) = self.tasks.queue().entry(turn.1) else {
                continue;
            };
            let (class, lease) = (entry.class.clone(), entry.lease.clone());
            if self.bound(&class, &kept).is_some() {
                // nor can any other of its class
                if self.is_overdue(turn, now) {
                    kept.add(&class, turn.1, lease.as_ref());
                }
                continue;
            }
            let in_the_way = lease.and_then(|lease| self.in_the_way(&lease, turn, &kept));
            if let Some(other) = in_the_way {
                self.tasks.queue_mut().put_behind(turn.1, other);
            } else if self.lacks_memory(&class) {
                self.gate.memory.short = true;
                continue;
            } else {
                self.begin(now, turn.1, out);
                if self.is_full_for_all() {
                    return;
                }
            }
            heads.extend(self.tasks.queue().head(&class));
        }
    }

    /// A queued task starts.
    fn begin(&mut self, now: Now, id: TaskId, out: &mut Vec<Effect>) {
        self.gate.unsaved.remove(&id);
        self.unstored_queue.remove(&id);
        let Some(env) = self.envs.get(id).map(Arc::clone) else {
            let why = "its environment is not known any more; wrangle retry runs it";
            return self.end(now, id, Outcome::DidNotStart(why.into()), out);
        };
        self.tasks
            .update(id, |task| task.run.state = State::Starting);
        self.spawn(id, &env.vars, out);
        self.tell_watchers(id, out);
    }

    /// Stores those that were queued and did not start at once.
    pub(super) fn save_queued(&mut self, out: &mut Vec<Effect>) {
        for id in std::mem::take(&mut self.gate.unsaved) {
            let queued = |task: &Task| matches!(task.state(), State::Queued { .. });
            if self.tasks.get(id).is_some_and(queued) {
                self.store(id, Vec::new(), out);
                self.tell_watchers(id, out);
            }
        }
    }

    /// Free memory was looked at.
    pub(super) const fn memory(&mut self, free: Option<u64>) {
        self.gate.memory.look = Look::Done;
        self.gate.memory.seen = free;
        self.tasks.queue_mut().touch();
    }

    /// Somebody asks: a good time to look at memory again, where one waits for it.
    pub(super) const fn look_at_memory_again(&mut self) {
        if self.gate.memory.short {
            self.tasks.queue_mut().touch();
        }
    }

    /// Why a task waits, by what decides that it does; `None` where it does not.
    pub fn waiting(&self, task: &Task) -> Option<Waiting> {
        if !matches!(task.state(), State::Queued { .. }) {
            return None;
        }
        if !self.gate.open {
            return Some(Waiting::TakingOver);
        }
        if let Some(waiting) = self.first_others(task) {
            return Some(waiting);
        }
        if let Some(waiting) = Self::first_time(task) {
            return Some(waiting);
        }
        if self.gate.paused.is_some() {
            return Some(Waiting::Paused);
        }
        if self.is_store_failing() {
            return Some(Waiting::Unstored);
        }
        let entry = self.tasks.queue().entry(task.id)?;
        let kept = self.kept_before((entry.turn, task.id), &entry.class);
        if let Some(full) = self.full(&entry.class, &kept) {
            return Some(full);
        }
        let lease = entry.lease.as_ref();
        let in_the_way = |lease| self.in_the_way(lease, (entry.turn, task.id), &kept);
        // it stays behind one that it was put behind, whatever is kept by now
        let behind = || self.tasks.queue().behind_whom(task.id);
        if let Some(other) = lease.and_then(in_the_way).or_else(behind) {
            let other = self.tasks.get(other)?;
            let dir = other.spec.lease.as_ref()?.to_string();
            let task = other.id;
            return Some(if other.state().is_on() {
                Waiting::Leased { task, dir }
            } else {
                Waiting::Wanted { task, dir }
            });
        }
        let floor = self.rules.limits.memory?;
        let asked = self.gate.memory.look == Look::Asked;
        let free = self.gate.memory.seen.filter(|_| !asked);
        let little = entry.class.is_agent() && free.is_none_or(|free| free < floor);
        (little || asked).then_some(Waiting::Memory { free, floor })
    }

    /// Until when a queued task is held, where it is.
    fn first_time(task: &Task) -> Option<Waiting> {
        match task.state() {
            State::Queued {
                hold:
                    Some(Hold {
                        until,
                        cause: HoldCause::Parked,
                    }),
            } => Some(Waiting::Parked {
                until: *until,
                which: Self::which_limit(task),
            }),
            State::Queued { hold: Some(hold) } => Some(Waiting::Time(*hold)),
            _ => None,
        }
    }

    /// What is kept for those that come before a turn of a class and have waited too long:
    /// nothing where it decides nothing.
    fn kept_before(&self, turn: Turn, class: &Class) -> Kept {
        let mut kept = Kept::default();
        let mut limits = class.limits().iter();
        if limits.find_map(|limit| self.is_full(limit)) == Some(true) {
            return kept;
        }
        let queue = self.tasks.queue();
        // where nobody can start, only what is kept of the narrower limits is worth a word
        let for_all = self.is_full_for_all();
        let shares = |other: &Class| {
            let narrow = |limit: &&Limit| **limit != Limit::Global;
            let mut limits = other.limits().iter().filter(narrow);
            limits.any(|limit| class.limits().contains(limit))
        };
        for (head, entry) in queue.heads_before(turn, |other| !for_all || shares(other)) {
            if self.was_overdue(head) && self.bound(&entry.class, &kept).is_some() {
                kept.add(&entry.class, head.1, entry.lease.as_ref());
            }
        }
        kept
    }

    fn lacks_memory(&self, class: &Class) -> bool {
        let Some(floor) = self.rules.limits.memory.filter(|_| class.is_agent()) else {
            return false;
        };
        let Memory { look, seen, .. } = &self.gate.memory;
        *look == Look::Done && seen.is_some_and(|free| free < floor)
    }

    /// Whether a task has been ready for too long.
    fn is_overdue(&self, (_, id): Turn, now: Now) -> bool {
        let since = self.tasks.queue().entry(id).and_then(|entry| entry.since);
        since.is_some_and(|since| now.mono.saturating_sub(since) >= PATIENCE)
    }

    /// The same as of the last input.
    fn was_overdue(&self, turn: Turn) -> bool {
        self.is_overdue(turn, self.last)
    }
}

//! How things are made to end: one task, several, all of them, the supervisor.
//!
//! The escalation itself (SIGTERM, grace, SIGKILL, until the kernel says nothing is
//! left) is the shim's: it holds even when the supervisor dies in the middle. The
//! engine decides that it begins, stores that, and shows how far it is.

use std::collections::BTreeSet;

use super::herd::{Engine, answer, refuse};
use super::why::reason;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::TaskId;
use crate::core::input::Ticket;
use crate::core::shim::Order;
use crate::core::task::{Outcome, State, StopCause, Task};
use crate::core::time::Now;
use crate::core::wire::{Answer, Failure};

/// Tasks that somebody waits for to come to something.
#[derive(Debug)]
pub(super) struct Awaited {
    ids: BTreeSet<TaskId>,
    /// How many changes of tasks there were when all were last looked at.
    looked: Option<u64>,
}

impl Awaited {
    pub(super) const fn new(ids: BTreeSet<TaskId>) -> Self {
        Self { ids, looked: None }
    }
}

impl Engine {
    /// Begins to stop a task, or, by force, cuts short what is left of its grace.
    /// Nothing where it has ended, or is being stopped already and `force` is not meant.
    /// Forced once more when SIGKILL has done its work, it gives up output that can't be
    /// stored: else a full disk would keep what is dead from being ended.
    pub(super) fn stop(&mut self, now: Now, id: TaskId, force: bool, out: &mut Vec<Effect>) {
        self.stop_as(now, id, (StopCause::Revoked, force), out);
    }

    /// The same, gracefully, without a person's word.
    pub(super) fn stop_for(
        &mut self,
        now: Now,
        id: TaskId,
        cause: StopCause,
        out: &mut Vec<Effect>,
    ) {
        self.stop_as(now, id, (cause, false), out);
    }

    fn stop_as(
        &mut self,
        now: Now,
        id: TaskId,
        (cause, force): (StopCause, bool),
        out: &mut Vec<Effect>,
    ) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let run = task.run_id();
        let grace = task.spec.grace();
        // what was begun for another reason, and is only hastened, keeps its reason
        let cause = match &task.run.state {
            State::Stopping { cause, .. } if cause.overrun().is_some() => *cause,
            _ => cause,
        };
        let stopping = |leader, outcome, left| State::Stopping {
            cause,
            leader,
            outcome,
            kill_at: (!force).then(|| now.wall.plus(grace)),
            left,
        };
        let grace_ms = task.spec.grace_ms;
        let state = match &task.run.state {
            State::Stopping {
                kill_at: None,
                outcome: Some(_),
                left: 0,
                ..
            } if force => {
                out.push(Effect::Order(run, Order::Abandon));
                return;
            }
            State::Queued { .. } => {
                return self.end(now, id, Outcome::Revoked(None), out);
            }
            State::Ended { .. } | State::Stopping { kill_at: None, .. } => return,
            State::Stopping { .. } if !force => return,
            State::Stopping {
                leader,
                outcome,
                left,
                ..
            } => stopping(*leader, outcome.clone(), *left),
            State::Lingering { left, .. } => stopping(None, task.run.state.settled(), *left),
            state => stopping(state.leader(), None, 0),
        };
        let order = if force {
            Order::Kill
        } else {
            Order::Stop { grace_ms }
        };
        self.tasks.update(id, |task| {
            task.run.state = state;
            let agent = task.spec.agent.as_deref();
            if let Some(signal) = agent.and_then(|agent| agent.stop_signal) {
                task.run.story.get_or_insert_default().stop_signal = Some(signal);
            }
        });
        let (by, how) = match cause {
            StopCause::Revoked => (By::Person, force.then(|| "by force".to_owned())),
            _ => (By::Limit, self.task(id).and_then(|task| reason(&task.run))),
        };
        self.note(now, id, What::Stopping, by, how);
        self.alarms.clear(id);
        self.store(id, vec![Effect::Order(run, order)], out);
        self.tell_watchers(id, out);
    }

    /// Revokes everything; the supervisor ends once nothing lives.
    pub(super) fn shut_down(
        &mut self,
        now: Now,
        ticket: Option<Ticket>,
        force: bool,
        out: &mut Vec<Effect>,
    ) {
        self.shutdown.get_or_insert_default().extend(ticket);
        // nothing runs again by itself any more: what was to is at its end
        for awaited in self.waits.values_mut() {
            awaited.looked = None;
        }
        for id in self.active_ids().collect::<Vec<_>>() {
            self.stop(now, id, force, out);
            // nobody will be there to see room come free for what can't be stored
            if let Some(task) = self.tasks.get(id) {
                out.push(Effect::Order(task.run_id(), Order::Abandon));
            }
        }
    }

    /// Tells those who wait what has come true.
    pub(super) fn answer_waiting(&mut self, out: &mut Vec<Effect>) {
        let started: Vec<(Ticket, TaskId)> = self
            .starts
            .iter()
            .filter(|(_, id)| {
                // what is queued is told once that lies on disk
                let under_way = |task: &Task| {
                    matches!(task.state(), State::Starting)
                        || self.unstored_queue.contains(&task.id)
                };
                self.tasks.get(**id).is_none_or(|task| !under_way(task))
            })
            .map(|(ticket, id)| (*ticket, *id))
            .collect();
        for (ticket, id) in started {
            self.starts.remove(&ticket);
            out.extend(self.tasks.get(id).map(|task| match task.state() {
                State::Ended {
                    outcome: Outcome::DidNotStart(why),
                    ..
                } if self.is_unstored(id) => {
                    // nor is its number given out
                    refuse(ticket, Failure::Failed, why.clone())
                }
                State::Ended {
                    outcome: Outcome::DidNotStart(why),
                    ..
                } => refuse(ticket, Failure::Failed, format!("task {id}: {why}")),
                _ => answer(ticket, Answer::Task(Box::new(self.report(task)))),
            }));
        }
        let settled = |engine: &Self, id: &TaskId| {
            engine
                .tasks
                .get(*id)
                .is_none_or(|task| task.state().settled().is_some() && !engine.runs_again(task))
        };
        let ended =
            |engine: &Self, id: &TaskId| engine.tasks.get(*id).is_none_or(|task| !task.is_active());
        let mut waits = std::mem::take(&mut self.waits);
        waits.retain(|ticket, ids| self.answer_done(*ticket, ids, settled, out));
        self.waits = waits;
        let mut ends = std::mem::take(&mut self.ends);
        ends.retain(|ticket, ids| self.answer_done(*ticket, ids, ended, out));
        self.ends = ends;
    }

    /// Answers with each task for which it has come true; whether any is left.
    fn answer_done(
        &self,
        ticket: Ticket,
        awaited: &mut Awaited,
        done: impl Fn(&Self, &TaskId) -> bool,
        out: &mut Vec<Effect>,
    ) -> bool {
        let Awaited { ids, looked } = awaited;
        let changed = looked.and_then(|looked| self.changed_since(looked));
        let mut ready: Vec<TaskId> = match changed {
            Some(changed) => changed.filter(|id| ids.contains(id)).collect(),
            None => ids.iter().copied().collect(),
        };
        *looked = Some(self.changes());
        ready.retain(|id| done(self, id));
        ready.sort_unstable();
        for id in ready {
            ids.remove(&id);
            if let Some(task) = self.tasks.get(id) {
                out.push(Effect::Answer {
                    ticket,
                    answer: Answer::Task(Box::new(self.report(task))),
                    last: ids.is_empty(),
                });
            }
        }
        !ids.is_empty()
    }
}

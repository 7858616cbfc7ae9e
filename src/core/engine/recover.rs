//! What a supervisor that died left behind, taken over at start.

use super::herd::Engine;
use super::life::decided;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::{Ident, TaskId};
use crate::core::input::Found;
use crate::core::record::Record;
use crate::core::shim::Order;
use crate::core::task::{Outcome, State, StopCause, Task};
use crate::core::time::Now;

impl Engine {
    /// A stored task, with what was found of its current run. Never a guessed
    /// `running`: alive is what a shim says is alive, everything else is swept and lost.
    pub(super) fn recovered(
        &mut self,
        now: Now,
        record: Record,
        (found, by): (Found, By),
        out: &mut Vec<Effect>,
    ) {
        let id = record.task.id;
        let active = record.task.is_active();
        let leader = record.task.state().leader();
        self.insert(record.task);
        self.know_environment(id, record.env);
        self.count_stored(now, id);
        self.note_parked(now, id);
        if !active {
            return;
        }
        let state = self.tasks.get(id).map(Task::state);
        if matches!(state, Some(State::Queued { .. })) {
            if matches!(found, Found::Gone { .. }) {
                self.stored_queue
                    .extend(self.tasks.get(id).map(Task::run_id));
                return self.hold_until(now, id);
            }
            // it lives, though its start is not on record: never started a second time
            self.tasks
                .update(id, |task| task.run.state = State::Starting);
        }
        match found {
            Found::Shim(status) => {
                let stop = match self.tasks.get(id).map(|task| task.state().clone()) {
                    // the order may have died with the supervisor that was to give it
                    Some(State::Stopping { kill_at, .. }) if status.stopping.is_none() => {
                        Some(kill_at.is_none())
                    }
                    _ => None,
                };
                self.note(now, id, What::Adopted, by, None);
                self.say_again(&status, out);
                self.status(now, &status, out);
                if let Some(force) = stop {
                    self.stop_again(id, force, out);
                }
            }
            Found::Gone { remains, same_boot } => {
                self.take_in(now, id, &remains);
                let last = remains.last;
                if let Some(last) = last.as_deref().filter(|last| last.is_final()) {
                    self.status(now, last, out);
                } else if same_boot {
                    self.orphaned(id, leader, out);
                } else {
                    // what was decided before stays so
                    let outcome = self
                        .tasks
                        .get(id)
                        .and_then(|task| {
                            let on_record = || decided(task.state(), last.as_deref()?);
                            task.state().settled().or_else(on_record)
                        })
                        .unwrap_or_else(|| Outcome::Lost("the machine was restarted".into()));
                    self.end(now, id, outcome, out);
                }
            }
        }
    }

    /// The shim died together with the supervisor.
    fn orphaned(&mut self, id: TaskId, leader: Option<Ident>, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let run = task.run_id();
        let (cause, outcome) = match &task.run.state {
            State::Stopping { cause, outcome, .. } => (*cause, outcome.clone()),
            state => (StopCause::Lost, state.settled()),
        };
        let state = State::Stopping {
            cause,
            leader,
            outcome,
            kill_at: None,
            left: 0,
        };
        self.tasks.update(id, |task| task.run.state = state);
        self.store(id, vec![Effect::Sweep { run, leader }], out);
    }

    /// Gives the order that its stored state speaks of once more.
    fn stop_again(&self, id: TaskId, force: bool, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id).filter(|task| task.is_active()) else {
            return;
        };
        let order = if force {
            Order::Kill
        } else {
            Order::Stop {
                grace_ms: task.spec.grace_ms,
            }
        };
        out.push(Effect::Order(task.run_id(), order));
    }
}

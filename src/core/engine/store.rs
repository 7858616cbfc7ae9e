//! What waits for the store, and what becomes of it when the store fails.

use std::time::Duration;

use super::herd::Engine;
use crate::core::effect::Effect;
use crate::core::record::Change;
use crate::core::shim::Order;
use crate::core::task::State;
use crate::core::time::Now;

/// Between two tries to write what could not be written.
const AGAIN: Duration = Duration::from_secs(5);

impl Engine {
    /// The record lies on disk: what waited for it may happen.
    pub(super) fn stored(&mut self, now: Now, then: Vec<Effect>, out: &mut Vec<Effect>) {
        if self.store_trouble.take().is_some() {
            self.store_trouble_since = None;
            self.restore_at = Some(now.mono);
            self.restore(now, out);
        }
        for effect in then {
            match effect {
                // it was revoked while its intent was being stored: nothing starts
                Effect::Spawn(launch)
                    if self
                        .current(launch.run)
                        .is_none_or(|task| !matches!(task.run.state, State::Starting)) =>
                {
                    self.did_not_start(now, launch.run, "revoked before it started".into(), out);
                }
                effect => out.push(effect),
            }
        }
    }

    /// The record does not lie on disk. Nothing starts that is not stored, no shim is
    /// released whose end is not. What stops or answers goes on: a task that can't be
    /// stopped is worse than a record that is old for a while.
    pub(super) fn store_failed(
        &mut self,
        now: Now,
        change: &Change,
        why: String,
        then: Vec<Effect>,
        out: &mut Vec<Effect>,
    ) {
        for effect in then {
            match effect {
                Effect::Spawn(launch) => {
                    self.did_not_start(now, launch.run, format!("not started: {why}"), out);
                }
                // but at a shutdown nothing may outlive: what the shim itself put on
                // record has to do
                Effect::Order(_, Order::Release) if !self.shutting_down() => {}
                effect => out.push(effect),
            }
        }
        if let Change::Task(record) = change {
            self.unstored.insert(record.task.id);
        }
        self.store_trouble = Some(why);
        self.store_trouble_since.get_or_insert(now.wall);
        self.restore_at.get_or_insert(now.mono + AGAIN);
    }

    /// Writes again what could not be written, when it is time.
    pub(super) fn restore(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.restore_at.is_none_or(|at| now.mono < at) {
            return;
        }
        self.restore_at = None;
        for id in std::mem::take(&mut self.unstored) {
            let then = match self.tasks.get(&id) {
                Some(task) if !task.is_active() => {
                    vec![Effect::Order(task.run_id(), Order::Release)]
                }
                _ => Vec::new(),
            };
            self.store(id, then, out);
        }
    }
}

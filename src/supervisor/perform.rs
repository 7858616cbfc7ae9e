//! The one place where anything is done.

use std::thread;
use std::time::Instant;

use super::delete::delete;
use super::event::Event;
use super::hub::{FAREWELL, Hub};
use super::sweep::Sweep;
use super::trim::trim;
use crate::core::effect::Effect;
use crate::core::id::{RunId, TaskId};
use crate::core::input::Input;
use crate::core::shim::Order;
use crate::store;
use crate::sys::{fault, memory};

impl Hub {
    /// Does one thing, within the places where a test can have it cut short.
    pub(super) fn perform(&mut self, effect: Effect) {
        let (before, after) = around(&effect);
        fault::point(before);
        self.carry_out(effect);
        fault::point(after);
    }

    /// The one place where anything is done.
    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::Store {
                change,
                events,
                then,
            } => {
                self.notify(&events);
                if let Some(store) = &self.store {
                    store.save(change, events, then);
                }
            }
            Effect::Spawn(launch) => {
                let run = launch.intent.run;
                if let Err(error) = self.shims.spawn(launch) {
                    let why = format!("cannot start its shim: {error}");
                    tracing::error!(%run, "{why}");
                    self.take(Input::SpawnFailed(run, why));
                }
            }
            Effect::LookAtMemory => {
                let free = memory::available().ok();
                self.take(Input::Memory(free));
            }
            Effect::Order(run, order) => self.shims.order(run, &order),
            Effect::Sweep { run, leader } => {
                let socket = self.engine.rules().shim_socket(run);
                let now = Instant::now();
                self.sweeps.push(Sweep::new(run, leader, socket, now));
            }
            Effect::Trim { runs, bytes } => self.trim(runs, bytes),
            Effect::ReadEvents {
                ticket,
                task,
                most,
                last,
            } => {
                if let Some(store) = &self.store {
                    store.read(store::Read {
                        ticket,
                        task,
                        most,
                        last,
                    });
                }
            }
            Effect::ReadTools { ticket, task } => {
                if let Some(store) = &self.store {
                    store.read_tools(ticket, task);
                }
            }
            Effect::Hear(hear) => self.hear(*hear),
            Effect::Say(run, say) => self.tell_agent(run, say),
            Effect::Delete(ids) => {
                self.hearing.forget(&ids);
                self.delete(ids);
            }
            Effect::Hook { event, task } => self.hook(&event, &task),
            Effect::Reload(ticket) => self.reload(Some(ticket)),
            Effect::Answer {
                ticket,
                answer,
                last,
            } => self.answer(ticket, answer, last),
            Effect::Exit => {
                if self.leaving.is_none() {
                    self.leaving = Some(Instant::now() + FAREWELL);
                    self.stop_listening();
                }
            }
        }
    }

    /// Who comes from now on finds nobody, and starts the next supervisor, which waits
    /// for the lock.
    pub(super) fn stop_listening(&self) {
        std::fs::remove_file(&self.socket).ok();
    }

    fn delete(&self, ids: Vec<TaskId>) {
        let rules = self.engine.rules();
        let dirs: Vec<_> = ids.into_iter().map(|id| (id, rules.task_dir(id))).collect();
        let answers = self.to_answers.clone();
        let work = move || {
            let gone = delete(dirs);
            if !gone.is_empty() {
                answers.send(Event::Deleted(gone)).ok();
            }
        };
        if let Err(error) = thread::Builder::new().name("delete".into()).spawn(work) {
            tracing::error!(%error, "no thread to delete logs");
        }
    }

    fn trim(&self, runs: Vec<RunId>, bytes: u64) {
        let rules = self.engine.rules();
        let runs: Vec<_> = runs
            .into_iter()
            .map(|run| {
                let active = self
                    .engine
                    .task(run.task)
                    .is_some_and(|task| task.run_id() == run && task.is_active());
                (run, rules.run_dir(run), active)
            })
            .collect();
        let answers = self.to_answers.clone();
        let work = move || {
            answers.send(Event::Trimmed(trim(&runs, bytes))).ok();
        };
        if let Err(error) = thread::Builder::new().name("trim".into()).spawn(work) {
            tracing::error!(%error, "no thread to trim logs");
            self.to_answers.send(Event::Trimmed(Vec::new())).ok();
        }
    }
}

/// What the places before and after an effect are called.
const fn around(effect: &Effect) -> (&'static str, &'static str) {
    match effect {
        Effect::Store { .. } => ("before-store", "after-store"),
        Effect::ReadEvents { .. } => ("before-read", "after-read"),
        Effect::ReadTools { .. } => ("before-read-tools", "after-read-tools"),
        Effect::Hear(_) => ("before-hear", "after-hear"),
        Effect::Say(..) => ("before-say", "after-say"),
        Effect::Delete(_) => ("before-delete", "after-delete"),
        Effect::Hook { .. } => ("before-hook", "after-hook"),
        Effect::Reload(_) => ("before-reload", "after-reload"),
        Effect::Spawn(_) => ("before-spawn", "after-spawn"),
        Effect::LookAtMemory => ("before-memory", "after-memory"),
        Effect::Order(_, Order::Stop { .. } | Order::Kill) => ("before-stop", "after-stop"),
        Effect::Order(_, Order::Release) => ("before-release", "after-release"),
        Effect::Order(..) => ("before-order", "after-order"),
        Effect::Sweep { .. } => ("before-sweep", "after-sweep"),
        Effect::Trim { .. } => ("before-trim", "after-trim"),
        Effect::Answer { .. } => ("before-answer", "after-answer"),
        Effect::Exit => ("before-exit", "after-exit"),
    }
}

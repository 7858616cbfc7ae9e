//! Tasks that persons ask for: admitted whole or not at all, then queued.

use std::sync::Arc;

use super::herd::{Engine, answer, refuse};
use super::timing::hold;
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::{RunId, TaskId};
use crate::core::input::Ticket;
use crate::core::limit::Limit;
use crate::core::plan::After;
use crate::core::raw::Raw;
use crate::core::shim::MARK;
use crate::core::task::{Run, Spec, State, Task};
use crate::core::time::Now;
use crate::core::wire::{Answer, Each, Failure, RunRequest};

/// What is refused, and why in one line.
type Refusal = (Failure, String);

impl Engine {
    /// Launches one.
    pub(super) fn run(
        &mut self,
        now: Now,
        ticket: Ticket,
        request: RunRequest,
        out: &mut Vec<Effect>,
    ) {
        match self.admit(&request, &request.spec.argv) {
            Ok(after) => {
                let id = self.create(now, &request, request.spec.clone(), after);
                self.give_environment(id, request.env);
                self.starts.insert(ticket, id);
            }
            Err((failure, line)) => out.push(refuse(ticket, failure, line)),
        }
    }

    /// Launches many that are alike but for name and command.
    pub(super) fn run_each(
        &mut self,
        now: Now,
        ticket: Ticket,
        request: &RunRequest,
        each: Vec<Each>,
        out: &mut Vec<Effect>,
    ) {
        let admitted: Result<Vec<_>, Refusal> = each
            .iter()
            .map(|each| self.admit(request, &each.argv))
            .collect();
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err((failure, line)) => return out.push(refuse(ticket, failure, line)),
        };
        if each.is_empty() {
            let line = "nothing to launch: no line was given".into();
            return out.push(answer(ticket, Answer::Done(Some(line))));
        }
        let env = self.envs.of(request.env.clone());
        let mut ids = Vec::with_capacity(each.len());
        for (each, after) in each.into_iter().zip(admitted) {
            let mut spec = Spec {
                name: each.name,
                argv: each.argv,
                ..request.spec.clone()
            };
            if let (Some(agent), Some(prompt)) = (&mut spec.agent, each.prompt) {
                agent.prompt = prompt;
            }
            let id = self.create(now, request, spec, after);
            self.envs.give(id, Arc::clone(&env));
            // each with what is noted of it, and of no other that is not stored yet
            self.store(id, Vec::new(), out);
            ids.push(id);
        }
        self.tell_tasks_later.push((ticket, ids));
    }

    /// Tells of those that were launched together: what may start is started first.
    pub(super) fn tell_launched(&mut self, out: &mut Vec<Effect>) {
        for (ticket, ids) in std::mem::take(&mut self.tell_tasks_later) {
            let tasks = ids.iter().filter_map(|id| self.tasks.get(*id));
            let reports = tasks.map(|task| self.report(task)).collect();
            out.push(answer(ticket, Answer::Tasks(reports)));
        }
    }

    /// Whether a task can be taken on; what has to come before it.
    fn admit(&self, request: &RunRequest, argv: &[Raw]) -> Result<Vec<After>, Refusal> {
        if argv.is_empty() {
            let line = "no command given; wrangle run -- COMMAND".into();
            return Err((Failure::Usage, line));
        }
        if let Some(root) = self.parent(&request.env).and_then(|id| self.falls_with(id)) {
            let line = format!(
                "task {root} is being revoked with all that was launched from within it: nothing more is"
            );
            return Err((Failure::Failed, line));
        }
        let spec = &request.spec;
        if let Some(lane) = &spec.lane
            && let Some(meant) = self.meant_limit(&Limit::Lane(lane.clone()))
        {
            let line = format!(
                "no lane is called {lane}; did you mean {meant}? wrangle limit --new {lane} none makes one"
            );
            return Err((Failure::Usage, line));
        }
        let no_such = |line| (Failure::NoSuchTask, line);
        let after = self.behind(&request.after).map_err(no_such)?;
        if let Some(gone) = after.iter().find(|after| self.is_leaving(after.task)) {
            let line = format!("task {} is being removed", gone.task);
            return Err((Failure::NoSuchTask, line));
        }
        let last = (i64::MAX, TaskId(u32::MAX));
        let lease = spec.lease.as_ref().filter(|_| request.no_wait);
        if let Some(holder) = lease.and_then(|lease| self.tasks.queue().in_the_way(lease, last)) {
            let dir = spec.lease.as_ref().map(ToString::to_string);
            let line = format!(
                "{} is held by #{holder}, and it was not to wait",
                dir.unwrap_or_default()
            );
            return Err((Failure::Failed, line));
        }
        Ok(after)
    }

    fn create(&mut self, now: Now, request: &RunRequest, spec: Spec, after: Vec<After>) -> TaskId {
        let id = TaskId(self.next);
        let place = self.next_place(now);
        let state = State::Queued {
            hold: hold(request.start, now),
        };
        self.insert(Task {
            id,
            spec,
            parent: self.parent(&request.env),
            created: now.wall,
            priority: request.priority,
            place,
            after,
            run: Run {
                state,
                ..Run::new(1, now.wall)
            },
            past: Vec::new(),
            attention: Attention::None,
            wanted_since: None,
        });
        self.ask_for(now, id);
        id
    }

    /// A person asked for the run that a task has now.
    pub(super) fn ask_for(&mut self, now: Now, id: TaskId) {
        self.note(now, id, What::Created, By::Person, None);
        self.unstored_queue.insert(id);
        self.enqueue(now, id);
    }

    /// The task from within which a client called: its mark is in the environment.
    fn parent(&self, env: &[(Raw, Raw)]) -> Option<TaskId> {
        let (_, mark) = env
            .iter()
            .find(|(key, _)| key.as_bytes() == MARK.as_bytes())?;
        let below = mark.as_path().strip_prefix(&self.rules.shims).ok()?;
        let run: RunId = below.to_str()?.strip_suffix(".sock")?.parse().ok()?;
        self.tasks.contains(run.task).then_some(run.task)
    }

    /// What a task's leaders are given.
    pub(super) fn give_environment(&mut self, id: TaskId, vars: Vec<(Raw, Raw)>) {
        let env = self.envs.of(vars);
        self.envs.give(id, env);
    }
}

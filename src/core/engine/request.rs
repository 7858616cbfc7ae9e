//! What clients ask.

use std::time::Duration;

use super::herd::{Engine, answer, refuse};
use super::stop::Awaited;
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::filter::Filter;
use crate::core::id::TaskId;
use crate::core::input::Ticket;
use crate::core::raw::Raw;
use crate::core::record::laid_over;
use crate::core::report::TaskReport;
use crate::core::shim::{Intent, Launch, Order};
use crate::core::task::{State, Task};
use crate::core::time::Now;
use crate::core::wire::{Answer, Caller, Failure, Kin, Pick, Request};

impl Engine {
    pub(super) fn request(
        &mut self,
        now: Now,
        ticket: Ticket,
        request: Request,
        out: &mut Vec<Effect>,
    ) {
        if self.shutting_down()
            && matches!(
                request,
                Request::Run(_) | Request::RunEach(..) | Request::Retry { .. }
            )
        {
            let line = "the supervisor is shutting down; try again in a moment".into();
            out.push(refuse(ticket, Failure::Failed, line));
            return;
        }
        self.look_at_memory_again();
        if request.changes_the_queue()
            && let Some(why) = self.store_trouble()
        {
            let line = format!("nothing was changed: {why}");
            out.push(refuse(ticket, Failure::Failed, line));
            return;
        }
        match request {
            Request::Run(request) => self.run(now, ticket, *request, out),
            Request::RunEach(request, each) => self.run_each(now, ticket, &request, each, out),
            Request::Limits => self.tell_limits(ticket, out),
            Request::SetLimit { limit, to, new } => {
                self.set_limit(ticket, (limit, to, new), out);
            }
            Request::Priority(pick, priority) => {
                self.each(ticket, &pick, out, |engine, id, out| {
                    engine.prioritise(id, priority, out);
                    Ok(())
                });
            }
            Request::Move(target, to) => self.reorder(ticket, &target, to, out),
            Request::After(target, behind) => self.wait_for(ticket, &target, &behind, out),
            Request::PauseQueue(pause) => self.pause_queue(now, ticket, pause, out),
            Request::List(filter) => self.list(ticket, &filter, out),
            Request::Remove {
                targets,
                ended,
                older_than_ms,
            } => {
                let older_than = Duration::from_millis(older_than_ms);
                self.remove(now, ticket, (&targets, ended.as_ref()), older_than, out);
            }
            Request::Events(asked) => self.events(ticket, &asked, out),
            Request::Reload => out.push(Effect::Reload(ticket)),
            Request::Show(target) => self.with(ticket, &target, out, |engine, id, out| {
                out.extend(engine.tasks.get(id).map(|task| {
                    let report = engine.full_report(task);
                    answer(ticket, Answer::Task(Box::new(report)))
                }));
            }),
            Request::Revoke {
                pick,
                all,
                force,
                wait,
            } => self.revoke(now, ticket, &pick, (all, force, wait), out),
            Request::Wait(pick) => match self.picked(ticket, &pick, out) {
                Some(ids) if ids.is_empty() => {
                    let line = "no task was launched from within this one".into();
                    out.push(answer(ticket, Answer::Done(Some(line))));
                }
                Some(ids) => drop(self.waits.insert(ticket, Awaited::new(ids))),
                None => {}
            },
            Request::Watch(target) => self.with(ticket, &target, out, |engine, id, out| {
                engine.watches.insert(ticket, id);
                engine.tell_watchers(id, out);
            }),
            Request::Pause(pick) => self.each(ticket, &pick, out, |engine, id, out| {
                engine.order_when(
                    id,
                    out,
                    Order::Pause,
                    |state| matches!(state, State::Running { .. }),
                    "pause",
                )
            }),
            Request::Resume(pick) => self.each(ticket, &pick, out, |engine, id, out| {
                engine.order_when(
                    id,
                    out,
                    Order::Resume,
                    |state| matches!(state, State::Paused { .. }),
                    "resume",
                )
            }),
            Request::Retry { target, caller } => {
                self.with(ticket, &target, out, |engine, id, out| {
                    engine.retry(now, ticket, id, caller, out);
                });
            }
            request @ (Request::Send { .. }
            | Request::Answer { .. }
            | Request::Interrupt(_)
            | Request::Tools(_)
            | Request::Stats { .. }) => self.about_agents(now, ticket, request, out),
            Request::Shutdown { force } => self.shut_down(now, Some(ticket), force, out),
        }
    }

    /// Stores a task, then has the shim of its current run started.
    pub(super) fn spawn(&mut self, id: TaskId, env: &[(Raw, Raw)], out: &mut Vec<Effect>) {
        if let Some(task) = self.tasks.get(id) {
            let spawn = Effect::Spawn(Box::new(self.launch(task, env)));
            self.store(id, vec![spawn], out);
        }
    }

    fn launch(&self, task: &Task, env: &[(Raw, Raw)]) -> Launch {
        let run = task.run_id();
        Launch {
            intent: Intent {
                run,
                spec: task.spec.clone(),
                parent: task.parent,
                created: task.run.created,
                boot: self.rules.boot.clone(),
            },
            env: env.to_vec(),
            argv: argv(task),
            log: self.rules.run_dir(run).into(),
            socket: self.rules.shim_socket(run).into(),
            cap: self.rules.task_cap,
            orphan_ms: u64::try_from(self.rules.orphan.as_millis()).unwrap_or(u64::MAX),
        }
    }

    fn list(&self, ticket: Ticket, filter: &Filter, out: &mut Vec<Effect>) {
        let mut reports: Vec<TaskReport> = self
            .tasks
            .iter()
            .rev()
            .filter(|task| filter.lets(task))
            .take(filter.last.map_or(usize::MAX, |last| last as usize))
            .map(|task| self.report(task))
            .collect();
        reports.reverse();
        // what waits is told in the order in which it comes
        if filter.attention {
            let urgency = |report: &TaskReport| {
                let since = report.attention_since.clone();
                (std::cmp::Reverse(report.attention), since, report.id)
            };
            reports.sort_by_key(urgency);
        }
        if filter.states == ["queued"] {
            let place = |id| self.tasks.queue().entry(id).map(|entry| (entry.turn, id));
            reports.sort_by_key(|report| place(report.id));
        }
        out.push(answer(ticket, Answer::Tasks(reports)));
    }

    fn revoke(
        &mut self,
        now: Now,
        ticket: Ticket,
        pick: &Pick,
        (all, force, wait): (bool, bool, bool),
        out: &mut Vec<Effect>,
    ) {
        let ids = if all {
            self.active_ids().collect()
        } else {
            let Some(mut ids) = self.picked(ticket, pick, out) else {
                return;
            };
            // of those that labels, or other tasks, mean, what has ended is not meant
            let named = |id| pick.targets.iter().any(|it| self.resolve(it) == Ok(id));
            let active = |id| self.tasks.get(id).is_some_and(Task::is_active);
            let by_name = pick.labels.is_empty() && pick.kin == Kin::Alone;
            ids.retain(|id| by_name || active(*id) || named(*id));
            ids
        };
        if all || pick.kin != Kin::Alone {
            self.fell(&ids);
        }
        for id in &ids {
            self.stop(now, *id, force, out);
        }
        if ids.is_empty() {
            let line = "nothing to revoke: no task is active".into();
            out.push(answer(ticket, Answer::Done(Some(line))));
        } else if wait {
            self.ends.insert(ticket, Awaited::new(ids));
        } else {
            let reports = ids
                .iter()
                .filter_map(|id| self.tasks.get(*id))
                .map(|task| self.report(task))
                .collect();
            out.push(answer(ticket, Answer::Tasks(reports)));
        }
    }

    /// A further run of an ended task.
    fn retry(
        &mut self,
        now: Now,
        ticket: Ticket,
        id: TaskId,
        caller: Caller,
        out: &mut Vec<Effect>,
    ) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        if self.is_leaving(id) {
            let line = format!("task {id} is being removed");
            out.push(refuse(ticket, Failure::Failed, line));
            return;
        }
        if task.is_active() {
            let line = format!("task {id} is {}; revoke it first", task.state().word());
            out.push(refuse(ticket, Failure::Failed, line));
            return;
        }
        if self.runs_again(task) {
            let line = format!("task {id} goes on by itself in a moment");
            out.push(refuse(ticket, Failure::Failed, line));
            return;
        }
        let follow = task.run.follow.clone();
        let means = self.has_means(task);
        if let Err(line) = means.and_then(|()| self.provide_environment(id, caller)) {
            out.push(refuse(ticket, Failure::Failed, line));
            return;
        }
        let place = self.next_place(now);
        self.begin_run(now, id, |run| run.follow = follow);
        self.tasks.update(id, |task| task.place = place);
        self.forget_gone(id);
        self.ask_for(now, id);
        self.starts.insert(ticket, id);
    }

    /// Sees to it that a task's environment is known: its own, else the caller's.
    pub(super) fn provide_environment(&mut self, id: TaskId, caller: Caller) -> Result<(), String> {
        let given = self
            .tasks
            .get(id)
            .map(|task| task.spec.env_names.join(", "));
        match (self.envs.get(id), given) {
            (Some(_), _) | (_, None) => Ok(()),
            (None, Some(names)) if names.is_empty() => {
                let given = self.given_by_registry(id);
                self.give_environment(id, laid_over(caller.env, given));
                Ok(())
            }
            (None, Some(names)) => Err(format!(
                "task {id} was given values for {names}, which are not kept across a restart of the supervisor; run it anew"
            )),
        }
    }

    /// What the registry, as it is now, gives a task's agent of variables.
    fn given_by_registry(&self, id: TaskId) -> Vec<(Raw, Raw)> {
        let agent = self.tasks.get(id).and_then(|task| task.spec.agent.as_ref());
        let given = |permission: Option<String>| {
            let key = (agent?.name.clone(), permission);
            self.rules.given.get(&key).cloned()
        };
        let permission = agent.and_then(|agent| agent.permission.clone());
        given(permission)
            .or_else(|| given(None))
            .unwrap_or_default()
    }

    /// Gives an order to a task in a state that allows it.
    fn order_when(
        &self,
        id: TaskId,
        out: &mut Vec<Effect>,
        order: Order,
        allowed: impl Fn(&State) -> bool,
        verb: &str,
    ) -> Result<(), String> {
        let Some(task) = self.tasks.get(id) else {
            return Err(format!("no task {id}"));
        };
        if !allowed(task.state()) {
            return Err(format!(
                "task {id} is {}: nothing to {verb}",
                task.state().word()
            ));
        }
        out.push(Effect::Order(task.run_id(), order));
        Ok(())
    }

    pub(super) fn send(&self, id: TaskId, text: &str, out: &mut Vec<Effect>) -> Result<(), String> {
        let reads = self.tasks.get(id).is_some_and(|task| task.spec.stdin);
        if !reads {
            return Err(format!(
                "task {id} reads no input: launch it with --stdin to send to it"
            ));
        }
        let line = Raw::from(format!("{text}\n"));
        self.order_when(
            id,
            out,
            Order::Input(line),
            |state| matches!(state, State::Running { .. } | State::Paused { .. }),
            "send to",
        )
    }

    /// A person has it before their eyes.
    pub(super) fn seen(&mut self, id: TaskId, out: &mut Vec<Effect>) {
        let passes = |task: &Task| task.attention.is_read_by_a_look();
        if self.tasks.get(id).is_some_and(passes) {
            self.want(id, Attention::None, None);
            self.store(id, Vec::new(), out);
        }
    }

    pub(super) fn tell_watchers(&mut self, id: TaskId, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let last = !task.is_active() && !self.runs_again(task);
        for (ticket, _) in self.watches.iter().filter(|(_, watched)| **watched == id) {
            out.push(Effect::Answer {
                ticket: *ticket,
                answer: Answer::Task(Box::new(self.report(task))),
                last,
            });
        }
        if last {
            self.watches.retain(|_, watched| *watched != id);
        }
    }
}

/// Program and arguments of a task's current run.
fn argv(task: &Task) -> Vec<Raw> {
    let follow = task.run.follow.as_deref();
    let follows = || task.spec.agent.as_ref()?.argv(follow?);
    follows().unwrap_or_else(|| task.spec.argv.clone())
}

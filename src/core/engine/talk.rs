//! What persons say to agents: while they run, and when they have ended.

use super::herd::{Engine, answer, refuse};
use crate::core::agent::plan::{Feed, FollowUp, read_as_option};
use crate::core::agent::say::{self, Say};
use crate::core::agent::story::{Stage, Story};
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::id::TaskId;
use crate::core::input::Ticket;
use crate::core::task::{Run, State, Task};
use crate::core::time::Now;
use crate::core::wire::{Answer, Caller, Failure, Request};

/// The longest message, in bytes.
const LONGEST: usize = 4 << 20;

impl Engine {
    /// What clients ask of, and about, agents.
    pub(super) fn about_agents(
        &mut self,
        now: Now,
        ticket: Ticket,
        request: Request,
        out: &mut Vec<Effect>,
    ) {
        match request {
            Request::Send {
                target,
                text,
                fork,
                caller,
            } => match self.resolve(&target).map(|id| self.is_agent(id)) {
                Ok(true) => self.with(ticket, &target, out, |engine, id, out| {
                    let said = engine.message(now, ticket, id, (text, fork, caller), out);
                    if let Err((failure, line)) = said {
                        out.push(refuse(ticket, failure, line));
                    }
                }),
                _ => self.each(ticket, &vec![target].into(), out, |engine, id, out| {
                    engine.send(id, &text, out)
                }),
            },
            Request::Answer {
                target,
                reply,
                question,
            } => self.with(ticket, &target, out, |it, id, out| {
                let answered = it.reply(now, id, reply, question.as_ref(), out);
                out.push(match answered {
                    Ok(line) => answer(ticket, Answer::Done(Some(line))),
                    Err(line) => refuse(ticket, Failure::Failed, line),
                });
            }),
            Request::Interrupt(target) => {
                self.each(ticket, &vec![target].into(), out, |engine, id, out| {
                    engine.interrupt(now, id, out)
                });
            }
            Request::Tools(target) => self.with(ticket, &target, out, |_, task, out| {
                out.push(Effect::ReadTools { ticket, task });
            }),
            Request::Stats { days, by } => {
                out.push(answer(ticket, Answer::Stats(self.stats(now, days, by))));
            }
            _ => {}
        }
    }

    fn is_agent(&self, id: TaskId) -> bool {
        let agent = |task: &Task| task.spec.agent.is_some();
        self.tasks.get(id).is_some_and(agent)
    }

    /// A person says something to an agent.
    fn message(
        &mut self,
        now: Now,
        ticket: Ticket,
        id: TaskId,
        (text, fork, caller): (String, bool, Caller),
        out: &mut Vec<Effect>,
    ) -> Result<(), (Failure, String)> {
        let failed = |line: String| (Failure::Failed, line);
        if text.trim().is_empty() {
            return Err((Failure::Usage, "a message can't be empty".into()));
        }
        if text.contains('\0') {
            let line = "the message has a zero byte in it; leave that out".to_owned();
            return Err((Failure::Usage, line));
        }
        if text.len() > LONGEST {
            let line = format!("the message has {} bytes, more than {LONGEST}", text.len());
            return Err((Failure::Usage, line));
        }
        let Some(task) = self.tasks.get(id) else {
            return Ok(());
        };
        let Some(agent) = task.spec.agent.as_deref() else {
            return Ok(());
        };
        // one whose end is on its way to the disk goes on by itself once that is there
        let goes_on = !task.is_active() && self.runs_again(task);
        if !task.is_active() && !goes_on {
            return self.follow(now, ticket, id, (text, fork, caller));
        }
        if fork {
            let state = if goes_on {
                "going on"
            } else {
                task.state().word()
            };
            return Err(failed(format!(
                "task {id} is {state}: another way can be tried once it has ended"
            )));
        }
        let run = task.run_id();
        let open = |story: &Story| story.stage == Stage::Prompted;
        let talks =
            agent.feed == Feed::Talk && !goes_on && task.run.story.as_deref().is_some_and(open);
        let later = agent.resume.is_some();
        let early = matches!(task.state(), State::Starting | State::Queued { .. })
            && agent.feed == Feed::Talk;
        match task.state() {
            State::Running { .. } | State::Paused { .. } if talks || later => {}
            State::Starting | State::Queued { .. } if later => {}
            State::Ended { .. } if later && goes_on => {}
            state => {
                return Err(failed(format!(
                    "task {id} is {}, and its agent {} can't be told anything now",
                    state.word(),
                    agent.name
                )));
            }
        }
        let number = self.tasks.update(id, |task| {
            let story = task.run.story.get_or_insert_default();
            let number = story.say(&text, now.wall)?;
            if talks {
                story.goes_on();
            }
            Some(number)
        });
        let Some(number) = number.flatten() else {
            return Err(failed(format!(
                "task {id} has yet to take in all that it was told before; wait until it has"
            )));
        };
        let mut then = Vec::new();
        if talks {
            let id = say::id(run, number, now.wall);
            self.say(run, Say::Message { number, text, id }, &mut then);
        }
        self.mind_attention(now, id);
        self.store(id, then, out);
        self.tell_watchers(id, out);
        let line = match (talks, early) {
            (true, _) => None,
            (false, true) => Some("kept; it is said once the run has begun"),
            (false, false) => Some("kept; it is said once the run has ended"),
        };
        let line = line.map(str::to_owned);
        out.push(answer(ticket, Answer::Done(line)));
        Ok(())
    }

    /// A further run of an ended agent, which goes on with the conversation.
    fn follow(
        &mut self,
        now: Now,
        ticket: Ticket,
        id: TaskId,
        (prompt, fork, caller): (String, bool, Caller),
    ) -> Result<(), (Failure, String)> {
        let failed = |line: String| (Failure::Failed, line);
        if self.shutting_down() {
            let line = "the supervisor is shutting down; try again in a moment";
            return Err(failed(line.into()));
        }
        if self.is_leaving(id) {
            return Err(failed(format!("task {id} is being removed")));
        }
        let Some(task) = self.tasks.get(id) else {
            return Ok(());
        };
        self.has_means(task).map_err(failed)?;
        let follow = Self::follow_up_of(task, prompt, fork).map_err(failed)?;
        self.provide_environment(id, caller).map_err(failed)?;
        let place = self.next_place(now);
        self.begin_run(now, id, |run| run.follow = Some(Box::new(follow)));
        self.tasks.update(id, |task| task.place = place);
        self.forget_gone(id);
        self.ask_for(now, id);
        self.starts.insert(ticket, id);
        Ok(())
    }

    /// What begins a further run in a task's conversation.
    pub(super) fn follow_up_of(
        task: &Task,
        prompt: String,
        fork: bool,
    ) -> Result<FollowUp, String> {
        let id = task.id;
        let Some(agent) = task.spec.agent.as_deref() else {
            return Err(format!("task {id} is no agent's"));
        };
        let template = if fork { &agent.fork } else { &agent.resume };
        if template.is_none() {
            let what = if fork {
                "go another way from where it was"
            } else {
                "go on with a conversation"
            };
            return Err(format!("{} can't {what}; run it anew", agent.name));
        }
        let words = template.as_deref().unwrap_or_default();
        if let Some(line) = read_as_option(words, &prompt, &agent.name) {
            return Err(line);
        }
        let runs = std::iter::once(&task.run).chain(task.past.iter().rev());
        let mut sessions = runs.filter_map(|run| run.story.as_ref()?.session.clone());
        let Some(session) = sessions.next() else {
            return Err(format!(
                "task {id} never told the name of its conversation: nothing to go on with; run it anew"
            ));
        };
        if session.starts_with('-') {
            return Err(format!(
                "task {id} calls its conversation {session:?}, which {} would take for an option; run it anew",
                agent.name
            ));
        }
        Ok(FollowUp {
            prompt,
            session,
            fork,
        })
    }

    /// Puts a task's current run among the past ones, and a further one in its place.
    pub(super) fn begin_run(&mut self, now: Now, id: TaskId, with: impl FnOnce(&mut Run)) {
        self.tasks.update(id, |task| {
            let mut run = Run::new(task.run.number + 1, now.wall);
            with(&mut run);
            if let Some(follow) = &run.follow {
                // what the conversation had used so far is not this run's
                let mut before = std::iter::once(&task.run).chain(task.past.iter().rev());
                let base = before.find_map(|run| {
                    let story = run.story.as_ref()?;
                    (story.session.as_ref() == Some(&follow.session))
                        .then(|| (story.ledger.session(), story.ledger.uncovered()))
                });
                let (base, dead) = base.unwrap_or_default();
                run.story = Some(Box::new(Story::going_on(base, dead)));
            }
            task.past.push(std::mem::replace(&mut task.run, run));
            task.attention = Attention::None;
            task.wanted_since = None;
        });
    }

    /// A person breaks off an agent's turn.
    pub(super) fn interrupt(
        &mut self,
        now: Now,
        id: TaskId,
        out: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let Some(task) = self.tasks.get(id) else {
            return Ok(());
        };
        let talks = task
            .spec
            .agent
            .as_ref()
            .is_some_and(|it| it.feed == Feed::Talk);
        let open = |story: &Story| story.stage == Stage::Prompted;
        let live = matches!(task.state(), State::Running { .. });
        if !talks || !live || !task.run.story.as_deref().is_some_and(open) {
            return Err(format!(
                "task {id} has no turn that can be broken off; revoke stops it for good"
            ));
        }
        let run = task.run_id();
        self.tasks.update(id, |task| {
            task.run.story.get_or_insert_default().interrupted = Some(now.wall);
        });
        let mut then = Vec::new();
        self.say(run, Say::Interrupt, &mut then);
        self.store(id, then, out);
        self.tell_watchers(id, out);
        Ok(())
    }
}

//! What agents are told over their standard input: on record before it is on its way, and
//! until their shims have it, so that it outlives the supervisor.

use super::herd::Engine;
use crate::core::agent::message::Delivery;
use crate::core::agent::plan::Feed;
use crate::core::agent::say::{self, Say};
use crate::core::agent::story::{Stage, Story};
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::{RunId, TaskId};
use crate::core::raw::Raw;
use crate::core::shim::{Order, Status};
use crate::core::task::{Run, State, Task};
use crate::core::time::Now;

impl Engine {
    /// An agent that was started and is told over its standard input what to do is told.
    pub(super) fn prompt(&mut self, id: TaskId, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let Some(agent) = task.spec.agent.as_deref() else {
            return;
        };
        let story = task.run.story.as_deref();
        let began = story.is_none_or(|story| story.stage == Stage::Begun);
        if !began || agent.feed == Feed::Argument || task.state().leader().is_none() {
            return;
        }
        let run = task.run_id();
        let follow = task.run.follow.as_deref();
        let text = follow
            .map_or(&agent.prompt, |follow| &follow.prompt)
            .clone();
        let mut then = Vec::new();
        let stage = if agent.feed == Feed::Talk {
            let prompt = Say::Prompt {
                text,
                dir: task.spec.dir.lossy(),
                session: follow.map(|follow| follow.session.clone()),
                fork: follow.is_some_and(|follow| follow.fork),
                id: say::id(run, 0, task.run.created),
            };
            // what was said while it waited for its turn
            let messages = story.map_or(&[][..], |story| &story.messages);
            let kept = messages.iter().filter(|it| it.state == Delivery::Sent);
            let kept: Vec<Say> = kept
                .map(|message| Say::Message {
                    number: message.number,
                    text: message.text.clone(),
                    id: say::id(run, message.number, message.at),
                })
                .collect();
            for say in std::iter::once(prompt).chain(kept) {
                self.say(run, say, &mut then);
            }
            Stage::Prompted
        } else {
            self.write(run, text.into_bytes(), &mut then);
            self.end_input(run, &mut then);
            Stage::Closed
        };
        self.tasks.update(id, |task| {
            task.run.story.get_or_insert_default().stage = stage;
        });
        self.store(id, then, out);
    }

    /// Tells an agent something, once it is on record.
    pub(super) fn say(&mut self, run: RunId, say: Say, then: &mut Vec<Effect>) {
        self.tasks.update(run.task, |task| {
            let story = task.run.story.get_or_insert_default();
            story.outbox.say(say.clone());
        });
        then.push(Effect::Say(run, say));
    }

    /// Writes something to an agent, once it is on record.
    pub(super) fn write(&mut self, run: RunId, bytes: Vec<u8>, then: &mut Vec<Effect>) {
        self.tasks.update(run.task, |task| {
            let story = task.run.story.get_or_insert_default();
            story.outbox.write(&bytes);
            story.wrote();
        });
        then.push(Effect::Order(run, Order::Input(Raw::from(bytes))));
    }

    fn end_input(&mut self, run: RunId, then: &mut Vec<Effect>) {
        self.tasks.update(run.task, |task| {
            task.run.story.get_or_insert_default().outbox.end();
        });
        then.push(Effect::Order(run, Order::Eof));
    }

    /// What an earlier supervisor was to tell an agent, and its shim does not have, is told.
    pub(super) fn say_again(&mut self, status: &Status, out: &mut Vec<Effect>) {
        let run = status.run;
        self.tasks.update(run.task, |task| {
            if let Some(story) = &mut task.run.story {
                story.outbox.came(status.typed);
            }
        });
        let listens = |task: &&Task| {
            status.leader.is_some()
                && status.exit.is_none()
                && !matches!(task.state(), State::Stopping { .. })
        };
        let story = self
            .current(run)
            .filter(listens)
            .and_then(|task| task.run.story.as_deref());
        let Some(outbox) = story.map(|story| &story.outbox) else {
            return;
        };
        let (bytes, ends) = outbox.rest();
        if !bytes.is_empty() {
            let bytes = Raw::from(bytes.to_vec());
            out.push(Effect::Order(run, Order::Input(bytes)));
        }
        let says = outbox.says().cloned();
        out.extend(says.map(|say| Effect::Say(run, say)));
        if ends {
            out.push(Effect::Order(run, Order::Eof));
        }
    }

    /// A turn is over: where nothing more is to be said, the agent is told so, and ends.
    pub(super) fn close_when_done(&mut self, run: RunId, then: &mut Vec<Effect>) {
        let through = |story: &Story| {
            story.stage == Stage::Prompted
                && story.verdict.is_some()
                && story.asks.is_empty()
                && !story.is_owed_an_answer()
                && story.interrupted.is_none()
        };
        let Some(task) = self.current(run) else {
            return;
        };
        if !task.run.story.as_deref().is_some_and(through) {
            return;
        }
        self.tasks.update(run.task, |task| {
            task.run.story.get_or_insert_default().stage = Stage::Closed;
        });
        self.say(run, Say::Close, then);
        self.end_input(run, then);
    }

    /// An agent could not be told something.
    pub(super) fn unsaid(
        &mut self,
        now: Now,
        run: RunId,
        (say, why): (&Say, String),
        out: &mut Vec<Effect>,
    ) {
        // one that is over needs no leave to go, and is asked nothing any more
        let lives = |task: &Task| task.state().leader().is_some();
        if !self.current(run).is_some_and(lives) {
            return;
        }
        let open = self.tasks.update(run.task, |task| {
            let story = task.run.story.get_or_insert_default();
            story.outbox.said();
            match say {
                Say::Message { number, .. } => story.came(*number, Delivery::Refused(why)),
                Say::Interrupt => story.interrupted = None,
                Say::Close => {}
                Say::Prompt { .. } | Say::Answer { .. } => {
                    // what never arrived has answered nothing
                    if let Say::Answer { request, .. } = say
                        && let Some(number) = story.open_again(request)
                    {
                        return Some(format!("question {number} is open still: {why}"));
                    }
                    task.run.trouble = Some(format!("its agent could not be told: {why}"));
                }
            }
            None
        });
        if let Some(line) = open.flatten() {
            self.note(now, run.task, What::Notice, By::Task, Some(line));
            self.mind_attention(now, run.task);
        }
        self.store(run.task, Vec::new(), out);
        self.tell_watchers(run.task, out);
    }

    /// Whether an agent is told what to do by its arguments.
    pub(super) fn has_prompt_as_argument(&self, id: TaskId) -> bool {
        let agent = self.tasks.get(id).and_then(|task| task.spec.agent.as_ref());
        agent.is_some_and(|agent| agent.feed == Feed::Argument)
    }

    /// A run has what it was begun with, which may have been said while an earlier one went
    /// on: that is delivered.
    pub(super) fn took_what_began_it(&mut self, id: TaskId) {
        let waits = |task: &Task| task.past.iter().any(keeps_words);
        if self.tasks.get(id).is_some_and(waits) {
            self.tasks.update(id, |task| {
                for story in task.past.iter_mut().filter_map(|run| run.story.as_mut()) {
                    story.sent_came(&Delivery::Delivered);
                }
            });
        }
    }

    /// A run has ended and none follows: what was said and begins no run will not any more.
    pub(super) fn give_up_unsaid(&mut self, id: TaskId) {
        let waits = |task: &Task| task.past.iter().chain([&task.run]).any(keeps_words);
        if !self.tasks.get(id).is_some_and(waits) {
            return;
        }
        self.tasks.update(id, |task| {
            let own = "the run ended, and none goes on with its conversation";
            let carried = "the run that it was to begin ended before it was told";
            let past = task.past.iter_mut().map(|run| (run, carried));
            for (run, why) in past.chain([(&mut task.run, own)]) {
                if let Some(story) = &mut run.story {
                    story.sent_came(&Delivery::Refused(why.into()));
                }
            }
        });
    }
}

/// Whether something that a person said while it went on is kept for a later run.
fn keeps_words(run: &Run) -> bool {
    run.story
        .as_ref()
        .is_some_and(|story| story.unsaid().is_some())
}

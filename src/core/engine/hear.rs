//! What is heard of agents, and what that makes of their runs. A run's end is told only
//! once all that its agent said is heard: whether it did what was asked for, and what that
//! cost, is among its last words.

use super::herd::Engine;
use super::why;
use crate::core::agent::event::{AgentEvent, Level};
use crate::core::agent::mask::bounded;
use crate::core::agent::story::{self, Stage, Story};
use crate::core::attention::Attention;
use crate::core::effect::{Effect, Hear};
use crate::core::event::{By, What};
use crate::core::id::{RunId, TaskId};
use crate::core::input::{Heard, Remains};
use crate::core::shim::{Status, StopBy};
use crate::core::task::{Exit, Outcome, State, Task};
use crate::core::time::{Now, Timestamp};

/// Of what is noted in the activity log so many bytes are kept.
pub(super) const LONGEST_NOTE: usize = 500;

/// An end that is on hold until all that was said before it is heard.
#[derive(Debug, Clone)]
pub(super) enum Unheard {
    /// What the shim reported.
    Status(Box<Status>),
    /// What a gone shim left.
    Swept(Box<Remains>),
}

impl Engine {
    /// Has an agent's log read on, up to where its shim says it is.
    pub(super) fn hear(&self, id: TaskId, end: Option<Exit>, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let Some(agent) = &task.spec.agent else {
            return;
        };
        let story = task.run.story.as_deref();
        let heard = story.map_or(0, |story| story.heard);
        if story.is_some_and(|story| story.stage == Stage::Over)
            || (end.is_none() && task.run.written <= heard)
        {
            return;
        }
        out.push(Effect::Hear(Box::new(Hear {
            run: task.run_id(),
            speech: agent.speech,
            from: (
                heard,
                story.map(|story| story.decoder.clone()).unwrap_or_default(),
            ),
            upto: task.run.written,
            end,
        })));
    }

    /// Whether the end that a shim reports is on hold until all is heard.
    pub(super) fn is_to_be_heard_out(&self, task: &Task) -> bool {
        let over = |story: &Story| story.stage == Stage::Over;
        let heard_out = task.run.story.as_deref().is_some_and(over);
        // a disk that does not answer keeps no shutdown
        let hurried = self.shutting_down() && self.writes.is_slow();
        task.spec.agent.is_some() && task.run.state.is_active() && !heard_out && !hurried
    }

    /// Puts the end of a run on hold; what of the report can be told before.
    pub(super) fn hold_end(&mut self, status: &Status) -> Status {
        if status.left > 0
            && let Some(exit) = status.exit
        {
            let line = why::left_behind(exit, status.left, status.example.as_deref());
            self.tasks.update(status.run.task, |task| {
                let story = task.run.story.get_or_insert_default();
                story.left_behind.get_or_insert(line);
            });
        }
        let held = Unheard::Status(Box::new(status.clone()));
        self.unheard.insert(status.run, held);
        Status {
            exit: None,
            exited: None,
            exit_in_stop: false,
            empty: false,
            drained: false,
            example: None,
            stopping: status.stopping.filter(|stop| stop.by != StopBy::Policy),
            ..status.clone()
        }
    }

    /// Puts the end of a run whose shim is gone on hold.
    pub(super) fn hold_swept(&mut self, run: RunId, remains: &Remains, out: &mut Vec<Effect>) {
        let exit = remains.last.as_ref().and_then(|last| last.exit);
        let remains = Unheard::Swept(Box::new(remains.clone()));
        self.unheard.insert(run, remains);
        // how it ended may never be known: nothing follows all the same
        self.hear(run.task, Some(exit.unwrap_or(Exit::Signal(9))), out);
    }

    /// Takes in what was heard of an agent.
    pub(super) fn heard(&mut self, now: Now, heard: Heard, out: &mut Vec<Effect>) {
        let run = heard.run;
        let Some(task) = self.current(run) else {
            return;
        };
        if task
            .run
            .story
            .as_ref()
            .is_some_and(|it| it.stage == Stage::Over)
        {
            return;
        }
        let mut told = story::Heard::default();
        let (at, decoder) = heard.at;
        let before = self.used(task);
        self.tasks.update(run.task, |task| {
            let story = task.run.story.get_or_insert_default();
            for event in &heard.events {
                story.take(event, run.number, now.wall, &mut told);
            }
            (story.heard, story.decoder) = (at, decoder);
            if heard.said {
                story.said_first();
            }
            if heard.over {
                story.end(now.wall, &mut told);
            }
        });
        if !heard.events.is_empty() {
            // it speaks: it was told what to do
            self.took_what_began_it(run.task);
        }
        self.absorb(run.task);
        for event in &heard.events {
            self.note_heard(now, run.task, event);
        }
        Self::store_calls(run.task, told.calls, out);
        self.count_used(now, run.task, before);
        self.mind_attention(now, run.task);
        self.mind_time(now, run.task, out);
        self.note_asked(now, run.task, &told.asked);
        let mut then = Vec::new();
        if !heard.replies.is_empty() && !heard.over {
            self.write(run, heard.replies, &mut then);
        }
        if told.turn_ended {
            self.close_when_done(run, &mut then);
        }
        if !heard.over {
            self.store(run.task, then, out);
            self.mind_budget(now, run.task, out);
            self.tell_watchers(run.task, out);
            return;
        }
        match self.unheard.remove(&run) {
            Some(Unheard::Status(status)) => self.status(now, &status, out),
            Some(Unheard::Swept(remains)) => self.swept(now, run, &remains, out),
            None => self.store(run.task, then, out),
        }
    }

    /// What earlier runs used and did not count is in the current one's counter: the last of
    /// them is told what that stood at, where it is known.
    fn absorb(&mut self, id: TaskId) {
        let absorbed = |task: &Task| {
            task.run
                .story
                .as_ref()
                .is_some_and(|it| it.ledger.absorbs())
        };
        if !self.tasks.get(id).is_some_and(absorbed) {
            return;
        }
        self.tasks.update(id, |task| {
            let story = task.run.story.as_mut();
            let mut before = story.map(|story| story.ledger.absorb());
            for story in task
                .past
                .iter_mut()
                .rev()
                .filter_map(|run| run.story.as_mut())
            {
                let last = before.take_if(|_| story.ledger.is_uncounted());
                story.ledger.counted(last.unwrap_or_default());
                story.untold = false;
            }
        });
    }

    /// Writes down what of all that is worth an entry of the activity log.
    fn note_heard(&mut self, now: Now, id: TaskId, event: &AgentEvent) {
        let text = match event {
            AgentEvent::Notice {
                level: Level::Error,
                text,
            } => text.clone(),
            _ => return,
        };
        let text = bounded(&text, LONGEST_NOTE);
        self.note(now, id, What::Notice, By::Task, Some(text));
    }

    /// Each question has an entry of its own.
    fn note_asked(&mut self, now: Now, id: TaskId, asked: &[String]) {
        for text in asked {
            let agent = self.tasks.get(id).and_then(|task| task.spec.agent.as_ref());
            let agent = agent.map_or("it", |agent| &agent.name);
            let text = bounded(&why::asks(agent, text), LONGEST_NOTE);
            self.note(now, id, What::Attention, By::Task, Some(text));
        }
    }

    /// What an agent wants of a person while it runs follows from what was heard.
    pub(super) fn mind_attention(&mut self, now: Now, id: TaskId) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        if !matches!(task.state(), State::Running { .. } | State::Paused { .. }) {
            return;
        }
        let wants = task.run.story.as_deref().and_then(Story::wants);
        let of_story = matches!(
            task.attention,
            Attention::Asking | Attention::LimitReached | Attention::Retrying
        );
        let (wanted, since) = match wants {
            Some(wants) => wants,
            None if of_story => (Attention::None, now.wall),
            None => return,
        };
        if (wanted, Some(since)) == (task.attention, task.wanted_since) {
            return;
        }
        let asks = task.run.story.as_deref().and_then(Story::oldest).is_some();
        self.want(id, wanted, Some(since));
        // each question is noted when it is asked, whether others are open or not
        if wanted != Attention::None && !(wanted == Attention::Asking && asks) {
            let text = self.tasks.get(id).and_then(why::wanted);
            let text = text.unwrap_or_else(|| wanted.word().into());
            let text = bounded(&text, LONGEST_NOTE);
            self.note(now, id, What::Attention, By::Task, Some(text));
        }
    }

    /// What a task wants of a person, and since when.
    pub(super) fn want(&mut self, id: TaskId, wanted: Attention, since: Option<Timestamp>) {
        self.tasks.update(id, |task| {
            task.attention = wanted;
            task.wanted_since = since.filter(|_| wanted != Attention::None);
        });
    }
}

/// What becomes of a run's outcome by what its agent said: exit code 0 alone is no success.
pub(super) fn judge(outcome: Outcome, story: Option<&Story>) -> Outcome {
    match (outcome, story) {
        (Outcome::Succeeded, Some(story)) if !story.is_well() => Outcome::Failed(0),
        (outcome, _) => outcome,
    }
}

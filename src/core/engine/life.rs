//! What shims report, and what that makes of a run.

use super::hear::judge;
use super::herd::Engine;
use super::why::reason;
use crate::core::agent::event::Trouble;
use crate::core::agent::story::Story;
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::{RunId, TaskId};
use crate::core::input::Remains;
use crate::core::shim::{Order, Status, StopBy};
use crate::core::task::{Outcome, Overrun, Run, State, StopCause, Task};
use crate::core::time::Now;

impl Engine {
    /// A shim's report. Reports are levels: the state follows from this one alone
    /// and from what was asked for, never from how many came before.
    pub(super) fn status(&mut self, now: Now, status: &Status, out: &mut Vec<Effect>) {
        let run_id = status.run;
        let Some(task) = self.current(run_id) else {
            // an earlier run's shim, or one whose task is unknown: it may go when it is
            // through, and what it told of its end lies on disk
            if status.is_final() {
                let release = Effect::Order(run_id, Order::Release);
                if self.tasks.contains(run_id.task) {
                    self.store(run_id.task, vec![release], out);
                } else {
                    out.push(release);
                }
            }
            return;
        };
        let was = task.run.clone();
        let held;
        let (status, end) = if status.exit.is_some() && self.is_to_be_heard_out(task) {
            held = self.hold_end(status);
            (&held, status.exit)
        } else {
            (status, None)
        };
        self.tasks.update(run_id.task, |task| {
            facts(&mut task.run, status);
            if was.state.is_active() {
                let story = task.run.story.as_deref();
                task.run.state = judged(next(&was.state, status, now), story);
            }
        });
        self.hear(run_id.task, end, out);
        let Some(task) = self.tasks.get(run_id.task) else {
            return;
        };
        let ended = !task.is_active();
        let changed = task.run.state != was.state;
        let began = was.started.is_none() && task.run.started.is_some();
        self.note_life(now, run_id.task, &was);
        self.follow_time(now, run_id.task, &was, out);
        if began && self.has_prompt_as_argument(run_id.task) {
            self.took_what_began_it(run_id.task);
        }
        self.prompt(run_id.task, out);
        if ended {
            let release = Effect::Order(run_id, Order::Release);
            self.store(run_id.task, vec![release], out);
        } else if began || (changed && worth_storing(&was.state, status)) {
            self.store(run_id.task, Vec::new(), out);
        }
        self.tell_watchers(run_id.task, out);
    }

    /// Writes down what a change of a run comes to, and what it wants of a person then.
    fn note_life(&mut self, now: Now, id: TaskId, was: &Run) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let (is, began) = (task.run.state.clone(), task.run.started.is_some());
        if began && was.started.is_none() {
            let by = self.started_by.remove(&id).unwrap_or(By::Person);
            self.note(now, id, What::Started, by, None);
        }
        if is.word() == was.state.word() {
            return;
        }
        let (what, by) = match &is {
            State::Running { .. } if matches!(was.state, State::Paused { .. }) => {
                (What::Resumed, By::Person)
            }
            State::Queued { .. } | State::Starting | State::Running { .. } => return,
            State::Paused { .. } => (What::Paused, By::Person),
            State::Stopping { cause, .. } => {
                let by = match cause {
                    StopCause::Revoked => By::Person,
                    StopCause::Swept => By::Policy,
                    StopCause::Lost => By::Crash,
                    StopCause::Overtime | StopCause::Silent | StopCause::Spent => By::Limit,
                };
                (What::Stopping, by)
            }
            State::Lingering { .. } => (What::Lingering, By::Task),
            State::Ended { outcome, .. } => {
                let by = match outcome {
                    Outcome::Revoked(_) => By::Person,
                    Outcome::Lost(_) => By::Crash,
                    Outcome::TimedOut(..) | Outcome::Spent(_) => By::Limit,
                    _ => By::Task,
                };
                (What::Ended, by)
            }
        };
        let why = self.tasks.get(id).and_then(|task| reason(&task.run));
        self.note(now, id, what, by, why);
        if what == What::Ended {
            // whether that is all it used is known by now
            self.count_stored(now, id);
            let again = self.tasks.get(id).is_some_and(|task| self.runs_again(task));
            let trouble = |task: &Task| task.run.story.as_ref()?.trouble();
            let trouble = self.tasks.get(id).and_then(trouble);
            let wanted = match attention(&is) {
                // one that runs again by itself wants nobody yet
                _ if again => Attention::None,
                Attention::FailedUnread if trouble == Some(Trouble::Auth) => Attention::AuthBroken,
                wanted => wanted,
            };
            self.want(id, wanted, Some(now.wall));
            if !again {
                self.give_up_unsaid(id);
            }
            if wanted != Attention::None {
                self.note(
                    now,
                    id,
                    What::Attention,
                    By::Task,
                    Some(wanted.word().into()),
                );
            }
        }
    }

    /// The shim could not be started, or the intent not be stored.
    pub(super) fn did_not_start(
        &mut self,
        now: Now,
        run: RunId,
        why: String,
        out: &mut Vec<Effect>,
    ) {
        let Some(task) = self.current(run) else {
            return;
        };
        if !task.is_active() {
            return;
        }
        let outcome = match &task.run.state {
            State::Stopping {
                cause: StopCause::Revoked,
                ..
            } => Outcome::Revoked(None),
            _ => Outcome::DidNotStart(why),
        };
        self.end(now, run.task, outcome, out);
    }

    /// Puts the end of a task's current run on record.
    pub(super) fn end(&mut self, now: Now, id: TaskId, outcome: Outcome, out: &mut Vec<Effect>) {
        let ended = |task: &mut Task| {
            let was = task.run.clone();
            task.run.trouble = None;
            task.run.state = State::Ended {
                outcome,
                at: now.wall,
            };
            was
        };
        let Some(was) = self.tasks.update(id, ended) else {
            return;
        };
        self.alarms.clear(id);
        self.note_parked(now, id);
        self.ran.remove(&id);
        self.started_by.remove(&id);
        // whoever waits to be told that it is queued is told that it has ended
        self.unstored_queue.remove(&id);
        self.note_life(now, id, &was);
        self.store(id, Vec::new(), out);
        self.tell_watchers(id, out);
    }

    /// The shim vanished without having been released: what it kept must be ended by us.
    pub(super) fn shim_gone(&mut self, now: Now, run: RunId, out: &mut Vec<Effect>) {
        let Some(task) = self.current(run) else {
            return;
        };
        let (leader, cause, outcome) = match &task.run.state {
            State::Ended { .. } => return,
            State::Stopping {
                cause:
                    cause @ (StopCause::Revoked
                    | StopCause::Overtime
                    | StopCause::Silent
                    | StopCause::Spent),
                leader,
                outcome,
                ..
            } => (*leader, *cause, outcome.clone()),
            State::Stopping {
                leader, outcome, ..
            } => (*leader, StopCause::Lost, outcome.clone()),
            state => (state.leader(), StopCause::Lost, state.settled()),
        };
        let was = task.run.clone();
        let state = State::Stopping {
            cause,
            leader,
            outcome,
            kill_at: None,
            left: 0,
        };
        self.tasks.update(run.task, |task| {
            task.run.trouble = None;
            task.run.state = state;
        });
        self.note_life(now, run.task, &was);
        self.store(run.task, vec![Effect::Sweep { run, leader }], out);
        self.tell_watchers(run.task, out);
    }

    /// Takes over what lies on disk of a task's current run, whose shim is gone.
    pub(super) fn take_in(&mut self, now: Now, id: TaskId, remains: &Remains) {
        let measured = |task: &mut Task| {
            let was = task.run.clone();
            if let Some(last) = &remains.last {
                facts(&mut task.run, last);
            }
            task.run.written = task.run.written.max(remains.log.end);
            task.run.dropped = task.run.dropped.max(remains.log.start);
            was
        };
        if let Some(was) = self.tasks.update(id, measured) {
            self.note_life(now, id, &was);
        }
    }

    /// Nothing of a run whose shim was gone lives.
    pub(super) fn swept(&mut self, now: Now, run: RunId, remains: &Remains, out: &mut Vec<Effect>) {
        let Some(task) = self.current(run) else {
            return;
        };
        let State::Stopping { cause, outcome, .. } = task.run.state.clone() else {
            return;
        };
        if self.is_to_be_heard_out(task) {
            self.take_in(now, run.task, remains);
            return self.hold_swept(run, remains, out);
        }
        let last = remains.last.as_deref();
        let on_record = last.and_then(|last| decided(&task.run.state, last));
        self.take_in(now, run.task, remains);
        let began = self
            .current(run)
            .is_some_and(|task| task.run.started.is_some());
        let outcome = outcome.or(on_record).unwrap_or_else(|| match cause {
            StopCause::Revoked => Outcome::Revoked(None),
            StopCause::Spent => Outcome::Spent(None),
            StopCause::Overtime => Outcome::TimedOut(Overrun::Time, None),
            StopCause::Silent => Outcome::TimedOut(Overrun::Silence, None),
            StopCause::Swept | StopCause::Lost if began => Outcome::Lost(
                "its shim is gone and left no record of the end; what lived of it was ended".into(),
            ),
            StopCause::Swept | StopCause::Lost => Outcome::Lost(
                "its supervisor or shim was killed while it was being started; nothing of it lives"
                    .into(),
            ),
        });
        let story = self.current(run).and_then(|task| task.run.story.as_deref());
        let outcome = judge(outcome, story);
        self.end(now, run.task, outcome, out);
    }
}

/// A state, with the outcome in it judged by what the agent said.
fn judged(state: State, story: Option<&Story>) -> State {
    match state {
        State::Ended { outcome, at } => State::Ended {
            outcome: judge(outcome, story),
            at,
        },
        State::Stopping {
            cause,
            leader,
            outcome: Some(outcome),
            kill_at,
            left,
        } => State::Stopping {
            cause,
            leader,
            outcome: Some(judge(outcome, story)),
            kill_at,
            left,
        },
        state => state,
    }
}

/// Takes over what a shim measured.
fn facts(run: &mut Run, status: &Status) {
    run.written = run.written.max(status.written);
    run.dropped = run.dropped.max(status.dropped).min(run.written);
    run.started = status.started.or(run.started);
    run.last_output = status.last_output.or(run.last_output);
    run.trouble.clone_from(&status.trouble);
    if let Some(story) = &mut run.story {
        story.outbox.came(status.typed);
    }
}

/// The outcome, where the leader's end has decided it: what a report makes of a run that
/// stood there before.
pub fn decided(was: &State, status: &Status) -> Option<Outcome> {
    if let Some(failed) = &status.failed {
        return Some(Outcome::DidNotStart(failed.reason.clone()));
    }
    let exit = status.exit?;
    if let State::Stopping {
        outcome: Some(outcome),
        ..
    } = was
    {
        return Some(outcome.clone());
    }
    let by = status.stopping.map(|stopping| stopping.by);
    Some(match by {
        Some(StopBy::Order) if status.exit_in_stop => match was {
            State::Stopping { cause, .. } => match (cause.overrun(), cause) {
                (Some(overrun), _) => Outcome::TimedOut(overrun, Some(exit)),
                (None, StopCause::Spent) => Outcome::Spent(Some(exit)),
                (None, _) => Outcome::Revoked(Some(exit)),
            },
            _ => Outcome::Revoked(Some(exit)),
        },
        Some(StopBy::Orphaned) if status.exit_in_stop => {
            Outcome::Lost("no supervisor came back in time, so its shim ended it".into())
        }
        _ => Outcome::of(exit),
    })
}

/// The state that a report makes of the one before.
fn next(was: &State, status: &Status, now: Now) -> State {
    let outcome = decided(was, status);
    if status.failed.is_some() || status.is_final() {
        return State::Ended {
            outcome: outcome.unwrap_or_else(|| Outcome::Lost("its shim saw no end of it".into())),
            at: status.exited.unwrap_or(now.wall),
        };
    }
    let asked = match was {
        State::Stopping { cause, kill_at, .. } => Some((*cause, *kill_at)),
        _ => None,
    };
    let under_way = status.stopping.map(|stopping| {
        let cause = match stopping.by {
            StopBy::Policy => StopCause::Swept,
            StopBy::Order | StopBy::Signal => StopCause::Revoked,
            StopBy::Orphaned => StopCause::Lost,
        };
        (cause, stopping.kill_at)
    });
    let stop = match (asked, under_way) {
        // the shim's clock is the one that counts
        (Some((cause, _)), Some((_, kill_at))) => Some((cause, kill_at)),
        (asked, under_way) => asked.or(under_way),
    };
    if let Some((cause, kill_at)) = stop {
        return State::Stopping {
            cause,
            leader: status.leader,
            outcome,
            kill_at,
            left: status.left,
        };
    }
    match (status.leader, status.exit) {
        (_, Some(exit)) => State::Lingering {
            exit,
            since: status.exited.unwrap_or(now.wall),
            left: status.left,
            example: status.example.clone(),
        },
        (None, None) => State::Starting,
        (Some(leader), None) if status.paused => State::Paused {
            leader,
            since: match was {
                State::Paused { since, .. } => *since,
                _ => now.wall,
            },
        },
        (Some(leader), None) => State::Running { leader },
    }
}

/// Counts of what lives change often and are worth no write.
const fn worth_storing(was: &State, status: &Status) -> bool {
    match was {
        State::Stopping { outcome, .. } => outcome.is_none() && status.exit.is_some(),
        State::Lingering { .. } => status.stopping.is_some(),
        _ => true,
    }
}

/// What an ended run wants of a person.
const fn attention(state: &State) -> Attention {
    match state {
        State::Ended { outcome, .. } => match outcome {
            Outcome::Succeeded => Attention::FinishedUnread,
            Outcome::Revoked(_) => Attention::None,
            Outcome::Failed(_)
            | Outcome::Killed(_)
            | Outcome::TimedOut(..)
            | Outcome::Spent(_)
            | Outcome::DidNotStart(_)
            | Outcome::Lost(_) => Attention::FailedUnread,
        },
        _ => Attention::None,
    }
}

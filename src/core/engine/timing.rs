//! Times: when a queued task may start, how long one may run, how long it may be silent.

use std::time::Duration;

use super::herd::Engine;
use super::parking;
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::TaskId;
use crate::core::plan::{Hold, HoldCause, Start};
use crate::core::task::{Run, State, StopCause, Task};
use crate::core::time::{Now, Timestamp};

/// How far a run with bounds on its time has come, in monotonic time: the clock may be set.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ran {
    /// How long it ran before `since`, paused time not counted.
    before: Duration,
    /// Since when it runs; `None`: it is paused.
    since: Option<Duration>,
    /// Since when it has written nothing, and what it had written then.
    quiet: Duration,
    /// Whether it had nothing to say then: its silence counts from when that is over.
    busy: bool,
    last_output: Option<Timestamp>,
}

/// Until when a task is held that was asked for so.
pub(super) fn hold(start: Start, now: Now) -> Option<Hold> {
    match start {
        Start::Now => None,
        Start::At(until) => Some(Hold {
            until,
            cause: HoldCause::Clock,
        }),
        Start::In(ms) => Some(Hold {
            until: now.wall.plus(Duration::from_millis(ms)),
            cause: HoldCause::Delay,
        }),
    }
}

impl Engine {
    /// Has a queued task looked at when its time comes, where it waits for one.
    pub(super) fn hold_until(&mut self, now: Now, id: TaskId) {
        let Some(task) = self.tasks.get(id) else {
            return self.alarms.clear(id);
        };
        let State::Queued { hold: Some(hold) } = task.state() else {
            return self.alarms.clear(id);
        };
        // others may start before one that is parked goes on
        let open = parking::opens(task).filter(|at| *at > now.wall);
        let left = now.wall.until(open.unwrap_or(hold.until));
        let left = match hold.cause {
            HoldCause::Clock | HoldCause::Parked => left,
            // no longer than was asked for, though the clock was set back meanwhile
            HoldCause::Delay | HoldCause::Again => left.min(task.run.created.until(hold.until)),
        };
        self.alarms.set(id, now.mono + left);
    }

    /// The clock was set: what waits for a time of it waits for another while.
    pub(super) fn clock_set(&mut self, now: Now) {
        for id in self.alarms.tasks() {
            if let Some(State::Queued {
                hold:
                    Some(Hold {
                        cause: HoldCause::Clock | HoldCause::Parked,
                        ..
                    }),
            }) = self.tasks.get(id).map(Task::state)
            {
                self.note_parked(now, id);
                self.hold_until(now, id);
            }
        }
    }

    /// Looks at every task whose time has come.
    pub(super) fn ring(&mut self, now: Now, out: &mut Vec<Effect>) {
        while let Some(id) = self.alarms.pop_due(now.mono) {
            match self.tasks.get(id).map(Task::state) {
                Some(State::Queued { hold: Some(hold) }) => {
                    // the clock may have been set back by a little at a time
                    if matches!(hold.cause, HoldCause::Clock | HoldCause::Parked)
                        && now.wall < hold.until
                    {
                        self.note_parked(now, id);
                        self.hold_until(now, id);
                        continue;
                    }
                    let by = match hold.cause {
                        HoldCause::Clock | HoldCause::Delay => By::Schedule,
                        HoldCause::Again => By::Policy,
                        HoldCause::Parked => By::Limit,
                    };
                    self.started_by.insert(id, by);
                    self.tasks
                        .update(id, |task| task.run.state = State::Queued { hold: None });
                    self.note_parked(now, id);
                    self.enqueue(now, id);
                }
                Some(State::Running { .. }) => self.mind_time(now, id, out),
                _ => self.note_parked(now, id),
            }
        }
    }

    /// A run may have come to another state, or written something: what that means for its
    /// time. `was` is the run before.
    pub(super) fn follow_time(&mut self, now: Now, id: TaskId, was: &Run, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        if let (State::Paused { since, .. }, false) =
            (&was.state, matches!(task.state(), State::Paused { .. }))
        {
            let paused = since.until(now.wall).as_millis() as u64;
            self.tasks.update(id, |task| task.run.paused_ms += paused);
        }
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        if task.spec.timeout_ms.is_none() && task.spec.idle.is_none() {
            return;
        }
        let last_output = task.run.last_output;
        match task.state() {
            State::Running { .. } => {
                let began = task.run.started.unwrap_or(now.wall).until(now.wall);
                let fresh = || Ran {
                    before: began.saturating_sub(Duration::from_millis(task.run.paused_ms)),
                    since: None,
                    quiet: now.mono,
                    busy: false,
                    last_output,
                };
                let mut ran = self.ran.get(&id).copied().unwrap_or_else(fresh);
                if ran.since.is_none() {
                    ran.since = Some(now.mono);
                    ran.quiet = now.mono;
                }
                if ran.last_output != last_output {
                    ran.last_output = last_output;
                    ran.quiet = now.mono;
                }
                self.ran.insert(id, ran);
                self.mind_time(now, id, out);
            }
            State::Paused { .. } => {
                if let Some(ran) = self.ran.get_mut(&id)
                    && let Some(since) = ran.since.take()
                {
                    ran.before += now.mono.saturating_sub(since);
                }
                self.alarms.clear(id);
            }
            State::Queued { .. } => {}
            _ => {
                self.ran.remove(&id);
                self.alarms.clear(id);
            }
        }
    }

    /// Stops a running task that went beyond a bound on its time, or has it looked at when
    /// it would.
    pub(super) fn mind_time(&mut self, now: Now, id: TaskId, out: &mut Vec<Effect>) {
        let (Some(task), Some(ran)) = (self.tasks.get(id), self.ran.get_mut(&id)) else {
            return;
        };
        let Some(since) = ran.since else {
            return;
        };
        // an agent whose tool works, or that waits for an answer, has nothing to say
        let busy = task.run.story.as_ref().is_some_and(|story| story.is_busy());
        if std::mem::replace(&mut ran.busy, busy) && !busy {
            ran.quiet = now.mono;
        }
        let timeout = task.spec.timeout_ms.map(Duration::from_millis);
        let timeout = timeout.map(|most| since + most.saturating_sub(ran.before));
        let idle = task.spec.idle;
        let silent = idle.map(|idle| ran.quiet + Duration::from_millis(idle.after_ms));
        let stalled = task.attention == Attention::Stalled;
        if timeout.is_some_and(|at| at <= now.mono) {
            return self.stop_for(now, id, StopCause::Overtime, out);
        }
        let silent = silent.filter(|_| !busy);
        let is_silent = silent.is_some_and(|at| at <= now.mono);
        if is_silent && idle.is_some_and(|idle| idle.stop) {
            return self.stop_for(now, id, StopCause::Silent, out);
        }
        if is_silent != stalled {
            self.stall(now, id, is_silent, out);
        }
        let next = timeout.into_iter().chain(silent.filter(|_| !is_silent));
        match next.min() {
            Some(at) => self.alarms.set(id, at),
            None => self.alarms.clear(id),
        }
    }

    /// When a running task is stopped for its `--timeout`, where it has one.
    pub fn stops_at(&self, id: TaskId) -> Option<Timestamp> {
        let ran = self.ran.get(&id)?;
        let most = Duration::from_millis(self.tasks.get(id)?.spec.timeout_ms?);
        let at = ran.since? + most.saturating_sub(ran.before);
        let left = at.saturating_sub(self.last.mono);
        Some(self.last.wall.plus(left))
    }

    /// Says that a task writes nothing, or that it does again.
    fn stall(&mut self, now: Now, id: TaskId, stalls: bool, out: &mut Vec<Effect>) {
        let wanted = if stalls {
            Attention::Stalled
        } else {
            Attention::None
        };
        self.want(id, wanted, Some(now.wall));
        if !stalls {
            self.mind_attention(now, id);
        }
        if stalls {
            let word = Some(wanted.word().into());
            self.note(now, id, What::Attention, By::Limit, word);
        }
        self.store(id, Vec::new(), out);
        self.tell_watchers(id, out);
    }
}

//! Runs that came to a limit of their provider's: they give up their slot, wait `parked`
//! until the limit is reset, and go on with the conversation. Meanwhile nothing new starts
//! in their lane.

use std::time::Duration;

use super::herd::Engine;
use crate::core::id::TaskId;
use crate::core::limit::Limit;
use crate::core::plan::{Hold, HoldCause};
use crate::core::task::{Outcome, Run, State, Task};
use crate::core::time::{Now, Timestamp};

/// How long after a reset the first goes on, at least: the clocks of others differ.
const AFTER: Duration = Duration::from_secs(30);

/// Within so long after that all of them do.
const WITHIN: Duration = Duration::from_secs(30);

/// No limit of a provider's lasts longer, months counted: what is said to be reset after
/// that is a mistake, and waited for by nobody.
const LONGEST: Duration = Duration::from_secs(40 * 24 * 3600);

/// A reset that is past already was one too early: tried again after so long, then after
/// twice that each time, up to the most.
const PAST: Duration = Duration::from_secs(60);
const PAST_MOST: Duration = Duration::from_secs(3600);

/// What an agent is told that goes on.
pub(super) const GO_ON: &str =
    "The usage limit that stopped you has been reset. Continue where you left off.";

impl Engine {
    /// Until when a run that has come to its outcome is parked, where it is.
    pub(super) fn parks(&self, task: &Task) -> Option<Timestamp> {
        let failed = matches!(
            task.state().settled(),
            Some(Outcome::Failed(_) | Outcome::Killed(_))
        );
        let story = task.run.story.as_ref().filter(|_| failed)?;
        let (_, until) = story.parks_until()?;
        let last = self.last.wall.plus(LONGEST);
        let waits = until <= last && self.envs.contains(task.id) && !self.shutting_down();
        waits.then_some(until)
    }

    /// Until when such a run of a task is held: by a number that looks like chance, not all
    /// alike.
    pub(super) fn hold_parked(now: Now, task: &Task, until: Timestamp, chance: u64) -> Hold {
        let jitter = Duration::from_millis(chance % (WITHIN.as_millis() as u64 + 1));
        let until = if until > now.wall {
            until.plus(AFTER)
        } else {
            now.wall.plus(after_past(vain(task)))
        };
        Hold {
            until: until.plus(jitter),
            cause: HoldCause::Parked,
        }
    }

    /// Notes whether a task is parked, or was when it was revoked: what starts in its lane
    /// goes by that.
    pub(super) fn note_parked(&mut self, now: Now, id: TaskId) {
        let task = self.tasks.get(id);
        let until = task.and_then(opens).filter(|at| *at > now.wall);
        let Some(until) = until else {
            if self.parked.remove(&id) {
                self.tasks.queue_mut().touch();
            }
            return;
        };
        self.parked.insert(id);
        // nothing else has such a one looked at
        if task.is_some_and(|task| !task.is_active()) {
            self.alarms.set(id, now.mono + now.wall.until(until));
        }
    }

    /// Until when nothing starts that counts against a limit, and which task came to its
    /// provider's.
    pub(super) fn exhausted(&self, limit: &Limit) -> Option<(Timestamp, TaskId)> {
        if self.parked.is_empty() {
            return None;
        }
        let now = self.last.wall;
        let each = self.parked.iter().filter_map(|id| {
            let task = self.tasks.get(*id)?;
            let until = opens(task).filter(|until| *until > now)?;
            (exhausts(task) == Some(limit.clone())).then_some((until, *id))
        });
        each.max()
    }

    /// Which limit of its provider's a parked task came to.
    pub(super) fn which_limit(task: &Task) -> String {
        let reached = |run: &Run| Some(run.story.as_ref()?.limit.as_ref()?.which.clone());
        let which = task.past.last().and_then(reached);
        which.unwrap_or_else(|| "a limit of its provider's".into())
    }
}

/// How many runs in a row before the last came to a limit and answered nothing.
fn vain(task: &Task) -> u32 {
    let vain = |run: &&Run| {
        let story = run.story.as_ref();
        story.is_some_and(|it| it.limit.is_some() && !it.answered)
    };
    task.past.iter().rev().take_while(vain).count() as u32
}

/// How long a run waits whose limit is said to be reset already, after so many in vain.
fn after_past(vain: u32) -> Duration {
    PAST.saturating_mul(2_u32.saturating_pow(vain))
        .min(PAST_MOST)
}

/// When a limit is reset that a task came to which is parked, or was when it was revoked: its
/// provider gives no more until then. The task itself goes on a little later.
pub(super) fn opens(task: &Task) -> Option<Timestamp> {
    let reset = || {
        let story = task.past.last()?.story.as_ref()?;
        Some(story.parks_until()?.1.plus(AFTER))
    };
    match task.state() {
        State::Queued {
            hold:
                Some(Hold {
                    until,
                    cause: HoldCause::Parked,
                }),
        } => {
            let first = Timestamp(until.0.saturating_sub(WITHIN.as_millis() as u64));
            // one that was said to be over already is tried again by itself
            let told = reset().filter(|at| (first..=*until).contains(at));
            Some(told.unwrap_or(first))
        }
        State::Ended { .. } if task.run.started.is_none() => reset(),
        _ => None,
    }
}

/// Whose starts wait for a parked task: its lane's, else its provider's.
fn exhausts(task: &Task) -> Option<Limit> {
    let lane = task.spec.lane.clone().map(Limit::Lane);
    lane.or_else(|| task.spec.provider.clone().map(Limit::Provider))
}

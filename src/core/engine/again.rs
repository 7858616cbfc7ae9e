//! A task that is to run again after a failure waits `queued` for a while that doubles.

use std::sync::Arc;
use std::time::Duration;

use super::herd::Engine;
use super::parking::GO_ON;
use crate::core::agent::plan::{Agent, FollowUp};
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::RunId;
use crate::core::mix::mixed;
use crate::core::plan::{Fate, Hold, HoldCause};
use crate::core::record::Environment;
use crate::core::task::{Outcome, State, Task};
use crate::core::time::Now;

/// Before the first further run; twice as long before each that follows, up to the most.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);

/// How long to wait before a further run when so many came before it by themselves, at
/// most; and up to a quarter less, by chance, so that tasks that failed together don't
/// all come again together.
fn pause(restarts: u32, chance: u64) -> Duration {
    let most = FIRST
        .saturating_mul(2_u32.saturating_pow(restarts))
        .min(MOST);
    let less = most.as_millis() as u64 / 4;
    most.saturating_sub(Duration::from_millis(chance % (less + 1)))
}

/// A number that looks like any other, and is the same for the same run.
const fn chance(run: RunId, at: u64) -> u64 {
    mixed(at.wrapping_add((run.task.0 as u64) << 32 | run.number as u64))
}

impl Engine {
    /// Whether a run that has come to its outcome is followed by another without anybody's
    /// doing.
    pub(super) fn runs_again(&self, task: &Task) -> bool {
        self.parks(task).is_some() || self.goes_on_with(task).is_some() || self.is_retried(task)
    }

    /// What was said while a run went on that begins the next.
    fn goes_on_with(&self, task: &Task) -> Option<FollowUp> {
        let came = matches!(
            task.state().settled(),
            Some(Outcome::Succeeded | Outcome::Failed(_))
        );
        let story = task.run.story.as_ref().filter(|_| came)?;
        let text = story.unsaid()?;
        let known = self.envs.contains(task.id) && !self.shutting_down();
        Self::follow_up_of(task, text, false).ok().filter(|_| known)
    }

    fn is_retried(&self, task: &Task) -> bool {
        let fate = task.state().settled().as_ref().and_then(Fate::of);
        fate.is_some_and(|fate| task.spec.retry_on.contains(&fate))
            && task.run.restarts < task.spec.restarts
            && self.envs.contains(task.id)
            && !self.shutting_down()
    }

    /// The environment of a task, where a run of it is to come by itself.
    pub(super) fn environment_to_keep(&self, task: &Task) -> Option<Arc<Environment>> {
        let may_come = match task.state() {
            State::Queued { .. } => true,
            State::Ended { .. } => self.runs_again(task),
            _ => task.run.restarts < task.spec.restarts || task.spec.agent.is_some(),
        };
        self.envs.get(task.id).filter(|_| may_come).map(Arc::clone)
    }

    /// A run's end is stored: the next one is queued, where there is to be one.
    pub(super) fn follow_up(&mut self, now: Now, ended: RunId, out: &mut Vec<Effect>) {
        // one on its way out that stays after all is stored, and comes here, once more
        let due =
            |task: &&Task| !task.is_active() && !self.is_leaving(task.id) && self.runs_again(task);
        let Some(task) = self.current(ended).filter(due) else {
            return;
        };
        let id = task.id;
        let chance = chance(ended, task.run.created.0);
        let (restarts, said) = (task.run.restarts, self.goes_on_with(task));
        let parks = self.parks(task);
        let anew = parks.is_some() && is_forgotten(task);
        // a further run of a follow-up is the same follow-up
        let again = task.run.follow.as_deref().cloned();
        // whether what was said begins the next run
        let mut told = false;
        let (hold, restarts, follow, by) = if let Some(until) = parks {
            let hold = Self::hold_parked(now, task, until, chance);
            let go_on = || Self::follow_up_of(task, GO_ON.to_owned(), false).ok();
            told = said.is_some() && !anew;
            let follow = said.or_else(go_on).filter(|_| !anew);
            (Some(hold), restarts, follow.or(again), By::Limit)
        } else if said.is_some() {
            told = true;
            (None, 0, said, By::Person)
        } else {
            let hold = Hold {
                until: now.wall.plus(pause(restarts, chance)),
                cause: HoldCause::Again,
            };
            (Some(hold), restarts + 1, again, By::Policy)
        };
        self.begin_run(now, id, |run| {
            run.restarts = restarts;
            run.state = State::Queued { hold };
            run.follow = follow.map(Box::new);
        });
        if !told {
            self.tasks.update(id, hand_words_on);
        }
        self.note_parked(now, id);
        if by == By::Limit {
            self.want(id, Attention::LimitReached, Some(now.wall));
        }
        self.note(now, id, What::Created, by, None);
        self.store(id, Vec::new(), out);
        if hold.is_some() {
            self.hold_until(now, id);
        } else {
            self.enqueue(now, id);
        }
        self.tell_watchers(id, out);
    }
}

/// Whether nothing of a run's conversation is kept by its agent: one that goes on with it
/// would find none.
fn is_forgotten(task: &Task) -> bool {
    let forgets = |agent: &Agent| agent.forgets_unanswered;
    let unanswered = task.run.story.as_ref().is_some_and(|it| !it.answered);
    unanswered && task.spec.agent.as_deref().is_some_and(forgets)
}

/// What was said while the last run went on is said to the next one, which begins as that
/// did.
fn hand_words_on(task: &mut Task) {
    let last = task.past.last_mut().and_then(|run| run.story.as_mut());
    for message in last.map(|story| story.take_unsaid()).unwrap_or_default() {
        let story = task.run.story.get_or_insert_default();
        story.say(&message.text, message.at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let seconds: Vec<u64> = (0..8).map(|n| pause(n, 0).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX, 0), MOST);
        let all = (0..1000).map(|n| {
            let run = RunId {
                task: crate::core::id::TaskId(n),
                number: 1,
            };
            pause(2, chance(run, 7)).as_millis()
        });
        let (least, most) = (all.clone().min().unwrap(), all.max().unwrap());
        assert!((3000..3100).contains(&least) && (3900..=4000).contains(&most));
    }
}

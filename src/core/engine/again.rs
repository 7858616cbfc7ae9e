//! A task that is to run again after a failure waits `queued` for a while that doubles.

use std::sync::Arc;
use std::time::Duration;

use super::herd::Engine;
use crate::core::attention::Attention;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::{RunId, TaskId};
use crate::core::task::{Outcome, Run, State, Task};
use crate::core::time::Now;

/// Before the first further run; twice as long before each that follows, up to the most.
const FIRST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(60);

/// How long to wait before a further run when so many came before it by themselves.
fn pause(restarts: u32) -> Duration {
    FIRST
        .saturating_mul(2_u32.saturating_pow(restarts))
        .min(MOST)
}

impl Engine {
    /// Whether an ended run is followed by another without anybody's doing. The
    /// environment is not stored: what a supervisor that died had promised is not kept.
    pub(super) fn runs_again(&self, task: &Task) -> bool {
        let failed = matches!(
            task.run.state,
            State::Ended {
                outcome: Outcome::Failed(_) | Outcome::Killed(_),
                ..
            }
        );
        failed
            && task.run.restarts < task.spec.restarts
            && self.envs.contains_key(&task.id)
            && !self.shutting_down()
    }

    /// A run's end is stored: the next one is queued, where there is to be one.
    pub(super) fn follow_up(&mut self, now: Now, ended: RunId, out: &mut Vec<Effect>) {
        let Some(task) = self.current(ended).filter(|task| self.runs_again(task)) else {
            return;
        };
        let id = task.id;
        let run = Run {
            restarts: task.run.restarts + 1,
            state: State::Queued {
                until: now.wall.plus(pause(task.run.restarts)),
            },
            ..Run::new(task.run.number + 1, now.wall)
        };
        self.due.insert(id, now.mono + pause(task.run.restarts));
        self.tasks.update(id, |task| {
            task.past.push(std::mem::replace(&mut task.run, run));
            task.attention = Attention::None;
        });
        self.note(now, id, What::Created, By::Policy, None);
        self.store(id, Vec::new(), out);
        self.tell_watchers(id, out);
    }

    /// Starts what has waited long enough.
    pub(super) fn start_due(&mut self, now: Now, out: &mut Vec<Effect>) {
        let due = |at: &Duration| *at <= now.mono;
        let ids: Vec<TaskId> = self
            .due
            .iter()
            .filter(|(_, at)| due(at))
            .map(|(id, _)| *id)
            .collect();
        for id in ids {
            self.due.remove(&id);
            let queued = |task: &Task| matches!(task.run.state, State::Queued { .. });
            let env = self.envs.get(&id).map(Arc::clone);
            let Some(env) = env.filter(|_| self.tasks.get(id).is_some_and(queued)) else {
                continue;
            };
            self.tasks
                .update(id, |task| task.run.state = State::Starting);
            self.spawn(id, &env, out);
            self.tell_watchers(id, out);
        }
    }

    /// Ends a run that waits to be started.
    pub(super) fn unqueue(
        &mut self,
        now: Now,
        id: TaskId,
        outcome: Outcome,
        out: &mut Vec<Effect>,
    ) {
        self.due.remove(&id);
        self.end(now, id, outcome, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_minute() {
        let seconds: Vec<u64> = (0..8).map(|n| pause(n).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX), MOST);
    }
}

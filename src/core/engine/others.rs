//! Tasks that wait for others: what they still wait for, and what can never come.

use std::collections::BTreeSet;

use super::herd::{Engine, answer, refuse};
use crate::core::effect::Effect;
use crate::core::id::{Target, TaskId};
use crate::core::input::Ticket;
use crate::core::plan::{After, Behind, Needs};
use crate::core::task::{Outcome, State, Task};
use crate::core::waiting::Waiting;
use crate::core::wire::{Answer, Failure};

/// What has become of one that is waited for.
enum Came {
    /// It may still come to it.
    NotYet,
    /// It has.
    Yes,
    /// It never will; what it came to instead.
    Never(String),
}

impl Engine {
    fn came(&self, waits: &Task, after: After) -> Came {
        let Some(task) = self.tasks.get(after.task) else {
            // it had come when an earlier run started: to be removed since undoes nothing
            return if waits.past.iter().any(|run| run.started.is_some()) {
                Came::Yes
            } else {
                Came::Never("is gone".into())
            };
        };
        let Some(outcome) = task.state().settled().filter(|_| !self.runs_again(task)) else {
            return Came::NotYet;
        };
        match (after.needs, outcome) {
            (Needs::End, _) | (_, Outcome::Succeeded) => Came::Yes,
            (_, outcome) => Came::Never(match outcome {
                Outcome::DidNotStart(_) => "did not start".into(),
                Outcome::TimedOut(..) => "timed out".into(),
                Outcome::Revoked(_) | Outcome::Spent(_) => "was revoked".into(),
                Outcome::Killed(_) => "was killed".into(),
                Outcome::Lost(_) => "was lost".into(),
                Outcome::Failed(_) | Outcome::Succeeded => "failed".into(),
            }),
        }
    }

    /// What a queued task waits for in others, if it does.
    pub(super) fn first_others(&self, task: &Task) -> Option<Waiting> {
        let (any, all): (Vec<After>, Vec<After>) =
            (task.after.iter()).partition(|after| after.needs == Needs::AnySuccess);
        let not_yet = |after: &After| matches!(self.came(task, *after), Came::NotYet);
        let mut waits: Vec<After> = all.into_iter().filter(not_yet).collect();
        let come = |after: &After| matches!(self.came(task, *after), Came::Yes);
        if !any.iter().any(come) {
            waits.extend(any.into_iter().filter(not_yet));
        }
        let first = waits.first()?;
        let other = self.tasks.get(first.task)?;
        Some(Waiting::After {
            task: first.task,
            state: other.state().word(),
            needs: first.needs,
            more: waits.len() - 1,
        })
    }

    /// Whether a queued task waits as before, though these have come to something: one that
    /// waits for thousands is not asked about each of them when one ends.
    pub(super) fn waits_still(&self, id: TaskId, others: &BTreeSet<TaskId>) -> bool {
        let (Some(task), Some(entry)) = (self.tasks.get(id), self.tasks.queue().entry(id)) else {
            return false;
        };
        let of = |other: TaskId| {
            let first = task.after.partition_point(|after| after.task < other);
            task.after[first..]
                .iter()
                .take_while(move |after| after.task == other)
        };
        let holds = |after: &After| {
            after.needs != Needs::AnySuccess && matches!(self.came(task, *after), Came::NotYet)
        };
        let is_well = |after: &After| {
            after.needs != Needs::AnySuccess && !matches!(self.came(task, *after), Came::Never(_))
        };
        !others.is_empty()
            && task.after.is_sorted_by_key(|after| after.task)
            && entry.waits_for.is_some_and(|other| of(other).any(holds))
            && others.iter().all(|other| of(*other).all(is_well))
    }

    /// Why what a task waits for can never come, where that is so.
    pub(super) fn never(&self, task: &Task) -> Option<String> {
        let mut any = 0;
        let mut lost = Vec::new();
        for after in &task.after {
            let came = self.came(task, *after);
            match (after.needs, came) {
                (Needs::AnySuccess, came) => {
                    any += 1;
                    if let Came::Never(_) = came {
                        lost.push(after.task);
                    }
                }
                (_, Came::Never(what)) => {
                    return Some(format!("it was to run after #{}, which {what}", after.task));
                }
                _ => {}
            }
        }
        if any == 0 || lost.len() < any {
            return None;
        }
        let lost: Vec<String> = lost.iter().map(|id| format!("#{id}")).collect();
        Some(format!(
            "it was to run after one of {}, and none of them succeeded",
            lost.join(" ")
        ))
    }

    /// The tasks that a person means to come first.
    ///
    /// # Errors
    /// One line that names what there is not.
    pub(super) fn behind(&self, behind: &[Behind]) -> Result<Vec<After>, String> {
        let all: Result<BTreeSet<After>, String> = behind
            .iter()
            .map(|behind| {
                Ok(After {
                    task: self.resolve(&behind.target)?,
                    needs: behind.needs,
                })
            })
            .collect();
        Ok(all?.into_iter().collect())
    }

    /// One that is asked for again does not wait for what was removed since: nobody can
    /// tell any more what came of it.
    pub(super) fn forget_gone(&mut self, id: TaskId) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let mut after = task.after.clone();
        after.retain(|after| self.tasks.contains(after.task));
        self.tasks.update(id, |task| task.after = after);
    }

    /// Has a queued task wait for these.
    pub(super) fn wait_for(
        &mut self,
        ticket: Ticket,
        target: &Target,
        behind: &[Behind],
        out: &mut Vec<Effect>,
    ) {
        let found = self
            .resolve(target)
            .and_then(|id| Ok((id, self.behind(behind)?)));
        let (id, after) = match found {
            Ok(found) => found,
            Err(line) => return out.push(refuse(ticket, Failure::NoSuchTask, line)),
        };
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        if !matches!(task.state(), State::Queued { .. }) {
            let word = task.state().word();
            let line = format!("task {id} is {word}: only a queued one can be made to wait");
            return out.push(refuse(ticket, Failure::Failed, line));
        }
        if let Some(circle) = after.iter().find_map(|after| self.circle(id, after.task)) {
            let line = format!("task {id} would wait for itself: {circle}");
            return out.push(refuse(ticket, Failure::Failed, line));
        }
        self.tasks.update(id, |task| task.after = after);
        self.store(id, Vec::new(), out);
        self.tell_watchers(id, out);
        out.extend(
            self.tasks
                .get(id)
                .map(|task| answer(ticket, Answer::Task(Box::new(self.report(task))))),
        );
    }

    /// The way from `from` back to `id` along what queued tasks wait for, as a person
    /// reads it; `None` where there is none.
    fn circle(&self, id: TaskId, from: TaskId) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut ways = vec![vec![from]];
        while let Some(way) = ways.pop() {
            let last = *way.last()?;
            if last == id {
                let way: Vec<String> = way.iter().map(|id| format!("#{id}")).collect();
                return Some(format!("#{id} after {}", way.join(" after ")));
            }
            let queued = |task: &&Task| matches!(task.state(), State::Queued { .. });
            let Some(task) = self.tasks.get(last).filter(queued) else {
                continue;
            };
            if seen.insert(last) {
                let next = task.after.iter().map(|after| after.task);
                ways.extend(next.map(|next| [way.as_slice(), &[next]].concat()));
            }
        }
        None
    }
}

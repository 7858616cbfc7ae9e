//! Tasks as they are told to scripts and persons.

use super::herd::Engine;
use super::why::reason;
use crate::core::id::RunId;
use crate::core::report::{RunReport, TaskReport};
use crate::core::task::Task;

impl Engine {
    /// The report of a task.
    pub fn report(&self, task: &Task) -> TaskReport {
        let log = self.rules.run_dir(task.run_id());
        TaskReport::of(task, self.reason(task), log.to_string_lossy().into_owned())
            .having_used(&self.bill(task))
    }

    /// Why a task stands where it stands, in one line; `None` where the state says it all.
    pub fn reason(&self, task: &Task) -> Option<String> {
        let waiting = || self.waiting(task).map(|waiting| waiting.to_string());
        reason(&task.run).or_else(waiting)
    }

    /// The report of a task with all its runs.
    pub(super) fn full_report(&self, task: &Task) -> TaskReport {
        let runs = task.past.iter().chain([&task.run]).map(|run| {
            let log = self.rules.run_dir(RunId {
                task: task.id,
                number: run.number,
            });
            let agent = task.spec.agent.as_deref().filter(|_| run.number == 1);
            let follow = run.follow.as_deref().map(|follow| &follow.prompt);
            let report = RunReport::of(run, log.to_string_lossy().into_owned());
            RunReport {
                prompt: follow.or(agent.map(|agent| &agent.prompt)).cloned(),
                ..report.having_used(&self.run_bill(task, run))
            }
        });
        TaskReport {
            runs: Some(runs.collect()),
            ..self.report(task)
        }
    }
}

//! How far tasks are that are waited for: one line on a terminal, written anew in its
//! place as things happen.

use std::collections::{BTreeMap, HashSet};
use std::io::{self, IsTerminal, Write};

use super::call::tasks;
use super::line::Line;
use super::table;
use super::trouble::Trouble;
use crate::core::event::{Event, What};
use crate::core::filter::Filter;
use crate::core::id::{Target, TaskId};
use crate::core::report::TaskReport;
use crate::core::wire::{EventsAsked, Request};

/// Where a task stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Waits,
    Runs,
    Ended,
    Failed,
}

/// How far they are. Nothing is kept, nor said, where no terminal shows it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    stands: BTreeMap<TaskId, Stand>,
    /// Whether the line is on the terminal.
    shown: bool,
}

impl Progress {
    /// Of nothing: nothing is said.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Of these, where there are several and standard error is a terminal.
    pub(super) fn of(line: &mut Line, targets: &[Target]) -> Result<Self, Trouble> {
        let mut progress = Self::none();
        if targets.len() < 2 || !io::stderr().is_terminal() {
            return Ok(progress);
        }
        // what happens from now on is told after the list that shows all that was before
        line.ask(Request::Events(EventsAsked {
            task: None,
            last: Some(0),
            follow: true,
        }))?;
        let number = line.ask(Request::List(Filter {
            all: true,
            ..Filter::default()
        }))?;
        let meant: HashSet<&Target> = targets.iter().collect();
        let all = tasks(line, number)?;
        for task in all
            .iter()
            .filter(|task| meant.contains(&Target::Id(task.id)))
        {
            progress.stands.insert(task.id, stand(&task.state));
        }
        progress.show();
        Ok(progress)
    }

    /// Something happened to tasks.
    pub(super) fn follow(&mut self, events: &[Event]) {
        let mut changed = false;
        for event in events {
            let now = match event.what {
                What::Created => Stand::Waits,
                What::Started => Stand::Runs,
                _ => continue,
            };
            if let Some(stand) = self.stands.get_mut(&event.task)
                && !matches!(stand, Stand::Ended | Stand::Failed)
            {
                changed |= *stand != now;
                *stand = now;
            }
        }
        if changed {
            self.show();
        }
    }

    /// What was waited for in this one has come.
    pub(super) fn ended(&mut self, task: &TaskReport) {
        let how = if task.outcome.as_deref() == Some("succeeded") {
            Stand::Ended
        } else {
            Stand::Failed
        };
        if let Some(stand) = self.stands.get_mut(&task.id) {
            *stand = how;
            self.show();
        }
    }

    /// Takes the line away, for another to be written or because all is over.
    pub(super) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            write!(io::stderr(), "\r\x1b[K").ok();
        }
    }

    fn show(&mut self) {
        let line = self.line();
        let room = table::columns().unwrap_or(80).saturating_sub(1);
        self.shown = true;
        let line: String = line.chars().take(room).collect();
        write!(io::stderr(), "\r\x1b[K{line}").ok();
    }

    fn line(&self) -> String {
        let count = |wanted: Stand| self.stands.values().filter(|is| **is == wanted).count();
        let failed = count(Stand::Failed);
        format!(
            "{} of {} ended, {failed} failed, {} run, {} wait",
            count(Stand::Ended) + failed,
            self.stands.len(),
            count(Stand::Runs),
            count(Stand::Waits),
        )
    }
}

fn stand(state: &str) -> Stand {
    match state {
        "queued" | "parked" => Stand::Waits,
        // how it ended is told by the answer to the waiting
        _ => Stand::Runs,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::detail::tests::report;
    use crate::core::event::By;
    use crate::core::time::Timestamp;

    fn happened(id: u32, what: What) -> Event {
        Event {
            seq: 1,
            at: Timestamp(0),
            what,
            by: By::Schedule,
            task: TaskId(id),
            run: 1,
            name: "x".into(),
            exit: None,
            outcome: None,
            text: None,
        }
    }

    #[test]
    fn tasks_are_counted_where_they_stand() {
        let mut progress = Progress::none();
        for (id, state) in [(1, "running"), (2, "queued"), (3, "queued"), (4, "paused")] {
            progress.stands.insert(TaskId(id), stand(state));
        }
        assert_eq!(progress.line(), "0 of 4 ended, 0 failed, 2 run, 2 wait");
        progress.follow(&[happened(2, What::Started), happened(9, What::Started)]);
        assert_eq!(progress.line(), "0 of 4 ended, 0 failed, 3 run, 1 wait");
        let mut task = report("ended");
        for (id, outcome) in [(1, "succeeded"), (4, "failed")] {
            task.id = TaskId(id);
            task.outcome = Some(outcome.into());
            progress.ended(&task);
        }
        // one that is run again by itself waits once more; what came to its end stays so
        progress.follow(&[happened(2, What::Created), happened(1, What::Started)]);
        assert_eq!(progress.line(), "2 of 4 ended, 1 failed, 0 run, 2 wait");
    }
}

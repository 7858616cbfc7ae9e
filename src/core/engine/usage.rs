//! What agents used, and what that cost.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::herd::Engine;
use crate::core::agent::bill::{Bill, Source};
use crate::core::agent::tokens::Usd;
use crate::core::id::TaskId;
use crate::core::report::StatsReport;
use crate::core::task::{Outcome, Run, Task};
use crate::core::time::{Now, Timestamp};
use crate::core::wire;

/// Milliseconds of a day.
pub(super) const DAY: u64 = 24 * 3600 * 1000;

/// What was used today, by lane.
#[derive(Debug, Default)]
pub(super) struct Today {
    /// Days since the epoch, in UTC.
    day: u64,
    lanes: BTreeMap<Option<String>, Lane>,
}

/// What the tasks of a lane used today. What a task used may turn out to be another sum than
/// was known before, so each is kept by itself, and summed up when somebody asks.
#[derive(Debug, Default)]
struct Lane {
    tasks: BTreeMap<TaskId, Bill>,
    sum: OnceCell<Bill>,
}

impl Lane {
    fn sum(&self) -> &Bill {
        self.sum.get_or_init(|| {
            let tasks = self.tasks.values();
            tasks.fold(Bill::default(), |sum, each| sum.and(each))
        })
    }
}

impl Engine {
    /// What a run used.
    pub fn run_bill(&self, task: &Task, run: &Run) -> Bill {
        let Some(story) = &run.story else {
            return Bill::default();
        };
        let usual = story.model.as_deref().or(task.spec.model.as_deref());
        story.ledger.bill(&self.rules.prices, usual)
    }

    /// What all runs of a task used.
    pub fn bill(&self, task: &Task) -> Bill {
        let runs = task.past.iter().chain([&task.run]);
        runs.fold(Bill::default(), |sum, run| {
            sum.and(&self.run_bill(task, run))
        })
    }

    /// What was used today, in UTC, by everyone.
    pub fn today(&self) -> Bill {
        if self.today.day != self.last.wall.0 / DAY {
            return Bill::default();
        }
        let lanes = self.today.lanes.values();
        lanes.fold(Bill::default(), |sum, lane| sum.and(lane.sum()))
    }

    /// A task, which had used so much, may have used more.
    pub(super) fn count_used(&mut self, now: Now, id: TaskId, before: Bill) {
        let Some(task) = self.tasks.get(id).filter(|task| self.bill(task) != before) else {
            return;
        };
        let day = now.wall.0 / DAY;
        if dawn(task).is_none_or(|(of, _)| *of != day) {
            self.tasks.update(id, |task| {
                task.run.story.get_or_insert_default().dawn = Some((day, before));
            });
        }
        self.count_stored(now, id);
    }

    /// What a task is known to have used today.
    pub(super) fn count_stored(&mut self, now: Now, id: TaskId) {
        let day = now.wall.0 / DAY;
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let Some((_, before)) = dawn(task).filter(|(of, _)| *of == day) else {
            return;
        };
        let used = beyond(&self.bill(task), before);
        let lane = task.spec.lane.clone();
        if self.today.day != day {
            self.today = Today {
                day,
                lanes: BTreeMap::new(),
            };
        }
        let lane = self.today.lanes.entry(lane).or_default();
        lane.tasks.insert(id, used);
        lane.sum.take();
    }

    /// What a lane used today.
    pub(super) fn today_in(&self, lane: &str, now: Timestamp) -> Option<&Bill> {
        let today = &self.today;
        let lane = today.lanes.get(&Some(lane.to_owned()));
        lane.filter(|_| today.day == now.0 / DAY).map(Lane::sum)
    }

    /// What runs used together.
    pub(super) fn stats(&self, now: Now, days: u32, by: wire::By) -> Vec<StatsReport> {
        let from = match days {
            0 => 0,
            days => (now.wall.0 / DAY + 1).saturating_sub(days.into()) * DAY,
        };
        let mut lines: BTreeMap<Option<String>, (StatsReport, Usd)> = BTreeMap::new();
        for task in self.tasks.iter() {
            for run in task.past.iter().chain([&task.run]) {
                let began = run.started.unwrap_or(run.created);
                let Some(story) = run.story.as_ref().filter(|_| began.0 >= from) else {
                    continue;
                };
                let key = match by {
                    wire::By::Agent => task.spec.agent.as_ref().map(|agent| agent.name.clone()),
                    wire::By::Model => story.model.clone().or_else(|| task.spec.model.clone()),
                    wire::By::Lane => task.spec.lane.clone(),
                    wire::By::Day => began.to_string().get(..10).map(str::to_owned),
                };
                let (line, cost) = lines.entry(key.clone()).or_default();
                line.key = key;
                line.runs += 1;
                line.succeeded += u64::from(run.state.settled() == Some(Outcome::Succeeded));
                line.turns += u64::from(story.turns);
                line.tools_called += u64::from(story.tools_called);
                line.tools_failed += u64::from(story.tools_failed);
                let bill = self.run_bill(task, run);
                line.tokens += bill.tokens;
                // summed as what it is, and not as a fraction
                *cost = Usd(cost.0.saturating_add(bill.cost.unwrap_or_default().0));
                line.unknown_cost_runs += u64::from(bill.source == Source::Unknown);
            }
        }
        let told = |(line, cost): (StatsReport, Usd)| StatsReport {
            cost_usd: cost.dollars(),
            ..line
        };
        lines.into_values().map(told).collect()
    }
}

/// When a task last used anything, and what it had used before that day.
fn dawn(task: &Task) -> Option<&(u64, Bill)> {
    let mut runs = std::iter::once(&task.run).chain(task.past.iter().rev());
    runs.find_map(|run| run.story.as_ref()?.dawn.as_ref())
}

/// What of a bill is beyond an earlier one of the same task.
fn beyond(now: &Bill, before: &Bill) -> Bill {
    let known = now.known.beyond(before.known);
    Bill {
        tokens: now.tokens.beyond(before.tokens),
        cost: now.cost.map(|_| known),
        known,
        source: now.source,
    }
}

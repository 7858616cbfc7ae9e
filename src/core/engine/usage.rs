//! What agents used, and what that cost.

use std::collections::BTreeMap;

use super::herd::Engine;
use super::today::DAY;
use crate::core::agent::bill::{Bill, Source};
use crate::core::agent::tokens::Usd;
use crate::core::report::StatsReport;
use crate::core::task::{Outcome, Run, State, Task};
use crate::core::time::Now;
use crate::core::wire;

impl Engine {
    /// What a run used.
    pub fn run_bill(&self, task: &Task, run: &Run) -> Bill {
        let Some(story) = &run.story else {
            return Bill::default();
        };
        let usual = story.model.as_deref().or(task.spec.model.as_deref());
        let mut bill = story.ledger.bill(&self.rules.prices, usual);
        // while it runs, it is what was used so far
        let ended = matches!(run.state, State::Ended { .. });
        bill.at_least = ended && story.is_partly_told();
        // it answered, and told nothing of what that used
        let untold = bill.at_least || (ended && story.answered);
        if untold && bill.source == Source::Nothing {
            bill.source = Source::Unknown;
        }
        bill
    }

    /// What all runs of a task used.
    pub fn bill(&self, task: &Task) -> Bill {
        let runs = task.past.iter().chain([&task.run]);
        runs.fold(Bill::default(), |sum, run| {
            sum.and(&self.run_bill(task, run))
        })
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
                let bill = self.run_bill(task, run);
                let (line, _) = lines.entry(key.clone()).or_default();
                line.runs += 1;
                line.succeeded += u64::from(run.state.settled() == Some(Outcome::Succeeded));
                line.turns += u64::from(story.turns);
                line.tools_called += u64::from(story.tools_called);
                line.tools_failed += u64::from(story.tools_failed);
                line.at_least_runs += u64::from(bill.at_least);
                // each model has what it used itself, the one that answered last all the rest
                let mut bills = Vec::new();
                if by == wire::By::Model {
                    bills = story.ledger.bills(&self.rules.prices, key.as_deref());
                }
                if bills.is_empty() {
                    bills.push((key, bill));
                }
                for (key, bill) in bills {
                    let (line, cost) = lines.entry(key).or_default();
                    line.tokens += bill.tokens;
                    // summed as what it is, and not as a fraction
                    *cost = Usd(cost.0.saturating_add(bill.cost.unwrap_or_default().0));
                    line.unknown_cost_runs += u64::from(bill.source == Source::Unknown);
                }
            }
        }
        let told = |(key, (line, cost)): (Option<String>, (StatsReport, Usd))| StatsReport {
            key,
            cost_usd: cost.dollars(),
            ..line
        };
        lines.into_iter().map(told).collect()
    }
}

//! What agents used, what that cost, and what they may use.

use std::collections::BTreeMap;
use std::time::Duration;

use super::herd::Engine;
use crate::core::agent::bill::{Bill, Source};
use crate::core::agent::plan::Budget;
use crate::core::agent::story::Stage;
use crate::core::agent::tokens::Usd;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::TaskId;
use crate::core::report::StatsReport;
use crate::core::task::{Outcome, Run, StopCause, Task};
use crate::core::time::{Now, Timestamp};
use crate::core::wire;

/// Milliseconds of a day.
const DAY: u64 = 24 * 3600 * 1000;

/// Of a budget so much is used when that is said, in hundredths.
const WARN: u64 = 80;

/// What was used today, by lane.
#[derive(Debug, Default)]
pub(super) struct Today {
    /// Days since the epoch, in UTC.
    day: u64,
    lanes: BTreeMap<Option<String>, Bill>,
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

    pub(super) fn bill_of(&self, id: TaskId) -> Bill {
        let task = self.tasks.get(id);
        task.map(|task| self.run_bill(task, &task.run))
            .unwrap_or_default()
    }

    /// What was used today, in UTC, by everyone.
    pub fn today(&self) -> Bill {
        if self.today.day != self.last.wall.0 / DAY {
            return Bill::default();
        }
        let lanes = self.today.lanes.values();
        lanes.fold(Bill::default(), |sum, lane| sum.and(lane))
    }

    /// A run used more than before.
    pub(super) fn count_used(&mut self, now: Now, id: TaskId, before: &Bill) {
        let used = self.bill_of(id);
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let lane = task.spec.lane.clone();
        self.add_today(now.wall, now.wall, lane, &beyond(&used, before));
    }

    /// What a stored task used today, as far as its runs began today.
    pub(super) fn count_stored(&mut self, now: Now, id: TaskId) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let lane = task.spec.lane.clone();
        let runs = task.past.iter().chain([&task.run]);
        let used: Vec<(Timestamp, Bill)> = runs
            .filter(|run| run.story.is_some())
            .map(|run| (run.started.unwrap_or(run.created), self.run_bill(task, run)))
            .collect();
        for (at, bill) in used {
            self.add_today(now.wall, at, lane.clone(), &bill);
        }
    }

    fn add_today(&mut self, now: Timestamp, at: Timestamp, lane: Option<String>, used: &Bill) {
        let day = now.0 / DAY;
        if self.today.day != day {
            self.today = Today {
                day,
                lanes: BTreeMap::new(),
            };
        }
        if at.0 / DAY == day && *used != Bill::default() {
            let sum = self.today.lanes.entry(lane).or_default();
            *sum = sum.and(used);
        }
    }

    /// Stops a task that has used what it may, and says so before.
    pub(super) fn mind_budget(&mut self, now: Now, id: TaskId, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        let (Some(agent), Some(story)) = (&task.spec.agent, &task.run.story) else {
            return;
        };
        if !task.state().is_on() || story.stage == Stage::Over || story.spent.is_some() {
            return;
        }
        let turns = task.past.iter().chain([&task.run]);
        let turns = turns
            .filter_map(|run| run.story.as_ref())
            .map(|it| it.turns);
        let turns = turns.fold(0, u32::saturating_add);
        let bill = self.bill(task);
        let own = used_of(&agent.budget, &bill, turns).map(|used| (used, "its budget"));
        let lane = task.spec.lane.as_ref().and_then(|lane| {
            let budget = self.rules.budgets.get(lane)?;
            let today = self.today.lanes.get(&task.spec.lane)?;
            used_of(budget, today, 0)
        });
        let lane = lane.map(|used| (used, "its lane's budget of the day"));
        let Some((used, whose)) = own
            .into_iter()
            .chain(lane)
            .max_by_key(|(used, _)| used.hundredths)
        else {
            return;
        };
        if used.hundredths >= 100 {
            let line = format!("{} of {whose} is used up: {}", used.what, used.figures);
            self.tasks.update(id, |task| {
                task.run.story.get_or_insert_default().spent = Some(line);
            });
            return self.stop_for(now, id, StopCause::Spent, out);
        }
        if used.hundredths >= WARN && !story.warned {
            let line = format!("{} % of {whose} is used: {}", used.hundredths, used.figures);
            self.tasks.update(id, |task| {
                task.run.story.get_or_insert_default().warned = true;
            });
            self.note(now, id, What::Notice, By::Limit, Some(line));
            self.store(id, Vec::new(), out);
        }
    }

    /// Whether a lane has used what it may today.
    pub(super) fn is_lane_spent(&self, lane: &str, now: Timestamp) -> Option<String> {
        let budget = self.rules.budgets.get(lane)?;
        if self.today.day != now.0 / DAY {
            return None;
        }
        let today = self.today.lanes.get(&Some(lane.to_owned()))?;
        let used = used_of(budget, today, 0).filter(|used| used.hundredths >= 100)?;
        Some(format!("{} {}", used.what, used.figures))
    }

    /// When the day ends for which some lane has used all that it may: what waits in it is
    /// looked at then.
    pub(super) fn tomorrow(&self) -> Option<Duration> {
        if self.rules.budgets.is_empty() || self.in_line() == 0 {
            return None;
        }
        let (now, mut lanes) = (self.last.wall, self.rules.budgets.keys());
        lanes.find_map(|lane| self.is_lane_spent(lane, now))?;
        let left = Duration::from_millis(DAY - now.0 % DAY);
        Some(self.last.mono + left)
    }

    /// What runs used together.
    pub(super) fn stats(&self, now: Now, days: u32, by: wire::By) -> Vec<StatsReport> {
        let from = match days {
            0 => 0,
            days => (now.wall.0 / DAY + 1).saturating_sub(days.into()) * DAY,
        };
        let mut lines: BTreeMap<Option<String>, StatsReport> = BTreeMap::new();
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
                let line = lines.entry(key.clone()).or_default();
                line.key = key;
                line.runs += 1;
                line.succeeded += u64::from(run.state.settled() == Some(Outcome::Succeeded));
                line.turns += u64::from(story.turns);
                line.tools_called += u64::from(story.tools_called);
                line.tools_failed += u64::from(story.tools_failed);
                let bill = self.run_bill(task, run);
                line.tokens += bill.tokens;
                line.cost_usd += bill.cost.map_or(0.0, Usd::dollars);
                line.unknown_cost_runs += u64::from(bill.source == Source::Unknown);
            }
        }
        lines.into_values().collect()
    }
}

/// How much of a budget is used.
struct UsedOf {
    hundredths: u64,
    what: &'static str,
    figures: String,
}

/// Of what a budget bounds, that of which most is used.
fn used_of(budget: &Budget, bill: &Bill, turns: u32) -> Option<UsedOf> {
    let share = |used: u64, most: u64| {
        let share = u128::from(used) * 100 / u128::from(most.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    };
    let cost = budget.cost.zip(bill.cost).map(|(most, used)| UsedOf {
        hundredths: share(used.0, most.0),
        what: "the money",
        figures: format!("{used} of {most}"),
    });
    let tokens = budget.tokens.map(|most| {
        let used = bill.tokens.total();
        UsedOf {
            hundredths: share(used, most),
            what: "the tokens",
            figures: format!("{used} of {most} tokens"),
        }
    });
    let turns = budget.turns.map(|most| UsedOf {
        // the last one may come to its end
        hundredths: if turns > most {
            100
        } else {
            share(turns.into(), most.into()).min(99)
        },
        what: "the turns",
        figures: format!("{turns} of {most} turns"),
    });
    let all = [cost, tokens, turns].into_iter().flatten();
    all.max_by_key(|used| used.hundredths)
}

/// What of a bill is beyond an earlier one of the same run.
fn beyond(now: &Bill, before: &Bill) -> Bill {
    let cost = match (now.cost, before.cost) {
        (Some(now), before) => Some(now.beyond(before.unwrap_or_default())),
        (None, _) => None,
    };
    Bill {
        tokens: now.tokens.beyond(before.tokens),
        cost,
        source: now.source,
    }
}

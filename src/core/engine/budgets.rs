//! What agents may use: by task, and by lane in a day.

use std::time::Duration;

use super::herd::Engine;
use super::today::{DAY, Used};
use crate::core::agent::bill::least;
use crate::core::agent::plan::Budget;
use crate::core::agent::story::Stage;
use crate::core::effect::Effect;
use crate::core::event::{By, What};
use crate::core::id::TaskId;
use crate::core::task::{StopCause, Task};
use crate::core::time::{Now, Timestamp};

/// Of a budget so much is used when that is said, in hundredths.
const WARN: u64 = 80;

impl Engine {
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
        let unpriced = story.unpriced;
        let used = self.used(task);
        let bill = &used.bill;
        // an answer that goes on has used more by its end
        let amid = story.ledger.is_partial();
        let of_lane = task.spec.lane.as_ref().and_then(|lane| {
            let budget = self.rules.budgets.get(lane)?;
            Some((budget, self.today_in(lane, now.wall)?))
        });
        let money = |budget: &Budget| budget.cost.is_some();
        let bounded = money(&agent.budget) || of_lane.is_some_and(|(budget, _)| money(budget));
        let own = used_of(&agent.budget, &used, amid).map(|used| (used, "its budget"));
        let lane = of_lane.and_then(|(budget, today)| used_of(budget, today, amid));
        let lane = lane.map(|used| (used, "its lane's budget of the day"));
        let all = own.into_iter().chain(lane);
        let most = all.max_by_key(|(used, _)| (used.over, used.hundredths));
        let spent = most.as_ref().filter(|(used, _)| used.over);
        // what is done is done: there is nothing to be saved by stopping it
        let done = story.is_through();
        if let Some((used, whose)) = spent.filter(|_| !done) {
            let line = format!("{whose} is used up: {}", used.figures);
            self.tasks.update(id, |task| {
                task.run.story.get_or_insert_default().spent = Some(line);
            });
            return self.stop_for(now, id, StopCause::Spent, out);
        }
        let over = spent.is_some();
        let said = if over { story.overspent } else { story.warned };
        let near = most.filter(|(used, _)| used.hundredths >= WARN && !said);
        let near = near.map(|(used, whose)| {
            let figures = used.figures;
            if over {
                format!("it is done, and {whose} is used up by that: {figures}")
            } else {
                format!("{} % of {whose} is used: {figures}", used.hundredths)
            }
        });
        let unknown = bounded && !unpriced && bill.cost.is_none() && !bill.tokens.is_zero();
        let unknown = unknown.then(|| {
            format!(
                "not all that it used has a known price: its budget of money counts {} so far",
                bill.known
            )
        });
        if near.is_none() && unknown.is_none() {
            return;
        }
        self.tasks.update(id, |task| {
            let story = task.run.story.get_or_insert_default();
            story.warned |= near.is_some();
            story.overspent |= near.is_some() && over;
            story.unpriced |= unknown.is_some();
        });
        for line in near.into_iter().chain(unknown) {
            self.note(now, id, What::Notice, By::Limit, Some(line));
        }
        self.store(id, Vec::new(), out);
    }

    /// Refuses a further run of a task that has used what it may: it would be stopped at once.
    ///
    /// # Errors
    /// One line, with the figures.
    pub(super) fn has_means(&self, task: &Task) -> Result<(), String> {
        let Some(agent) = task.spec.agent.as_deref() else {
            return Ok(());
        };
        let used = used_of(&agent.budget, &self.used(task), false);
        match used.filter(|used| used.hundredths >= 100) {
            None => Ok(()),
            Some(used) => Err(format!(
                "task {} has used up its budget: {}; run it anew with more",
                task.id, used.figures
            )),
        }
    }

    /// Whether a lane has used what it may today.
    pub(super) fn is_lane_spent(&self, lane: &str, now: Timestamp) -> Option<String> {
        let budget = self.rules.budgets.get(lane)?;
        let today = self.today_in(lane, now)?;
        // another start would be a turn too many
        let used = used_of(budget, today, false).filter(|used| used.hundredths >= 100)?;
        Some(used.figures)
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
}

/// How much of a budget is used.
struct UsedOf {
    hundredths: u64,
    /// Whether nothing is left.
    over: bool,
    figures: String,
}

/// Of what a budget bounds, that of which most is used; `amid`: of some answer only its
/// beginning is told.
fn used_of(budget: &Budget, used: &Used, amid: bool) -> Option<UsedOf> {
    let (bill, turns) = (&used.bill, used.turns);
    let least = least(amid || bill.at_least);
    let share = |used: u64, most: u64| {
        let share = u128::from(used) * 100 / u128::from(most.max(1));
        u64::try_from(share).unwrap_or(u64::MAX)
    };
    let cost = budget.cost.map(|most| UsedOf {
        hundredths: share(bill.known.0, most.0),
        over: bill.known >= most,
        figures: format!("{least}{} of {most}", bill.known),
    });
    let tokens = budget.tokens.map(|most| {
        let used = bill.tokens.total();
        UsedOf {
            hundredths: share(used, most),
            over: used >= most,
            figures: format!("{least}{used} of {most} tokens"),
        }
    });
    let turns = budget.turns.map(|most| UsedOf {
        hundredths: share(turns.into(), most.into()),
        // the last one may come to its end
        over: turns > most,
        figures: format!("{turns} of {most} turns"),
    });
    let all = [cost, tokens, turns].into_iter().flatten();
    all.max_by_key(|used| (used.over, used.hundredths))
}

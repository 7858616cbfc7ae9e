//! What agents used today, by lane: what budgets of a day are held against.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::herd::Engine;
use crate::core::agent::bill::Bill;
use crate::core::effect::Effect;
use crate::core::id::TaskId;
use crate::core::task::Task;
use crate::core::time::{Now, Timestamp};

/// Milliseconds of a day.
pub(super) const DAY: u64 = 24 * 3600 * 1000;

/// What a setting is called that holds what tasks used today that are removed.
const GONE: &str = "today.gone";

/// What was used.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Used {
    pub(super) bill: Bill,
    pub(super) turns: u32,
}

impl Used {
    fn and(&self, other: &Self) -> Self {
        Self {
            bill: self.bill.and(&other.bill),
            turns: self.turns.saturating_add(other.turns),
        }
    }

    /// What of it is beyond what the same task had used before.
    fn beyond(&self, before: &Self) -> Self {
        let (now, known) = (&self.bill, self.bill.known.beyond(before.bill.known));
        Self {
            bill: Bill {
                tokens: now.tokens.beyond(before.bill.tokens),
                cost: now.cost.map(|_| known),
                known,
                source: now.source,
                at_least: now.at_least,
            },
            turns: self.turns.saturating_sub(before.turns),
        }
    }
}

/// What was used today.
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
    tasks: BTreeMap<TaskId, Used>,
    /// What those used that are removed.
    gone: Used,
    sum: OnceCell<Used>,
}

impl Lane {
    fn sum(&self) -> &Used {
        self.sum.get_or_init(|| {
            let tasks = self.tasks.values();
            tasks.fold(self.gone.clone(), |sum, each| sum.and(each))
        })
    }
}

/// What is remembered of tasks that are removed, as tasks tell of themselves.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Gone {
    day: u64,
    /// By lane.
    lanes: Vec<(Option<String>, Used)>,
    /// Those that are on their way out: one of which there still is a task counts as that.
    leaving: Vec<(TaskId, Option<String>, Used)>,
}

impl Today {
    /// What an earlier supervisor remembered.
    pub(super) fn remembered(settings: &BTreeMap<String, String>) -> Self {
        let gone = settings.get(GONE);
        let gone = gone.and_then(|gone| serde_json::from_str::<Gone>(gone).ok());
        let gone = gone.unwrap_or_default();
        let mut today = Self {
            day: gone.day,
            lanes: BTreeMap::new(),
        };
        for (lane, used) in gone.lanes {
            today.lanes.entry(lane).or_default().gone = used;
        }
        for (id, lane, used) in gone.leaving {
            today.put(id, lane, used);
        }
        today
    }

    fn put(&mut self, id: TaskId, lane: Option<String>, used: Used) {
        let lane = self.lanes.entry(lane).or_default();
        lane.tasks.insert(id, used);
        lane.sum.take();
    }

    /// These are removed: no task tells any more what they used.
    pub(super) fn forget(&mut self, ids: &[TaskId]) {
        for lane in self.lanes.values_mut() {
            for used in ids.iter().filter_map(|id| lane.tasks.remove(id)) {
                lane.gone = lane.gone.and(&used);
            }
        }
    }

    /// What is to be remembered of all that do not stay; `None` where they used nothing today.
    fn without(&self, stays: impl Fn(TaskId) -> bool) -> Option<Gone> {
        let mut gone = Gone {
            day: self.day,
            ..Gone::default()
        };
        for (name, lane) in &self.lanes {
            let leaving = lane.tasks.iter().filter(|(id, _)| !stays(**id));
            let leaving = leaving.map(|(id, used)| (*id, name.clone(), used.clone()));
            gone.leaving.extend(leaving);
            if lane.gone != Used::default() {
                gone.lanes.push((name.clone(), lane.gone.clone()));
            }
        }
        (!gone.leaving.is_empty()).then_some(gone)
    }
}

impl Engine {
    /// What was used today, in UTC, by everyone.
    pub fn today(&self) -> Bill {
        if self.today.day != self.last.wall.0 / DAY {
            return Bill::default();
        }
        let lanes = self.today.lanes.values();
        lanes.fold(Bill::default(), |sum, lane| sum.and(&lane.sum().bill))
    }

    /// What all runs of a task used.
    pub(super) fn used(&self, task: &Task) -> Used {
        let runs = task.past.iter().chain([&task.run]);
        let turns = runs.filter_map(|run| Some(run.story.as_ref()?.turns));
        Used {
            bill: self.bill(task),
            turns: turns.fold(0, u32::saturating_add),
        }
    }

    /// A task, which had used so much, may have used more.
    pub(super) fn count_used(&mut self, now: Now, id: TaskId, before: Used) {
        let Some(task) = self.tasks.get(id).filter(|task| self.used(task) != before) else {
            return;
        };
        let day = now.wall.0 / DAY;
        if dawn(task).is_none_or(|(of, _)| of != day) {
            self.tasks.update(id, |task| {
                let story = task.run.story.get_or_insert_default();
                story.dawn = Some((day, before.bill));
                story.dawn_turns = before.turns;
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
        let used = self.used(task).beyond(&before);
        let lane = task.spec.lane.clone();
        if self.today.day != day {
            self.today = Today {
                day,
                lanes: BTreeMap::new(),
            };
        }
        self.today.put(id, lane, used);
    }

    /// What a lane used today.
    pub(super) fn today_in(&self, lane: &str, now: Timestamp) -> Option<&Used> {
        let today = &self.today;
        let lane = today.lanes.get(&Some(lane.to_owned()));
        lane.filter(|_| today.day == now.0 / DAY).map(Lane::sum)
    }

    /// Tasks are to be removed: what they used today they did use, for later supervisors too.
    pub(super) fn remember_use(&mut self, now: Now, ids: &[TaskId], out: &mut Vec<Effect>) {
        if self.today.day != now.wall.0 / DAY {
            return;
        }
        // those that an earlier supervisor removed are no tasks any more
        let stays = |id| self.tasks.get(id).is_some() && !ids.contains(&id);
        let gone = self.today.without(stays);
        let gone = gone.and_then(|gone| serde_json::to_string(&gone).ok());
        if let Some(gone) = gone {
            self.remember(GONE.to_owned(), gone, out);
        }
    }
}

/// When a task last used anything, and what it had used before that day.
fn dawn(task: &Task) -> Option<(u64, Used)> {
    let mut runs = std::iter::once(&task.run).chain(task.past.iter().rev());
    runs.find_map(|run| {
        let story = run.story.as_ref()?;
        let (day, bill) = story.dawn.clone()?;
        let turns = story.dawn_turns;
        Some((day, Used { bill, turns }))
    })
}

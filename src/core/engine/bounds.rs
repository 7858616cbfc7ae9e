//! What keeps a queued task from being started, though its turn has come: limits, places
//! and directories that are kept for others, lanes in which nothing starts.

use std::collections::BTreeMap;

use super::herd::Engine;
use super::queue::{Class, Turn};
use crate::core::id::TaskId;
use crate::core::limit::Limit;
use crate::core::plan::Lease;
use crate::core::time::Timestamp;
use crate::core::waiting::Waiting;

/// What is kept for those that have waited too long.
#[derive(Debug, Default)]
pub(super) struct Kept {
    places: BTreeMap<Limit, (u32, TaskId)>,
    leases: Vec<(TaskId, Lease)>,
}

impl Kept {
    pub(super) fn add(&mut self, class: &Class, id: TaskId, lease: Option<&Lease>) {
        for limit in class.limits() {
            self.places.entry(limit.clone()).or_insert((0, id)).0 += 1;
        }
        self.leases.extend(lease.map(|lease| (id, lease.clone())));
    }
}

/// A limit that lets no more of a class start.
pub(super) struct Bound<'a> {
    limit: &'a Limit,
    most: u32,
    /// For whom a place is kept without which it would.
    kept_for: Option<TaskId>,
    /// Why nothing of it starts, whoever runs.
    shut: Option<Shut>,
}

/// Why nothing that counts against a limit starts, though nobody runs.
pub(super) enum Shut {
    /// Its provider's limit is used up until then; who came to that.
    Exhausted(Timestamp, TaskId),
    /// The lane has used what it may today: what, in words.
    Spent(String),
}

impl Engine {
    /// Whether as many count against a limit as may; `None` where there is none.
    pub(super) fn is_full(&self, limit: &Limit) -> Option<bool> {
        let most = self.most(limit)?;
        Some(self.tasks.queue().on(limit).len() >= most as usize)
    }

    /// Whether nobody can start, whoever it is.
    pub(super) fn is_full_for_all(&self) -> bool {
        self.is_full(&Limit::Global) == Some(true)
    }

    /// The first limit that lets no more of a class start.
    pub(super) fn full(&self, class: &Class, kept: &Kept) -> Option<Waiting> {
        let bound = self.bound(class, kept)?;
        let limit = bound.limit.clone();
        match bound.shut {
            Some(Shut::Exhausted(until, task)) => {
                return Some(Waiting::Exhausted { limit, until, task });
            }
            Some(Shut::Spent(used)) => {
                let lane = limit.to_string();
                return Some(Waiting::Spent { lane, used });
            }
            None => {}
        }
        Some(match bound.kept_for {
            Some(task) => Waiting::Kept { limit, task },
            None => Waiting::Full {
                most: bound.most,
                tasks: self.tasks.queue().on(&limit).collect(),
                limit,
            },
        })
    }

    /// The same, before it is told to anybody.
    pub(super) fn bound<'a>(&self, class: &'a Class, kept: &Kept) -> Option<Bound<'a>> {
        class.limits().iter().find_map(|limit| {
            if let Some(shut) = self.shut(limit) {
                return Some(Bound {
                    limit,
                    most: 0,
                    kept_for: None,
                    shut: Some(shut),
                });
            }
            let most = self.most(limit)?;
            let on = self.tasks.queue().on(limit).len();
            let bound = |kept_for| Bound {
                limit,
                most,
                kept_for,
                shut: None,
            };
            if on >= most as usize {
                return Some(bound(None));
            }
            let (places, task) = *kept.places.get(limit)?;
            let full = on + places as usize >= most as usize;
            full.then(|| bound(Some(task)))
        })
    }

    fn shut(&self, limit: &Limit) -> Option<Shut> {
        let spent = || match limit {
            Limit::Lane(lane) => self.is_lane_spent(lane, self.last.wall).map(Shut::Spent),
            _ => None,
        };
        let exhausted = self.exhausted(limit);
        exhausted
            .map(|(until, task)| Shut::Exhausted(until, task))
            .or_else(spent)
    }

    /// Who has to go before a lease can be had.
    pub(super) fn in_the_way(&self, lease: &Lease, turn: Turn, kept: &Kept) -> Option<TaskId> {
        let of_overdue = || {
            let mut kept = kept.leases.iter();
            let (id, _) = kept.find(|(_, other)| other.conflicts(lease))?;
            Some(*id)
        };
        let queue = self.tasks.queue();
        queue.in_the_way(lease, turn).or_else(of_overdue)
    }
}

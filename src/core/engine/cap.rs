//! The bound on all logs together.

use super::herd::Engine;
use crate::core::effect::Effect;
use crate::core::id::RunId;
use crate::core::log::segment_size;
use crate::core::shim::Order;
use crate::core::task::{State, Task};

impl Engine {
    /// Asks for room when the logs together come near the cap: oldest segments of
    /// ended runs first, the longest ended first, then those of active ones.
    pub(super) fn trim(&mut self, out: &mut Vec<Effect>) {
        let kept = self.tasks.kept();
        if self.trimming || kept <= self.room() || kept < self.untrimmable {
            return;
        }
        let mut ended: Vec<(u64, RunId)> = Vec::new();
        let mut active: Vec<RunId> = Vec::new();
        for task in self.tasks.iter() {
            let run_id = |number| RunId {
                task: task.id,
                number,
            };
            for run in &task.past {
                if run.written > run.dropped {
                    ended.push((run.created.0, run_id(run.number)));
                }
            }
            if task.run.written > task.run.dropped {
                match task.run.state {
                    State::Ended { at, .. } => ended.push((at.0, task.run_id())),
                    _ => active.push(task.run_id()),
                }
            }
        }
        ended.sort_unstable();
        let runs: Vec<RunId> = ended
            .into_iter()
            .map(|(_, run)| run)
            .chain(active)
            .collect();
        if runs.is_empty() {
            return;
        }
        self.trimming = true;
        out.push(Effect::Trim {
            runs,
            bytes: kept - self.room(),
        });
    }

    /// Active runs write on while a trim is under way: a segment each is kept free.
    fn room(&self) -> u64 {
        let active = self.tasks.active().len() as u64;
        let reserve = active.saturating_mul(segment_size(self.rules.task_cap));
        self.rules
            .total_cap
            .saturating_sub(reserve.min(self.rules.total_cap / 2))
    }

    pub(super) fn trimmed(&mut self, runs: &[(RunId, u64)], out: &mut Vec<Effect>) {
        self.trimming = false;
        let mut freed = 0;
        for (run_id, dropped) in runs {
            let drop = |task: &mut Task| {
                let is_written = task.run_id() == *run_id && task.is_active();
                (drop_to(task, *run_id, *dropped), is_written)
            };
            let Some((bytes, is_written)) = self.tasks.update(run_id.task, drop) else {
                continue;
            };
            freed += bytes;
            if is_written {
                out.push(Effect::Order(*run_id, Order::Dropped(*dropped)));
            } else {
                self.store(run_id.task, Vec::new(), out);
            }
        }
        self.untrimmable = if freed == 0 {
            self.tasks.kept() + segment_size(self.rules.task_cap)
        } else {
            0
        };
    }
}

/// Marks a run's log as beginning at `dropped`; the bytes that this took away.
fn drop_to(task: &mut Task, run_id: RunId, dropped: u64) -> u64 {
    let run = if task.run.number == run_id.number {
        Some(&mut task.run)
    } else {
        task.past.iter_mut().find(|run| run.number == run_id.number)
    };
    run.map_or(0, |run| {
        let to = dropped.clamp(run.dropped, run.written.max(run.dropped));
        let freed = to - run.dropped;
        run.dropped = to;
        freed
    })
}

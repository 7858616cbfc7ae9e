//! Who watches the queue: what must hold of it after every input, found out by looks at
//! all tasks rather than by what the engine has counted.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::super::Engine;
use super::super::schedule::PATIENCE;
use crate::core::id::TaskId;
use crate::core::limit::{Limit, Most};
use crate::core::plan::Needs;
use crate::core::task::{Kind, Outcome, State, Task};
use crate::core::time::Now;
use crate::core::waiting::Waiting;

/// Which tasks took up a place before an input, and which waited.
#[derive(Debug)]
pub(super) struct Snapshot {
    on: BTreeSet<TaskId>,
    queued: BTreeSet<TaskId>,
}

impl Snapshot {
    pub(super) fn of(engine: &Engine) -> Self {
        let on = engine.tasks().filter(|task| task.state().is_on());
        let queued = engine.tasks().filter(|task| is_queued(task));
        Self {
            on: on.map(|task| task.id).collect(),
            queued: queued.map(|task| task.id).collect(),
        }
    }
}

fn is_queued(task: &Task) -> bool {
    matches!(task.state(), State::Queued { .. })
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Since when queued tasks are seen to wait for a place alone.
    ready: BTreeMap<TaskId, Duration>,
    /// Whether less memory is free than an agent needs.
    pub(super) scarce: bool,
    /// How often each reason was seen.
    pub(super) seen: BTreeMap<&'static str, u32>,
}

/// The limits that count for a task.
fn limits(task: &Task) -> Vec<Limit> {
    let lane = task.spec.lane.clone().map(Limit::Lane);
    let provider = task.spec.provider.clone().map(Limit::Provider);
    let agent = (task.spec.kind == Kind::Agent).then_some(Limit::Agents);
    [Some(Limit::Global), agent, provider, lane]
        .into_iter()
        .flatten()
        .collect()
}

fn on<'a>(engine: &'a Engine, limit: &'a Limit) -> impl Iterator<Item = &'a Task> {
    let counts = move |task: &&Task| task.state().is_on() && limits(task).contains(limit);
    engine.tasks().filter(counts)
}

fn most(engine: &Engine, limit: &Limit) -> Most {
    engine.most(limit)
}

impl Watch {
    /// Checks everything that must hold after an input.
    pub(super) fn check(&mut self, engine: &Engine, before: &Snapshot, now: Now) {
        let started: Vec<&Task> = engine
            .tasks()
            .filter(|task| task.state().is_on() && !before.on.contains(&task.id))
            .collect();
        no_limit_exceeded(engine, &started, before);
        no_lease_doubled(engine);
        let queued: Vec<&Task> = engine.tasks().filter(|task| is_queued(task)).collect();
        let ids: BTreeSet<TaskId> = queued.iter().map(|task| task.id).collect();
        self.ready.retain(|id, _| ids.contains(id));
        if engine.shutting_down() {
            return;
        }
        for task in &queued {
            let waiting = engine.waiting(task);
            let waiting = waiting.unwrap_or_else(|| panic!("{} may start: {task:?}", task.id));
            self.check_reason(engine, task, &waiting, now);
            let word = word(&waiting);
            *self.seen.entry(word).or_default() += 1;
            // out of order only for a reason that does not hold for who started
            let has_no_memory = task.spec.kind == Kind::Agent && self.scarce;
            if let Waiting::Full { limit, .. } | Waiting::Kept { limit, .. } = &waiting
                && !has_no_memory
                && !has_no_directory(engine, task, &started)
            {
                for other in &started {
                    let passed = before.queued.contains(&task.id)
                        && before.queued.contains(&other.id)
                        && other.turn() > task.turn()
                        && limits(other).contains(limit)
                        && !self.lacks_another(engine, (task, other), &queued, now);
                    assert!(
                        !passed,
                        "{} took {limit} from {}, which comes before it",
                        other.id, task.id
                    );
                }
            }
        }
        self.check_patience(engine, &queued, &started, now);
    }

    /// Whether a limit that counts for one task, and not for the other, lets nothing start:
    /// what is kept for those that come first and have waited too long is not free.
    fn lacks_another(
        &self,
        engine: &Engine,
        (task, other): (&Task, &Task),
        queued: &[&Task],
        now: Now,
    ) -> bool {
        let overdue = |it: &&&Task| {
            let since = self.ready.get(&it.id);
            // the engine knew of it an input before
            let waited = since.map(|since| now.mono.saturating_sub(*since));
            waited.is_some_and(|waited| waited + Duration::from_secs(1) >= PATIENCE)
        };
        let first = |it: &&&Task| (it.turn(), it.id) < (task.turn(), task.id);
        let theirs = limits(other);
        limits(task).iter().any(|limit| {
            let kept = queued.iter().filter(first).filter(overdue);
            let kept = kept.filter(|it| limits(it).contains(limit)).count();
            let full = |most| on(engine, limit).count() + kept >= most as usize;
            !theirs.contains(limit) && most(engine, limit).is_some_and(full)
        })
    }

    /// A reason is as true as it can be: it is checked against the tasks themselves.
    fn check_reason(&mut self, engine: &Engine, task: &Task, waiting: &Waiting, now: Now) {
        match waiting {
            Waiting::TakingOver
            | Waiting::Parked { .. }
            | Waiting::Exhausted { .. }
            | Waiting::Spent { .. } => {}
            Waiting::Time(hold) => {
                assert_eq!(task.state(), &State::Queued { hold: Some(*hold) });
            }
            Waiting::After { task: other, .. } => {
                let needs = task.after.iter().find(|after| after.task == *other);
                let needs = needs.expect("waits for whom it was told to").needs;
                let other = engine.task(*other).expect("waits for one that is there");
                let settled = other.state().settled();
                let decided = settled.is_some() && !engine.runs_again(other);
                assert!(!decided, "{} waits for {:?}", task.id, other.state());
                if needs == Needs::AnySuccess {
                    let came = task.after.iter().any(|after| {
                        let state = engine.task(after.task).map(Task::state);
                        after.needs == Needs::AnySuccess
                            && state.and_then(State::settled) == Some(Outcome::Succeeded)
                    });
                    assert!(!came);
                }
            }
            Waiting::Paused => assert!(engine.queue_paused().is_some()),
            Waiting::Unstored => assert!(engine.store_trouble().is_some()),
            Waiting::Full { limit, most, tasks } => {
                assert_eq!(engine.most(limit), Some(*most));
                assert!(limits(task).contains(limit));
                let on: Vec<TaskId> = on(engine, limit).map(|task| task.id).collect();
                assert_eq!(&on, tasks);
                assert!(on.len() >= *most as usize);
                self.ready.entry(task.id).or_insert(now.mono);
            }
            Waiting::Kept { limit, task: other } => {
                let other = engine.task(*other).expect("kept for one that is there");
                assert!(is_queued(other) && other.turn() <= task.turn());
                assert!(limits(other).contains(limit) && limits(task).contains(limit));
                self.ready.entry(task.id).or_insert(now.mono);
            }
            Waiting::Leased { task: other, .. } | Waiting::Wanted { task: other, .. } => {
                let other = engine.task(*other).expect("behind one that is there");
                let (ours, theirs) = (&task.spec.lease, &other.spec.lease);
                assert!(ours.as_ref().unwrap().conflicts(theirs.as_ref().unwrap()));
                match waiting {
                    Waiting::Leased { .. } => assert!(other.state().is_on()),
                    _ => assert!(
                        is_queued(other) && (other.turn(), other.id) < (task.turn(), task.id)
                    ),
                }
                self.ready.entry(task.id).or_insert(now.mono);
            }
            Waiting::Memory { free, floor } => {
                assert!(free.is_none() || task.spec.kind == Kind::Agent);
                assert!(free.is_none_or(|free| free < *floor));
                self.ready.entry(task.id).or_insert(now.mono);
            }
        }
    }

    /// One that has waited too long is not passed over by another that takes its place.
    fn check_patience(&self, engine: &Engine, queued: &[&Task], started: &[&Task], now: Now) {
        for task in queued {
            let since = self.ready.get(&task.id);
            let overdue =
                since.is_some_and(|since| now.mono.saturating_sub(*since) > PATIENCE + PATIENCE);
            let Some(Waiting::Full { .. }) = engine.waiting(task).filter(|_| overdue) else {
                continue;
            };
            // who waits for a directory, or for memory, has no place kept
            let has_no_memory = task.spec.kind == Kind::Agent && self.scarce;
            if has_no_memory || has_no_directory(engine, task, started) {
                continue;
            }
            for other in started.iter().filter(|other| other.turn() > task.turn()) {
                for limit in limits(other) {
                    let Some(most) = most(engine, &limit).filter(|_| limits(task).contains(&limit))
                    else {
                        continue;
                    };
                    let on = on(engine, &limit).count();
                    assert!(
                        on < most as usize,
                        "{} took the last place of {limit}, though {} waits too long for it",
                        other.id,
                        task.id
                    );
                }
            }
        }
    }
}

fn word(waiting: &Waiting) -> &'static str {
    match waiting {
        Waiting::TakingOver => "taking over",
        Waiting::Time(_) => "time",
        Waiting::Parked { .. } => "parked",
        Waiting::Exhausted { .. } => "exhausted",
        Waiting::Spent { .. } => "spent",
        Waiting::After { .. } => "after",
        Waiting::Paused => "paused",
        Waiting::Unstored => "unstored",
        Waiting::Full { .. } => "full",
        Waiting::Kept { .. } => "kept",
        Waiting::Leased { .. } => "leased",
        Waiting::Wanted { .. } => "wanted",
        Waiting::Memory { .. } => "memory",
    }
}

/// Nothing starts beyond a limit; what runs already is left alone when one is lowered.
fn no_limit_exceeded(engine: &Engine, started: &[&Task], before: &Snapshot) {
    for task in started
        .iter()
        .filter(|task| before.queued.contains(&task.id))
    {
        for limit in limits(task) {
            let on = on(engine, &limit).count();
            if let Some(most) = most(engine, &limit) {
                assert!(on <= most as usize, "{on} of {most} in {limit}");
            }
        }
    }
}

/// Whether a queued task could not have had its directory, whatever the limits: another
/// has it that did not just start after its turn, or comes first to it.
fn has_no_directory(engine: &Engine, task: &Task, started: &[&Task]) -> bool {
    let Some(lease) = &task.spec.lease else {
        return false;
    };
    engine.tasks().any(|other| {
        let conflicts = other
            .spec
            .lease
            .as_ref()
            .is_some_and(|it| it.conflicts(lease));
        let first = (other.turn(), other.id) < (task.turn(), task.id);
        let just = started.iter().any(|it| it.id == other.id);
        let held = other.state().is_on() && (first || !just);
        let first = is_queued(other) && first;
        other.id != task.id && conflicts && (held || first)
    })
}

/// No two have directories that one alone can have.
fn no_lease_doubled(engine: &Engine) {
    let held = engine.tasks().filter(|task| task.state().is_on());
    let held: Vec<_> = held
        .filter_map(|task| Some((task.id, task.spec.lease.as_ref()?)))
        .collect();
    for (at, (one, lease)) in held.iter().enumerate() {
        for (other, theirs) in &held[..at] {
            assert!(!lease.conflicts(theirs), "{one} and {other} share {lease}");
        }
    }
}

//! What waits for the store, and what becomes of it when the store fails or is slow.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use super::herd::{Engine, refuse};
use crate::core::effect::Effect;
use crate::core::event::Event;
use crate::core::id::{RunId, TaskId};
use crate::core::record::{Change, Record};
use crate::core::shim::Order;
use crate::core::task::{Outcome, State, Task};
use crate::core::time::{Now, Timestamp};
use crate::core::wire::Failure;

/// Between two tries to write what could not be written.
const AGAIN: Duration = Duration::from_secs(5);

/// A write that takes longer is worth a word, and what waits for it to be told is told.
const SLOW: Duration = Duration::from_secs(2);

/// So many tasks at most are on their way to the store to be written again: each is held
/// there a second time until it is.
const MOST_AT_ONCE: usize = 500;

/// So many entries of the activity log are kept in memory while they can't be written.
const MOST_UNWRITTEN: usize = 10_000;

/// The writes under way, and what could not be written.
#[derive(Debug, Default)]
pub(super) struct Writes {
    /// Each write under way, oldest first: they are done in order.
    pending: VecDeque<Pending>,
    /// Writes asked for, and done, so far.
    asked: u64,
    done: u64,
    /// Answers, each with the number of the last write that it may speak of.
    held: VecDeque<(u64, Effect)>,
    /// When the last of them was answered, in monotonic time.
    heard: Duration,
    /// Why the last write failed, while it is so, or that none is answered.
    failing: Option<String>,
    slow: bool,
    /// Why all tasks are being written again, while it is so.
    anew: Option<String>,
    since: Option<Timestamp>,
    /// Tasks whose record on disk is older than the truth, to be written again.
    unstored: BTreeSet<TaskId>,
    /// Settings of which the same is true.
    unset: BTreeSet<String>,
    /// What happened and is not written down.
    unwritten: Vec<Event>,
    /// When that is tried, in monotonic time.
    again_at: Option<Duration>,
}

/// A write under way.
#[derive(Debug)]
struct Pending {
    /// When it was asked for.
    asked: Duration,
    /// What waits for it and can't wait for ever: the place of each in its order.
    urgent: Vec<(usize, Effect)>,
    /// Which of that was done before it.
    early: Vec<usize>,
}

impl Pending {
    fn new(asked: Duration, then: &[Effect]) -> Self {
        let urgent = then.iter().enumerate().filter(|(_, effect)| {
            matches!(
                effect,
                Effect::Sweep { .. }
                    | Effect::Order(_, Order::Stop { .. } | Order::Kill | Order::Release)
            )
        });
        Self {
            asked,
            urgent: urgent.map(|(at, effect)| (at, effect.clone())).collect(),
            early: Vec::new(),
        }
    }

    /// What waits for it still, of what it had to wait for.
    fn without_early(&self, then: Vec<Effect>) -> Vec<Effect> {
        let all = then.into_iter().enumerate();
        all.filter(|(at, _)| !self.early.contains(at))
            .map(|(_, effect)| effect)
            .collect()
    }
}

impl Writes {
    pub(super) fn trouble(&self) -> Option<&str> {
        let slow = "the disk does not answer: what happens now is not stored yet; tasks go on";
        let slow = self.slow.then_some(slow);
        self.failing.as_deref().or(self.anew.as_deref()).or(slow)
    }

    pub(super) const fn since(&self) -> Option<Timestamp> {
        self.since
    }

    /// Whether the oldest write takes longer than it should.
    pub(super) const fn is_slow(&self) -> bool {
        self.slow
    }

    /// What happened, was told, and is not written down.
    pub(super) fn unwritten(&self) -> &[Event] {
        &self.unwritten
    }

    /// When the engine wants to look at them again.
    pub(super) fn deadline(&self) -> Option<Duration> {
        let slow = self.pending.front().filter(|_| !self.slow);
        let slow = slow.map(|write| write.asked.max(self.heard) + SLOW);
        slow.into_iter().chain(self.again_at).min()
    }

    fn is_late(&self, now: Now) -> bool {
        self.pending.front().is_some_and(|write| {
            // thousands that were asked for together take their time, and are no worry
            now.mono.saturating_sub(write.asked.max(self.heard)) >= SLOW
        })
    }

    /// One more is answered, well or not; what waited for it and was not done before.
    fn answered(&mut self, now: Now, then: Vec<Effect>, free: &mut Vec<Effect>) -> Vec<Effect> {
        let then = match self.pending.pop_front() {
            Some(write) => write.without_early(then),
            None => then,
        };
        self.done += 1;
        self.heard = now.mono;
        self.slow = self.slow && self.is_late(now);
        let told = self.held.partition_point(|(after, _)| *after <= self.done);
        free.extend(self.held.drain(..told).map(|(_, effect)| effect));
        then
    }

    /// What stops a task waits for no disk that does not answer; nor, at a shutdown, what
    /// lets go of a shim, which has the end on record itself.
    fn hurry(&mut self, shutting_down: bool, out: &mut Vec<Effect>) {
        if !self.is_slow() {
            return;
        }
        for write in &mut self.pending {
            let stays = |effect: &Effect| {
                matches!(effect, Effect::Order(_, Order::Release)) && !shutting_down
            };
            let gone = write.urgent.extract_if(.., |(_, effect)| !stays(effect));
            for (at, effect) in gone {
                write.early.push(at);
                out.push(effect);
            }
        }
    }
}

impl Engine {
    /// Stores a task as it stands, with what happened to it since and what waits for that.
    pub(super) fn store(&mut self, id: TaskId, then: Vec<Effect>, out: &mut Vec<Effect>) {
        let Some(task) = self.tasks.get(id) else {
            return;
        };
        if let Some(waiting) = self.history.waiting(id) {
            waiting.extend(then);
            return;
        }
        let change = Change::Task(Box::new(Record {
            boot: self.rules.boot.clone(),
            task: task.clone(),
            env: self.environment_to_keep(task),
        }));
        out.push(Effect::Store {
            change,
            events: self.journal.take(),
            then,
        });
    }

    /// Whether the store has answered for everything.
    pub fn is_stored(&self) -> bool {
        self.writes.pending.is_empty()
    }

    /// Whether everything that was asked of the store is answered, but for what is in `out`.
    pub(super) fn is_settled(&self, out: &[Effect]) -> bool {
        let asked = out
            .iter()
            .any(|effect| matches!(effect, Effect::Store { .. }));
        (self.writes.pending.is_empty() && !asked) || self.writes.slow
    }

    /// Answers tell of nothing that is not stored: they wait for the writes asked for up
    /// to now.
    pub(super) fn hold_back(&mut self, now: Now, out: &mut Vec<Effect>) {
        for effect in &*out {
            if let Effect::Store { then, .. } = effect {
                self.writes.pending.push_back(Pending::new(now.mono, then));
                self.writes.asked += 1;
            }
        }
        self.writes.hurry(self.shutting_down(), out);
        if self.writes.pending.is_empty() || self.writes.slow {
            return;
        }
        let after = self.writes.asked;
        let held = out.extract_if(.., |effect| matches!(effect, Effect::Answer { .. }));
        self.writes.held.extend(held.map(|effect| (after, effect)));
    }

    /// A disk that does not answer keeps nobody waiting for ever.
    pub(super) fn mind_slowness(&mut self, now: Now, free: &mut Vec<Effect>) {
        if self.writes.is_late(now) && !self.writes.slow {
            self.writes.slow = true;
            self.writes.since.get_or_insert(now.wall);
            free.extend(self.writes.held.drain(..).map(|(_, effect)| effect));
        }
    }

    /// A change lies on disk: what waited for it may happen, and be told.
    pub(super) fn stored(
        &mut self,
        now: Now,
        change: Change,
        events: &[Event],
        then: Vec<Effect>,
        free: &mut Vec<Effect>,
        out: &mut Vec<Effect>,
    ) {
        let then = self.writes.answered(now, then, free);
        self.tell(events, &change, free);
        match change {
            Change::Remove(ids) => self.removed(ids, out),
            Change::Task(record) => {
                let run = record.task.run_id();
                if matches!(record.task.state(), State::Queued { .. }) {
                    self.unstored_queue.remove(&run.task);
                    self.stored_queue.insert(run);
                } else {
                    self.stored_queue.remove(&run);
                }
                self.follow_up(now, record.task.run_id(), out);
            }
            Change::Nothing | Change::Deleted(_) | Change::Tools(..) | Change::Setting { .. } => {}
        }
        let few = self.writes.pending.len() < MOST_AT_ONCE / 2;
        if self.writes.failing.take().is_some() || (few && !self.writes.unstored.is_empty()) {
            self.writes.again_at = Some(now.mono);
            self.restore(now, out);
        }
        if self.writes.unstored.is_empty() && self.is_settled(out) {
            self.writes.anew = None;
        }
        if !self.writes.slow && self.writes.anew.is_none() {
            self.writes.since = None;
        }
        for effect in then {
            match effect {
                // it was revoked while its intent was being stored: nothing starts
                Effect::Spawn(launch)
                    if self
                        .current(launch.intent.run)
                        .is_none_or(|task| !matches!(task.run.state, State::Starting)) =>
                {
                    let why = "revoked before it started".into();
                    self.did_not_start(now, launch.intent.run, why, out);
                }
                effect => free.push(effect),
            }
        }
    }

    /// A change does not lie on disk. Nothing starts that is not stored, nothing is
    /// removed, no shim is released whose end is not on record. What stops or answers
    /// goes on: a task that can't be stopped is worse than a record that is old for a while.
    pub(super) fn store_failed(
        &mut self,
        now: Now,
        (why, change): (String, Change),
        events: Vec<Event>,
        then: Vec<Effect>,
        free: &mut Vec<Effect>,
        out: &mut Vec<Effect>,
    ) {
        let then = self.writes.answered(now, then, free);
        let removal = matches!(change, Change::Remove(_));
        for effect in then {
            match effect {
                // what is in the queue on disk stays there, and starts once it can be stored
                Effect::Spawn(launch) if self.is_to_wait_on(launch.intent.run) => {
                    self.wait_on(launch.intent.run.task, out);
                }
                Effect::Spawn(launch) => {
                    let why = format!("not started: {why}");
                    self.did_not_start(now, launch.intent.run, why, out);
                }
                // but at a shutdown nothing may outlive: what the shim itself put on
                // record has to do
                Effect::Order(_, Order::Release) if !self.shutting_down() => {}
                Effect::Answer { ticket, .. } if removal => {
                    free.push(refuse(
                        ticket,
                        Failure::Failed,
                        format!("not removed: {why}"),
                    ));
                }
                effect => free.push(effect),
            }
        }
        match &change {
            Change::Task(record) => {
                self.writes.unstored.insert(record.task.id);
                self.queueing_failed(now, record, &why, out);
            }
            Change::Remove(ids) => self.spare(ids, out),
            Change::Setting { key, .. } => {
                self.writes.unset.insert(key.clone());
            }
            Change::Tools(id, calls) => self.keep_calls(*id, calls),
            // deleted once more at the next start
            Change::Nothing | Change::Deleted(_) => {}
        }
        if !removal {
            self.tell(&events, &change, free);
            self.writes.unwritten.extend(events);
            let excess = self.writes.unwritten.len().saturating_sub(MOST_UNWRITTEN);
            self.writes.unwritten.drain(..excess);
        }
        self.writes.failing = Some(why);
        self.writes.since.get_or_insert(now.wall);
        self.writes.again_at.get_or_insert(now.mono + AGAIN);
    }

    /// The store holds none of the tasks any more: all are written again.
    pub(super) fn store_all(&mut self, now: Now, why: String, out: &mut Vec<Effect>) {
        self.writes.unstored = self.tasks.iter().map(|task| task.id).collect();
        if self.writes.unstored.is_empty() {
            return;
        }
        self.writes.anew = Some(why);
        self.writes.since.get_or_insert(now.wall);
        self.writes.again_at = Some(now.mono);
        self.restore(now, out);
    }

    /// Whether a run that was to start is in the queue on disk, and nobody has revoked it.
    fn is_to_wait_on(&self, run: RunId) -> bool {
        let starting = |task: &Task| matches!(task.state(), State::Starting);
        self.stored_queue.contains(&run) && self.current(run).is_some_and(starting)
    }

    /// A task that was to start goes back into the queue.
    fn wait_on(&mut self, id: TaskId, out: &mut Vec<Effect>) {
        let queued = State::Queued { hold: None };
        self.tasks.update(id, |task| task.run.state = queued);
        self.tell_watchers(id, out);
    }

    /// Whether what is on disk of a task, if anything, is older than the truth.
    pub(super) fn is_unstored(&self, id: TaskId) -> bool {
        self.writes.unstored.contains(&id)
    }

    /// Whether writes fail at present.
    pub(super) const fn is_store_failing(&self) -> bool {
        self.writes.failing.is_some()
    }

    /// What was asked for, and whose place in the queue never came to lie on disk, is not
    /// kept waiting there.
    fn queueing_failed(&mut self, now: Now, record: &Record, why: &str, out: &mut Vec<Effect>) {
        let run = record.task.run_id();
        let waits = |task: &Task| matches!(task.state(), State::Queued { .. });
        if waits(&record.task)
            && self.unstored_queue.remove(&run.task)
            && self.current(run).is_some_and(waits)
        {
            let why = format!("not queued: {why}");
            self.end(now, run.task, Outcome::DidNotStart(why), out);
        }
    }

    /// Writes again what could not be written, when it is time, and not all at once.
    pub(super) fn restore(&mut self, now: Now, out: &mut Vec<Effect>) {
        if self.writes.again_at.is_none_or(|at| now.mono < at) {
            return;
        }
        self.writes.again_at = None;
        let events = std::mem::take(&mut self.writes.unwritten);
        let mut tasks = std::mem::take(&mut self.writes.unstored);
        let rest = tasks.iter().nth(MOST_AT_ONCE).copied();
        self.writes.unstored = rest.map_or_else(BTreeSet::new, |id| tasks.split_off(&id));
        if !events.is_empty() || tasks.is_empty() {
            out.push(Effect::Store {
                change: Change::Nothing,
                events,
                then: Vec::new(),
            });
        }
        for key in std::mem::take(&mut self.writes.unset) {
            // as it is by now
            if let Some(value) = self.settings.get(&key).cloned() {
                self.remember(key, value, out);
            }
        }
        for id in tasks {
            let ended = self.tasks.get(id).map(ended_runs).unwrap_or_default();
            let release = |run| Effect::Order(run, Order::Release);
            self.store(id, ended.into_iter().map(release).collect(), out);
        }
        self.store_kept_calls(out);
    }
}

/// A task's runs that have ended: shims whose end could not be stored wait still, though
/// a further run may have come meanwhile.
fn ended_runs(task: &Task) -> Vec<RunId> {
    let runs = task.past.iter().chain([&task.run]);
    runs.filter(|run| !run.state.is_active())
        .map(|run| RunId {
            task: task.id,
            number: run.number,
        })
        .collect()
}
